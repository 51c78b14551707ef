//! Many persons erased from a large trail at once: what was proved stays proved, and no byte of
//! theirs is left in the database's files.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use indelible_merkle::{Frontier, Hash};
use serde_json::Value;

use crate::desk::{Desk, files, on_each_store};
use crate::subjects::officer;

on_each_store! {
    many_persons_leave_a_large_trail_and_every_receipt_of_before_still_holds,
}

/// How many entries there are, and how many persons are erased.
struct Size {
    entries: u32,
    persons: u32,
}

#[expect(
    clippy::disallowed_methods,
    reason = "the long form is asked for by the environment"
)]
fn size() -> Size {
    match std::env::var_os("INDELIBLE_SOAK") {
        Some(_) => Size {
            entries: 1_000_000,
            persons: 10_000,
        },
        None => Size {
            entries: 6_000,
            persons: 60,
        },
    }
}

/// How many events one call of the import has.
const TOGETHER: u32 = 100_000;
/// Of so many entries one names a person who is erased.
const ONE_IN: u32 = 5;
/// What stands in every text of theirs, and in no other.
const GONE: &str = "zwiebel.of.those.who.go";
/// What stands in every text of those who stay.
const STAYS: &str = "quitte.of.those.who.stay";
/// How many proofs are made before and checked after.
const PROOFS: u32 = 20;

/// The event of this number: of someone who goes, or upon them, or on their behalf, or of others.
fn event(number: u32, persons: u32) -> Value {
    let mut event = serde_json::json!({
        "action": "data_viewed", "resource_type": "account",
        "user_id": format!("{STAYS}-{}", number % 977),
        "resource_id": format!("{STAYS}-{}", number % 3_001),
        "context": {"mail": format!("{STAYS}-{number}@shop.example"), "n": number},
        "occurred_at": format!("2026-03-{:02}T{:02}:{:02}:{:02}Z",
            1 + number / 86_400, number / 3_600 % 24, number / 60 % 60, number % 60),
    });
    if number.is_multiple_of(ONE_IN) {
        let turn = number / ONE_IN;
        let person = format!("{GONE}-{}", turn % persons);
        let field = ["user_id", "resource_id", "on_behalf_of"][(turn / persons % 3) as usize];
        event["context"]["mail"] = format!("{person}@mail.example").into();
        event["user_agent"] = format!("{person}'s browser").into();
        event["correlation_id"] = format!("{person}/{number}").into();
        event[field] = person.into();
    }
    event
}

fn filled(desk: &Desk, size: &Size) {
    for begin in (0..size.entries).step_by(TOGETHER as usize) {
        let mut lines = String::new();
        for number in begin..size.entries.min(begin + TOGETHER) {
            // Writing into a text cannot fail.
            let _ = writeln!(lines, "{}", event(number, size.persons));
        }
        desk.file("events.ndjson", &lines);
        desk.run(&["import", "ndjson", "events.ndjson"]).fine();
    }
    // It holds what is erased, and is none of the database's files.
    std::fs::remove_file(desk.path("here/events.ndjson")).expect("removed");
}

/// The leaf hash of each entry, and how many entries have lost a part.
fn leaves(desk: &Desk) -> (Vec<Hash>, u32) {
    let mut process = desk
        .process(&["export", "--format", "ndjson"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary runs");
    let (mut leaves, mut erased) = (Vec::new(), 0);
    for line in BufReader::new(process.stdout.take().expect("piped")).lines() {
        let entry: Value = serde_json::from_str(&line.expect("UTF-8")).expect("JSON");
        let seq = usize::try_from(entry["seq"].as_u64().expect("a number")).expect("it fits");
        let leaf = entry["leaf_hash"].as_str().expect("a hash");
        if leaves.len() <= seq {
            leaves.resize(seq + 1, None);
        }
        leaves[seq] = Some(Hash::from_hex(leaf).expect("a hash"));
        erased += u32::from(entry["erased"] != serde_json::json!([]));
    }
    assert!(process.wait().expect("it ends").success());
    let there = leaves.into_iter().map(|leaf| leaf.expect("no gap"));
    (there.collect(), erased)
}

/// The root of a tree of these leaves, as a checkpoint writes it.
fn root(leaves: &[Hash]) -> String {
    let mut frontier = Frontier::default();
    for leaf in leaves {
        frontier.push(*leaf, &mut |_, _| {});
    }
    indelible_merkle::base64::encode(frontier.root().as_ref())
}

/// Where the database's own files are.
fn folder(desk: &Desk) -> PathBuf {
    if !desk.is_on_postgres() {
        return desk.path("here");
    }
    let sql = "SELECT current_setting('data_directory') || '/base/' || oid::text \
               FROM pg_database WHERE datname = current_database()";
    let rows = desk.server().query_text(sql);
    let folder = rows.into_iter().flatten().flatten().next();
    PathBuf::from(folder.expect("a server says where its files are"))
}

/// Which files hold a text, however large they are.
fn holding(folder: &Path, text: &str) -> Vec<PathBuf> {
    let mut found = files(folder);
    found.retain(|path| has(path, text.as_bytes()));
    found
}

fn has(path: &Path, text: &[u8]) -> bool {
    // A server takes files away while it is looked for them.
    let Ok(mut file) = std::fs::File::open(path) else {
        return false;
    };
    let mut window = Vec::new();
    loop {
        let kept = window.len().min(text.len() - 1);
        window.drain(..window.len() - kept);
        let read = file.by_ref().take(4 << 20).read_to_end(&mut window);
        if read.expect("it reads") == 0 {
            return false;
        }
        if window.windows(text.len()).any(|bytes| bytes == text) {
            return true;
        }
    }
}

fn many_persons_leave_a_large_trail_and_every_receipt_of_before_still_holds(new: fn() -> Desk) {
    let (desk, size) = (new(), size());
    filled(&desk, &size);
    let ids: String = (0..size.persons)
        .map(|person| format!("{GONE}-{person}\n"))
        .collect();
    std::fs::write(desk.path("ids"), ids).expect("written");
    let (before, none) = leaves(&desk);
    assert_eq!(
        (before.len(), none),
        (size.entries as usize, 0),
        "before anything went"
    );
    let checkpoint = desk.run(&["checkpoint"]).fine().out;
    let signed = checkpoint.lines().nth(2).expect("a root").to_owned();
    assert_eq!(root(&before), signed, "the receipts are of this tree");
    let vkey = desk.run(&["vkey"]).fine().out;
    let proved = (0..PROOFS).map(|number| size.entries / PROOFS * number);
    let proofs: Vec<_> = proved
        .map(|seq| desk.run(&["prove", &seq.to_string()]).fine().out)
        .collect();
    if desk.is_on_postgres() {
        // What a server has not written yet is in no file.
        desk.server().execute("CHECKPOINT");
    }
    assert!(!holding(&folder(&desk), GONE).is_empty(), "it is there");

    let from = desk.path("ids");
    let from = from.to_str().expect("UTF-8");
    let mut call = vec!["subject", "erase", "--from", from, "--reason", "Art. 17"];
    for part in ["actor", "target", "details"] {
        call.extend(["--part", part]);
    }
    call.extend(["--yes", "--output", "json"]);
    let done = officer(&desk, &call).fine().json();
    let named = size.entries / ONE_IN;
    assert_eq!(
        (&done["subjects"], &done["entries"]),
        (&size.persons.into(), &named.into()),
        "{done}"
    );

    // Proofs, receipts and the tree of before.
    for proof in &proofs {
        let call = ["verify-proof", "-", "--key", vkey.trim()];
        desk.fed(&call, proof).fine();
    }
    let (after, erased) = leaves(&desk);
    assert!(after.len() > before.len(), "the erasure is recorded");
    assert_eq!(after[..before.len()], before, "every receipt still holds");
    assert_eq!(erased, named);
    let verified = desk.json(&["verify"]);
    assert_eq!(verified["ok"], true, "{verified}");
    let trail = &verified["trails"][0];
    assert_eq!(
        (&trail["erased"], &trail["findings"]),
        (&named.into(), &serde_json::json!([]))
    );

    // And no byte of theirs; what others left stays.
    assert_eq!(holding(&folder(&desk), GONE), Vec::<PathBuf>::new());
    assert!(!holding(&folder(&desk), STAYS).is_empty());
}
