//! Partitions: made ahead, guarded, never in the way.

use indelible_core::Store;
use indelible_core::store::Verdict;
use indelible_postgres::PostgresStore;

use crate::fixture::{Author, Database, Draft, draft};

#[tokio::test]
async fn opening_for_writing_makes_what_is_missing_and_reading_does_not() {
    let database = Database::new();
    let partitions = database.partitions();
    for partition in &partitions[1..4] {
        database
            .0
            .execute(&format!("DROP TABLE indelible.{partition}"));
    }
    let reading = database.reading("postgres").await.expect("it opens");
    let condition = reading.condition().await.expect("it answers");
    let problem = condition
        .partition_problem
        .expect("the next month has none");
    assert!(problem.contains("make_partitions"), "{problem}");
    assert_eq!(database.partitions().len(), 2);
    let condition = database
        .store()
        .await
        .condition()
        .await
        .expect("it answers");
    assert_eq!(condition.partition_problem, None);
    assert_eq!(database.partitions(), partitions);
}

#[tokio::test]
async fn odd_clocks_go_to_the_default_partition_and_are_said() {
    let database = Database::new();
    let store = database.store().await;
    let mut author = Author::new("default");
    for (number, year) in [(0, 1970), (1, 2099), (2, 9999)] {
        let time = format!("{year}-06-01T00:00:00Z").parse::<indelible_core::Timestamp>();
        let draft = Draft {
            micros: time.expect("a time").as_micros(),
            ..draft(number)
        };
        let verdict = author.record(&store, [draft]).await;
        assert_eq!(verdict.expect("it is written"), Verdict::Committed);
    }
    let rows = "SELECT seq FROM indelible.entry_default";
    assert_eq!(database.0.query_text(rows).len(), 3);
    let condition = store.condition().await.expect("it answers");
    assert_eq!(condition.stray_rows, [""; 0]);
    let problem = condition.partition_problem.expect("it is said");
    assert!(
        problem.contains("1970-06") && problem.contains("default"),
        "{problem}"
    );
}

#[tokio::test]
async fn a_month_with_rows_in_the_default_partition_is_passed_over() {
    let database = Database::new();
    let partitions = database.partitions();
    let (month, others) = (&partitions[1], partitions.len() - 1);
    database.0.execute(&format!("DROP TABLE indelible.{month}"));
    let time = month.replace("entry_y", "").replace('m', "-") + "-03T00:00:00Z";
    let time = time.parse::<indelible_core::Timestamp>().expect("a time");
    // Open for reading makes none; the rows are written by hand of another database's commit.
    let other = Database::new();
    let store = other.store().await;
    let draft = Draft {
        micros: time.as_micros(),
        ..draft(0)
    };
    let mut author = Author::new("default");
    author.record(&store, [draft]).await.expect("it is written");
    let row = other
        .0
        .query_text("SELECT quote_literal(e::text) FROM indelible.entry AS e");
    let row = row[0][0].clone().expect("a row");
    database.0.execute(&format!(
        "INSERT INTO indelible.entry SELECT ({row}::indelible.entry).*"
    ));
    let store = database.store().await;
    let condition = store.condition().await.expect("it answers");
    assert_eq!(
        database.partitions().len(),
        others,
        "{:?}",
        database.partitions()
    );
    let problem = condition.partition_problem.expect("it is said");
    assert!(problem.contains("default partition"), "{problem}");
}

#[tokio::test]
async fn a_lock_that_is_held_does_not_keep_anyone_from_opening() {
    let database = Database::new();
    let last = database.partitions()[3].clone();
    database.0.execute(&format!("DROP TABLE indelible.{last}"));
    let mut holder = database.client("postgres").await;
    let held = holder.transaction().await.expect("it begins");
    held.batch_execute("LOCK TABLE indelible.entry IN ROW EXCLUSIVE MODE")
        .await
        .expect("as every append does");
    let store = database.store().await;
    assert_eq!(database.partitions().len(), 4, "it was locked out");
    held.rollback().await.expect("it ends");
    let mut author = Author::new("default");
    author.fill(&store, 0..3).await;
    assert_eq!(store.heads().await.expect("it reads")[0].size, 3);
}

#[tokio::test]
async fn many_may_make_the_same_partitions_at_once() {
    let database = Database::new();
    let partitions = database.partitions();
    for partition in &partitions[..4] {
        database
            .0
            .execute(&format!("DROP TABLE indelible.{partition}"));
    }
    let address = database.address();
    let all = (0..6).map(|_| PostgresStore::open(&address));
    for opened in futures_util::future::join_all(all).await {
        opened.expect("it opens").close().await.expect("it closes");
    }
    assert_eq!(database.partitions(), partitions);
    let condition = database
        .store()
        .await
        .condition()
        .await
        .expect("it answers");
    assert_eq!(condition.missing_guards, [""; 0]);
}

#[tokio::test]
async fn a_process_that_runs_for_months_makes_them_in_the_background() {
    let database = Database::new();
    let partitions = database.partitions();
    let store = database.store().await;
    // As if time had gone on: the last months are not there, and entries come near the end.
    for partition in &partitions[1..4] {
        database
            .0
            .execute(&format!("DROP TABLE indelible.{partition}"));
    }
    let time = partitions[2].replace("entry_y", "").replace('m', "-") + "-03T00:00:00Z";
    let time = time.parse::<indelible_core::Timestamp>().expect("a time");
    let mut author = Author::new("default");
    let draft = Draft {
        micros: time.as_micros(),
        ..draft(0)
    };
    author.record(&store, [draft]).await.expect("it is written");
    store.close().await.expect("it waits for what is in flight");
    let mut expected = partitions.clone();
    // Its own month has its entry in the default partition by now.
    expected.remove(2);
    assert_eq!(database.partitions(), expected);
}
