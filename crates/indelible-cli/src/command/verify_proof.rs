//! `indelible verify-proof`

use std::path::{Path, PathBuf};

use clap::Args;
use indelible::core::pack::{ProvedEntry, Refused, verify_proof};
use indelible::merkle::tlog_proof::TLOG_PROOF_BYTES_MAX;
use serde::Serialize;
use serde_json::Value;

use super::verify::rotations::TrustedKeys;
use crate::answer::{Answer, Field, Layout, Sheet};
use crate::failure::{Failure, Status};
use crate::input;
use crate::session::Session;

/// Checks a proof that an entry is in a trail; needs no database
///
/// The leaf is made again from the entry's skeleton in the file, the tree's root from the leaf,
/// and the checkpoint's signature is checked with the key. Where the file holds the entry's
/// contents, they are held against the hashes in the skeleton. The exit status is 3 where any of
/// it does not hold.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  indelible verify-proof entry.tlog-proof --key 'example.org/default+8c5d1f2a+AZ…'

The key is what `indelible vkey` prints where the trail is. Get it by another way than the proof.")]
pub struct VerifyProof {
    /// The proof, or - for standard input; plain or gzip
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    trusted: TrustedKeys,
}

impl VerifyProof {
    pub fn run(self, session: &Session) -> Result<Status, Failure> {
        let bytes = input::read(&self.file, TLOG_PROOF_BYTES_MAX)?;
        let keys = self.trusted.chain()?;
        match verify_proof(&bytes, &keys) {
            Ok(proved) => {
                session.output.print(&Proved::of(proved))?;
                Ok(Status::Fine)
            }
            Err(refused) => Refuted::print(session, &self.file, refused),
        }
    }
}

/// What was proved.
#[derive(Serialize)]
struct Proved {
    ok: bool,
    origin: String,
    tree_size: u64,
    root: String,
    seq: u64,
    leaf_hash: String,
    signed_by: Vec<String>,
    skeleton: Value,
    parts: Value,
}

impl Proved {
    fn of(proved: ProvedEntry) -> Self {
        Self {
            ok: true,
            origin: proved.origin,
            tree_size: proved.tree_size,
            root: proved.root,
            seq: proved.seq,
            leaf_hash: proved.leaf_hash,
            signed_by: proved.signed_by,
            skeleton: proved.skeleton,
            parts: proved.parts,
        }
    }

    fn fields(&self) -> Vec<Field> {
        vec![
            Field::text(
                "proved",
                format!(
                    "entry #{} of {} entries of {}",
                    self.seq, self.tree_size, self.origin
                ),
            ),
            Field::text("root", self.root.clone()),
            Field::text("leaf_hash", self.leaf_hash.clone()),
            Field::lines("signed_by", self.signed_by.clone()),
            Field::json("skeleton", pretty(&self.skeleton)),
            Field::json("parts", pretty(&self.parts)),
        ]
    }
}

fn pretty(value: &Value) -> String {
    match value {
        Value::Object(members) if members.is_empty() => "not in the proof".to_owned(),
        _ => serde_json::to_string_pretty(value).unwrap_or_default(),
    }
}

impl Answer for Proved {
    fn layout(&self) -> Layout {
        Layout::Fields(self.fields())
    }

    fn sheet(&self) -> Sheet {
        Sheet::of_fields(vec![
            ("ok", self.ok.to_string()),
            ("origin", self.origin.clone()),
            ("tree_size", self.tree_size.to_string()),
            ("root", self.root.clone()),
            ("seq", self.seq.to_string()),
            ("leaf_hash", self.leaf_hash.clone()),
            ("signed_by", self.signed_by.join(" ")),
            ("skeleton", self.skeleton.to_string()),
            ("parts", self.parts.to_string()),
        ])
    }
}

/// What was not.
#[derive(Serialize)]
pub(super) struct Refuted {
    ok: bool,
    /// A word of `docs/formats/pack.md`.
    reason: &'static str,
    /// The line of a pack.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    problem: String,
}

impl Refuted {
    /// Says that a file proves nothing, and why.
    pub(super) fn print(
        session: &Session,
        file: &Path,
        refused: Refused,
    ) -> Result<Status, Failure> {
        let Refused {
            reason,
            line,
            problem,
        } = refused;
        let place = line.map_or_else(String::new, |line| format!(" at line {line}"));
        let file = file.display();
        let problem = format!("{file}: not proved, {reason}{place}: {problem}");
        let failure = Failure::unverified(&problem);
        if session.output.given().is_none() {
            return Err(failure);
        }
        let refuted = Self {
            ok: false,
            reason: reason.as_str(),
            line,
            problem,
        };
        session.output.print_judged(&refuted, Err(failure))
    }
}

impl Answer for Refuted {
    fn layout(&self) -> Layout {
        Layout::Parts(Vec::new())
    }

    fn sheet(&self) -> Sheet {
        let fields = vec![
            ("ok", self.ok.to_string()),
            ("reason", self.reason.to_owned()),
            ("problem", self.problem.clone()),
        ];
        Sheet::of_fields(fields)
    }
}
