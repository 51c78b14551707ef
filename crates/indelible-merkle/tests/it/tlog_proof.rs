//! Proof files: read strictly, believed only as a whole.

use indelible_merkle::base64;
use indelible_merkle::text::{LineError, TextError};
use indelible_merkle::tlog_proof::EXTRA_BYTES_MAX;
use indelible_merkle::{
    Checkpoint, CheckpointError, ProofError, SigningKey, TlogProof, TlogProofError,
    inclusion_proof, leaf_hash,
};

use crate::tree::{StoredTree, numbered_leaf};

#[test]
fn files_are_read_back() {
    for extra in [
        None,
        Some(vec![0]),
        Some(b"{\"skeleton\":\"text\"}".to_vec()),
    ] {
        let file = TlogProof {
            extra,
            ..proof(6, 15)
        };
        let text = file.to_string();
        assert_eq!(TlogProof::parse(&text), Ok(file.clone()));
        assert_eq!(text.parse(), Ok(file.clone()));
        let opened = file
            .verify(&numbered_leaf(6), &[log().verifier_key()])
            .expect("good");
        assert_eq!(opened.checkpoint().size(), 15);
    }
    let none = TlogProof {
        extra: Some(Vec::new()),
        ..proof(6, 15)
    };
    assert_eq!(none.to_string(), proof(6, 15).to_string());
    // One leaf: the path is empty, and the leaf is the root.
    let single = proof(0, 1);
    assert_eq!(TlogProof::parse(single.to_string()), Ok(single.clone()));
    assert!(
        single
            .verify(&numbered_leaf(0), &[log().verifier_key()])
            .is_ok()
    );
}

#[test]
fn nothing_but_the_proved_leaf_is_accepted() {
    let good = proof(6, 15);
    let known = [log().verifier_key()];
    let refused = |file: &TlogProof, leaf| file.verify(&leaf, &known).expect_err("a bad proof");
    assert_eq!(
        refused(&good, numbered_leaf(7)),
        TlogProofError::Proof(ProofError::Root)
    );
    let moved = TlogProof {
        index: 7,
        ..good.clone()
    };
    assert_eq!(
        refused(&moved, numbered_leaf(6)),
        TlogProofError::Proof(ProofError::Root)
    );
    let outside = TlogProof {
        index: 15,
        ..good.clone()
    };
    assert_eq!(
        refused(&outside, numbered_leaf(6)),
        TlogProofError::Proof(ProofError::IndexOutside {
            index: 15,
            size: 15
        })
    );
    // T72: the path of one size under the signed checkpoint of another.
    for size in (7..32).filter(|size| *size != 15) {
        let other = TlogProof {
            checkpoint: proof(6, size).checkpoint,
            ..good.clone()
        };
        assert!(matches!(
            refused(&other, numbered_leaf(6)),
            TlogProofError::Proof(_)
        ));
    }
    // T50: an unsigned checkpoint, one of another log, one under another key.
    let other = SigningKey::from_seed("other", [1; 32]).expect("a key name");
    let stranger = SigningKey::from_seed("log", [2; 32]).expect("a key name");
    for key in [other, stranger] {
        let verdict = good.verify(&numbered_leaf(6), &[key.verifier_key()]);
        assert!(matches!(
            verdict,
            Err(TlogProofError::Checkpoint(CheckpointError::Note(_)))
        ));
    }
    let body = good.checkpoint.replacen("\n15\n", "\n16\n", 1);
    let changed = TlogProof {
        checkpoint: body,
        ..good
    };
    assert!(matches!(
        refused(&changed, numbered_leaf(6)),
        TlogProofError::Checkpoint(_)
    ));
}

#[test]
fn a_cut_file_is_refused() {
    // T65. A cut within the checkpoint leaves a well-formed file whose note does not open.
    let good = TlogProof {
        extra: Some(b"extra".to_vec()),
        ..proof(6, 15)
    }
    .to_string();
    for end in 0..good.len() {
        let verdict = TlogProof::parse(&good.as_bytes()[..end])
            .and_then(|file| file.verify(&numbered_leaf(6), &[log().verifier_key()]));
        assert!(verdict.is_err(), "cut after {end} bytes");
    }
}

#[test]
fn files_are_read_strictly() {
    let good = TlogProof {
        extra: Some(b"extra".to_vec()),
        ..proof(6, 15)
    }
    .to_string();
    let hash = good.lines().nth(3).expect("a hash").to_owned();
    let extra = good.lines().nth(1).expect("an extra").to_owned();
    let (two, zero) = (format!("{extra}\n{extra}\n"), format!("{hash}\n \n"));
    for (from, to) in [
        ("@v1\n", "@v2\n"),
        ("@v1\n", "@v1 \n"),
        ("@v1\n", "@v1\n\n"),
        ("c2sp", " c2sp"),
        ("extra ", "extra  "),
        ("extra ", "extra"),
        ("extra ", "Extra "),
        (&*format!("{extra}\n"), &*two),
        (&extra, "extra "),
        (&extra, "extra ZXh0cmF="),
        ("index 6", "index +6"),
        ("index 6", "index -6"),
        ("index 6", "index 06"),
        ("index 6", "index  6"),
        ("index 6", "index 6 "),
        ("index 6", "index"),
        ("index 6", "index "),
        ("index 6", "index 18446744073709551616"),
        ("index 6\n", ""),
        ("index 6\n", "index 6\nindex 6\n"),
        (&*format!("{hash}\n"), &*zero),
        (&hash, &hash[..hash.len() - 1]),
        (&hash, "AAAA"),
        ("=\n", "= \n"),
        ("\n", "\r\n"),
    ] {
        let other = good.replacen(from, to, 1);
        assert_ne!(other, good, "{from:?}");
        assert!(TlogProof::parse(&other).is_err(), "{other:?}");
    }
    assert_eq!(
        TlogProof::parse(good.replacen("index 6", "index +6", 1)),
        Err(TlogProofError::Line(LineError {
            line: 3,
            problem: TextError::Decimal
        }))
    );
    assert!(TlogProof::parse(good.replace('\n', "\r\n")).is_err());
    assert!(TlogProof::parse([good.as_bytes(), &[0xff, b'\n']].concat()).is_err());
}

#[test]
fn hashes_are_counted_before_they_are_kept() {
    let line = base64::encode(leaf_hash(b"").as_ref()) + "\n";
    let with = |count| {
        format!(
            "c2sp.org/tlog-proof@v1\nindex 0\n{}\ncheckpoint\n",
            line.repeat(count)
        )
    };
    assert_eq!(
        TlogProof::parse(with(63)).map(|file| file.path.len()),
        Ok(63)
    );
    for count in [64, 65, 30_000] {
        assert_eq!(
            TlogProof::parse(with(count)),
            Err(TlogProofError::Line(LineError {
                line: 66,
                problem: TextError::TooManyHashes
            }))
        );
    }
}

#[test]
fn extra_may_be_long_but_not_endless() {
    let file = TlogProof {
        extra: Some(vec![7; EXTRA_BYTES_MAX]),
        ..proof(6, 15)
    };
    assert_eq!(TlogProof::parse(file.to_string()), Ok(file.clone()));
    let file = TlogProof {
        extra: Some(vec![7; EXTRA_BYTES_MAX + 9]),
        ..file
    };
    let refused = TlogProof::parse(file.to_string()).expect_err("too long");
    assert!(matches!(
        refused,
        TlogProofError::Line(LineError {
            line: 2,
            problem: TextError::LineTooLong { .. }
        })
    ));
    let endless = "c2sp.org/tlog-proof@v1\nextra ".to_owned() + &"A".repeat(4_000_000) + "\n";
    let refused = TlogProof::parse(endless).expect_err("too long");
    assert!(matches!(
        refused,
        TlogProofError::Line(LineError {
            problem: TextError::TooLarge { .. },
            ..
        })
    ));
}

fn log() -> SigningKey {
    SigningKey::from_seed("log", [1; 32]).expect("a key name")
}

fn proof(index: u64, size: u32) -> TlogProof {
    let tree = StoredTree::numbered(size);
    let path = inclusion_proof(index, size.into(), &tree).expect("rows");
    let checkpoint = Checkpoint::new("log", size.into(), tree.frontier.root()).expect("an origin");
    let checkpoint = checkpoint
        .sign(&[&log()])
        .expect("the log's own key")
        .to_string();
    TlogProof {
        extra: None,
        index,
        path,
        checkpoint,
    }
}
