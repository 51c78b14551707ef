//! Signed notes: who is believed, and what is refused.

use indelible_merkle::cosignature::{Quorum, cosign};
use indelible_merkle::note::{
    KEY_NAME_BYTES_MAX, KeyKind, NOTE_BYTES_MAX, NOTE_SIGNATURES_MAX, SigningKeyError,
    VerifierKeyError,
};
use indelible_merkle::text::TextError;
use indelible_merkle::{
    Checkpoint, CheckpointError, Hash, Note, NoteError, NoteSignature, SigningKey, VerifierKey,
};

const TEXT: &str = "the text\n\nof a note\n";

#[test]
fn several_keys_sign_and_strangers_are_ignored() {
    let (ours, theirs) = (key("ours", 1), key("theirs", 2));
    let note = signed(&[&ours, &theirs]);
    let read = Note::parse(note.to_string()).expect("our own note");
    assert_eq!(read, note);
    assert_eq!(read.text(), TEXT);

    let verified = read
        .verify(&[ours.verifier_key()])
        .expect("a good signature");
    assert!(verified.is_signed_by(&ours.verifier_key()));
    assert!(!verified.is_signed_by(&theirs.verifier_key()));
    assert_eq!(verified.unverified().len(), 1);
    assert_eq!(verified.unverified()[0].name(), "theirs");

    let both = [theirs.verifier_key(), ours.verifier_key()];
    let verified = read.verify(&both).expect("two good signatures");
    let names: Vec<_> = verified
        .signatures()
        .iter()
        .map(|s| s.key().name())
        .collect();
    assert_eq!(names, ["ours", "theirs"]);
    assert_eq!(read.verify(&[]), Err(NoteError::NotSigned));
    assert_eq!(
        read.verify(&[key("ours", 3).verifier_key()]),
        Err(NoteError::NotSigned)
    );
}

#[test]
fn a_bad_signature_of_a_known_key_spoils_the_note() {
    let (ours, theirs) = (key("ours", 1), key("theirs", 2));
    let mut note = signed(&[&ours]);
    note.attach(forged(&theirs)).expect("two signatures fit");
    let known = [ours.verifier_key(), theirs.verifier_key()];
    let key_id = theirs.verifier_key().id();
    assert_eq!(
        note.verify(&known),
        Err(NoteError::BadSignature {
            name: "theirs".to_owned(),
            key_id
        })
    );
    assert!(
        note.verify(&known[..1]).is_ok(),
        "an unknown key's signature proves nothing"
    );

    // Nor does a good signature make up for a second, bad one by the same key.
    let mut note = signed(&[&ours]);
    note.attach(forged(&ours)).expect("two signatures fit");
    assert!(matches!(
        note.verify(&known),
        Err(NoteError::BadSignature { .. })
    ));
}

#[test]
fn signing_twice_counts_once() {
    let ours = key("ours", 1);
    let verified = signed(&[&ours, &ours]).verify(&[ours.verifier_key()]);
    assert_eq!(verified.expect("good signatures").signatures().len(), 1);
    let known = [ours.verifier_key(), ours.verifier_key()];
    assert!(matches!(
        signed(&[&ours]).verify(&known),
        Err(NoteError::AmbiguousKey { .. })
    ));
}

#[test]
fn the_text_is_bound_to_its_signature() {
    let ours = key("ours", 1);
    let note = signed(&[&ours]).to_string();
    let known = [ours.verifier_key()];
    for (from, to) in [
        ("note\n\n", "note\n\n\n"),
        ("the", "The"),
        ("\n\nof", "\nof"),
    ] {
        let other = note.replacen(from, to, 1);
        assert_ne!(other, note);
        let verdict = Note::parse(&other).and_then(|note| note.verify(&known));
        assert!(
            matches!(verdict, Err(NoteError::BadSignature { .. })),
            "{other:?}"
        );
    }
}

#[test]
fn sizes_are_bounded() {
    let line = signed(&[&key("ours", 1)]).signatures()[0].to_string() + "\n";
    let with = |count| format!("{TEXT}\n{}", line.repeat(count));
    assert_eq!(
        Note::parse(with(100)).map(|note| note.signatures().len()),
        Ok(100)
    );
    assert_eq!(
        Note::parse(with(101)),
        Err(NoteError::TooManySignatures { found: 101 })
    );
    assert_eq!(
        Note::parse(with(5000)),
        Err(NoteError::TooManySignatures { found: 5000 })
    );
    // 10,000 signatures are above the size of a note before they are above their number.
    assert!(matches!(
        Note::parse(with(10_000)),
        Err(NoteError::Text(TextError::TooLarge {
            max: NOTE_BYTES_MAX,
            ..
        }))
    ));
    let mut full = Note::parse(with(NOTE_SIGNATURES_MAX)).expect("a full note");
    let refused = full.sign(&key("ours", 1));
    assert_eq!(refused, Err(NoteError::TooManySignatures { found: 101 }));

    let long = "x".repeat(65_537) + "\n";
    assert_eq!(
        Note::new(long),
        Err(NoteError::Text(TextError::LineTooLong { max: 65_536 }))
    );
}

#[test]
fn notes_are_read_strictly() {
    let ours = key("ours", 1);
    let good = signed(&[&ours]).to_string();
    assert!(Note::parse(&good).is_ok());
    // T65: a note that is cut anywhere is no note.
    for end in 0..good.len() {
        assert!(
            Note::parse(&good.as_bytes()[..end]).is_err(),
            "cut after {end} bytes"
        );
    }
    let line = good.lines().last().expect("a signature line").to_owned();
    let with = |other: &str| good.replacen(&line, other, 1);
    for other in [
        line.replacen("— ", "- ", 1),
        line.replacen("— ", "—  ", 1),
        line.replacen("— ", "—", 1),
        line.replacen("ours ", "ours  ", 1),
        line.replacen("ours ", "our s ", 1),
        line.replacen("ours ", "ou+rs ", 1),
        line.replacen("ours ", "ou\u{a0}rs ", 1),
        line.replacen("ours", &"x".repeat(KEY_NAME_BYTES_MAX + 1), 1),
        format!(" {line}"),
        format!("{line} "),
        format!("{line}="),
        line.trim_end_matches('=').to_owned(),
        "— ours AAAAAA==".to_owned(),
        "— ours ".to_owned(),
        "— ours".to_owned(),
        "— ours AAAAAAB=".to_owned(),
    ] {
        assert!(Note::parse(with(&other)).is_err(), "{other:?}");
    }
    assert!(
        Note::parse(with("— ours AAAAAAA=")).is_ok(),
        "five bytes are the shortest"
    );
    for other in [
        good.replace('\n', "\r\n"),
        format!("{good}\n"),
        format!("{good}more\n"),
        good.replacen("\n\n—", "\n—", 1)
            .replacen("\n\nof", "\nof", 1),
        good.replacen("text", "te\tt", 1),
        good.replacen("text", "te\0t", 1),
    ] {
        assert!(Note::parse(&other).is_err(), "{other:?}");
    }
    let mut bytes = good.into_bytes();
    bytes[0] = 0xff;
    assert_eq!(
        Note::parse(&bytes),
        Err(NoteError::Text(TextError::NotUtf8))
    );
    assert_eq!(
        Note::new("no newline"),
        Err(NoteError::Text(TextError::Unterminated))
    );
}

#[test]
fn private_keys_are_read_back_and_not_shown() {
    let ours = key("example.com/ours", 7);
    let text = ours.to_private_text();
    let read: SigningKey = text.parse().expect("our own form");
    assert_eq!(read.verifier_key(), ours.verifier_key());
    assert_eq!(
        read.sign(TEXT),
        ours.sign(TEXT),
        "signatures are deterministic"
    );
    assert_eq!(
        format!("{ours:?}"),
        r#"SigningKey { name: "example.com/ours", .. }"#
    );

    let refused = |text: &str| text.parse::<SigningKey>().expect_err(text);
    assert_eq!(refused(&text[1..]), SigningKeyError::Shape);
    assert_eq!(
        refused(&text.replace("example", "exampel")),
        SigningKeyError::Id
    );
    assert_eq!(
        refused(&text.replacen("+AQ", "+BA", 1)),
        SigningKeyError::Type { found: 4 }
    );
    for end in 0..text.len() {
        assert!(text[..end].parse::<SigningKey>().is_err());
    }
}

#[test]
fn verifier_keys_are_read_strictly() {
    let text = key("ours", 1).verifier_key().to_string();
    let parse = |text: &str| text.parse::<VerifierKey>();
    assert_eq!(parse(&text).map(|key| key.kind()), Ok(KeyKind::Ed25519));
    for end in 0..text.len() {
        assert!(parse(&text[..end]).is_err());
    }
    for other in [
        format!(" {text}"),
        format!("{text}\n"),
        text.replacen('+', "++", 1),
    ] {
        assert!(parse(&other).is_err(), "{other:?}");
    }
    let (name, rest) = text.split_once('+').expect("three parts");
    let upper = format!("{name}+{}+{}", rest[..8].to_uppercase(), &rest[9..]);
    assert_ne!(upper, text);
    assert!(matches!(parse(&upper), Err(VerifierKeyError::Id { .. })));
}

#[test]
fn weak_keys_are_refused() {
    let zero = [0; 32];
    let mut identity = zero;
    identity[0] = 1;
    // The point with y = 1 once more, in its second spelling y = p + 1, and a point of large
    // order, y = 3, spelled y = p + 3.
    let mut second_identity = [0xff; 32];
    second_identity[0] = 0xee;
    second_identity[31] = 0x7f;
    let mut second_three = second_identity;
    second_three[0] = 0xf0;
    for point in [zero, identity, second_identity, second_three] {
        let verdict = VerifierKey::new("weak", KeyKind::Ed25519, &point);
        assert_eq!(verdict, Err(VerifierKeyError::Weak), "{point:?}");
    }
    let off_curve = [2; 32];
    let verdict = VerifierKey::new("weak", KeyKind::Ed25519, &off_curve);
    assert_eq!(verdict, Err(VerifierKeyError::Point));
}

#[test]
fn cosignatures_are_bound_to_time_and_text() {
    let (log, witness) = (key("log", 1), key("witness", 2));
    let checkpoint = Checkpoint::new("log", 1, Hash::EMPTY_ROOT).expect("an origin");
    let mut note = checkpoint.sign(&[&log]).expect("the log's own key");
    let cosignature = cosign(&checkpoint, &witness, 1_700_000_000).expect("the time fits");
    note.attach(cosignature.clone()).expect("it fits");
    let known = [log.verifier_key(), witness.cosigner_key()];
    let opened = Checkpoint::open(note.to_string(), &known).expect("a good checkpoint");
    assert_eq!(opened.note().signatures()[1].time(), Some(1_700_000_000));
    assert!(Quorum::new(vec![witness.cosigner_key()], 1).is_reached(&opened));
    // The log's own signature is no cosignature, not even when the log is named as a witness.
    assert!(!Quorum::new(vec![log.verifier_key()], 1).is_reached(&opened));

    let mut bytes = cosignature.body().to_vec();
    bytes[7] ^= 1;
    let typed = [&witness.cosigner_key().id().to_be_bytes()[..], &bytes].concat();
    let line = format!("— witness {}", indelible_merkle::base64::encode(&typed));
    let other = note.to_string().replace(&cosignature.to_string(), &line);
    let verdict = Checkpoint::open(other, &known);
    assert!(matches!(
        verdict,
        Err(CheckpointError::Note(NoteError::BadSignature { .. }))
    ));

    assert!(cosign(&checkpoint, &witness, 1 << 63).is_err());
    assert!(cosign(&checkpoint, &witness, i64::MAX as u64).is_ok());
}

#[test]
fn one_public_key_under_two_names_is_one_witness() {
    let (log, one, two) = (key("log", 1), key("one", 2), key("two", 2));
    let checkpoint = Checkpoint::new("log", 1, Hash::EMPTY_ROOT).expect("an origin");
    let mut note = checkpoint.sign(&[&log]).expect("the log's own key");
    for witness in [&one, &two] {
        note.attach(cosign(&checkpoint, witness, 5).expect("the time fits"))
            .expect("it fits");
    }
    let witnesses = vec![one.cosigner_key(), two.cosigner_key()];
    let known = [&[log.verifier_key()], &witnesses[..]].concat();
    let opened = Checkpoint::open(note.to_string(), &known).expect("a good checkpoint");
    assert_eq!(opened.note().signatures().len(), 3);
    assert!(Quorum::new(witnesses.clone(), 1).is_reached(&opened));
    assert!(!Quorum::new(witnesses, 2).is_reached(&opened));
}

fn key(name: &str, seed: u8) -> SigningKey {
    SigningKey::from_seed(name, [seed; 32]).expect("a key name")
}

fn signed(keys: &[&SigningKey]) -> Note {
    let mut note = Note::new(TEXT).expect("a text");
    for key in keys {
        note.sign(key).expect("it fits");
    }
    note
}

/// A signature of another text.
fn forged(key: &SigningKey) -> NoteSignature {
    key.sign("another text\n")
}
