//! `indelible subject show`

use clap::Args;
use indelible::Audit;
use indelible_evidence::subject::{Listed, Wanted, each_known, known};

use super::Places;
use super::listing::{Listing, layout};
use crate::failure::{Failure, Status};
use crate::output::{Format, Output};
use crate::progress::{self, Unit};
use crate::session::{Access, Session};

/// Shows what is known about a person: when, what was done, why, and by whom
///
/// Every entry is listed in which the person is named: as the one who acted, or on whose behalf, as
/// the one acted upon, or in a place that --also names. Others who acted are shown as staff-1,
/// staff-2, …: the person may know that somebody did something and for what purpose, not who it was
/// (--names shows them). Address and user agent are shown where they are the person's own.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  indelible subject show u-17
  indelible subject show u-17 --also context.email=ada@shop.example --output csv > access.csv

The purpose is the context's `purpose`, else its `reason`; the recipient its `recipient`.")]
pub struct Show {
    /// The person's id
    id: String,
    #[command(flatten)]
    places: Places,
    /// Show who acted by name
    #[arg(long)]
    names: bool,
}

impl Show {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        let opened = session.open(Access::Read).await?;
        let wanted = Wanted {
            id: self.id,
            also: self.places.also,
            names: self.names,
        };
        let trail = opened.audit.name().clone();
        let told = tell(&opened.audit, &wanted, &session.output).await;
        if opened.close(told).await? == 0 {
            let text = format!("trail {trail} names {} nowhere", wanted.id);
            return Err(Failure::not_found(text));
        }
        Ok(Status::Fine)
    }
}

/// Prints what is known; answers how many entries that are.
async fn tell(audit: &Audit, wanted: &Wanted, output: &Output) -> Result<u64, Failure> {
    let total = audit.head().await?.map(|head| head.size);
    let bar = progress::bar("looking", total, Unit::Entries);
    let mut progress = |done| bar.set_position(done);
    if output.format() == Format::Table {
        let looked = known(audit, wanted, Listed::ALL, &mut progress).await;
        bar.finish_and_clear();
        let known = looked?;
        if known.total > 0 {
            output.lay_out(&layout(&known))?;
        }
        return Ok(known.total);
    }
    let mut listing = Listing::new(output, (audit.name(), &wanted.id));
    let looked = each_known(audit, wanted, &mut |line| listing.add(&line), &mut progress).await;
    bar.finish_and_clear();
    listing.end(looked?)
}
