//! `indelible verify-pack`

use std::path::PathBuf;

use clap::Args;
use indelible::core::pack::{Verdict, verify_pack};
use serde::Serialize;
use serde_json::Value;

use super::verify::rotations::TrustedKeys;
use super::verify_proof::Refuted;
use crate::answer::{Answer, Field, Layout, Sheet};
use crate::failure::{Failure, Status};
use crate::input;
use crate::progress::{self, Unit};
use crate::session::Session;

/// Checks an evidence pack; needs no database
///
/// Every leaf is made again from the skeletons in the pack, every root from the leaves, every part
/// is held against its hash and every entry against the question, and the heads' signatures are
/// checked with the key. The answer says what is proved and what is not. The exit status is 3
/// where anything does not hold.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  indelible verify-pack failed.pack --key 'example.org/default+8c5d1f2a+AZ…'

The key is what `indelible vkey` prints where the trail is. Get it by another way than the pack.
contrib/verify_pack.py does the same with nothing but Python.")]
pub struct VerifyPack {
    /// The pack, or - for standard input; plain or gzip
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    trusted: TrustedKeys,
}

impl VerifyPack {
    pub fn run(self, session: &Session) -> Result<Status, Failure> {
        let keys = self.trusted.chain()?;
        let (mut pack, length) = input::open(&self.file)?;
        let bar = progress::bar("verifying", length, Unit::Bytes);
        let judged = verify_pack(&mut pack, &keys, &mut |bytes| bar.set_position(bytes));
        bar.finish_and_clear();
        let unreadable = |error| Failure::unverified(format!("{}: {error}", self.file.display()));
        match judged.map_err(unreadable)? {
            Ok(verdict) => {
                session.output.print(&Proved { ok: true, verdict })?;
                Ok(Status::Fine)
            }
            Err(refused) => Refuted::print(session, &self.file, refused),
        }
    }
}

/// What a pack proves.
#[derive(Serialize)]
struct Proved {
    ok: bool,
    #[serde(flatten)]
    verdict: Verdict,
}

impl Proved {
    fn manifest(&self, name: &str) -> String {
        match &self.verdict.manifest[name] {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }

    fn range(&self) -> (u64, u64) {
        let range = &self.verdict.manifest["range"];
        let end = |name: &str| range[name].as_u64().unwrap_or_default();
        (end("first"), end("size"))
    }

    /// What a claim says, in words.
    fn said(&self, claim: &str, is_proved: bool) -> String {
        let ((first, size), verdict) = (self.range(), &self.verdict);
        match (claim, is_proved) {
            ("history", _) => {
                format!("the trail of {size} entries continues the trail of {first}")
            }
            ("inclusion", _) => "every entry shown stands in the trail at its place".to_owned(),
            ("skeletons", _) => {
                "no entry of the range is left out: they can be counted by action, \
                                 outcome, resource type, tags and time"
                    .to_owned()
            }
            ("completeness", true) => "every entry of the range that matches is opened".to_owned(),
            ("completeness", false) => match self.manifest("coverage") == "complete" {
                true => "that no other entry matches: the question asks for what stands in parts, \
                         and only those of matching entries are opened"
                    .to_owned(),
                false => {
                    "that no other entry matches: only matching ones are in the pack".to_owned()
                }
            },
            ("circumstances", _) => {
                "who asked, when, and what made the pack: nobody signed that".to_owned()
            }
            ("later", _) => format!("what was recorded after the first {size} entries"),
            ("erasure", _) => format!(
                "why {} parts are erased: no entry of the pack says so",
                verdict.unaccounted
            ),
            (other, _) => other.to_owned(),
        }
    }
}

impl Answer for Proved {
    fn layout(&self) -> Layout {
        let (first, size) = self.range();
        let verdict = &self.verdict;
        let origin = self.manifest("origin");
        let coverage = self.manifest("coverage");
        let claims = |claims: &[&str], is_proved| {
            let said = claims.iter().map(|claim| self.said(claim, is_proved));
            said.collect()
        };
        let mut fields = vec![
            Field::text(
                "verified",
                format!("entries from #{first} to size {size} of {origin}, {coverage}"),
            ),
            Field::text("question", self.manifest("question")),
            Field::text("asked_by", self.manifest("asked_by")),
            Field::text("created", self.manifest("created")),
            Field::text("root", verdict.root.clone()),
            Field::lines("signed_by", verdict.signed_by.clone()),
            Field::text("entries", verdict.entries.to_string()),
            Field::text("opened", verdict.opened.to_string()),
            Field::text("erased", verdict.erased.to_string()),
            Field::text("withheld", verdict.withheld.to_string()),
            Field::lines("proved", claims(&verdict.proved, true)),
            Field::lines("not_proved", claims(&verdict.not_proved, false)),
        ];
        fields.retain(|field| !field.is_empty());
        Layout::Fields(fields)
    }

    fn sheet(&self) -> Sheet {
        let (first, size) = self.range();
        let verdict = &self.verdict;
        Sheet::of_fields(vec![
            ("ok", self.ok.to_string()),
            ("origin", self.manifest("origin")),
            ("first", first.to_string()),
            ("size", size.to_string()),
            ("coverage", self.manifest("coverage")),
            ("question", self.manifest("question")),
            ("root", verdict.root.clone()),
            ("signed_by", verdict.signed_by.join(" ")),
            ("entries", verdict.entries.to_string()),
            ("opened", verdict.opened.to_string()),
            ("erased", verdict.erased.to_string()),
            ("unaccounted", verdict.unaccounted.to_string()),
            ("withheld", verdict.withheld.to_string()),
            ("proved", verdict.proved.join(" ")),
            ("not_proved", verdict.not_proved.join(" ")),
        ])
    }
}
