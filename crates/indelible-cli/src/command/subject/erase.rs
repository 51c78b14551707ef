//! `indelible subject erase`

use std::path::PathBuf;

use clap::Args;
use indelible::Audit;
use indelible::core::engine::{ErasureOrder, Subjects};
use indelible::core::part::PartKind;
use indelible_evidence::subject::Erasure;

use super::planned::planned;
use super::{Places, show};
use crate::failure::{Failure, Status};
use crate::input;
use crate::progress::Bars;
use crate::session::{Access, Session};

/// Erases what the trail holds of persons, and says what it did in the trail
///
/// Without --yes nothing is erased: what would go is counted. The part in which a person is named
/// goes: `actor` where the id stands in user_id or on_behalf_of, `target` where it stands in
/// resource_id, `details` where --also names a place in them, or where they say that somebody
/// looked for the person. Who acted on behalf of the person goes with the part, and is counted as
/// `of_other_actors`. Every receipt and proof of before stays good. The trail gets entries that say which parts of which entries went, why and on whose
/// order; persons are named in them by a digest alone.
///
/// Where the settings ask for two persons (`[erasure] approval`), nothing goes: the order waits
/// until somebody else approves it with `subject approve`, and --by says who asks.
///
/// What is recorded of the persons afterwards stays. Copies of the database are out of reach, and
/// are listed. The exit status is 1 where entries are held, also of earlier orders, or where bytes are still in the files.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  indelible subject erase u-17 --reason 'Art. 17(1)(b)'
  indelible subject erase u-17 --reason 'Art. 17(1)(b)' --request-id DSR-12 --by dpo-2 --yes
  indelible subject erase --from ids.txt --reason 'contract ended' --part details --yes
  indelible subject erase u-17 --also context.email=ada@shop.example --reason 'Art. 17' --yes

A file holds one id a line; - is standard input, gzip is unpacked.")]
pub struct Erase {
    /// The persons' ids
    #[arg(required_unless_present_any = ["from", "also"])]
    ids: Vec<String>,
    /// A file of ids, one a line
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    #[command(flatten)]
    places: Places,
    /// Why, in words that name nobody: they stay in the trail
    #[arg(long, value_name = "TEXT", required = true)]
    reason: String,
    /// The legal basis or authority
    #[arg(long, value_name = "TEXT")]
    legal_basis: Option<String>,
    /// The number of the request that it answers
    #[arg(long, value_name = "ID")]
    request_id: Option<String>,
    /// Who orders it
    #[arg(long, value_name = "ID")]
    by: Option<String>,
    /// A part that goes with every entry in which one of them is named, wherever that is: actor,
    /// target or details; may be given again
    #[arg(long, value_name = "PART")]
    part: Vec<PartKind>,
    /// Erase it
    #[arg(long)]
    yes: bool,
}

/// The longest file of ids, in bytes.
const IDS_BYTES_MAX: usize = 256 << 20;

impl Erase {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        let is_run = self.yes;
        let order = self.order()?;
        let access = if is_run { Access::Write } else { Access::Read };
        let opened = session.open(access).await?;
        let spool = opened.settings.spool_folder.clone();
        let takes_two = opened.settings.erasure_approval;
        let done = match (is_run, takes_two) {
            (false, true) => planned(&opened.audit, &order, "--yes asks for it").await,
            (false, false) => planned(&opened.audit, &order, "--yes erases").await,
            (true, false) => erase(&opened.audit, &order).await,
            (true, true) => ask(&opened.audit, &order).await,
        };
        let answer = opened.close(done).await?.with_copies(spool.as_deref());
        session.output.print_judged(&answer, verdict(&answer))
    }

    fn order(self) -> Result<ErasureOrder, Failure> {
        let mut ids = self.ids;
        if let Some(file) = &self.from {
            let bytes = input::read(file, IDS_BYTES_MAX)?;
            let text = String::from_utf8(bytes)
                .map_err(|_| Failure::usage(format!("{}: it is no UTF-8", file.display())))?;
            let lines = text.lines().map(str::trim).filter(|id| !id.is_empty());
            ids.extend(lines.map(str::to_owned));
        }
        Ok(ErasureOrder {
            subjects: Subjects {
                ids,
                also: self.places.also,
                widen: self.part,
            },
            reason: self.reason,
            legal_basis: self.legal_basis,
            request_id: self.request_id,
            by: self.by,
            ..ErasureOrder::default()
        })
    }
}

/// What the exit status says of an erasure.
pub fn verdict(answer: &Erasure) -> Result<Status, Failure> {
    match answer.trouble() {
        None => Ok(Status::Fine),
        Some(trouble) => Err(Failure::new(trouble)),
    }
}

async fn erase(audit: &Audit, order: &ErasureOrder) -> Result<Erasure, Failure> {
    let mut bars = Bars::default();
    let mut progress = |progress| show(&mut bars, progress);
    let (erased, plan) = audit.erase(order, &mut progress).await?;
    Ok(Erasure::planned(audit.name().clone(), order, plan).done(erased))
}

async fn ask(audit: &Audit, order: &ErasureOrder) -> Result<Erasure, Failure> {
    let mut bars = Bars::default();
    let mut progress = |progress| show(&mut bars, progress);
    let (request, plan) = audit.request_erasure(order, &mut progress).await?;
    Ok(Erasure::planned(audit.name().clone(), order, plan).asked(&request))
}
