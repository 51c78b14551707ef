//! A pack as lines that a test may alter in any way.

use indelible_core::json::canonical;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The lines of a file, without their line feeds.
#[derive(Clone)]
pub struct Text {
    pub lines: Vec<Vec<u8>>,
}

impl Text {
    pub fn of(pack: &[u8]) -> Self {
        let pack = pack.strip_suffix(b"\n").expect("a line feed at the end");
        let lines = pack.split(|byte| *byte == b'\n').map(<[u8]>::to_vec);
        Self {
            lines: lines.collect(),
        }
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.lines.join(&b'\n');
        bytes.push(b'\n');
        bytes
    }

    pub fn last(&self) -> usize {
        self.lines.len() - 1
    }

    /// The place of the line of an entry.
    pub fn entry(&self, seq: u64) -> usize {
        let is_of = |line: &Vec<u8>| value(line).get("seq") == Some(&json!(seq));
        self.lines.iter().position(is_of).expect("a line")
    }

    /// Changes a line as JSON, and writes it canonically.
    pub fn edit(&mut self, place: usize, change: impl FnOnce(&mut Value)) {
        let mut line = value(&self.lines[place]);
        change(&mut line);
        self.lines[place] = canonical::to_vec(&line);
    }

    /// Replaces a text that occurs in a line.
    #[track_caller]
    pub fn swap(&mut self, place: usize, from: &str, to: &str) {
        let line = String::from_utf8(self.lines[place].clone()).expect("UTF-8");
        assert!(line.contains(from), "{from:?} is not in {line}");
        self.lines[place] = line.replacen(from, to, 1).into_bytes();
    }

    /// Counts again and makes the digest again, as a forger would.
    pub fn seal(&mut self) {
        let (mut entries, mut opened, mut erased, mut withheld) = (0, 0, 0, 0);
        for line in &self.lines {
            let Ok(Value::Object(line)) = serde_json::from_slice(line) else {
                continue;
            };
            entries += u64::from(line.contains_key("seq"));
            let Some(parts) = line.get("parts").and_then(Value::as_object) else {
                continue;
            };
            opened += 1;
            erased += parts.values().filter(|part| **part == "erased").count();
            withheld += parts.values().filter(|part| **part == "withheld").count();
        }
        let last = self.last();
        self.edit(last, |line| {
            let trailer = &mut line["trailer"];
            trailer["entries"] = json!(entries);
            trailer["opened"] = json!(opened);
            trailer["erased"] = json!(erased);
            trailer["withheld"] = json!(withheld);
        });
        self.digest();
    }

    /// Makes the digest again and leaves the counts.
    pub fn digest(&mut self) {
        let last = self.last();
        let mut sha = Sha256::new();
        for line in &self.lines[..last] {
            sha.update(line);
            sha.update(b"\n");
        }
        let digest = sha.finalize();
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        self.edit(last, |line| line["trailer"]["sha256"] = json!(hex));
    }
}

fn value(line: &[u8]) -> Value {
    serde_json::from_slice(line).expect("a line of JSON")
}
