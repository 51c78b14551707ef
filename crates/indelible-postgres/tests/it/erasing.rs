//! What erasure leaves in the server's files, and whom it waits for.

use std::path::{Path, PathBuf};
use std::time::Duration;

use indelible_core::entry::Erasure;
use indelible_core::part::PartKind;
use indelible_core::store::Verdict;
use indelible_core::{Store, StoreError};
use indelible_postgres::{Options, PostgresStore};
use serde_json::json;

use crate::fixture::{Author, Database, Draft, draft, trail};

/// The person, in every field that can be erased; each text is long enough to be nobody else's.
const PERSON: [&str; 6] = [
    "zwiebel.zacharias.of.the.user",
    "zwiebel.zacharias.behalf",
    "zwiebel.zacharias.agent",
    "zwiebel.zacharias.resource",
    "zwiebel.zacharias.correlation",
    "zwiebel.zacharias.context",
];
const OTHER: &str = "somebody.else.altogether";

/// Of ten entries one is the person's, of another one the person is the target.
fn of_person(number: u64) -> Draft {
    let [user, behalf, agent, resource, correlation, context] = match number % 10 {
        3 => PERSON,
        _ => [OTHER; 6],
    };
    // Too long for a page and too varied to be compressed: it lies beside the table.
    let name: String = (0..400)
        .map(|n| {
            format!(
                "{:x}",
                (number * 400 + n).wrapping_mul(0x9e37_79b9_7f4a_7c15)
            )
        })
        .collect();
    Draft {
        actor: json!({"ip_address": "192.0.2.7", "on_behalf_of": behalf, "user_agent": agent,
            "user_id": user}),
        target: json!({"resource_id": resource}),
        details: json!({"context": {"a": context, "b": name}, "correlation_id": correlation}),
        ..draft(number)
    }
}

fn erasures() -> Vec<Erasure> {
    let seqs = (3..600).step_by(10);
    seqs.map(|seq| Erasure {
        first: seq,
        last: seq,
        parts: PartKind::ALL.to_vec(),
    })
    .collect()
}

/// The files below a folder that hold a text.
fn holding(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for file in std::fs::read_dir(&folder).expect("a folder") {
            let path = file.expect("a file").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            // The server takes files away while it is looked for them.
            let Ok(bytes) = std::fs::read(&path) else {
                continue;
            };
            if bytes
                .windows(text.len())
                .any(|window| window == text.as_bytes())
            {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

fn folder_of(database: &Database) -> PathBuf {
    let sql = "SELECT current_setting('data_directory') || '/base/' || oid::text \
               FROM pg_database WHERE datname = current_database()";
    let rows = database.0.query_text(sql);
    let folder = rows.into_iter().flatten().flatten().next();
    PathBuf::from(folder.expect("a server says where its files are"))
}

async fn filled() -> Database {
    let database = Database::new();
    let store = database.store().await;
    let mut author = Author::new("default");
    for numbers in [0..250, 250..600] {
        let verdict = author.record(&store, numbers.map(of_person)).await;
        assert_eq!(verdict.expect("it is written"), Verdict::Committed);
    }
    store.close().await.expect("it closes");
    database
}

async fn eraser(database: &Database) -> PostgresStore {
    let role = database.role("eraser", &["indelible_writer", "indelible_eraser"]);
    let store = PostgresStore::open(&database.address_as(&role)).await;
    store.expect("it opens")
}

#[tokio::test]
async fn what_was_erased_stands_in_no_file_of_the_database() {
    let database = filled().await;
    let folder = folder_of(&database);
    // As autovacuum would: what it samples it keeps.
    database.0.execute("ANALYZE; CHECKPOINT");
    for text in PERSON.iter().chain([&OTHER]) {
        assert!(!holding(&folder, text).is_empty(), "{text} before");
    }
    let store = eraser(&database).await;
    let (removal, name) = (store.removal().expect("it writes"), trail("default"));
    let gone = removal.erase(&name, &erasures()).await.expect("it erases");
    assert_eq!(gone, 180);
    database.0.execute("ANALYZE; CHECKPOINT");
    let left = PERSON
        .iter()
        .filter(|text| !holding(&folder, text).is_empty());
    assert!(
        left.count() > 0,
        "erased rows stay in the files until the purge"
    );
    removal.purge(&name, &erasures()).await.expect("it purges");
    database.0.execute("CHECKPOINT");
    for text in PERSON {
        assert_eq!(holding(&folder, text), [""; 0], "{text}");
    }
    assert!(!holding(&folder, OTHER).is_empty(), "the others stay");
    let condition = store.condition().await.expect("it answers");
    assert_eq!(condition.missing_guards, [""; 0]);
}

#[tokio::test]
async fn nothing_that_can_be_erased_is_sampled_in_any_partition() {
    let database = filled().await;
    // A month that is made later, too.
    database
        .0
        .execute("SELECT indelible.make_partitions(5); ANALYZE");
    let sampled = database.0.query_text(
        "SELECT DISTINCT a.attname FROM pg_statistic AS s \
         JOIN pg_attribute AS a ON a.attrelid = s.starelid AND a.attnum = s.staattnum \
         JOIN pg_class AS c ON c.oid = s.starelid \
         WHERE c.relnamespace = 'indelible'::regnamespace AND c.relname LIKE 'entry%' ORDER BY 1",
    );
    let sampled: Vec<String> = sampled.into_iter().flatten().flatten().collect();
    assert!(sampled.contains(&"action".to_owned()), "{sampled:?}");
    let erasable = [
        "actor",
        "actor_salt",
        "correlation_id",
        "details",
        "details_salt",
        "ip_address",
        "resource_id",
        "target",
        "target_salt",
        "user_id",
    ];
    for column in erasable {
        assert!(!sampled.contains(&column.to_owned()), "{column}");
    }
    let unlimited = database.0.query_text(&format!(
        "SELECT c.relname || '.' || a.attname FROM pg_attribute AS a \
         JOIN pg_class AS c ON c.oid = a.attrelid \
         WHERE c.relnamespace = 'indelible'::regnamespace AND c.relname LIKE 'entry%' \
         AND c.relkind IN ('r', 'p') AND a.attname IN ('{}') \
         AND a.attstattarget IS DISTINCT FROM 0",
        erasable.join("', '")
    ));
    assert_eq!(unlimited.len(), 0, "{unlimited:?}");
}

#[tokio::test]
async fn a_purge_waits_for_those_who_see_what_was_erased_and_says_so() {
    let database = filled().await;
    let store = eraser(&database).await;
    let (removal, name) = (store.removal().expect("it writes"), trail("default"));
    let reader = database.client("postgres").await;
    // It sees the database of now, and has not touched the entries.
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM indelible.head";
    reader.batch_execute(begin).await.expect("it reads");
    removal.erase(&name, &erasures()).await.expect("it erases");
    let refused = removal.purge(&name, &erasures()).await;
    let Err(StoreError::Unavailable { source }) = refused else {
        panic!("{refused:?}")
    };
    assert!(source.to_string().contains("still open"), "{source}");
    reader.batch_execute("COMMIT").await.expect("it ends");
    removal.purge(&name, &erasures()).await.expect("it purges");
}

#[tokio::test]
async fn writers_go_on_while_a_partition_waits_to_be_written_anew() {
    let database = filled().await;
    let store = eraser(&database).await;
    let (removal, name) = (store.removal().expect("it writes"), trail("default"));
    removal.erase(&name, &erasures()).await.expect("it erases");
    let reader = database.client("postgres").await;
    // Whoever reads a partition holds it; a purge gives way again and again and gives up in the end.
    let begin = "BEGIN; LOCK TABLE indelible.entry IN ACCESS SHARE MODE";
    reader.batch_execute(begin).await.expect("it holds it");
    let erased = erasures();
    let purge = removal.purge(&name, &erased);
    let writing = async {
        let options = Options {
            lock_timeout: Duration::from_secs(5),
            ..Options::default()
        };
        let writer = PostgresStore::open_with(&database.address(), &options).await;
        let writer = writer.expect("it opens");
        let mut author = Author::resume(&writer, "default").await;
        for number in 600..620 {
            let verdict = author.record(&writer, [of_person(number + 7)]).await;
            assert_eq!(verdict.expect("it is written"), Verdict::Committed);
        }
    };
    let (purged, ()) = tokio::join!(purge, writing);
    let refused = purged.expect_err("it is held");
    assert!(
        matches!(refused, StoreError::Unavailable { .. }),
        "{refused:?}"
    );
    reader.batch_execute("COMMIT").await.expect("it ends");
    removal.purge(&name, &erasures()).await.expect("it purges");
}

#[tokio::test]
async fn what_was_sampled_before_is_forgotten_by_the_purge() {
    let database = filled().await;
    sample(&database);
    let sampled = || {
        let rows = database.0.query_text(
            "SELECT tablename, attname FROM pg_stats WHERE schemaname = 'indelible' \
             AND (coalesce(most_common_vals::text, '') || coalesce(histogram_bounds::text, '')) \
             LIKE '%zwiebel.zacharias%'",
        );
        rows.len()
    };
    assert!(sampled() >= 6, "of the partition and of all together");
    let store = eraser(&database).await;
    let (removal, name) = (store.removal().expect("it writes"), trail("default"));
    removal.erase(&name, &erasures()).await.expect("it erases");
    assert!(sampled() >= 6, "the samples stay until the purge");
    removal.purge(&name, &erasures()).await.expect("it purges");
    assert_eq!(sampled(), 0);
    // What the purge may have sampled anew it does not go on sampling.
    database.0.execute("ANALYZE");
    let on = database.0.query_text(
        "SELECT 1 FROM pg_attribute WHERE attrelid IN (SELECT oid FROM pg_class \
         WHERE relnamespace = 'indelible'::regnamespace AND relname LIKE 'entry%' \
         AND relkind IN ('r', 'p')) AND attname IN ('user_id', 'resource_id', 'correlation_id') \
         AND attstattarget IS DISTINCT FROM 0",
    );
    assert_eq!(on.len(), 0);
}

/// As a database has it that was in use before nothing of it was sampled.
fn sample(database: &Database) {
    let to = |target: u32| {
        format!(
            "ALTER TABLE indelible.entry ALTER user_id SET STATISTICS {target}, \
             ALTER resource_id SET STATISTICS {target}, \
             ALTER correlation_id SET STATISTICS {target}"
        )
    };
    let sql = format!("{}; ANALYZE; {}", to(100), to(0));
    database.0.execute(&sql);
}

#[tokio::test]
async fn a_lock_that_the_samples_wait_for_throws_no_rewrite_away() {
    let database = filled().await;
    sample(&database);
    // Neither is to be had: what is refused is what was asked for first.
    let reader = database.client("postgres").await;
    let begin = "BEGIN; LOCK TABLE ONLY indelible.entry IN SHARE UPDATE EXCLUSIVE MODE; \
                 LOCK TABLE indelible.entry_default IN ACCESS SHARE MODE";
    reader.batch_execute(begin).await.expect("it holds it");
    let officer = database.client("postgres").await;
    let call = "SET statement_timeout = '20s'; SELECT indelible.rewrite_partition('entry_default')";
    let refused = officer.batch_execute(call).await.expect_err("it is held");
    let refused = refused.as_db_error().expect("the server says so");
    assert_eq!(refused.code().code(), "55P03", "{refused}");
    let place = refused.where_().expect("it says where");
    assert!(place.contains("forget_samples"), "{place}");
}

#[tokio::test]
async fn whoever_writes_a_partition_anew_by_hand_does_not_wait_behind_a_reader() {
    let database = filled().await;
    let reader = database.client("postgres").await;
    let begin = "BEGIN; LOCK TABLE indelible.entry IN ACCESS SHARE MODE";
    reader.batch_execute(begin).await.expect("it holds it");
    let officer = database.client("postgres").await;
    let call = "SET statement_timeout = '20s'; SELECT indelible.rewrite_partition('entry_default')";
    let refused = officer.batch_execute(call).await.expect_err("it is held");
    let code = refused.code().expect("the server says so").code();
    assert_eq!(code, "55P03", "{refused}");
}
