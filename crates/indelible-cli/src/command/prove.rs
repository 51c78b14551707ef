//! `indelible prove`

use clap::Args;
use serde::Serialize;

use crate::answer::{Answer, Layout, Sheet};
use crate::destination::Destination;
use crate::failure::{Failure, Status};
use crate::identifier::EntryName;
use crate::session::{Access, Session};

/// Proves that an entry is in the trail
///
/// The proof is a file for others to check, with `indelible verify-proof` or any other program
/// that reads c2sp.org/tlog-proof@v1. It holds the entry's skeleton, which names no person; with
/// --open also its contents.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  indelible prove 12 -o entry.tlog-proof
  indelible prove 018f4f2e-7b1c-7c3a-9d2b-6a1f3e5b7a11 --open > opened.tlog-proof")]
pub struct Prove {
    /// The entry's UUID or seq
    #[arg(value_name = "ID")]
    entry: EntryName,
    /// Adds the entry's contents: who, on what, and the context
    #[arg(long)]
    open: bool,
    #[command(flatten)]
    destination: Destination,
}

impl Prove {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        let opened = session.open(Access::Read).await?;
        self.destination.check(&opened)?;
        let proved = async {
            let entry = self.entry.find(&opened.audit).await?;
            let proved = opened.audit.prove(entry.seq, self.open).await?;
            let gone = || Failure::not_found(format!("no entry {}", self.entry));
            let proved = proved.ok_or_else(gone)?;
            Ok(ProofAnswer {
                trail: opened.audit.name().to_string(),
                seq: proved.seq,
                tree_size: proved.tree_size,
                proof: proved.text,
            })
        };
        let proved = proved.await;
        let proof = opened.close(proved).await?;
        self.destination
            .put(&session.output, &proof, &proof.proof)?;
        Ok(Status::Fine)
    }
}

#[derive(Serialize)]
struct ProofAnswer {
    trail: String,
    seq: u64,
    tree_size: u64,
    proof: String,
}

impl Answer for ProofAnswer {
    fn layout(&self) -> Layout {
        Layout::Text(self.proof.clone())
    }

    fn sheet(&self) -> Sheet {
        Sheet::of_fields(vec![
            ("trail", self.trail.clone()),
            ("seq", self.seq.to_string()),
            ("tree_size", self.tree_size.to_string()),
            ("proof", self.proof.clone()),
        ])
    }
}
