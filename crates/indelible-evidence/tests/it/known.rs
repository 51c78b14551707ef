//! What is known about a person, as it is listed and written.

use indelible_core::TrailName;
use indelible_evidence::subject::{KnownWriter, Listed, Wanted, each_known, known};
use serde_json::json;

use crate::desk::{Desk, event};

async fn day(desk: &Desk) -> Wanted {
    for (n, user) in ["one", "two", "one", "three", "two"].iter().enumerate() {
        let event = event("data_viewed", &format!("2026-03-0{}T10:00:00Z", n + 1));
        let event = event.user_id(*user).resource_id("zwiebel.z");
        let purpose = "a \"line\"\n".repeat(n);
        desk.record(event.context(json!({"purpose": purpose})))
            .await;
    }
    Wanted {
        id: "zwiebel.z".to_owned(),
        ..Wanted::default()
    }
}

#[tokio::test]
async fn the_newest_are_held_as_far_as_entries_and_bytes_allow() {
    let desk = Desk::new().await;
    let wanted = day(&desk).await;
    for (entries, bytes, before, seqs, truncated) in [
        (10, usize::MAX, None, vec![0, 1, 2, 3, 4], false),
        (2, usize::MAX, None, vec![3, 4], true),
        (2, usize::MAX, Some(3), vec![1, 2], true),
        (5, usize::MAX, Some(2), vec![0, 1], false),
        // The newest is there however long it is.
        (5, 1, None, vec![4], true),
        (5, 1_400, None, vec![3, 4], true),
    ] {
        let listed = Listed {
            entries,
            bytes,
            before,
        };
        let known = known(&desk.audit, &wanted, listed, &mut |_| {}).await;
        let known = known.expect("read");
        let there: Vec<_> = known.entries.iter().map(|line| line.seq).collect();
        assert_eq!((there, known.truncated), (seqs, truncated), "{listed:?}");
        assert_eq!(known.total, 5);
        // Whoever is first there is the first of them.
        assert_eq!(known.entries[0].by.as_deref(), Some("staff-1"));
    }
}

#[tokio::test]
async fn what_is_written_entry_by_entry_is_what_is_held() {
    let desk = Desk::new().await;
    let wanted = day(&desk).await;
    let all = known(&desk.audit, &wanted, Listed::ALL, &mut |_| {}).await;
    let all = all.expect("read").to_json().expect("JSON");
    let (trail, mut out) = (desk.audit.name().clone(), Vec::new());
    let mut writer = KnownWriter::begin(&mut out, &trail, &wanted.id).expect("written");
    let mut each = |line| writer.line(&line).expect("written");
    let as_of = each_known(&desk.audit, &wanted, &mut each, &mut |_| {}).await;
    writer.end((as_of.expect("read"), 5, false)).expect("ended");
    let (all, out) = (String::from_utf8(all), String::from_utf8(out));
    assert_eq!(all, out);
    let value: serde_json::Value = serde_json::from_str(&all.expect("a text")).expect("JSON");
    assert_eq!(value["entries"].as_array().map(Vec::len), Some(5));
    assert_eq!(value["entries"][1]["purpose"], "a \"line\"\n");
}

#[test]
fn a_document_without_entries_is_laid_out_as_one_with_some() {
    let mut out = Vec::new();
    let writer = KnownWriter::begin(&mut out, &TrailName::standard(), "a \"b\"");
    writer.expect("begun").end((7, 0, false)).expect("ended");
    assert_eq!(
        String::from_utf8(out).expect("a text"),
        "{\n  \"trail\": \"default\",\n  \"id\": \"a \\\"b\\\"\",\n  \"entries\": [],\n  \
         \"as_of\": 7,\n  \"total\": 0,\n  \"truncated\": false\n}\n"
    );
}
