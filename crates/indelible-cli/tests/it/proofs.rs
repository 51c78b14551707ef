//! `prove`, `verify-proof`, `checkpoint`, `vkey`, `consistency`.

use indelible_merkle::{Checkpoint, ConsistencyFile, TlogProof, VerifierKey};

use crate::desk::{Answered, Desk, on_each_store, packed};

on_each_store! {
    an_opened_proof_shows_what_the_skeleton_only_commits_to,
    whatever_is_altered_is_not_proved,
    the_key_decides,
    a_proof_of_one_trail_is_none_of_another,
    checkpoints_and_consistency_files_are_those_of_the_trail,
    a_file_is_there_whole_or_not_at_all,
}

fn key(desk: &Desk) -> String {
    desk.run(&["vkey"]).fine().out.trim_end().to_owned()
}

/// What `verify-proof` says of this text.
fn verdict(desk: &Desk, proof: &str) -> Answered {
    let key = key(desk);
    desk.fed(&["verify-proof", "-", "--key", &key], proof)
}

/// The proof with its extra line changed.
fn with_extra(proof: &str, change: impl Fn(&str) -> String) -> String {
    let mut file = TlogProof::parse(proof).expect("a proof");
    let extra = String::from_utf8(file.extra.take().expect("extra")).expect("UTF-8");
    file.extra = Some(change(&extra).into_bytes());
    file.to_string()
}

#[test]
fn a_proof_is_checked_without_the_database() {
    let desk = Desk::new();
    desk.records(300);
    let key = key(&desk);
    desk.run(&["prove", "17", "-o", "entry.tlog-proof"]).fine();
    desk.file("entry.gz", packed(&desk.read("entry.tlog-proof")));
    std::fs::remove_file(desk.database()).expect("there");
    std::fs::remove_dir_all(desk.path("state")).expect("there");
    for file in ["entry.tlog-proof", "entry.gz"] {
        let proved = desk.json(&["verify-proof", file, "--key", &key]);
        assert_eq!(proved["ok"], true);
        assert_eq!(
            (&proved["seq"], &proved["tree_size"]),
            (&17.into(), &300.into())
        );
        assert_eq!(proved["skeleton"]["action"], "page_viewed");
        assert_eq!(proved["parts"], serde_json::json!({}));
        assert_eq!(proved["signed_by"][0], key.as_str());
    }
    assert!(!desk.database().exists() && !desk.path("state").exists());
}

fn an_opened_proof_shows_what_the_skeleton_only_commits_to(new: fn() -> Desk) {
    let desk = new();
    desk.records(3);
    let closed = desk.run(&["prove", "1"]).fine().out;
    assert!(!with_extra_text(&closed).contains("u-1"));
    let opened = desk.run(&["prove", "1", "--open"]).fine().out;
    let shown = verdict(&desk, &opened).fine().out;
    assert!(shown.contains("entry #1 of 3 entries"), "{shown}");
    assert!(shown.contains("\"user_id\": \"u-1\""), "{shown}");
}

fn with_extra_text(proof: &str) -> String {
    let file = TlogProof::parse(proof).expect("a proof");
    String::from_utf8(file.extra.expect("extra")).expect("UTF-8")
}

fn whatever_is_altered_is_not_proved(new: fn() -> Desk) {
    let desk = new();
    desk.records(5);
    let proof = desk.run(&["prove", "3", "--open"]).fine().out;
    verdict(&desk, &proof).fine();
    let altered = [
        (
            "another user",
            with_extra(&proof, |extra| extra.replace("u-3", "u-4")),
            "actor",
        ),
        (
            "another action",
            with_extra(&proof, |extra| extra.replace("page_viewed", "page_edited")),
            "",
        ),
        (
            "no skeleton",
            with_extra(&proof, |_| "{}".to_owned()),
            "skeleton",
        ),
        (
            "more members",
            with_extra(&proof, |extra| {
                extra.replacen('{', "{\"note\":\"paid\",", 1)
            }),
            "note",
        ),
        (
            "spaces",
            with_extra(&proof, |extra| extra.replacen(':', ": ", 1)),
            "canonical",
        ),
        ("another index", proof.replace("index 3", "index 2"), ""),
        (
            "index with zeros",
            proof.replace("index 3", "index 03"),
            "line 3",
        ),
        (
            "index with a sign",
            proof.replace("index 3", "index +3"),
            "line 3",
        ),
        (
            "another size",
            proof.replace("\n5\n", "\n6\n"),
            "bad signature",
        ),
        ("line ends", proof.replace('\n', "\r\n"), ""),
        ("cut", proof[..proof.len() - 20].to_owned(), ""),
        ("nothing", String::new(), ""),
    ];
    for (what, proof, said) in altered {
        let answered = verdict(&desk, &proof).fails(3, said);
        assert!(answered.err.contains("not proved"), "{what}: {answered:?}");
        assert_eq!(answered.out, "", "{what}");
    }
    let key = key(&desk);
    let broken = proof.replace("index 3", "index 2");
    let told = desk.fed(
        &["verify-proof", "-", "--key", &key, "--output", "json"],
        broken,
    );
    assert_eq!((told.status, &told.json()["ok"]), (3, &false.into()));
}

fn the_key_decides(new: fn() -> Desk) {
    let (desk, other) = (new(), new());
    desk.records(2);
    other.records(2);
    desk.run(&["prove", "0", "-o", "p"]).fine();
    desk.run(&["verify-proof", "p", "--key", &key(&other)])
        .fails(3, "no known key");
    desk.run(&[
        "verify-proof",
        "p",
        "--key",
        &key(&other),
        "--key",
        &key(&desk),
    ])
    .fine();
    desk.run(&["verify-proof", "p"]).fails(2, "--key");
    desk.run(&["verify-proof", "p", "--key", "nonsense"])
        .fails(2, "verifier key");
    desk.run(&["verify-proof", "missing", "--key", &key(&desk)])
        .fails(4, "missing");
}

fn a_proof_of_one_trail_is_none_of_another(new: fn() -> Desk) {
    let desk = new();
    desk.records(1);
    desk.run(&["record", "a", "t", "--trail", "other"]).fine();
    let proof = desk.run(&["prove", "0", "--trail", "other"]).fine().out;
    verdict(&desk, &proof).fails(3, "no known key");
}

fn checkpoints_and_consistency_files_are_those_of_the_trail(new: fn() -> Desk) {
    let desk = new();
    desk.records(9);
    let key: VerifierKey = key(&desk).parse().expect("a key");
    let known = [key];
    let note = desk.run(&["checkpoint"]).fine().out;
    assert_eq!(desk.json(&["checkpoint"])["checkpoint"], note.as_str());
    let old = Checkpoint::open(&note, &known)
        .expect("signed")
        .into_checkpoint();
    assert_eq!(old.size(), 9);
    desk.run(&["record", "a", "t"]).fine();
    desk.run(&["consistency", "--from", "9", "-o", "c"]).fine();
    let file = ConsistencyFile::parse(desk.read("c")).expect("a file");
    assert_eq!(
        file.verify(&old, &known)
            .expect("consistent")
            .checkpoint()
            .size(),
        10
    );
    desk.run(&["consistency", "--from", "0"]).fine();
    desk.run(&["consistency", "--from", "11"])
        .fails(2, "`from`");
}

fn a_file_is_there_whole_or_not_at_all(new: fn() -> Desk) {
    let desk = new();
    desk.records(1);
    desk.run(&["prove", "0", "-o", "no/such/folder/p"])
        .fails(1, "no/such/folder/p");
    desk.run(&["prove", "5", "-o", "p"]).fails(4, "#5");
    assert!(!desk.path("here/p").exists());
    let printed = desk.run(&["prove", "0", "-o", "-"]).fine();
    assert!(printed.out.starts_with("c2sp.org/tlog-proof@v1\n"));
}
