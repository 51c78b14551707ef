//! `indelible trail rotate-key`

use clap::Args;
use indelible::core::engine::Rotated;
use serde::Serialize;

use crate::answer::{Answer, Layout, Sheet, json_lines};
use crate::failure::{Failure, Status};
use crate::session::{Access, Session};

/// Changes the signing key of the installation, for all its trails
///
/// Each trail gets an entry that names the new key, and a statement of the change that both keys
/// sign. What was signed before stays good under the old key. Other processes that have the
/// database open refuse to write from then on and must be started again. A change that was cut
/// short is finished by the next call that writes, this one included.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  indelible trail rotate-key --reason 'yearly'
  indelible vkey --rotations > rotations.txt

Hand out the new verifier keys, or the statements to those who hold the old ones.")]
pub struct RotateKey {
    /// Why, for the record
    #[arg(long, value_name = "TEXT", required = true)]
    reason: String,
}

impl RotateKey {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        if self.reason.trim().is_empty() {
            return Err(Failure::usage(
                "--reason says nothing; it is what an auditor will read",
            ));
        }
        if session.names_trail() {
            return Err(Failure::usage(
                "all trails of a database share the key; leave --trail out",
            ));
        }
        let opened = session.open(Access::Write).await?;
        let engine = opened.database.engine();
        let rotated = match engine.take_finished_rotation() {
            Some(finished) => Ok(finished),
            None => engine.rotate_key(&self.reason).await,
        };
        let printed = rotated.map_err(Failure::from).and_then(|rotated| {
            let trails = rotated.into_iter().map(TrailLine::from).collect();
            session.output.print(&Changed { trails })
        });
        opened.close(printed).await?;
        Ok(Status::Fine)
    }
}

#[derive(Serialize)]
struct Changed {
    trails: Vec<TrailLine>,
}

#[derive(Serialize)]
struct TrailLine {
    trail: String,
    size: u64,
    old_verifier_key: String,
    verifier_key: String,
    statement: String,
}

impl From<Rotated> for TrailLine {
    fn from(rotated: Rotated) -> Self {
        Self {
            trail: rotated.trail.to_string(),
            size: rotated.size,
            old_verifier_key: rotated.old_key.to_string(),
            verifier_key: rotated.new_key.to_string(),
            statement: rotated.statement,
        }
    }
}

impl Answer for Changed {
    fn layout(&self) -> Layout {
        let rows = self.trails.iter().map(|trail| {
            vec![
                trail.trail.clone(),
                trail.size.to_string(),
                trail.verifier_key.clone(),
            ]
        });
        Layout::Table(Sheet {
            columns: vec!["trail", "size", "verifier_key"],
            rows: rows.collect(),
        })
    }

    fn sheet(&self) -> Sheet {
        let rows = self.trails.iter().map(|trail| {
            vec![
                trail.trail.clone(),
                trail.size.to_string(),
                trail.old_verifier_key.clone(),
                trail.verifier_key.clone(),
                trail.statement.clone(),
            ]
        });
        Sheet {
            columns: vec![
                "trail",
                "size",
                "old_verifier_key",
                "verifier_key",
                "statement",
            ],
            rows: rows.collect(),
        }
    }

    fn lines(&self) -> serde_json::Result<Vec<String>> {
        json_lines(&self.trails)
    }
}
