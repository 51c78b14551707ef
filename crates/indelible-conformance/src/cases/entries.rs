//! `entries`: ranges, and bytes that come back as they went in.

use std::ops::Range;

use indelible_core::part::PartKind;
use indelible_core::{Outcome, Timestamp};
use serde_json::json;

use crate::database::Database;
use crate::fixture::{Author, Draft, draft, time, trail};
use crate::handle::{Handle, NO_SEQS};

/// "The entries of `range` that are there, by seq": half-open, ascending.
pub async fn entries_come_by_seq(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    author.record(&store, (0..7).map(draft)).await;
    author.record_each(&store, (7..20).map(draft)).await;
    for range in [0..20, 0..1, 19..20, 3..11, 6..8] {
        let seqs = seqs(&store, &author, range.clone()).await;
        assert_eq!(seqs, range.collect::<Vec<_>>());
    }
}

/// "That are there": what lies beyond the end is left out, however far the range reaches.
pub async fn a_range_beyond_the_end_gives_what_is_there(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    author.record(&store, (0..5).map(draft)).await;
    let edge = i64::MAX as u64;
    for end in [5, 6, 1000, edge, edge + 1, u64::MAX] {
        assert_eq!(seqs(&store, &author, 3..end).await, [3, 4], "3..{end}");
    }
    for start in [5, 6, edge, edge + 1, u64::MAX - 1] {
        assert_eq!(
            seqs(&store, &author, start..u64::MAX).await,
            NO_SEQS,
            "from {start}"
        );
    }
}

/// An empty range, also one whose end lies before its start, has no entries.
pub async fn an_empty_range_has_no_entries(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    author.record(&store, (0..5).map(draft)).await;
    for (start, end) in [
        (0, 0),
        (2, 2),
        (3, 1),
        (5, 5),
        (u64::MAX, 0),
        (u64::MAX, u64::MAX),
    ] {
        assert_eq!(
            seqs(&store, &author, Range { start, end }).await,
            NO_SEQS,
            "{start}..{end}"
        );
    }
}

/// A trail that is not there has no entries, and no trail has those of another.
pub async fn entries_belong_to_their_trail(database: &dyn Database) {
    let store = Handle::open(database).await;
    let (mut one, mut other) = (Author::new("a_b"), Author::new("axb"));
    one.record(&store, [draft(1)]).await;
    other.record(&store, [draft(2), draft(3)]).await;
    let entries = store.entries(one.trail(), 0..u64::MAX).await;
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].id, draft(1).build().entry.id);
    assert_eq!(seqs(&store, &other, 0..u64::MAX).await, [0, 1]);
    assert!(
        store
            .entries(&trail("unknown"), 0..u64::MAX)
            .await
            .is_empty()
    );
}

/// Every column, hash and byte comes back as it was handed in, and gives the same leaf. (T69)
pub async fn entries_come_back_as_they_were_written(database: &dyn Database) {
    let full = || {
        draft(1)
            .action("s3.Get:Object/../x-1_")
            .outcome(Outcome::Denied)
            .resource_type("aws.s3/bucket")
            .tags(["data.chd", "a", "actor.privileged"])
            .user("alice")
            .on_behalf_of("bob")
            .from("2001:db8::7")
            .agent("curl/8")
            .on("arn:aws:s3:::b/k")
            .correlation("c-1")
            .context(json!({"b": [1, 2.5, null, {"a": true}], "aa": 9007199254740993_u64}))
    };
    let many_tags: Vec<String> = (0..16)
        .map(|n| format!("tag.{n}:{}", "x".repeat(50)))
        .collect();
    come_back(
        database,
        vec![
            full(),
            draft(2),
            draft(3).user("u"),
            draft(4).on("r"),
            draft(5).correlation("c"),
            draft(6).context(json!({})),
            draft(7).tags(many_tags.iter().map(String::as_str)),
            draft(8)
                .erases(0, 3, &[PartKind::Actor, PartKind::Target])
                .erases(u64::MAX - 1, u64::MAX, &[PartKind::Details]),
        ],
    )
    .await;
}

/// Every outcome comes back as itself.
pub async fn every_outcome_comes_back(database: &dyn Database) {
    come_back(
        database,
        (0..)
            .zip(OUTCOMES)
            .map(|(n, o)| draft(n).outcome(o))
            .collect(),
    )
    .await;
}

/// Times keep every microsecond, from the first of year 0000 to the last of year 9999. (T44)
pub async fn times_keep_their_microseconds(database: &dyn Database) {
    let times = [
        Timestamp::MIN,
        Timestamp::from_micros(Timestamp::MIN.as_micros() + 1),
        time("0000-12-31T23:59:59.999999Z"),
        time("0001-01-01T00:00:00.000001Z"),
        time("1582-10-10T12:00:00.5Z"),
        time("1969-12-31T23:59:59.999999Z"),
        time("1970-01-01T00:00:00Z"),
        time("1970-01-01T00:00:00.000001Z"),
        time("2024-02-29T23:59:59.123457Z"),
        time("2038-01-19T03:14:08.000001Z"),
        time("9999-12-31T23:59:59.999998Z"),
        Timestamp::MAX,
    ];
    come_back(
        database,
        (0..).zip(times).map(|(n, at)| draft(n).at(at)).collect(),
    )
    .await;
}

/// `created_at` keeps its microseconds too, at both ends of the calendar.
pub async fn times_of_recording_keep_their_microseconds(database: &dyn Database) {
    let store = Handle::open(database).await;
    let times = [Timestamp::MIN, Timestamp::from_micros(-1), Timestamp::MAX];
    for (n, created_at) in (0..).zip(times) {
        let author = Author::new(&format!("t{n}"));
        let mut commit = author.seal([draft(n)]);
        commit.entries[0].entry.created_at = created_at;
        store.append_one(&commit).await;
        assert_eq!(
            store.entries(author.trail(), 0..1).await[0].created_at,
            created_at
        );
    }
}

/// Bodies come back byte for byte, also those that a database's JSON would respell: order and
/// repetition of members, numbers, white space, escapes. (T69)
pub async fn bodies_come_back_byte_for_byte(database: &dyn Database) {
    let bodies: [&[u8]; 9] = [
        b"{}",
        br#"{"context":{"b":1,"aa":2,"a":3}}"#,
        br#"{"context":{"e":1e21,"i":9007199254740993,"m":18446744073709551615}}"#,
        br#"{"context":{"f":5e-324,"g":1.7976931348623157e308,"n":-9223372036854775808}}"#,
        br#"{"context":{"control":"\u0001\b\t\n\f\r\u001f","quote":"\"\\/"}}"#,
        "{\"context\":{\"\u{7f}\u{80}\u{feff}\u{2028}\":\"\u{10ffff}\u{ffff}\u{fffd}\"}}"
            .as_bytes(),
        br#"{ "context" : { } , "correlation_id" : "x" }"#,
        br#"{"context":{"a":{"a":{"a":[[[[]]]]}}},"notes":[]}"#,
        b"{\"context\":{\"same\":1,\"Same\":2,\"\":3,\"__proto__\":4}}",
    ];
    let drafts = (0..)
        .zip(bodies)
        .map(|(n, body)| draft(n).body(PartKind::Details, body));
    come_back(database, drafts.collect()).await;
}

/// Parts of 64 KiB come back whole, several to an entry and beside small ones.
pub async fn large_parts_come_back_whole(database: &dyn Database) {
    let large = |fill: &str, bytes: usize| json!({"text": fill.repeat(bytes / fill.len())});
    come_back(
        database,
        vec![
            draft(1).context(large("x", 64 * 1024)),
            draft(2),
            draft(3)
                .context(large("é\u{1f512}", 64 * 1024))
                .agent(&"a".repeat(1024)),
            draft(4)
                .context(large("\\\"", 32 * 1024))
                .on(&"r".repeat(255)),
            draft(5).user(&"u".repeat(255)).from(&"host".repeat(63)),
            draft(6)
                .body(PartKind::Actor, &large_body("user_id"))
                .body(PartKind::Target, &large_body("resource_id")),
        ],
    )
    .await;
}

/// A part without content is absent, one that was erased before it came here has its hash alone.
pub async fn an_erased_part_leaves_its_hash(database: &dyn Database) {
    let full = || draft(1).user("u").from("10.0.0.1").on("r").correlation("c");
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    let drafts = [
        full().erased(PartKind::Actor),
        Draft::erased(draft(2).on("r"), PartKind::Target),
        draft(3).correlation("c").erased(PartKind::Details),
        draft(4),
    ];
    let commit = author.record(&store, drafts).await;
    let entries = store.entries(author.trail(), 0..9).await;
    assert!(
        entries
            .iter()
            .eq(commit.entries.iter().map(|new| &new.entry))
    );
    let erased: Vec<_> = entries.iter().map(|entry| entry.erased()).collect();
    let expected = [
        vec![PartKind::Actor],
        vec![PartKind::Target],
        vec![PartKind::Details],
        Vec::new(),
    ];
    assert_eq!(erased, expected);
    assert_eq!(entries[0].part_hashes, full().build().entry.part_hashes);
}

/// A commit may hold thousands of entries.
pub async fn a_commit_of_five_thousand_entries_comes_back(database: &dyn Database) {
    let drafts = (0..5000).map(|n| draft(n).user(&format!("u{}", n % 50)).tags(["a", "b"]));
    come_back(database, drafts.collect()).await;
}

const OUTCOMES: [Outcome; 5] = [
    Outcome::Attempted,
    Outcome::Succeeded,
    Outcome::Failed,
    Outcome::Denied,
    Outcome::Completed,
];

/// Records the drafts and compares what every read of entries gives with what was handed in.
async fn come_back(database: &dyn Database, drafts: Vec<Draft>) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    let commit = author.record(&store, drafts).await;
    let read = store.entries(author.trail(), 0..u64::MAX).await;
    assert_eq!(read.len(), commit.entries.len());
    let mut buffer = Vec::new();
    for (read, written) in read.iter().zip(&commit.entries) {
        assert_eq!(read, &written.entry);
        assert_eq!(
            read.derived_leaf(author.trail(), &mut buffer),
            written.entry.leaf_hash
        );
    }
    let found = store
        .find(author.trail(), &crate::handle::all(Default::default()))
        .await;
    assert!(found.iter().rev().eq(&read), "find and entries differ");
}

async fn seqs(store: &Handle, author: &Author, range: Range<u64>) -> Vec<u64> {
    store
        .entries(author.trail(), range)
        .await
        .iter()
        .map(|entry| entry.seq)
        .collect()
}

fn large_body(field: &str) -> Vec<u8> {
    format!("{{\"{field}\":\"{}\"}}", "v".repeat(1024)).into_bytes()
}
