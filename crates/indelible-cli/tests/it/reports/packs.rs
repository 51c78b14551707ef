//! What is handed over for one control.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{MARCH, shop};
use crate::desk::{Desk, on_each_store};
use crate::packs;

on_each_store!(the_pack_of_a_control_is_checked_without_the_trail);

#[cfg(unix)]
#[test]
fn the_pack_of_a_control_is_for_its_owner() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &std::path::Path| {
        let found = std::fs::metadata(path).expect("there");
        found.permissions().mode() & 0o777
    };
    let desk = Desk::new();
    shop(&desk);
    desk.json(&DENIED);
    let folder = desk.path("here/denied");
    assert_eq!(mode(&folder), 0o700);
    let files = crate::desk::files(&folder);
    assert!(files.len() > 5, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

/// What the pack for PCI DSS 4.0.1 10.2.1.4 is made with.
const DENIED: [&str; 15] = [
    "report",
    "pack",
    "PCI-DSS-4.0.1:10.2.1.4",
    "--from",
    "2026-03-01",
    "--to",
    "2026-03-31",
    "--as-of",
    "30",
    "--seed",
    "K. Okafor",
    "--asked-by",
    "q. sa",
    "-o",
    "denied",
];

fn the_pack_of_a_control_is_checked_without_the_trail(desk: fn() -> Desk) {
    let desk = desk();
    shop(&desk);
    let told = desk.json(&DENIED);
    assert_eq!(
        (&told["state"], &told["direct"]),
        (&"operating".into(), &2.into())
    );
    assert_eq!((&told["entries"], &told["as_of"]), (&2.into(), &30.into()));
    assert_eq!(told["not_proved"], json!(["circumstances", "later"]));
    let key = packs::key(&desk);
    // The entries, in both verifiers.
    let pack = "denied/entries.pack";
    let mut proved = desk.json(&["verify-pack", pack, "--key", &key]);
    proved["reason"] = Value::Null;
    assert_eq!(proved, packs::second(&desk, pack, &key));
    assert_eq!(
        (&proved["entries"], &proved["opened"]),
        (&30.into(), &2.into())
    );
    assert_eq!(
        proved["proved"],
        json!(["inclusion", "skeletons", "completeness"])
    );
    // The statement, by the record of it.
    let proof = "denied/statement.proof";
    let entry = desk.json(&["verify-proof", proof, "--key", &key]);
    assert_eq!(entry["parts"], packs::second(&desk, proof, &key)["parts"]);
    let record = &entry["parts"]["details"]["context"];
    let digest = |name: &str| {
        let digest = Sha256::digest(desk.read(name).as_bytes());
        digest
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    assert_eq!(record["digest"], digest("denied/statement.json"));
    assert_eq!(record["digest_html"], digest("denied/statement.html"));
    for (member, name, columns) in [
        ("digest_reviews", "denied/reviews.csv", "kind,entry,"),
        ("digest_findings", "denied/findings.csv", "finding,rule,"),
        ("digest_accesses", "denied/accesses.csv", "user_id,action,"),
    ] {
        assert_eq!(record[member], digest(name), "{name}");
        assert!(desk.read(name).starts_with(columns), "{name}");
    }
    assert_eq!(entry["parts"]["actor"]["user_id"], "q. sa");
    for file in told["files"].as_array().expect("a list") {
        let name = format!("denied/{}", file["name"].as_str().expect("a name"));
        assert_eq!(file["sha256"], digest(&name));
    }
    // The statement says of the entries what they are.
    let statement: Value = serde_json::from_str(&desk.read("denied/statement.json")).expect("JSON");
    let controls = statement["controls"].as_array().expect("a list");
    assert_eq!(
        (controls.len(), &controls[0]["control"]),
        (1, &DENIED[2].into())
    );
    assert_eq!(
        (&controls[0]["records"], &controls[0]["direct"]),
        (&proved["opened"], &2.into())
    );
    assert_eq!(statement["completeness"]["root"], proved["root"]);
    let opened: Vec<u64> = desk
        .read(pack)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|line| line["parts"].is_object())
        .filter_map(|line| line["seq"].as_u64())
        .collect();
    let mut sample: Vec<_> = controls[0]["sample"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|it| it["seq"].as_u64().expect("a seq"))
        .collect();
    sample.sort_unstable();
    assert_eq!(sample, opened);
    // One byte anywhere, and it is found.
    altered_bytes_are_found(&desk, pack, |name| {
        let ours = desk.run(&["verify-pack", name, "--key", &key]).status;
        (ours == 0, packs::second(&desk, name, &key)["ok"] == true)
    });
    altered_bytes_are_found(&desk, proof, |name| {
        let ours = desk.run(&["verify-proof", name, "--key", &key]).status;
        (ours == 0, packs::second(&desk, name, &key)["ok"] == true)
    });
    // Both were recorded, and a folder is not written over.
    for (action, field) in [
        ("audit_report_generated", "digest"),
        ("audit_log_exported", "digest"),
    ] {
        let found = desk.json(&["query", "--action", action]);
        assert_eq!(found["entries"][0]["context"]["control"], DENIED[2]);
        assert!(found["entries"][0]["context"][field].is_string());
    }
    desk.run(&DENIED).fails(2, "denied is there already");
}

/// Alters every fortieth byte of a file in turn; a copy is judged by both verifiers.
fn altered_bytes_are_found(desk: &Desk, name: &str, judge: impl Fn(&str) -> (bool, bool)) {
    let bytes = std::fs::read(desk.path("here").join(name)).expect(name);
    let step = bytes.len() / 12;
    for place in (0..bytes.len()).step_by(step.max(1)) {
        let mut altered = bytes.clone();
        altered[place] ^= 1;
        desk.file("altered", &altered);
        assert_eq!(judge("altered"), (false, false), "{name}, byte {place}");
    }
    desk.file("altered", &bytes);
    assert_eq!(judge("altered"), (true, true), "{name}");
}

#[test]
fn packs_of_controls_say_what_they_cannot_be_made_of() {
    let desk = Desk::new();
    shop(&desk);
    let pack = |control: &str, more: &[&str]| {
        let words = [&["report", "pack", control], &MARCH[..], more].concat();
        desk.run(&words)
    };
    pack("10.2.1.4", &["-o", "x"]).status_is(2);
    pack("PCI-DSS-4.0.1:11.5.2", &["-o", "x"]).fails(2, "no record is evidence");
    pack("PCI-DSS-4.0.1:10.2.2", &[]).status_is(2);
    pack("PCI-DSS-4.0.1:10.2.2", &["-o", "none/x"]).status_is(1);
    // Every record is evidence for it; who only reads has no record of the statement to prove.
    pack("PCI-DSS-4.0.1:10.2.2", &["-o", "all", "--no-record"]).fine();
    let key = packs::key(&desk);
    let proved = desk.json(&["verify-pack", "all/entries.pack", "--key", &key]);
    assert_eq!(
        (&proved["entries"], &proved["opened"]),
        (&30.into(), &30.into())
    );
    assert!(!desk.path("here/all/statement.proof").exists());
    pack("PCI-DSS-4.0.1:10.2.2", &["-o", "late", "--begin", "20"]).fine();
    let proved = desk.json(&["verify-pack", "late/entries.pack", "--key", &key]);
    assert_eq!(
        (&proved["entries"], &proved["opened"]),
        (&10.into(), &10.into())
    );
}
