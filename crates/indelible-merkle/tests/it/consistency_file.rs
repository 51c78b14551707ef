//! Consistency files: read strictly, believed only from a checkpoint of the same log.

use indelible_merkle::base64;
use indelible_merkle::{
    Checkpoint, ConsistencyFile, ConsistencyFileError, Hash, ProofError, SigningKey,
    consistency_proof, leaf_hash, root_at,
};

use crate::tree::StoredTree;

#[test]
fn files_are_read_back_and_hold() {
    for (old, new) in [(1, 1), (1, 2), (7, 15), (8, 15), (15, 15), (255, 300)] {
        let (file, known) = file(old, new);
        assert_eq!(ConsistencyFile::parse(file.to_string()), Ok(file.clone()));
        assert_eq!(file.to_string().parse(), Ok(file.clone()));
        let opened = file
            .verify(&known, &[log("log").verifier_key()])
            .expect("a good file");
        assert_eq!(opened.checkpoint().size(), u64::from(new));
    }
    // A witness that knows nothing yet is sent this; as a proof it is refused.
    let (mut first, _) = file(1, 15);
    (first.old_size, first.proof) = (0, Vec::new());
    assert_eq!(ConsistencyFile::parse(first.to_string()), Ok(first.clone()));
    let nothing = Checkpoint::new("log", 0, Hash::EMPTY_ROOT).expect("an origin");
    assert_eq!(
        first.verify(&nothing, &[log("log").verifier_key()]),
        Err(ConsistencyFileError::Proof(ProofError::OldTreeEmpty))
    );
}

#[test]
fn another_history_is_refused() {
    // T49: what the reader has seen decides, not what the file says.
    let (file, seen) = file(7, 15);
    let known = [log("log").verifier_key()];
    let other_root = Checkpoint::new("log", 7, leaf_hash(b"forked")).expect("an origin");
    assert_eq!(
        file.verify(&other_root, &known),
        Err(ConsistencyFileError::Proof(ProofError::OldRoot))
    );
    let other_size = Checkpoint::new("log", 8, seen.root()).expect("an origin");
    assert_eq!(
        file.verify(&other_size, &known),
        Err(ConsistencyFileError::OldSize { file: 7, known: 8 })
    );
    let other_log = Checkpoint::new("other", 7, seen.root()).expect("an origin");
    assert!(matches!(
        file.verify(&other_log, &known),
        Err(ConsistencyFileError::Origin { .. })
    ));
    assert!(matches!(
        file.verify(&seen, &[log("other").verifier_key()]),
        Err(ConsistencyFileError::Checkpoint(_))
    ));
    // A head that went back is no successor.
    let (shrunk, _) = self::file(7, 9);
    let ahead = Checkpoint::new("log", 15, seen.root()).expect("an origin");
    let shrunk = ConsistencyFile {
        old_size: 15,
        ..shrunk
    };
    assert_eq!(
        shrunk.verify(&ahead, &known),
        Err(ConsistencyFileError::Proof(ProofError::SizesReversed {
            old_size: 15,
            new_size: 9
        }))
    );
}

#[test]
fn a_cut_file_is_refused() {
    let (file, seen) = file(7, 15);
    let text = file.to_string();
    for end in 0..text.len() {
        let verdict = ConsistencyFile::parse(&text.as_bytes()[..end])
            .and_then(|file| file.verify(&seen, &[log("log").verifier_key()]));
        assert!(verdict.is_err(), "T65: cut after {end} bytes");
    }
}

#[test]
fn files_are_read_strictly() {
    let text = file(7, 15).0.to_string();
    for (from, to) in [
        ("old 7", "old +7"),
        ("old 7", "old -7"),
        ("old 7", "old 07"),
        ("old 7", "old 7 "),
        ("old 7", " old 7"),
        ("old 7", "old  7"),
        ("old 7", "old"),
        ("old 7", "Old 7"),
        ("old 7", "old 0"),
        ("old 7\n", "old 7\r\n"),
        ("old 7\n", ""),
        ("=\n", "\n"),
        ("=\n", "= \n"),
        ("=\n", "=\n \n"),
    ] {
        let other = text.replacen(from, to, 1);
        assert_ne!(other, text, "{from:?}");
        assert!(ConsistencyFile::parse(&other).is_err(), "{other:?}");
    }
    let line = base64::encode(leaf_hash(b"").as_ref()) + "\n";
    let with = |count| format!("old 7\n{}\ncheckpoint\n", line.repeat(count));
    assert_eq!(
        ConsistencyFile::parse(with(63)).map(|file| file.proof.len()),
        Ok(63)
    );
    assert!(ConsistencyFile::parse(with(64)).is_err());
}

fn log(name: &str) -> SigningKey {
    SigningKey::from_seed(name, [1; 32]).expect("a key name")
}

/// The file from `old` to `new` leaves, and the old checkpoint.
fn file(old: u64, new: u32) -> (ConsistencyFile, Checkpoint) {
    let tree = StoredTree::numbered(new);
    let (old_root, size) = (root_at(old, &tree).expect("rows"), u64::from(new));
    let proof = consistency_proof(old, size, &tree).expect("rows");
    let checkpoint = Checkpoint::new("log", size, tree.frontier.root()).expect("an origin");
    let checkpoint = checkpoint
        .sign(&[&log("log")])
        .expect("the log's own key")
        .to_string();
    let seen = Checkpoint::new("log", old, old_root).expect("an origin");
    (
        ConsistencyFile {
            old_size: old,
            proof,
            checkpoint,
        },
        seen,
    )
}
