//! `indelible outbox`

use std::sync::Arc;

use clap::{Args, Subcommand};
use indelible::TrailName;
use indelible::outbox::{Outbox, Refused, Standing};
use serde::Serialize;

use crate::answer::{Answer, Field, Layout, Sheet, cell, json_lines};
use crate::failure::{Failure, Status};
use crate::session::{Access, Opened, Session};

/// Shows and drains what applications put into an outbox within their own transactions
#[derive(Debug, Subcommand)]
pub enum OutboxCommand {
    Status(OutboxStatus),
    Drain(OutboxDrain),
}

/// Shows how many events wait in the outbox, since when, and which can never be recorded
///
/// A row that can never be recorded stays with its reason. Once that is mended,
/// UPDATE op_outbox SET refused = NULL WHERE position = … lets it wait again.
#[derive(Debug, Args)]
#[command(
    name = "status",
    after_long_help = "\
Examples:
  indelible outbox status
  indelible outbox status --at sqlite:/var/lib/bank/bank.db --output json"
)]
pub struct OutboxStatus {
    /// The database whose outbox is meant, where it is not that of the trails
    #[arg(long, value_name = "URL")]
    at: Option<String>,
}

/// Moves what waits in the outbox into the trails, once
///
/// `indelible serve` does it all the time. Any number of processes may at once: an event is
/// recorded exactly once, in the order of its transaction. The exit status is 1 where a trail could
/// not take all, or where rows stay that are done with: another transaction holds them (locked), or
/// the database refuses to have them changed (unsettled).
#[derive(Debug, Args)]
#[command(
    name = "drain",
    after_long_help = "\
Examples:
  indelible outbox drain
  indelible outbox drain --at postgres://indelible@db.example/bank"
)]
pub struct OutboxDrain {
    /// The database whose outbox is meant, where it is not that of the trails
    #[arg(long, value_name = "URL")]
    at: Option<String>,
}

/// So many rows that can never be recorded are shown.
const REFUSED_SHOWN: usize = 100;

impl OutboxCommand {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        let (access, at) = match &self {
            Self::Status(status) => (Access::Read, &status.at),
            Self::Drain(drain) => (Access::Write, &drain.at),
        };
        let elsewhere = at.as_deref().map(|url| open(session, url)).transpose()?;
        let opened = session.open(access).await?;
        let outbox = elsewhere.or_else(|| opened.database.outbox());
        let done = match outbox {
            None => Err(Failure::usage("a database in memory has no outbox")),
            Some(outbox) => match self {
                Self::Status(_) => status(session, &*outbox).await,
                Self::Drain(_) => drain(session, &opened, outbox).await,
            },
        };
        opened.close(done).await
    }
}

fn open(session: &Session, url: &str) -> Result<Arc<dyn Outbox>, Failure> {
    let url = session.settings_at(url)?.database;
    indelible::outbox::open(&url).map_err(|error| Failure::from(error).at(&url))
}

async fn status(session: &Session, outbox: &dyn Outbox) -> Result<Status, Failure> {
    let contents = Contents {
        standing: outbox.standing().await?,
        refusals: outbox.refused(REFUSED_SHOWN).await?,
    };
    session.output.print(&contents)?;
    Ok(Status::Fine)
}

async fn drain(
    session: &Session,
    opened: &Opened,
    outbox: Arc<dyn Outbox>,
) -> Result<Status, Failure> {
    let moved = opened.database.drain(outbox).pass().await?;
    let held = moved.held.into_iter().map(|(trail, error)| Held {
        trail,
        reason: error.to_string(),
    });
    let drained = Drained {
        recorded: moved.recorded,
        duplicates: moved.duplicates,
        refused: moved.refused,
        locked: moved.locked,
        unsettled: moved.unsettled,
        problem: moved.problem,
        held: held.collect(),
    };
    let stays = drained.locked + drained.unsettled > 0;
    let status = match drained.held.is_empty() && !stays {
        true => Status::Fine,
        false => Status::Failed,
    };
    session.output.print_judged(&drained, Ok(status))
}

/// What is in an outbox.
#[derive(Serialize)]
struct Contents {
    #[serde(flatten)]
    standing: Standing,
    /// The first of the refused.
    refusals: Vec<Refused>,
}

impl Answer for Contents {
    fn layout(&self) -> Layout {
        let standing = &self.standing;
        let mut parts = vec![Layout::Fields(vec![
            Field::text("waiting", standing.waiting.to_string()),
            Field::text("oldest", cell(&standing.waiting_since)),
            Field::text("refused", standing.refused.to_string()),
        ])];
        if !self.refusals.is_empty() {
            parts.push(Layout::Table(self.sheet()));
        }
        Layout::Parts(parts)
    }

    fn sheet(&self) -> Sheet {
        let row = |refused: &Refused| {
            vec![
                refused.position.to_string(),
                cell(&refused.trail),
                cell(&refused.queued_at),
                refused.reason.clone(),
            ]
        };
        Sheet {
            columns: vec!["position", "trail", "queued_at", "reason"],
            rows: self.refusals.iter().map(row).collect(),
        }
    }

    fn lines(&self) -> serde_json::Result<Vec<String>> {
        json_lines(&self.refusals)
    }
}

/// What a pass did.
#[derive(Serialize)]
struct Drained {
    recorded: u64,
    duplicates: u64,
    refused: u64,
    locked: u64,
    unsettled: u64,
    /// What the database said of the first of the unsettled.
    problem: Option<String>,
    held: Vec<Held>,
}

/// A trail that could not take all.
#[derive(Serialize)]
struct Held {
    trail: TrailName,
    reason: String,
}

impl Answer for Drained {
    fn layout(&self) -> Layout {
        let held = self.held.iter();
        let held = held.map(|held| format!("{}: {}", held.trail, held.reason));
        Layout::Fields(vec![
            Field::text("recorded", self.recorded.to_string()),
            Field::text("there already", self.duplicates.to_string()),
            Field::text("refused", self.refused.to_string()),
            Field::text("locked", self.locked.to_string()),
            Field::text("unsettled", self.unsettled.to_string()),
            Field::text("problem", cell(&self.problem)),
            Field::lines("held", held.collect()),
        ])
    }

    fn sheet(&self) -> Sheet {
        let held = self.held.iter().map(|held| held.trail.to_string());
        Sheet::of_fields(vec![
            ("recorded", self.recorded.to_string()),
            ("duplicates", self.duplicates.to_string()),
            ("refused", self.refused.to_string()),
            ("locked", self.locked.to_string()),
            ("unsettled", self.unsettled.to_string()),
            ("problem", cell(&self.problem)),
            ("held", held.collect::<Vec<_>>().join(" ")),
        ])
    }
}
