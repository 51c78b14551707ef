//! Rows that fit every other row, by somebody without the key.

use std::path::Path;

use indelible::core::entry::{Columns, Erasure};
use indelible::core::part::PartKind;
use indelible::core::sealing::{Base, OpenSpans, seal, unsealed};
use indelible::core::store::{NewEntry, Store, Verdict};
use indelible::core::verify::FindingKind::*;
use indelible::{AuditAction, AuditEvent, AuditProtocol, TrailName};
use indelible_sqlite::SqliteStore;

use super::{ENTRIES, Scene, beneath, fill, kinds, row};
use crate::site::{Site, standard};

/// Appends an entry with all that belongs to it, as the engine would, but for the head's code.
async fn forge(path: &Path, erases: Vec<Erasure>) {
    let trail = TrailName::standard();
    let store = SqliteStore::open(path).expect("opens");
    let head = store.head(&trail).await.expect("readable").expect("there");
    let last = store.entries(&trail, head.size - 1..head.size).await;
    let mut entry = last.expect("readable").remove(0);
    let created_at = entry.created_at;
    entry.id = "0197a5e0-0000-7000-8000-000000000001"
        .parse()
        .expect("an id");
    entry.erases = erases;
    let columns = Columns::derive(&entry).expect("readable");
    // The entry completes no block: no times of one are needed.
    let open = OpenSpans::default();
    let base = Base {
        head,
        open,
        succeeds: None,
    };
    let entries: Vec<NewEntry> = vec![unsealed(entry, columns)];
    let commit = seal(&base, entries, created_at);
    assert!(commit.nodes.is_empty() && commit.spans.is_empty());
    let verdicts = store.append(&[commit]).await.expect("written");
    assert_eq!(verdicts, [Verdict::Committed]);
    store.close().await.expect("closes");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_appended_after_the_mark_without_the_key_is_found() {
    let scene = Scene::make().await;
    let path = scene.copy();
    forge(&path, Vec::new()).await;
    let report = scene.verified(path).await.expect("opens");
    println!("{}", row("an entry appended with all its rows", &report));
    assert_eq!(
        (report.size, report.entries_checked),
        (ENTRIES + 1, ENTRIES + 1)
    );
    // Nothing else gives it away.
    assert_eq!(kinds(&report), [HeadAltered].into());
    assert!(!report.ok);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_with_a_forged_entry_that_says_so_is_found() {
    let scene = Scene::make().await;
    let path = scene.copy();
    beneath(
        &path,
        "CREATE TEMP TABLE at AS SELECT trail FROM head WHERE name = 'default';
         UPDATE part SET actor = NULL, actor_salt = NULL
             WHERE place = (SELECT trail << 40 | 300 FROM at);
         DELETE FROM term WHERE trail = (SELECT trail FROM at) AND seq = 300 AND field IN (1, 5);
         INSERT INTO term SELECT trail, 1, x'00', 300 FROM at;",
    );
    let parts = vec![PartKind::Actor];
    forge(
        &path,
        vec![Erasure {
            first: 300,
            last: 300,
            parts,
        }],
    )
    .await;
    let report = scene.verified(path).await.expect("opens");
    println!(
        "{}",
        row("a part erased, with a forged entry that says so", &report)
    );
    assert_eq!(report.erased, 1, "the erasure itself fits");
    assert_eq!(kinds(&report), [HeadAltered].into());
    assert!(!report.ok);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_of_another_installation_is_not_this_one() {
    let scene = Scene::make().await;
    let stranger = Site::new();
    fill(&stranger, 0..ENTRIES, "foreign").await;
    let path = scene.copy();
    std::fs::copy(stranger.database(), &path).expect("copied");
    let refused = scene.verified(path).await.expect_err("another name");
    assert!(refused.to_string().contains("installation"), "{refused}");
    // The same with the name copied, which is no secret.
    let database = scene.site.open().await;
    let head = standard(&database).head().await.expect("readable");
    let origin = head.expect("there").key.name().to_owned();
    database.close().await.expect("closes");
    let namesake = Site::new();
    let mut settings = namesake.settings();
    settings.installation = origin.split('/').next().map(str::to_owned);
    let url = indelible::DatabaseUrl::Sqlite(namesake.database());
    let database = indelible::Database::open(&url, settings)
        .await
        .expect("opens");
    let event = AuditEvent::new(AuditAction::DATA_VIEWED, "customer_record");
    standard(&database).record(event).await.expect("recorded");
    database.close().await.expect("closes");
    let path = scene.copy();
    std::fs::copy(namesake.database(), &path).expect("copied");
    let report = scene.verified(path).await.expect("opens");
    println!(
        "{}",
        row("the file of another installation of that name", &report)
    );
    assert!(
        kinds(&report).contains(&HeadAltered),
        "{:?}",
        report.findings
    );
    assert!(!report.ok);
}
