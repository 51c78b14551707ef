//! `indelible checkpoint`

use clap::Args;
use indelible::merkle::{Checkpoint, Note};
use serde::Serialize;

use crate::answer::{Answer, Layout, Sheet};
use crate::destination::Destination;
use crate::failure::{Failure, Status};
use crate::session::{Access, Opened, Session};

/// Prints the trail's checkpoint: its size and root, signed
///
/// Whoever keeps a checkpoint can tell later whether the trail still holds the same history: with
/// `indelible verify --since`, or with the proof that `indelible consistency` makes.
#[derive(Debug, Args)]
#[command(
    name = "checkpoint",
    after_long_help = "\
Examples:
  indelible checkpoint -o monday.checkpoint
  indelible verify --since monday.checkpoint"
)]
pub struct CheckpointCommand {
    #[command(flatten)]
    destination: Destination,
}

impl CheckpointCommand {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        let opened = session.open(Access::Read).await?;
        self.destination.check(&opened)?;
        let signed = opened.audit.checkpoint().await.map_err(Failure::from);
        let signed = signed.and_then(|note| note.ok_or_else(|| no_entries(&opened)));
        let text = opened.close(signed).await?;
        let answer = CheckpointAnswer::of(text)?;
        self.destination
            .put(&session.output, &answer, &answer.checkpoint)?;
        Ok(Status::Fine)
    }
}

/// Where a trail has no entries, there is nothing to sign.
pub fn no_entries(opened: &Opened) -> Failure {
    let trail = opened.audit.name();
    let line = format!("trail {trail} has no entries; `indelible record` makes the first");
    Failure::not_found(line)
}

#[derive(Serialize)]
struct CheckpointAnswer {
    origin: String,
    size: u64,
    root: String,
    checkpoint: String,
}

impl CheckpointAnswer {
    fn of(text: String) -> Result<Self, Failure> {
        let note = Note::parse(&text).map_err(Failure::new)?;
        let checkpoint: Checkpoint = note.text().parse().map_err(Failure::new)?;
        Ok(Self {
            origin: checkpoint.origin().to_owned(),
            size: checkpoint.size(),
            root: checkpoint.root().to_string(),
            checkpoint: text,
        })
    }
}

impl Answer for CheckpointAnswer {
    fn layout(&self) -> Layout {
        Layout::Text(self.checkpoint.clone())
    }

    fn sheet(&self) -> Sheet {
        Sheet::of_fields(vec![
            ("origin", self.origin.clone()),
            ("size", self.size.to_string()),
            ("root", self.root.clone()),
            ("checkpoint", self.checkpoint.clone()),
        ])
    }
}
