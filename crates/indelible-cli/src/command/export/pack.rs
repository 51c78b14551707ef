//! `indelible export --format pack`

use std::io::Write;

use clap::Args;
use indelible::core::pack::{Coverage, PackRequest};
use indelible::core::part::PartKind;
use indelible::{Query, Timestamp};

use crate::destination::Sink;
use crate::failure::Failure;
use crate::progress::{self, Unit};
use crate::session::Opened;

/// What is asked of a pack besides the entries.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Evidence packs")]
pub struct PackOptions {
    /// Puts the skeletons of all entries in, so that nobody can have left out one that matches;
    /// always so where no filter is given
    #[arg(long)]
    complete: bool,
    /// Only what came after the trail had this many entries, with proof that it continues it
    #[arg(long, value_name = "SIZE")]
    from: Option<u64>,
    /// Parts of entries that are not shown: actor, target, details
    #[arg(long, value_name = "PARTS", value_delimiter = ',')]
    without: Vec<PartKind>,
    /// Who asked for the pack
    #[arg(long, value_name = "TEXT")]
    asked_by: Option<String>,
    /// When it was asked for; the same question, range and time give the same bytes [default: now]
    #[arg(long, value_name = "TIME")]
    created: Option<Timestamp>,
}

impl PackOptions {
    /// The first option that is given.
    pub fn given(&self) -> Option<&'static str> {
        [
            ("--complete", self.complete),
            ("--from", self.from.is_some()),
            ("--without", !self.without.is_empty()),
            ("--asked-by", self.asked_by.is_some()),
            ("--created", self.created.is_some()),
        ]
        .into_iter()
        .find_map(|(name, is_given)| is_given.then_some(name))
    }

    fn request(self, query: Query, now: Timestamp) -> PackRequest {
        PackRequest {
            first: self.from.unwrap_or(0),
            coverage: match self.complete {
                true => Coverage::Complete,
                false => Coverage::of(&query),
            },
            without: self.without,
            asked_by: self.asked_by,
            created: self.created.unwrap_or(now),
            software: concat!("indelible ", env!("CARGO_PKG_VERSION")).to_owned(),
            query,
        }
    }
}

/// What was written.
pub struct Written {
    pub entries: u64,
    pub as_of: u64,
    /// What the pack does not prove.
    pub not_proved: Vec<&'static str>,
}

/// Writes a pack; a file is there whole or not at all.
pub async fn write(
    opened: &Opened,
    query: Query,
    mut sink: Sink,
    (options, now): (PackOptions, Timestamp),
) -> Result<Written, Failure> {
    let request = options.request(query, now);
    let Some(mut source) = opened.audit.pack(request).await? else {
        let trail = opened.audit.name();
        return Err(Failure::not_found(format!(
            "the trail {trail} has no entry to prove"
        )));
    };
    let range = source.range();
    let total = range.size - range.first;
    let bar = progress::bar("exporting", Some(total), Unit::Entries);
    while let Some(lines) = source.next().await? {
        sink.write_all(&lines)?;
        bar.set_position(source.position() - range.first);
    }
    bar.finish_and_clear();
    sink.finish()?;
    Ok(Written {
        entries: source.opened(),
        as_of: range.size,
        not_proved: source.not_proved(),
    })
}
