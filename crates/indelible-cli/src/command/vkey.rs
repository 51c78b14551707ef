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
  indelible verify-proof entry.tlog-proof --key \"$(indelible vkey)\"")]
pub struct Vkey {}

impl Vkey {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        let opened = session.open(Access::Read).await?;
        let key = opened.audit.verifier_key().await.map_err(Failure::from);
        let key = key.and_then(|key| key.ok_or_else(|| no_entries(&opened)));
        let trail = opened.audit.name().to_string();
        let key = opened.close(key).await?;
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
