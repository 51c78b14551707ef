//! `indelible vkey`

use clap::Args;
use serde::Serialize;

use super::checkpoint::no_entries;
use crate::answer::{Answer, Layout, Sheet};
use crate::failure::{Failure, Status};
use crate::session::{Access, Session};

/// Prints the trail's verifier key, which others check its proofs with
///
/// Give it to auditors by another way than the proofs: who could replace both, could forge both.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  indelible vkey
  indelible verify-proof entry.tlog-proof --key \"$(indelible vkey)\"
  indelible vkey --rotations > rotations.txt")]
pub struct Vkey {
    /// Instead of the key, the statements of all its rotations, which lead from an older key to
    /// the present one and back
    #[arg(long)]
    rotations: bool,
}

impl Vkey {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        let opened = session.open(Access::Read).await?;
        let key = opened.audit.verifier_key().await.map_err(Failure::from);
        let key = key.and_then(|key| key.ok_or_else(|| no_entries(&opened)));
        let trail = opened.audit.name().to_string();
        let state = &opened.database.engine().ground().state;
        let statements = state.rotations(opened.audit.name()).map_err(Failure::new);
        let key = opened
            .close(key.and_then(|key| Ok((key, statements?))))
            .await;
        let (key, statements) = key?;
        if self.rotations {
            session
                .output
                .print(&RotationsAnswer { trail, statements })?;
            return Ok(Status::Fine);
        }
        let answer = KeyAnswer {
            trail,
            origin: key.name().to_owned(),
            verifier_key: key.to_string(),
        };
        session.output.print(&answer)?;
        Ok(Status::Fine)
    }
}

#[derive(Serialize)]
struct KeyAnswer {
    trail: String,
    origin: String,
    verifier_key: String,
}

impl Answer for KeyAnswer {
    fn layout(&self) -> Layout {
        Layout::Line(self.verifier_key.clone())
    }

    fn sheet(&self) -> Sheet {
        Sheet::of_fields(vec![
            ("trail", self.trail.clone()),
            ("origin", self.origin.clone()),
            ("verifier_key", self.verifier_key.clone()),
        ])
    }
}

#[derive(Serialize)]
struct RotationsAnswer {
    trail: String,
    statements: Vec<String>,
}

impl Answer for RotationsAnswer {
    fn layout(&self) -> Layout {
        Layout::Text(self.statements.concat())
    }

    fn sheet(&self) -> Sheet {
        let rows = self.statements.iter();
        let rows = rows.map(|statement| vec![self.trail.clone(), statement.clone()]);
        Sheet {
            columns: vec!["trail", "statement"],
            rows: rows.collect(),
        }
    }
}
