//! `indelible subject`

mod answer;
mod decide;
mod erase;
mod listing;
mod planned;
mod show;

use clap::{Args, Subcommand};
use indelible::core::engine::ErasureProgress;

use crate::failure::{Failure, Status};
use crate::progress::Bars;
use crate::session::Session;

/// Shows and erases what the trail holds of a person
#[derive(Debug, Subcommand)]
pub enum Subject {
    Show(show::Show),
    Erase(erase::Erase),
    Requests(decide::List),
    Approve(decide::Approve),
    Reject(decide::Reject),
}

/// Where a person is looked for beside the ids.
#[derive(Debug, Args)]
pub struct Places {
    /// A further place in which the person is named: a member of the context
    /// (`context.email=a@b.example`), `ip_address`, `user_agent` or `correlation_id`; may be given
    /// again
    #[arg(long, value_name = "PATH=VALUE")]
    also: Vec<String>,
}

impl Subject {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        match self {
            Self::Show(command) => command.run(session).await,
            Self::Erase(command) => command.run(session).await,
            Self::Requests(command) => command.run(session).await,
            Self::Approve(command) => command.run(session).await,
            Self::Reject(command) => command.run(session).await,
        }
    }
}

fn show(bars: &mut Bars, progress: ErasureProgress) {
    match progress {
        ErasureProgress::Search(done, all) => bars.show("searching", done, Some(all)),
        ErasureProgress::Keep | ErasureProgress::Kept => {}
        ErasureProgress::Record(done, all) => bars.show("recording", done, Some(all)),
        ErasureProgress::Blank(done, all) => bars.show("erasing", done, Some(all)),
        _ => bars.show("purging", 0, None),
    }
}
