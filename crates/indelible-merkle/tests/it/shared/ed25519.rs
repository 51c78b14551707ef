//! C2SP/CCTV: signatures at the edges of Ed25519, which pin what this crate calls valid.

use indelible_merkle::note::{KeyKind, NoteSignature};
use indelible_merkle::{Hash, VerifierKey, base64};
use serde_json::Value;

use super::{json, text, vectors};

/// Any of these makes a signature invalid here. What stays valid has, at most, points of large
/// order with a low-order component that cancels out.
const REFUSED: [&str; 6] = [
    "low_order_A",
    "low_order_R",
    "non_canonical_A",
    "non_canonical_R",
    "low_order_residue",
    "reencoded_k",
];

#[test]
fn edge_cases_are_judged_strictly() {
    let Some(vectors) = vectors() else { return };
    let file = json(&vectors.join("ed25519-cctv/ed25519vectors.json"));
    let all = file.as_array().expect("a list of vectors");
    assert_eq!(all.len(), 914);
    let mut accepted = 0;
    for vector in all {
        let flags = vector["flags"]
            .as_array()
            .map_or(&[][..], |flags| &flags[..]);
        let expected = flags
            .iter()
            .all(|flag| flag.as_str().is_some_and(|flag| !REFUSED.contains(&flag)));
        assert_eq!(is_valid(vector), expected, "{vector}");
        accepted += usize::from(expected);
    }
    assert!(accepted > 0, "some signatures are plainly good");
}

fn is_valid(vector: &Value) -> bool {
    let public = Hash::from_hex(text(vector, "key")).expect("32 bytes");
    let Ok(key) = VerifierKey::new("cctv", KeyKind::Ed25519, public.as_bytes()) else {
        return false;
    };
    let (r, s) = text(vector, "sig").split_at(64);
    let half = |digits| Hash::from_hex(digits).expect("32 bytes");
    let signed = [
        &key.id().to_be_bytes()[..],
        half(r).as_ref(),
        half(s).as_ref(),
    ]
    .concat();
    let line: NoteSignature = format!("— cctv {}", base64::encode(&signed))
        .parse()
        .expect("a signature line");
    key.has_signed(text(vector, "msg"), &line)
}
