//! `indelible verify-proof`

mod claim;

use std::path::PathBuf;

use clap::Args;
use indelible::core::KeyRotation;
use indelible::core::verify::KeyChain;
use indelible::merkle::TlogProof;
use indelible::merkle::note::VerifierKey;
use indelible::merkle::tlog_proof::TLOG_PROOF_BYTES_MAX;
use serde::Serialize;
use serde_json::Value;

use super::verify::rotations;
use crate::answer::{Answer, Field, Layout, Sheet};
use crate::failure::{Failure, Status};
use crate::input;
use crate::session::Session;
use claim::Claim;

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
    /// The trail's verifier key; may be given again, for keys of cosigners or of other trails
    #[arg(long, value_name = "VKEY", required = true)]
    key: Vec<VerifierKey>,
    /// Statements of key rotations, as `indelible vkey --rotations` prints them, that lead from a
    /// key given here to the one that signed; may be given again
    #[arg(long, value_name = "FILE")]
    rotation: Vec<PathBuf>,
}

impl VerifyProof {
    pub fn run(self, session: &Session) -> Result<Status, Failure> {
        let bytes = input::read(&self.file, TLOG_PROOF_BYTES_MAX)?;
        let rotations = rotations::read(&self.rotation)?;
        let proved = self.check(&bytes, &rotations).map_err(|problem| {
            Failure::unverified(format!("{}: not proved: {problem}", self.file.display()))
        });
        match proved {
            Ok(proved) => {
                session.output.print(&proved)?;
                Ok(Status::Fine)
            }
            Err(failure) => {
                let problem = failure.message().to_owned();
                if session.output.given().is_none() {
                    return Err(failure);
                }
                let refuted = Refuted { ok: false, problem };
                session.output.print_judged(&refuted, Err(failure))
            }
        }
    }

    fn check(&self, bytes: &[u8], rotations: &[String]) -> Result<Proved, String> {
        let said = |error: &dyn std::fmt::Display| error.to_string();
        let proof = TlogProof::parse(bytes).map_err(|error| said(&error))?;
        let extra = proof
            .extra
            .as_deref()
            .ok_or("it does not hold the entry's skeleton")?;
        let claim = Claim::read(extra)?;
        let rotations = rotations.iter().map(|text| KeyRotation::open(text));
        let rotations = rotations
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| said(&error))?;
        let keys = KeyChain::new(self.key.iter().cloned(), rotations);
        let opened = proof
            .verify(&claim.leaf, &self.known(&keys))
            .map_err(|error| said(&error))?;
        keys.check(&opened).map_err(|error| said(&error))?;
        let checkpoint = opened.checkpoint();
        claim.check_origin(checkpoint.origin())?;
        let signatures = opened.note().signatures().iter();
        Ok(Proved {
            ok: true,
            origin: checkpoint.origin().to_owned(),
            tree_size: checkpoint.size(),
            root: checkpoint.root().to_string(),
            seq: proof.index,
            leaf_hash: claim.leaf.to_string(),
            signed_by: signatures
                .map(|signature| signature.key().to_string())
                .collect(),
            skeleton: claim.skeleton,
            parts: claim.parts,
        })
    }

    /// The keys that were given, and those that follow from them.
    fn known(&self, keys: &KeyChain) -> Vec<VerifierKey> {
        let mut known = self.key.clone();
        for rotation in keys.rotations() {
            for key in [rotation.old_key(), rotation.new_key()] {
                if !known.contains(key) {
                    known.push(key.clone());
                }
            }
        }
        known
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
struct Refuted {
    ok: bool,
    problem: String,
}

impl Answer for Refuted {
    fn layout(&self) -> Layout {
        Layout::Parts(Vec::new())
    }

    fn sheet(&self) -> Sheet {
        let fields = vec![
            ("ok", self.ok.to_string()),
            ("problem", self.problem.clone()),
        ];
        Sheet::of_fields(fields)
    }
}
