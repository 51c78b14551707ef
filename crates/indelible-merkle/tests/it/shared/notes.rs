//! Go's sumdb/note, transparency-dev/formats and C2SP: notes, keys, checkpoints, proof files.

use indelible_merkle::{Checkpoint, Note, SigningKey, TlogProof, VerifierKey, base64};
use serde_json::Value;

use super::{json, text, vectors};

/// Vectors that their authors accept and this crate refuses; `docs/formats/deviations.md` lists
/// the rules. All are checkpoint bodies.
const DEVIATIONS: [(&str, Reason); 5] = [
    ("valid", Reason::RootLength),
    ("valid other origin", Reason::RootLength),
    ("trailing data", Reason::RootLength),
    ("several extension lines", Reason::RootLength),
    ("trailing newlines", Reason::EmptyExtension),
];

#[derive(Clone, Copy, PartialEq)]
enum Reason {
    /// The root is not 32 bytes. With a root of 32 bytes the body is accepted.
    RootLength,
    /// An extension line is empty, which the specification forbids.
    EmptyExtension,
}

/// Thirty-two bytes in place of the vectors' playful roots.
const ROOT: &str = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

#[test]
fn notes_are_opened_or_refused() {
    for vector in list("open") {
        let note = base64::decode(text(&vector, "note_b64")).expect("canonical base64");
        let known: Vec<VerifierKey> = vector["verifier_keys"]
            .as_array()
            .expect("a list of keys")
            .iter()
            .map(|key| key.as_str().expect("a text").parse().expect("a good key"))
            .collect();
        let opened = Note::parse(note).and_then(|note| note.verify(&known));
        let name = text(&vector, "name");
        assert_eq!(
            opened.is_ok(),
            vector["want_ok"].as_bool().expect("a verdict"),
            "{name}"
        );
        if let Ok(note) = opened {
            let count = |field| vector[field].as_u64().expect("a number") as usize;
            assert_eq!(note.signatures().len(), count("verified_sigs"), "{name}");
            assert_eq!(note.unverified().len(), count("unverified_sigs"), "{name}");
        }
    }
}

#[test]
fn a_note_is_signed_as_go_signs_it() {
    for vector in list("sign") {
        let key: SigningKey = text(&vector, "skey").parse().expect("a private key of Go");
        assert_eq!(*key.to_private_text(), text(&vector, "skey"));
        let mut note = Note::new(text(&vector, "text")).expect("a text");
        note.sign(&key).expect("it fits");
        assert_eq!(note.to_string(), text(&vector, "want"));
    }
}

#[test]
fn verifier_keys_are_read_or_refused() {
    for vector in list("verifier_keys") {
        let key = text(&vector, "key").parse::<VerifierKey>();
        assert_eq!(
            key.is_ok(),
            vector["ok"].as_bool().expect("a verdict"),
            "{vector}"
        );
        if let Ok(key) = key {
            assert_eq!(key.to_string(), text(&vector, "key"));
        }
    }
}

#[test]
fn checkpoint_bodies_are_read_or_refused() {
    let mut deviating = 0;
    for vector in list("checkpoint_bodies") {
        let (name, body) = (text(&vector, "name"), text(&vector, "body"));
        let wanted = vector["want_ok"].as_bool().expect("a verdict");
        let read = body.parse::<Checkpoint>();
        let Some((_, reason)) = DEVIATIONS.iter().find(|(deviating, _)| *deviating == name) else {
            assert_eq!(read.is_ok(), wanted, "{name}");
            if let Ok(checkpoint) = read {
                assert_eq!(checkpoint.to_string(), body);
            }
            continue;
        };
        deviating += 1;
        assert!(wanted && read.is_err(), "{name}");
        let mended = body.replacen(text(&vector, "hash_b64"), ROOT, 1);
        let read = mended.parse::<Checkpoint>();
        assert_eq!(read.is_ok(), *reason == Reason::RootLength, "{name}");
        if let Ok(checkpoint) = read {
            assert_eq!(checkpoint.origin(), text(&vector, "origin"));
            assert_eq!(Some(checkpoint.size()), vector["size"].as_u64());
            let rest: Vec<_> = text(&vector, "rest").lines().collect();
            assert_eq!(checkpoint.extensions(), rest);
            assert_eq!(checkpoint.to_string(), mended);
        }
    }
    assert!(
        deviating == 0 || deviating == DEVIATIONS.len(),
        "each deviation has its vector"
    );
}

#[test]
fn proof_files_are_read_or_refused() {
    for vector in list("tlog_proofs") {
        let file = TlogProof::parse(text(&vector, "text"));
        assert_eq!(
            file.is_ok(),
            vector["ok"].as_bool().expect("a verdict"),
            "{vector}"
        );
        if let Ok(file) = file {
            assert_eq!(file.to_string(), text(&vector, "text"));
        }
    }
}

/// One list of the vector file; empty only when the vectors are not at hand.
fn list(name: &str) -> Vec<Value> {
    let Some(vectors) = vectors() else {
        return Vec::new();
    };
    let file = json(&vectors.join("note/note_vectors.json"));
    let list = file[name].as_array().expect("a list of vectors").clone();
    assert!(!list.is_empty(), "{name} has vectors");
    list
}
