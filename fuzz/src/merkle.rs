//! What an auditor reads: notes, checkpoints, proofs, keys.

use indelible_merkle::{
    Checkpoint, ConsistencyFile, Note, NoteSignature, SigningKey, TlogProof, VerifierKey, leaf_hash,
};

const ORIGIN: &str = "example.com/log";

/// The key that signed what stands in the corpora.
fn key() -> SigningKey {
    SigningKey::from_seed(ORIGIN, [7; 32]).expect("an origin")
}

/// A note has one spelling; its text signed again opens.
pub fn note(input: &[u8]) {
    let Ok(note) = Note::parse(input) else {
        return;
    };
    assert_eq!(
        note.to_string().as_bytes(),
        input,
        "another spelling was taken"
    );
    for signature in note.signatures() {
        let read: NoteSignature = signature.to_string().parse().expect("what was printed");
        assert_eq!(&read, signature);
    }
    let key = key();
    let known = [key.verifier_key()];
    let was_signed = note.verify(&known).is_ok();
    let mut again = Note::new(note.text()).expect("the text of a note");
    again.sign(&key).expect("a signature more");
    let opened = Note::parse(again.to_string()).expect("what was printed");
    opened.verify(&known).expect("what was signed");
    if was_signed {
        // Ed25519 here is deterministic: who did not hold the key has a signature of this text.
        let own = again.signatures().first().expect("one");
        assert!(note.signatures().contains(own), "a signature was forged");
    }
}

/// A checkpoint has one spelling, and is the same after signing and opening.
pub fn checkpoint(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let Ok(checkpoint) = text.parse::<Checkpoint>() else {
        return;
    };
    assert_eq!(checkpoint.to_string(), text, "another spelling was taken");
    let Ok(key) = SigningKey::from_seed(checkpoint.origin(), [7; 32]) else {
        return;
    };
    let Ok(signed) = checkpoint.sign(&[&key]) else {
        return;
    };
    let opened = Checkpoint::open(signed.to_string(), &[key.verifier_key()]);
    assert_eq!(opened.expect("what was signed").checkpoint(), &checkpoint);
}

/// A proof file has one spelling, and proves nothing but what the key's holder signed.
pub fn tlog_proof(input: &[u8]) {
    let Ok(proof) = TlogProof::parse(input) else {
        return;
    };
    assert_eq!(
        proof.to_string().as_bytes(),
        input,
        "another spelling was taken"
    );
    if let Ok(opened) = proof.verify(&leaf_hash(b"second"), &[key().verifier_key()]) {
        // The log of three entries in the corpus is all that was ever signed.
        assert_eq!((proof.index, opened.checkpoint().size()), (1, 3), "forged");
        assert_eq!(proof.path.len(), 2, "another path leads there");
    }
    assert!(
        proof
            .verify(&leaf_hash(b"other"), &[key().verifier_key()])
            .is_err()
    );
}

/// A consistency file has one spelling, and shows nothing but what was signed.
pub fn consistency(input: &[u8]) {
    let Ok(file) = ConsistencyFile::parse(input) else {
        return;
    };
    assert_eq!(
        file.to_string().as_bytes(),
        input,
        "another spelling was taken"
    );
    let leaf = leaf_hash(b"first");
    let old = Checkpoint::new(ORIGIN, 1, leaf).expect("a checkpoint");
    if let Ok(opened) = file.verify(&old, &[key().verifier_key()]) {
        assert_eq!(
            (file.old_size, opened.checkpoint().size()),
            (1, 3),
            "forged"
        );
    }
    let other = Checkpoint::new(ORIGIN, 1, leaf_hash(b"other")).expect("a checkpoint");
    assert!(file.verify(&other, &[key().verifier_key()]).is_err());
}

/// A key has one spelling.
pub fn verifier_key(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    if let Ok(key) = text.parse::<VerifierKey>() {
        assert_eq!(key.to_string(), text, "another spelling was taken");
    }
}
