//! `indelible review`

mod answer;
mod findings;
mod list;
mod place;
mod raise;
mod rules;
mod show;
mod sign;
mod start;

use clap::Subcommand;
pub use place::rules;

use crate::failure::{Failure, Status};
use crate::session::Session;

/// Reviews a trail: what is new since the last sign-off, what rules flag in it, what came of it
///
/// A review begins with `show`, which reads only. What it flags is put on record with `raise`,
/// gets an owner with `assign` and an answer with `close`; `sign` signs off exactly what was
/// shown. All of it are entries of the trail itself, and `list` says from them which days were
/// reviewed, and which were missed.
#[derive(Debug, Subcommand)]
#[command(after_long_help = "\
A day's review:
  indelible review show
  indelible review raise --all --as-of 4711 --by 'q. sa'
  indelible review close failures_then_login-4402 --as benign --by 'q. sa' --comment 'was me'
  indelible review sign --as-of 4711 --by 'q. sa'
  indelible review list --check

More: docs/guide/reviews.md.")]
pub enum ReviewCommand {
    Show(show::Show),
    Raise(raise::Raise),
    Assign(findings::Assign),
    Close(findings::Close),
    Findings(findings::Findings),
    Sign(sign::Sign),
    List(list::List),
    Rules(rules::Rules),
    Start(start::Start),
}

impl ReviewCommand {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        match self {
            Self::Show(command) => command.run(session).await,
            Self::Raise(command) => command.run(session).await,
            Self::Assign(command) => command.run(session).await,
            Self::Close(command) => command.run(session).await,
            Self::Findings(command) => command.run(session).await,
            Self::Sign(command) => command.run(session).await,
            Self::List(command) => command.run(session).await,
            Self::Rules(command) => command.run(session),
            Self::Start(command) => command.run(session).await,
        }
    }
}
