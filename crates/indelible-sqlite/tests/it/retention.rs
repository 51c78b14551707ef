//! What the guards let through when entries are removed, and what not.

use indelible_core::Store;
use indelible_core::store::Verdict;

use crate::fixture::{Author, Folder, draft, trail};

/// A trail of 600 entries, of which those before 300 were removed.
async fn trimmed() -> Folder {
    let folder = Folder::new();
    let store = folder.store();
    let mut author = Author::new("default");
    let verdict = author.record(&store, (0..600).map(draft)).await;
    assert_eq!(verdict.expect("it is written"), Verdict::Committed);
    let removal = store.removal().expect("it writes");
    for reached in (32..300).step_by(32).chain([300]) {
        let step = removal.trim(&trail("default"), 300).await;
        assert_eq!(step.expect("it trims"), reached);
    }
    folder
}

#[tokio::test]
async fn a_removal_that_a_foreign_trigger_stops_is_not_done() {
    let folder = trimmed().await;
    let store = folder.store();
    let foreign = folder.foreign();
    foreign
        .execute_batch(
            "CREATE TRIGGER aside BEFORE DELETE ON entry WHEN OLD.seq = 310
            BEGIN SELECT RAISE(IGNORE); END",
        )
        .expect("it is made");
    let removal = store.removal().expect("it writes");
    let step = removal.trim(&trail("default"), 320).await;
    let error = step.expect_err("an entry stays").to_string();
    assert!(error.contains("entry"), "{error}");
    let kept = store.first_kept(&trail("default")).await;
    assert_eq!(kept.expect("it reads"), 300);
    let entries = store.entries(&trail("default"), 300..600).await;
    assert_eq!(entries.expect("it reads").len(), 300);
}

#[tokio::test]
async fn t89_guards_let_nothing_go_but_what_lies_before_the_first_kept_entry() {
    let folder = trimmed().await;
    let db = folder.foreign();
    for statement in [
        "DELETE FROM entry WHERE seq = 300",
        "DELETE FROM entry",
        "DELETE FROM part WHERE seq = 300",
        "DELETE FROM event_id WHERE seq = 300",
        "DELETE FROM node WHERE height = 8",
        "DELETE FROM node WHERE height = 0",
        "DELETE FROM span WHERE height = 8 AND idx = 1",
        "DELETE FROM rollup",
        "UPDATE rollup SET count = count - 1",
        "UPDATE kept SET first_kept = 299",
        "UPDATE kept SET first_kept = 601",
        "UPDATE kept SET owed = 1",
        "UPDATE kept SET first_kept = 301, owed = 2",
        "UPDATE kept SET trail = 2",
        "DELETE FROM kept",
        "INSERT OR REPLACE INTO kept (trail, first_kept, owed) VALUES (1, 0, 0)",
        "INSERT INTO kept (trail, first_kept, owed) VALUES (2, 5, 0)",
    ] {
        let refused = db.execute_batch(statement);
        let refused = refused.expect_err(statement).to_string();
        assert!(refused.contains("indelible: "), "{statement}: {refused}");
    }
    let store = folder.store();
    let entries = store.entries(&trail("default"), 0..u64::MAX).await;
    let entries = entries.expect("it reads");
    assert!(entries.iter().map(|entry| entry.seq).eq(300..600));
    let condition = store.condition().await.expect("it answers");
    assert_eq!(condition.missing_guards, [""; 0]);
    assert_eq!(condition.stray_rows, [""; 0]);
}

#[tokio::test]
async fn counts_fall_by_what_was_removed_and_no_further() {
    let folder = trimmed().await;
    let db = folder.foreign();
    let owed: u64 = db
        .query_row("SELECT owed FROM kept", [], |row| row.get(0))
        .expect("it reads");
    assert_eq!(owed, 0);
    let counted: u64 = db
        .query_row("SELECT sum(count) FROM rollup", [], |row| row.get(0))
        .expect("it reads");
    assert_eq!(counted, 300);
}
