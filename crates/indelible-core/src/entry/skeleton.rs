//! The skeleton's bytes: canonical JSON with the members in the order RFC 8785 asks for.

use std::io::Write;

use indelible_merkle::Hash;
use uuid::Uuid;

use super::StoredEntry;
use crate::json::canonical::write_str;
use crate::time::Timestamp;
use crate::trail::TrailName;

pub(super) fn write(entry: &StoredEntry, trail: &TrailName, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"action\":");
    write_str(&entry.action, out);
    hash(out, ",\"actor\":", entry.part_hashes.actor.as_ref());
    time(out, ",\"created_at\":\"", entry.created_at);
    hash(out, ",\"details\":", entry.part_hashes.details.as_ref());
    if !entry.erases.is_empty() {
        erases(entry, out);
    }
    out.extend_from_slice(b",\"id\":\"");
    out.extend_from_slice(
        entry
            .id
            .hyphenated()
            .encode_lower(&mut Uuid::encode_buffer())
            .as_bytes(),
    );
    out.push(b'"');
    time(out, ",\"occurred_at\":\"", entry.occurred_at);
    out.extend_from_slice(b",\"outcome\":\"");
    out.extend_from_slice(entry.outcome.as_str().as_bytes());
    out.extend_from_slice(b"\",\"resource_type\":");
    write_str(&entry.resource_type, out);
    out.extend_from_slice(b",\"tags\":[");
    for (place, tag) in entry.tags.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        write_str(tag, out);
    }
    out.push(b']');
    hash(out, ",\"target\":", entry.part_hashes.target.as_ref());
    out.extend_from_slice(b",\"trail\":");
    write_str(trail.as_str(), out);
    out.extend_from_slice(b",\"v\":1}");
}

fn hash(out: &mut Vec<u8>, lead: &str, hash: Option<&Hash>) {
    let Some(hash) = hash else { return };
    out.extend_from_slice(lead.as_bytes());
    out.push(b'"');
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [0; 2 * Hash::LEN];
    for (pair, byte) in text.chunks_exact_mut(2).zip(hash.as_bytes()) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    out.extend_from_slice(&text);
    out.push(b'"');
}

fn time(out: &mut Vec<u8>, lead: &str, time: Timestamp) {
    out.extend_from_slice(lead.as_bytes());
    out.extend_from_slice(&time.to_text());
    out.push(b'"');
}

fn erases(entry: &StoredEntry, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"erases\":[");
    for (place, erasure) in entry.erases.iter().enumerate() {
        let comma = if place > 0 { "," } else { "" };
        // Writing into a vector cannot fail.
        let _ = write!(
            out,
            "{comma}{{\"first\":{},\"last\":{}",
            erasure.first, erasure.last
        );
        out.extend_from_slice(b",\"parts\":[");
        for (place, part) in erasure.parts.iter().enumerate() {
            let comma = if place > 0 { "," } else { "" };
            let _ = write!(out, "{comma}\"{part}\"");
        }
        out.extend_from_slice(b"]}");
    }
    out.push(b']');
}

#[cfg(test)]
mod tests {
    use super::super::Erasure;
    use super::*;
    use crate::json;
    use crate::outcome::Outcome;
    use crate::part::{PartKind, PerPart};

    fn entry() -> StoredEntry {
        StoredEntry {
            seq: 3,
            id: Uuid::from_u128(7),
            action: "user_login".to_owned(),
            outcome: Outcome::Succeeded,
            resource_type: "session".to_owned(),
            tags: vec!["a".to_owned(), "b".to_owned()],
            occurred_at: Timestamp::from_micros(0),
            created_at: Timestamp::from_micros(1),
            erases: Vec::new(),
            part_hashes: PerPart {
                actor: Some(Hash::EMPTY_ROOT),
                target: None,
                details: None,
            },
            leaf_hash: Hash::EMPTY_ROOT,
            parts: PerPart::default(),
        }
    }

    #[test]
    fn has_one_spelling() {
        let text = String::from_utf8(entry().skeleton(&TrailName::standard())).expect("UTF-8");
        assert_eq!(
            text,
            concat!(
                r#"{"action":"user_login","#,
                r#""actor":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","#,
                r#""created_at":"1970-01-01T00:00:00.000001Z","#,
                r#""id":"00000000-0000-0000-0000-000000000007","#,
                r#""occurred_at":"1970-01-01T00:00:00.000000Z","outcome":"succeeded","#,
                r#""resource_type":"session","tags":["a","b"],"trail":"default","v":1}"#,
            )
        );
    }

    #[test]
    fn is_canonical_json_in_all_its_forms() {
        let mut full = entry();
        full.erases = vec![
            Erasure {
                first: 0,
                last: 1,
                parts: vec![PartKind::Actor, PartKind::Details],
            },
            Erasure {
                first: 9,
                last: 9,
                parts: vec![PartKind::Target],
            },
        ];
        full.part_hashes.target = Some(Hash::EMPTY_ROOT);
        full.part_hashes.details = Some(Hash::EMPTY_ROOT);
        full.action = "tampered \"\u{1}".to_owned();
        for entry in [entry(), full] {
            let bytes = entry.skeleton(&TrailName::standard());
            let value = json::parse(&bytes).expect("JSON").value;
            assert_eq!(json::canonical::to_vec(&value), bytes);
        }
    }
}
