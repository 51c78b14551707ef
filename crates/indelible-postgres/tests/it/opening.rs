//! Opening: what is looked at first, and what the store says of itself.

use indelible_core::Store;
use indelible_core::store::StoreError;
use indelible_postgres::PostgresStore;

use crate::fixture::{Author, Database, draft};

#[tokio::test]
async fn a_store_for_reading_reads_and_refuses_to_write() {
    let database = Database::new();
    let writing = database.store().await;
    let mut author = Author::new("default");
    author.fill(&writing, 0..3).await;
    let reading = database.reading("postgres").await.expect("it opens");
    let head = reading.head(author.trail()).await.expect("it reads");
    assert_eq!(head.expect("it is there").size, 3);
    let refused = reading.append(&[author.seal([draft(3)])]).await;
    assert!(
        matches!(refused, Err(StoreError::Unsupported(_))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_sound_database_says_so() {
    let database = Database::new();
    let store = database.store().await;
    Author::new("default").fill(&store, 0..300).await;
    let condition = store.condition().await.expect("it answers");
    assert!(
        condition.engine.starts_with("PostgreSQL 1"),
        "{}",
        condition.engine
    );
    assert!(condition.location.ends_with(database.0.name()));
    assert_eq!(condition.schema_version, 10);
    assert_eq!(condition.pending_migrations, [""; 0]);
    assert_eq!(condition.missing_guards, [""; 0]);
    assert_eq!(condition.stray_rows, [""; 0]);
    assert_eq!(condition.weak_settings, [""; 0]);
    assert_eq!(condition.missing_privileges, [""; 0]);
    assert!(condition.excess_privileges[0].contains("superuser"));
    assert!(condition.clock.is_some() && condition.bytes > 0);
    let last = database.partitions()[3]
        .replace("entry_y", "")
        .replace('m', "-");
    assert_eq!(condition.next_partition, Some(last));
}

#[tokio::test]
async fn a_database_without_the_schema_names_the_command() {
    let database = Database::empty();
    match PostgresStore::open(&database.address()).await {
        Err(StoreError::Unsupported(text)) => {
            assert!(
                text.contains("0001 log") && text.contains("indelible migrate up"),
                "{text}"
            );
        }
        _ => panic!("it was to be refused"),
    }
}

#[tokio::test]
async fn rows_that_belong_to_nothing_are_named() {
    let database = Database::new();
    let store = database.store().await;
    for name in ["default", "other"] {
        Author::new(name).fill(&store, 0..300).await;
    }
    let strays = async || store.condition().await.expect("it answers").stray_rows;
    assert_eq!(strays().await, [""; 0]);
    // To insert needs no guard's leave.
    database.0.execute(
        "INSERT INTO indelible.event_id VALUES ('ghost', gen_random_uuid(), 1);
         INSERT INTO indelible.node VALUES ('ghost', 8, 0, sha256('x'));
         INSERT INTO indelible.span VALUES ('aaa', 8, 0, now(), now());
         INSERT INTO indelible.rollup VALUES ('zzz', 0, 'a', 'failed', 1);
         INSERT INTO indelible.tag VALUES ('ghost', 'a', 1);
         INSERT INTO indelible.placement VALUES ('other', 300, '2026-01-01');
         CREATE TEMP TABLE e AS SELECT * FROM indelible.entry WHERE trail_id = 'default';
         UPDATE e SET trail_id = 'ghost', seq = 3 WHERE seq = 3;
         UPDATE e SET seq = 300 WHERE seq = 299;
         UPDATE e SET created_at = now() WHERE seq = 7;
         UPDATE e SET created_at = '1980-05-06 00:00:00+00' WHERE seq = 8;
         INSERT INTO indelible.entry SELECT * FROM e
         WHERE trail_id = 'ghost' OR seq IN (7, 8, 300)",
    );
    let found = strays().await;
    let headless = |table: &str, trail: &str| {
        format!("{table} has rows of the trail {trail}, which has no head")
    };
    for expected in [
        headless("entry", "ghost"),
        headless("event_id", "ghost"),
        headless("node", "ghost"),
        headless("tag", "ghost"),
        headless("span", "aaa"),
        headless("rollup", "zzz"),
        "entry 300 of default lies beyond the trail's end".to_owned(),
        "placement has a row for entry 300 of other, beyond the trail's end".to_owned(),
        "an entry 8 of default was recorded in a month in which nothing is placed".to_owned(),
    ] {
        assert!(found.contains(&expected), "{expected}: {found:#?}");
    }
    let elsewhere = |stray: &&String| stray.starts_with("an entry 7 of default was recorded in");
    assert_eq!(found.iter().filter(elsewhere).count(), 1, "{found:#?}");
    assert_eq!(found.len(), 10, "{found:#?}");
}
