//! `indelible subject`

mod erase;
mod show;

use clap::{Args, Subcommand};
use indelible::core::engine::Subjects;

use crate::failure::{Failure, Status};
use crate::session::Session;

/// Shows and erases what the trail holds of a person
#[derive(Debug, Subcommand)]
pub enum Subject {
    Show(show::Show),
    Erase(erase::Erase),
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

impl Places {
    /// These persons, wherever they are looked for.
    pub fn subjects(self, ids: Vec<String>) -> Subjects {
        Subjects {
            ids,
            also: self.also,
            widen: Vec::new(),
        }
    }
}

impl Subject {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        match self {
            Self::Show(command) => command.run(session).await,
            Self::Erase(command) => command.run(session).await,
        }
    }
}
