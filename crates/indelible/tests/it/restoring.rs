//! Backups put back: an old one is refused until the trail is succeeded, a cut one never passes.

use std::panic::{AssertUnwindSafe, catch_unwind};

use indelible::core::{AuditError, Refusal};
use indelible::{AuditAction, AuditEvent, AuditProtocol, Database};

use indelible::core::Store;
use indelible_sqlite::SqliteStore;

use crate::place::{Kind, on_both};
use crate::searching::Plain;
use crate::site::{Site, expect_clean, standard, verify};

on_both! {
    t63_a_backup_of_yesterday_is_refused_in_words_that_tell_what_to_do,
    t65_a_backup_that_was_cut_is_refused_wherever_it_was_cut,
}

fn event() -> AuditEvent {
    AuditEvent::new(AuditAction::DATA_VIEWED, "customer_record")
}

async fn record(site: &Site, count: usize) {
    let database = site.open().await;
    for answer in standard(&database).record_all(vec![event(); count]).await {
        answer.expect("recorded");
    }
    database.close().await.expect("closes");
}

async fn t63_a_backup_of_yesterday_is_refused_in_words_that_tell_what_to_do(kind: Kind) {
    let site = Site::new(kind);
    let backup = site.folder.path().join("yesterday.backup");
    record(&site, 300).await;
    site.place.dump(&backup);
    record(&site, 200).await;
    site.place.restore(&backup);

    let database = site.open().await;
    let audit = standard(&database);
    let refused = audit.record(event()).await.expect_err("refused");
    let expected = Refusal::RolledBack {
        size: 300,
        mark: 500,
    };
    let AuditError::Refused { refusal, .. } = &refused else {
        panic!("{refused:?}")
    };
    assert_eq!(*refusal, expected);
    let told = refused.to_string();
    for word in ["300", "500", "restored copy", "indelible trail succeed"] {
        assert!(told.contains(word), "{told}");
    }
    assert!(!verify(&audit).await.ok);
    assert!(audit.record(event()).await.is_err(), "and stays refused");

    let succession = audit.succeed("restored from yesterday's backup").await;
    let succession = succession.expect("succeeds");
    assert_eq!((succession.size, succession.incarnation), (300, 2));
    let receipt = audit.record(event()).await.expect("recorded");
    assert_eq!(receipt.seq, Some(301));
    expect_clean(&database).await;
    database.close().await.expect("closes");
    record(&site, 20).await;
    expect_clean(&site.open().await).await;
}

async fn t65_a_backup_that_was_cut_is_refused_wherever_it_was_cut(kind: Kind) {
    let site = Site::new(kind);
    let backup = site.folder.path().join("whole.backup");
    record(&site, 600).await;
    site.place.dump(&backup);
    let whole = std::fs::read(&backup).expect("readable");
    let cut = site.folder.path().join("cut.backup");
    let mut wrong = Vec::new();
    let lengths = [0, 1, 10, 30, 50, 70, 85, 95].map(|percent| whole.len() * percent / 100);
    // A byte, a sector, pages: what the last ones hold may not be looked at for a long time.
    let tails = [1, 512, 4096, 2 * 4096, 3 * 4096, 4 * 4096];
    let tails = tails.map(|tail| whole.len().saturating_sub(tail));
    for length in lengths.into_iter().chain(tails) {
        std::fs::write(&cut, &whole[..length]).expect("written");
        let restored = catch_unwind(AssertUnwindSafe(|| site.place.restore(&cut)));
        if kind == Kind::Postgres {
            assert!(restored.is_err(), "pg_restore took {length} bytes");
        }
        // Whoever goes on all the same is refused, and finds out why.
        let Ok(database) = Database::open(&site.url(), site.settings()).await else {
            continue;
        };
        let audit = standard(&database);
        let recorded = audit.record(event()).await;
        let report = audit.verify(Vec::new(), None, &mut |_| {}).await;
        let is_clean = report.is_ok_and(|report| report.ok);
        if recorded.is_ok() || is_clean {
            let cut = whole.len() - length;
            wrong.push(format!("{cut} bytes less: {recorded:?}, clean: {is_clean}"));
        }
        let _ = database.close().await;
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    site.place.restore(&backup);
    record(&site, 1).await;
    expect_clean(&site.open().await).await;
}

/// What an index says that is not of the database beside it is not believed, and nothing of it
/// stays: it is made anew.
#[tokio::test(flavor = "multi_thread")]
async fn an_index_left_beside_a_restored_database_changes_no_answer() {
    let site = Site::new(Kind::Sqlite);
    let by = |who: &str| event().user_id(who);
    let open = async || {
        let mut settings = site.settings();
        settings.index_entries = 50;
        Database::open(&site.url(), settings).await.expect("opens")
    };
    let fill = async |trail: &str, who: &str, count: usize| {
        let database = open().await;
        let audit = database.trail(trail.parse().expect("a good name"));
        for answer in audit.record_all(vec![by(who); count]).await {
            answer.expect("recorded");
        }
        database.close().await.expect("closes");
    };
    fill("default", "before", 300).await;
    let backup = site.folder.path().join("yesterday.backup");
    site.place.dump(&backup);
    fill("default", "lost.in.between", 200).await;
    fill("another", "lost.with.its.trail", 200).await;
    site.place.restore(&backup);
    assert!(site.place.index().exists(), "it is left behind");

    // As it lies there; then with more entries than the index had, of another history.
    let store = SqliteStore::open(site.place.file()).expect("opens");
    Plain::of(&store).await.compare(&store, 0, 40).await;
    store.close().await.expect("closes");
    let database = open().await;
    let audit = standard(&database);
    audit.succeed("restored").await.expect("succeeds");
    database.close().await.expect("closes");
    fill("default", "afterwards", 400).await;
    let database = open().await;
    let store = &*database.engine().ground().store;
    Plain::of(store).await.compare(store, 1, 40).await;
    let removal = store.removal().expect("it writes");
    let purged = removal.purge(audit.name(), &[]).await;
    purged.expect("purged");
    expect_clean(&database).await;
    database.close().await.expect("closes");
    let index = std::fs::read(site.place.index()).expect("readable");
    for lost in ["lost.in.between", "lost.with.its.trail"] {
        let is_there = |part: &[u8]| part == lost.as_bytes();
        assert!(!index.windows(lost.len()).any(is_there), "{lost}");
    }
}

/// A copy needs no index, and takes one that was copied along.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_answers_with_its_index_and_without() {
    let site = Site::new(Kind::Sqlite);
    record(&site, 300).await;
    let image = site.place.image(site.folder.path());
    for has_index in [true, false] {
        let copy = image.copy(site.folder.path());
        if !has_index {
            std::fs::remove_file(copy.index()).expect("it is there");
        }
        for read_only in [true, false] {
            let mut settings = site.settings();
            settings.read_only = read_only;
            let database = Database::open(&copy.url(), settings).await.expect("opens");
            let store = &*database.engine().ground().store;
            Plain::of(store).await.compare(store, 2, 40).await;
            expect_clean(&database).await;
            database.close().await.expect("closes");
        }
        assert!(copy.index().exists(), "it is made where it may be written");
    }
}

/// The mark outside the database may be a second old: what this process has acknowledged itself
/// counts as well.
#[tokio::test]
async fn a_backup_put_back_beneath_a_running_process_is_refused_at_once() {
    let site = Site::new(Kind::Sqlite);
    let file = match site.url() {
        indelible::DatabaseUrl::Sqlite(file) => file,
        other => panic!("{other}"),
    };
    record(&site, 1).await;
    let backup = site.folder.path().join("backup.db");
    std::fs::copy(&file, &backup).expect("it is closed and whole");
    let database = site.open().await;
    let audit = standard(&database);
    for _ in 0..2 {
        audit.record(event()).await.expect("recorded");
    }
    for end in ["-wal", "-shm"] {
        let beside = format!("{}{end}", file.display());
        std::fs::remove_file(beside).expect("it is there");
    }
    std::fs::rename(&backup, &file).expect("it takes its place");
    let mut refusals = 0;
    for _ in 0..3 {
        match audit.record(event()).await.expect_err("a fork") {
            AuditError::Refused { refusal, .. } => {
                let expected = Refusal::RolledBack { size: 1, mark: 3 };
                assert_eq!(refusal, expected);
                refusals += 1;
            }
            // The first one meets the file that is gone.
            AuditError::Store(_) => assert_eq!(refusals, 0),
            other => panic!("{other:?}"),
        }
    }
    assert!(refusals >= 2, "{refusals}");
    database.close().await.ok();
}
