//! Checkpoints: signed by the log they name, by two keys while a key is replaced.

use indelible_merkle::{Checkpoint, CheckpointError, Hash, NoteError, SigningKey, leaf_hash};

#[test]
fn a_rotation_is_signed_by_both_keys() {
    let (old, new) = (key("trail", 1), key("trail", 2));
    let note = checkpoint("trail")
        .sign(&[&old, &new])
        .expect("two keys of one name");
    let note = note.to_string();
    for known in [vec![&old], vec![&new], vec![&old, &new]] {
        let known: Vec<_> = known.into_iter().map(SigningKey::verifier_key).collect();
        let opened = Checkpoint::open(&note, &known).expect("either key will do");
        assert_eq!(opened.checkpoint(), &checkpoint("trail"));
        assert!(known.iter().all(|key| opened.note().is_signed_by(key)));
        assert_eq!(opened.note().unverified().len(), 2 - known.len());
    }
    let stranger = [key("trail", 3).verifier_key()];
    assert_eq!(
        Checkpoint::open(&note, &stranger),
        Err(CheckpointError::Note(NoteError::NotSigned))
    );
}

#[test]
fn only_the_log_itself_vouches_for_its_checkpoint() {
    // T50: a good signature by some other known key is not enough.
    let (log, other) = (key("trail", 1), key("other", 2));
    assert!(matches!(
        checkpoint("trail").sign(&[&log, &other]),
        Err(CheckpointError::ForeignKey { .. })
    ));
    assert!(matches!(
        checkpoint("trail").sign(&[]),
        Err(CheckpointError::NotSignedByLog { .. })
    ));
    let mut note = indelible_merkle::Note::new(checkpoint("trail").to_string()).expect("a text");
    note.sign(&other).expect("it fits");
    let known = [log.verifier_key(), other.verifier_key()];
    let refused = Err(CheckpointError::NotSignedByLog {
        origin: "trail".to_owned(),
    });
    assert_eq!(Checkpoint::open(note.to_string(), &known), refused);

    // Nor is a cosignature, even by a key of the log's name.
    let mut note = indelible_merkle::Note::new(checkpoint("trail").to_string()).expect("a text");
    let cosignature = indelible_merkle::cosignature::cosign(&checkpoint("trail"), &log, 5);
    note.attach(cosignature.expect("the time fits"))
        .expect("it fits");
    assert_eq!(
        Checkpoint::open(note.to_string(), &[log.cosigner_key()]),
        refused
    );
}

#[test]
fn bodies_are_read_strictly() {
    let good = checkpoint("trail").to_string();
    assert_eq!(good.parse(), Ok(checkpoint("trail")));
    for end in 0..good.len() {
        assert!(
            good[..end].parse::<Checkpoint>().is_err(),
            "T65: cut after {end} bytes"
        );
    }
    for (from, to) in [
        ("trail\n", "\n"),
        ("12\n", "+12\n"),
        ("12\n", "-12\n"),
        ("12\n", "012\n"),
        ("12\n", " 12\n"),
        ("12\n", "12 \n"),
        ("12\n", "\n"),
        ("12\n", "0xc\n"),
        ("12\n", "18446744073709551616\n"),
        ("=\n", "\n"),
        ("=\n", "==\n"),
        ("=\n", "= \n"),
        ("=\n", "=\n\n"),
        ("=\n", "=\nextension\n\n"),
        ("\n", "\r\n"),
    ] {
        let other = good.replacen(from, to, 1);
        assert_ne!(other, good);
        assert!(other.parse::<Checkpoint>().is_err(), "{other:?}");
    }
    let root = good.lines().nth(2).expect("three lines");
    for other in ["AAAA", "", &root[1..], &format!("{root}AAAA")] {
        assert!(
            good.replacen(root, other, 1).parse::<Checkpoint>().is_err(),
            "{other:?}"
        );
    }
}

#[test]
fn extension_lines_are_kept_and_not_understood() {
    let body = format!("{}some extension\nanother\n", checkpoint("trail"));
    let read: Checkpoint = body.parse().expect("extensions are allowed");
    assert_eq!(read.extensions(), ["some extension", "another"]);
    assert_eq!(read.to_string(), body);
    let note = read
        .sign(&[&key("trail", 1)])
        .expect("the log's own key")
        .to_string();
    let opened = Checkpoint::open(note, &[key("trail", 1).verifier_key()]).expect("signed");
    assert_eq!(opened.into_checkpoint(), read);
}

#[test]
fn origins_are_key_names() {
    for origin in ["", "two words", "a+b", "line\nbreak", &"x".repeat(256)] {
        assert!(
            Checkpoint::new(origin, 0, Hash::EMPTY_ROOT).is_err(),
            "{origin:?}"
        );
    }
    let empty = Checkpoint::new("trail", 0, Hash::EMPTY_ROOT).expect("an origin");
    assert_eq!(
        empty.to_string(),
        "trail\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
    );
}

fn key(name: &str, seed: u8) -> SigningKey {
    SigningKey::from_seed(name, [seed; 32]).expect("a key name")
}

fn checkpoint(origin: &str) -> Checkpoint {
    Checkpoint::new(origin, 12, leaf_hash(b"root")).expect("an origin")
}
