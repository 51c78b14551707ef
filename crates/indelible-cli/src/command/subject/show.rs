//! `indelible subject show`

use clap::Args;
use indelible::Audit;
use indelible_evidence::subject::{Known, known};

use super::Places;
use crate::failure::{Failure, Status};
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
        let looked = self.look(&opened.audit).await;
        let known = opened.close(looked).await?;
        if known.entries.is_empty() {
            let text = format!("trail {} names {} nowhere", known.trail, known.id);
            return Err(Failure::not_found(text));
        }
        session.output.print(&known)?;
        Ok(Status::Fine)
    }

    async fn look(self, audit: &Audit) -> Result<Known, Failure> {
        let total = audit.head().await?.map(|head| head.size);
        let bar = progress::bar("looking", total, Unit::Entries);
        let mut progress = |done| bar.set_position(done);
        let person = (&*self.id, self.places.also);
        let looked = known(audit, person, self.names, &mut progress).await;
        bar.finish_and_clear();
        Ok(looked?)
    }
}
