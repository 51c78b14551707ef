//! What was erased or removed stands in no file: the index beside the log included.

use std::ops::Range;
use std::path::Path;

use indelible::core::engine::{ErasureOrder, Subjects};
use indelible::{AuditAction, AuditEvent, Database, TrailName};

use crate::place::Kind;
use crate::searching::{Plain, indexed};
use crate::site::{Site, expect_clean, standard};

const ENTRIES: usize = 2_000;
/// How each person's name begins.
const PERSON: &str = "zwiebel.zacharias";
const PERSONS: usize = 100;

/// Settings of a program that indexes so few entries at once that runs are merged.
async fn open(site: &Site) -> Database {
    let mut settings = site.settings();
    settings.index_entries = 50;
    Database::open(&site.url(), settings).await.expect("opens")
}

/// A name so long that few have room in a block: the ones above the blocks name them as well.
fn person(nth: usize) -> String {
    let filler = char::from(b'a' + (nth % 26) as u8).to_string();
    format!("{PERSON}.{nth:03}.{}", filler.repeat(230))
}

/// Records events of which `is_persons` says whether one is a person's.
async fn fill(site: &Site, is_persons: fn(usize) -> bool) {
    let database = open(site).await;
    let event = |n: usize| {
        let event = AuditEvent::new(AuditAction::DATA_VIEWED, "customer_record");
        let event = event.resource_id(format!("customer/{n}"));
        match is_persons(n) {
            true => event.user_id(person(n / 4 % PERSONS)),
            false => event.user_id(format!("user-{}", n % 7)),
        }
    };
    let audit = standard(&database);
    for answer in audit.record_all((0..ENTRIES).map(event).collect()).await {
        answer.expect("recorded");
    }
    let is_merged = |(run, height): &(Range<u64>, u64)| run.end - run.start > 50 && *height > 0;
    while !indexed(site.place.file()).iter().any(is_merged) {
        tokio::task::yield_now().await;
    }
    database.close().await.expect("closes");
    let runs = indexed(site.place.file());
    // Neighbours in a block share how they begin, so that there are as many blocks as this; all
    // but the first are found by a key above them that names a person.
    assert!(times(&site.place.index(), PERSON) > 4, "{runs:?}");
}

/// How often a text stands in a file.
fn times(file: &Path, text: &str) -> usize {
    let bytes = std::fs::read(file).expect("readable");
    bytes
        .windows(text.len())
        .filter(|part| *part == text.as_bytes())
        .count()
}

/// The files of the database that hold a person's name.
fn holding(site: &Site) -> Vec<String> {
    let folder = site.place.file().parent().expect("a folder");
    let files = std::fs::read_dir(folder).expect("readable");
    let files = files.map(|file| file.expect("readable").path());
    files
        .filter(|file| times(file, PERSON) > 0)
        .map(|file| file.display().to_string())
        .collect()
}

async fn expect_same_answers(database: &Database) {
    let store = &*database.engine().ground().store;
    Plain::of(store).await.compare(store, 1, 60).await;
    expect_clean(database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_erased_stands_in_no_file() {
    let site = Site::new(Kind::Sqlite);
    fill(&site, |n| n % 4 == 1).await;
    let database = open(&site).await;
    let order = ErasureOrder {
        subjects: Subjects {
            ids: (0..PERSONS).map(person).collect(),
            ..Subjects::default()
        },
        reason: "Art. 17(1)(a)".to_owned(),
        by: Some("officer".to_owned()),
        ..ErasureOrder::default()
    };
    let (erased, _) = standard(&database)
        .erase(&order, &mut |_| {})
        .await
        .expect("erased");
    assert_eq!((erased.parts, erased.unpurged), (ENTRIES as u64 / 4, None));
    assert_eq!(holding(&site), [""; 0]);
    expect_same_answers(&database).await;
    database.close().await.expect("closes");
    assert_eq!(holding(&site), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_named_in_what_was_removed_stands_in_no_file_after_a_purge() {
    let site = Site::new(Kind::Sqlite);
    let database = trimmed(&site).await;
    let removal = database
        .engine()
        .ground()
        .store
        .removal()
        .expect("it writes");
    removal
        .purge(&TrailName::standard(), &[])
        .await
        .expect("purged");
    assert_eq!(holding(&site), [""; 0]);
    let runs = indexed(site.place.file());
    assert_eq!(runs.first().map(|(run, _)| run.start), Some(1_100));
    database.close().await.expect("closes");
}

/// Nobody purges after a retention run: the thread of the index does what is its own.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_named_in_what_was_removed_leaves_the_index_by_itself() {
    let site = Site::new(Kind::Sqlite);
    let database = trimmed(&site).await;
    let in_index = || {
        let mut files = holding(&site);
        files.retain(|file| file.contains("-index"));
        files
    };
    // No word is given for it, and it comes soon.
    while !in_index().is_empty() {
        tokio::task::yield_now().await;
    }
    let store = &*database.engine().ground().store;
    Plain::of(store).await.compare(store, 1, 60).await;
    database.close().await.expect("closes");
}

/// Who removes and ends at once leaves nothing to whoever comes next.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_named_in_what_was_removed_leaves_the_index_when_it_is_closed() {
    let site = Site::new(Kind::Sqlite);
    let database = trimmed(&site).await;
    database.close().await.expect("closes");
    assert_eq!(times(&site.place.index(), PERSON), 0);
}

/// A database of which persons are named in the first half alone, after more than that is gone.
async fn trimmed(site: &Site) -> Database {
    fill(site, |n| n < 1_000).await;
    let database = open(site).await;
    trim(&database, 1_100).await;
    database
}

async fn trim(database: &Database, wanted: u64) {
    let removal = database
        .engine()
        .ground()
        .store
        .removal()
        .expect("it writes");
    let mut first_kept = 0;
    while first_kept < wanted {
        let trimmed = removal.trim(&TrailName::standard(), wanted).await;
        first_kept = trimmed.expect("trimmed");
    }
}
