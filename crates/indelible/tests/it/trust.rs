//! What is kept outside the database decides whom to believe.

use std::path::Path;

use indelible::core::{AuditError, Refusal};
use indelible::{AuditAction, AuditEvent, AuditProtocol, ConnectError, Database, Settings};

use crate::place::{Kind, on_both};
use crate::site::{Site, expect_clean, standard, verify};

on_both! {
    t46_a_head_that_its_rows_do_not_give_is_never_signed,
    t63_a_database_that_was_removed_is_missed_and_can_be_succeeded,
    a_database_of_another_installation_is_not_taken_for_ours,
    t64_a_state_directory_serves_one_installation,
    marks_of_trails_with_likely_names_do_not_meet,
    a_mark_that_cannot_be_kept_stops_writing_until_it_can,
    t78_sys_08_nothing_that_a_secret_was_masked_in_reaches_the_disk,
    a_read_only_opening_changes_nothing,
    a_trail_that_lies_at_its_mark_is_not_succeeded,
    a_call_that_names_the_wrong_database_ties_nothing_together,
    what_is_refused_beforehand_leaves_no_database_behind,
    a_copied_database_can_be_read_and_verified_where_it_was_copied_to,
}

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
    Database::open(&site.url(), at_home(site)).await
}

async fn record(database: &Database, count: usize) {
    for answer in standard(database).record_all(vec![event(); count]).await {
        answer.expect("recorded");
    }
}

async fn t46_a_head_that_its_rows_do_not_give_is_never_signed(kind: Kind) {
    let site = Site::new(kind);
    let database = site.open().await;
    record(&database, 5).await;
    database.close().await.expect("closes");
    let image = site.place.image(site.folder.path());
    let random = match kind {
        Kind::Sqlite => "randomblob(32)",
        Kind::Postgres => "sha256(random()::text::bytea)",
    };
    for forged in [
        format!("UPDATE head SET root = {random}"),
        format!("UPDATE head SET mac = {random}"),
        "UPDATE head SET size = size + 1, frontier = frontier".to_owned(),
    ] {
        let copy = image.copy(site.folder.path());
        copy.beneath(&forged);
        let Ok(database) = Database::open(&copy.url(), site.settings()).await else {
            continue;
        };
        let audit = standard(&database);
        assert!(audit.checkpoint().await.is_err(), "{forged}");
        assert!(audit.prove(0, false).await.is_err(), "{forged}");
        assert!(audit.consistency(1).await.is_err(), "{forged}");
        assert!(audit.record(event()).await.is_err(), "{forged}");
    }
}

async fn t63_a_database_that_was_removed_is_missed_and_can_be_succeeded(kind: Kind) {
    let site = Site::new(kind);
    let database = open_at_home(&site).await.expect("opens");
    record(&database, 7).await;
    database.close().await.expect("closes");
    site.place.lose();
    for read_only in [true, false] {
        let mut settings = at_home(&site);
        settings.read_only = read_only;
        let opened = Database::open(&site.url(), settings).await;
        assert!(matches!(opened, Err(ConnectError::Lost { .. })));
        assert!(site.place.is_bare(), "nothing takes its place unasked");
    }
    let mut settings = at_home(&site);
    settings.replace_lost = true;
    let database = Database::open(&site.url(), settings).await.expect("opens");
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

async fn a_database_of_another_installation_is_not_taken_for_ours(kind: Kind) {
    let (ours, other) = (Site::new(kind), Site::new(kind));
    for site in [&ours, &other] {
        let database = open_at_home(site).await.expect("opens");
        record(&database, 3).await;
        database.close().await.expect("closes");
    }
    let theirs = other.folder.path().join("theirs.backup");
    other.place.dump(&theirs);
    ours.place.restore(&theirs);
    match open_at_home(&ours).await.map(drop) {
        Err(ConnectError::Installation(_)) => {}
        other => panic!("{other:?}"),
    }
}

async fn t64_a_state_directory_serves_one_installation(kind: Kind) {
    let (first, second) = (Site::new(kind), Site::new(kind));
    for site in [&first, &second] {
        let database = site.open().await;
        record(&database, 3).await;
        database.close().await.expect("closes");
    }
    let mut settings = second.settings();
    settings.state_dir = Some(first.state());
    assert!(Database::open(&second.url(), settings).await.is_err());
    let database = first.open().await;
    record(&database, 1).await;
    expect_clean(&database).await;
}

async fn marks_of_trails_with_likely_names_do_not_meet(kind: Kind) {
    let site = Site::new(kind);
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

async fn a_mark_that_cannot_be_kept_stops_writing_until_it_can(kind: Kind) {
    let site = Site::new(kind);
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

async fn t78_sys_08_nothing_that_a_secret_was_masked_in_reaches_the_disk(kind: Kind) {
    let site = Site::new(kind);
    let database = site.open().await;
    let secret = "hunter2-Zq9-never-on-disk";
    let event = event()
        .user_agent(format!("Bearer {secret}0123456789abcdef"))
        .resource_id(format!("https://user:{secret}@example.org/"))
        .context(serde_json::json!({"password": secret, "deep": [{"api_key": secret}]}));
    standard(&database).record(event).await.expect("recorded");
    expect_clean(&database).await;
    database.close().await.expect("closes");
    for path in walk(site.folder.path())
        .into_iter()
        .chain(site.place.files())
    {
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

async fn a_read_only_opening_changes_nothing(kind: Kind) {
    let site = Site::new(kind);
    let database = site.open().await;
    record(&database, 3).await;
    database.close().await.expect("closes");
    let before = site.place.fingerprint();
    let mut settings = site.settings();
    settings.read_only = true;
    let database = Database::open(&site.url(), settings).await.expect("opens");
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
    assert!(before == site.place.fingerprint());
}

async fn a_trail_that_lies_at_its_mark_is_not_succeeded(kind: Kind) {
    let site = Site::new(kind);
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

async fn a_call_that_names_the_wrong_database_ties_nothing_together(kind: Kind) {
    let (ours, other) = (Site::new(kind), Site::new(kind));
    for site in [&ours, &other] {
        let database = site.open().await;
        record(&database, 2).await;
        database.close().await.expect("closes");
    }
    // As of a time when state directories did not name their installation.
    std::fs::remove_file(ours.state().join("installation")).expect("removed");
    let mut wrong = ours.settings();
    wrong.state_dir = Some(ours.state());
    let database = Database::open(&other.url(), wrong).await.expect("opens");
    assert!(standard(&database).record(event()).await.is_err());
    database.close().await.expect("closes");
    let database = ours.open().await;
    record(&database, 1).await;
    expect_clean(&database).await;
}

async fn what_is_refused_beforehand_leaves_no_database_behind(kind: Kind) {
    let site = Site::new(kind);
    let mut nowhere = site.settings();
    nowhere.state_dir = None;
    let mut ill_named = site.settings();
    ill_named.installation = Some("../x".to_owned());
    for settings in [nowhere, ill_named] {
        assert!(Database::open(&site.url(), settings).await.is_err());
        assert!(site.place.is_bare());
    }
}

async fn a_copied_database_can_be_read_and_verified_where_it_was_copied_to(kind: Kind) {
    let site = Site::new(kind);
    let database = open_at_home(&site).await.expect("opens");
    record(&database, 3).await;
    database.close().await.expect("closes");
    let copy = site.place.image(site.folder.path());
    let copy = copy.copy(site.folder.path());
    let mut settings = at_home(&site);
    settings.read_only = true;
    let database = Database::open(&copy.url(), settings).await.expect("opens");
    expect_clean(&database).await;
}
