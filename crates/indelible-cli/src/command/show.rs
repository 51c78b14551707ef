//! `indelible show`

use clap::Args;

use crate::answer::Shown;
use crate::failure::{Failure, Status};
use crate::identifier::EntryName;
use crate::session::{Access, Session};

/// Shows one entry with all it has
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  indelible show 12
  indelible show 018f4f2e-7b1c-7c3a-9d2b-6a1f3e5b7a11 --output json")]
pub struct Show {
    /// The entry's UUID or seq
    #[arg(value_name = "ID")]
    entry: EntryName,
}

impl Show {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        let opened = session.open(Access::Read).await?;
        let found = self.entry.find(&opened.audit).await;
        let entry = opened.close(found).await?;
        session.output.print(&Shown(&entry))?;
        Ok(Status::Fine)
    }
}
