//! `indelible review show`

use std::path::PathBuf;

use clap::Args;
use indelible_evidence::review::Shown;

use super::place::{Used, reviewed};
use crate::failure::{Failure, Status};
use crate::session::{Access, Session};

/// Shows what is new since the last sign-off, and what the rules flag in it
///
/// Every entry since the last sign-off is read once and held against its leaf. What is flagged is
/// summed up by rule, each finding with the entries that it rests on, and with how it stands where
/// it is on record. The answer is pinned to a size of the trail, which `raise` and `sign` take as
/// --as-of. Nothing is written.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  indelible review show
  indelible review show --rules reviews.toml --output json
  indelible review show --trail system")]
pub struct Show {
    /// The rules [default: those of the settings, else those that ship]
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// The trail as it was with this many entries
    #[arg(long, value_name = "SIZE")]
    as_of: Option<u64>,
}

impl Show {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        let used = Used::of(session, self.rules.as_ref())?;
        let opened = session.open(Access::Read).await?;
        let reviewed = reviewed(&opened, &used, self.as_of).await;
        let reviewed = opened.close(reviewed).await?;
        session.output.print(&Shown::of(reviewed))?;
        Ok(Status::Fine)
    }
}
