//! What is kept outside the database decides whom to believe.

use std::path::Path;

use indelible::core::{AuditError, Refusal};
use indelible::{
    AuditAction, AuditEvent, AuditProtocol, ConnectError, Database, DatabaseUrl, Settings,
};
use rusqlite::Connection;

use crate::site::{Site, expect_clean, standard, verify};

fn event() -> AuditEvent {
    AuditEvent::new(AuditAction::DATA_VIEWED, "customer_record")
}

/// Settings of a process that keeps its states under one home.
fn at_home(site: &Site) -> Settings {
    let mut settings = site.settings();
    settings.state_dir = None;
    settings.state_home = Some(site.folder.path().join("home"));
    settings
}

async fn open_at_home(site: &Site) -> Result<Database, ConnectError> {
    Database::open(&DatabaseUrl::Sqlite(site.database()), at_home(site)).await
}

async fn record(database: &Database, count: usize) {
    for answer in standard(database).record_all(vec![event(); count]).await {
        answer.expect("recorded");
    }
}

fn remove_database(path: &Path) {
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", path.display()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t46_a_head_that_its_rows_do_not_give_is_never_signed() {
    let site = Site::new();
    let database = site.open().await;
    record(&database, 5).await;
    database.close().await.expect("closes");
    for forged in [
        "UPDATE head SET root = randomblob(32)",
        "UPDATE head SET mac = randomblob(32)",
        "UPDATE head SET size = size + 1, frontier = frontier",
    ] {
        let copy = site.folder.path().join("data").join("forged.db");
        remove_database(&copy);
        std::fs::copy(site.database(), &copy).expect("copied");
        let db = Connection::open(&copy).expect("opens");
        db.execute_batch(forged).expect("forged");
        drop(db);
        let url = DatabaseUrl::Sqlite(copy);
        let Ok(database) = Database::open(&url, site.settings()).await else {
            continue;
        };
        let audit = standard(&database);
        assert!(audit.checkpoint().await.is_err(), "{forged}");
        assert!(audit.prove(0, false).await.is_err(), "{forged}");
        assert!(audit.consistency(1).await.is_err(), "{forged}");
        assert!(audit.record(event()).await.is_err(), "{forged}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t63_a_database_that_was_removed_is_missed_and_can_be_succeeded() {
    let site = Site::new();
    let database = open_at_home(&site).await.expect("opens");
    record(&database, 7).await;
    database.close().await.expect("closes");
    remove_database(&site.database());
    for read_only in [true, false] {
        let mut settings = at_home(&site);
        settings.read_only = read_only;
        let opened = Database::open(&DatabaseUrl::Sqlite(site.database()), settings).await;
        assert!(matches!(opened, Err(ConnectError::Lost { .. })));
        assert!(!site.database().exists(), "nothing takes its place unasked");
    }
    let mut settings = at_home(&site);
    settings.replace_lost = true;
    let url = DatabaseUrl::Sqlite(site.database());
    let database = Database::open(&url, settings).await.expect("opens");
    let audit = standard(&database);
    match audit.record(event()).await {
        Err(AuditError::Refused {
            refusal: Refusal::RolledBack { size: 0, mark: 7 },
            ..
        }) => {}
        other => panic!("{other:?}"),
    }
    let succession = audit
        .succeed("the volume was lost")
        .await
        .expect("succeeds");
    assert_eq!((succession.size, succession.incarnation), (0, 2));
    assert!(succession.origin.ends_with("/default/2"));
    assert_eq!(audit.record(event()).await.expect("recorded").seq, Some(1));
    expect_clean(&database).await;
    database.close().await.expect("closes");
    let database = open_at_home(&site).await.expect("opens");
    record(&database, 1).await;
    expect_clean(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_another_installation_is_not_taken_for_ours() {
    let (ours, other) = (Site::new(), Site::new());
    for site in [&ours, &other] {
        let database = open_at_home(site).await.expect("opens");
        record(&database, 3).await;
        database.close().await.expect("closes");
    }
    remove_database(&ours.database());
    std::fs::copy(other.database(), ours.database()).expect("copied");
    match open_at_home(&ours).await.map(drop) {
        Err(ConnectError::Installation(_)) => {}
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t64_a_state_directory_serves_one_installation() {
    let (first, second) = (Site::new(), Site::new());
    for site in [&first, &second] {
        let database = site.open().await;
        record(&database, 3).await;
        database.close().await.expect("closes");
    }
    let mut settings = second.settings();
    settings.state_dir = Some(first.state());
    let url = DatabaseUrl::Sqlite(second.database());
    assert!(Database::open(&url, settings).await.is_err());
    let database = first.open().await;
    record(&database, 1).await;
    expect_clean(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn marks_of_trails_with_likely_names_do_not_meet() {
    let site = Site::new();
    let database = site.open().await;
    for name in ["default.new", "default", "lock", "default.lock"] {
        let trail = database.trail(name.parse().expect("a name"));
        trail.record(event()).await.expect("recorded");
    }
    database.close().await.expect("closes");
    for name in ["default.new", "default", "lock", "default.lock"] {
        assert!(site.state().join("marks").join(name).is_file(), "{name}");
    }
    expect_clean(&site.open().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mark_that_cannot_be_kept_stops_writing_until_it_can() {
    let site = Site::new();
    let database = site.open().await;
    // A folder where the mark should be: nothing can be renamed over it.
    let mark = site.state().join("marks").join("default");
    std::fs::create_dir_all(mark.join("full")).expect("made");
    let audit = standard(&database);
    let first = audit.record(event()).await;
    let second = audit.record(event()).await;
    assert!(first.is_err() || second.is_err(), "{first:?} {second:?}");
    std::fs::remove_dir_all(&mark).expect("removed");
    let _ = database.close().await;
    let database = site.open().await;
    record(&database, 3).await;
    expect_clean(&database).await;
    database.close().await.expect("closes");
    assert!(mark.is_file());
}

#[tokio::test(flavor = "multi_thread")]
async fn t78_nothing_that_a_secret_was_masked_in_reaches_the_disk() {
    let site = Site::new();
    let database = site.open().await;
    let secret = "hunter2-Zq9-never-on-disk";
    let event = event()
        .user_agent(format!("Bearer {secret}0123456789abcdef"))
        .resource_id(format!("https://user:{secret}@example.org/"))
        .context(serde_json::json!({"password": secret, "deep": [{"api_key": secret}]}));
    standard(&database).record(event).await.expect("recorded");
    expect_clean(&database).await;
    database.close().await.expect("closes");
    for path in walk(site.folder.path()) {
        let bytes = std::fs::read(&path).expect("readable");
        let found = bytes
            .windows(secret.len())
            .any(|window| window == secret.as_bytes());
        assert!(!found, "{}", path.display());
    }
}

fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("read").path());
    let (folders, mut files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    files.extend(folders.iter().flat_map(|folder| walk(folder)));
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_opening_changes_nothing() {
    let site = Site::new();
    let database = site.open().await;
    record(&database, 3).await;
    database.close().await.expect("closes");
    let before = std::fs::read(site.database()).expect("readable");
    let mut settings = site.settings();
    settings.read_only = true;
    let url = DatabaseUrl::Sqlite(site.database());
    let database = Database::open(&url, settings).await.expect("opens");
    let audit = standard(&database);
    assert!(verify(&audit).await.ok);
    let refused = audit.record(event()).await;
    let read_only = matches!(
        refused,
        Err(AuditError::Refused {
            refusal: Refusal::ReadOnly,
            ..
        })
    );
    assert!(read_only, "{refused:?}");
    database.close().await.expect("closes");
    assert_eq!(before, std::fs::read(site.database()).expect("readable"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trail_that_lies_at_its_mark_is_not_succeeded() {
    let site = Site::new();
    let database = site.open().await;
    record(&database, 3).await;
    database.close().await.expect("closes");
    let database = site.open().await;
    let audit = standard(&database);
    assert!(matches!(
        audit.succeed("a slip").await,
        Err(AuditError::Query(_))
    ));
    assert_eq!(
        audit
            .head()
            .await
            .expect("readable")
            .expect("there")
            .incarnation,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_names_the_wrong_database_ties_nothing_together() {
    let (ours, other) = (Site::new(), Site::new());
    for site in [&ours, &other] {
        let database = site.open().await;
        record(&database, 2).await;
        database.close().await.expect("closes");
    }
    // As of a time when state directories did not name their installation.
    std::fs::remove_file(ours.state().join("installation")).expect("removed");
    let mut wrong = ours.settings();
    wrong.state_dir = Some(ours.state());
    let url = DatabaseUrl::Sqlite(other.database());
    let database = Database::open(&url, wrong).await.expect("opens");
    assert!(standard(&database).record(event()).await.is_err());
    database.close().await.expect("closes");
    let database = ours.open().await;
    record(&database, 1).await;
    expect_clean(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_beforehand_leaves_no_database_behind() {
    let site = Site::new();
    let mut nowhere = site.settings();
    nowhere.state_dir = None;
    let mut ill_named = site.settings();
    ill_named.installation = Some("../x".to_owned());
    for settings in [nowhere, ill_named] {
        let url = DatabaseUrl::Sqlite(site.database());
        assert!(Database::open(&url, settings).await.is_err());
        assert!(!site.database().exists());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copied_database_can_be_read_and_verified_where_it_was_copied_to() {
    let site = Site::new();
    let database = open_at_home(&site).await.expect("opens");
    record(&database, 3).await;
    database.close().await.expect("closes");
    let copy = site.folder.path().join("copy.db");
    std::fs::copy(site.database(), &copy).expect("copied");
    let mut settings = at_home(&site);
    settings.read_only = true;
    let database = Database::open(&DatabaseUrl::Sqlite(copy), settings)
        .await
        .expect("opens");
    expect_clean(&database).await;
}
