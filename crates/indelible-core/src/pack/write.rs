//! The lines of a pack as they are written.

use indelible_merkle::{Hash, base64};
use serde_json::{Value, json};

use crate::json::canonical;
use crate::part::{Part, PartKind};

/// What the trailer counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    pub entries: u64,
    pub opened: u64,
    pub erased: u64,
    pub withheld: u64,
}

/// A part of an entry as it is to be shown.
pub(crate) enum Shown<'a> {
    Open(&'a Part),
    Erased,
    Withheld,
}

/// An entry as it is to be shown.
pub(crate) struct EntryLine<'a> {
    pub seq: u64,
    pub skeleton: &'a [u8],
    /// What is shown of an entry that matches.
    pub parts: Option<Vec<(PartKind, Shown<'a>)>>,
    /// In a selection.
    pub path: Option<Vec<Hash>>,
}

impl EntryLine<'_> {
    /// Appends the line.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.push(b'{');
        if let Some(parts) = &self.parts {
            out.extend_from_slice(b"\"parts\":{");
            for (place, (kind, part)) in parts.iter().enumerate() {
                if place > 0 {
                    out.push(b',');
                }
                canonical::write_str(kind.as_str(), out);
                out.push(b':');
                part.write(out);
            }
            out.extend_from_slice(b"},");
        }
        if let Some(path) = &self.path {
            out.extend_from_slice(b"\"path\":");
            canonical::write(&hashes(path), out);
            out.push(b',');
        }
        out.extend_from_slice(b"\"seq\":");
        canonical::write_u64(self.seq, out);
        out.extend_from_slice(b",\"skeleton\":");
        // A skeleton is JSON, and so UTF-8.
        canonical::write_str(&String::from_utf8_lossy(self.skeleton), out);
        out.extend_from_slice(b"}\n");
    }

    /// Counts it.
    pub fn count(&self, sums: &mut Sums) {
        sums.entries += 1;
        let Some(parts) = &self.parts else { return };
        sums.opened += 1;
        for (_, part) in parts {
            match part {
                Shown::Open(_) => {}
                Shown::Erased => sums.erased += 1,
                Shown::Withheld => sums.withheld += 1,
            }
        }
    }
}

impl Shown<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Erased => out.extend_from_slice(b"\"erased\""),
            Self::Withheld => out.extend_from_slice(b"\"withheld\""),
            Self::Open(part) => {
                out.extend_from_slice(b"{\"body\":");
                // The engine stores canonical JSON.
                canonical::write_str(&String::from_utf8_lossy(&part.body), out);
                let salt: String = part.salt.iter().map(|b| format!("{b:02x}")).collect();
                out.extend_from_slice(format!(",\"salt\":\"{salt}\"}}").as_bytes());
            }
        }
    }
}

/// Appends a line of this value.
pub(crate) fn line(value: &Value, out: &mut Vec<u8>) {
    canonical::write(value, out);
    out.push(b'\n');
}

/// Appends the line of the first or the last head.
pub(crate) fn head_line(which: &str, note: &str, out: &mut Vec<u8>) {
    line(&json!({"head": which, "note": note}), out);
}

/// Appends the consistency proof between the heads.
pub(crate) fn link_line(proof: &[Hash], out: &mut Vec<u8>) {
    line(&json!({ "consistency": hashes(proof) }), out);
}

/// Appends the frontier at the first head.
pub(crate) fn frontier_line(frontier: &[Hash], out: &mut Vec<u8>) {
    line(&json!({ "frontier": hashes(frontier) }), out);
}

/// Appends the last line.
pub(crate) fn trailer_line(sums: &Sums, sha256: &Hash, out: &mut Vec<u8>) {
    let trailer = json!({
        "entries": sums.entries,
        "erased": sums.erased,
        "opened": sums.opened,
        "sha256": sha256.to_string(),
        "withheld": sums.withheld,
    });
    line(&json!({ "trailer": trailer }), out);
}

fn hashes(hashes: &[Hash]) -> Value {
    let texts = hashes.iter().map(|hash| base64::encode(hash.as_ref()));
    texts.collect()
}
