//! Tables of other programs, read as JSON lines.

use std::io::Read;

use indelible_postgres::{Address, Options, PostgresTable};
use serde_json::{Value, json};
use testbed::{Cluster, TestDatabase};

fn shop(sql: &str) -> TestDatabase {
    let database = Cluster::shared().database();
    database.execute(sql);
    database
}

fn address(database: &TestDatabase) -> Address {
    database.superuser_url().parse().expect("a URL")
}

/// The rows are read on the thread of the runtime, as an importer reads them.
async fn rows(database: &TestDatabase, table: &str) -> Vec<Value> {
    let table = PostgresTable::open(&address(database), &Options::default(), table).await;
    let mut text = String::new();
    table
        .expect("a table")
        .read_to_string(&mut text)
        .expect("rows");
    let row = |line: &str| serde_json::from_str(line).expect("JSON");
    text.lines().map(row).collect()
}

async fn error(database: &TestDatabase, table: &str) -> String {
    let opened = PostgresTable::open(&address(database), &Options::default(), table).await;
    opened.err().expect("an error").to_string()
}

#[tokio::test]
async fn every_kind_of_value_is_a_member() {
    let database = shop(
        "CREATE SCHEMA shop; CREATE TABLE shop.\"Audit Log\" (id bigint, at timestamptz, plain \
         timestamp, words text, bytes bytea, details jsonb, who inet, none text); \
         INSERT INTO shop.\"Audit Log\" VALUES (9223372036854775807, '2026-03-01 08:00:00.5+00', \
         '2026-03-01 08:00:00', E'é\\n\"', '\\x00ff', '{\"a\": [1]}', '203.0.113.1', NULL)",
    );
    let expected = json!({"id": i64::MAX, "at": "2026-03-01T08:00:00.5+00:00",
        "plain": "2026-03-01T08:00:00", "words": "é\n\"", "bytes": "\\x00ff",
        "details": {"a": [1]}, "who": "203.0.113.1", "none": null});
    assert_eq!(rows(&database, "shop.\"Audit Log\"").await, [expected]);
}

#[tokio::test]
async fn names_of_columns_and_json_as_it_was_written_are_no_hindrance() {
    let database = shop(
        "CREATE TABLE log (t text, indelible_row int, details json); INSERT INTO log VALUES \
         ('a', 1, E'{\"nul\": \"\\\\u0000\",\\r\\n \"b\": 2}'), ('b', NULL, '[1]')",
    );
    let expected = [
        json!({"t": "a", "indelible_row": 1, "details": {"nul": "\0", "b": 2}}),
        json!({"t": "b", "indelible_row": null, "details": [1]}),
    ];
    assert_eq!(rows(&database, "log").await, expected);
    let database =
        shop("CREATE TABLE log (details json); INSERT INTO log VALUES ('{\"k\": 1, \"k\": 2}')");
    let table = PostgresTable::open(&address(&database), &Options::default(), "log").await;
    let mut text = String::new();
    let read = table.expect("a table").read_to_string(&mut text);
    read.expect("rows");
    assert_eq!(text.matches("\"k\"").count(), 2, "{text}");
}

#[tokio::test]
async fn rows_without_a_key_and_views_lose_nothing() {
    let database = shop(
        "CREATE TABLE log (what text); INSERT INTO log VALUES ('a'), (NULL), ('a'), (NULL); \
         CREATE VIEW seen AS SELECT what FROM log; CREATE TABLE empty (what text); \
         CREATE TABLE parted (n int) PARTITION BY RANGE (n); \
         CREATE TABLE one PARTITION OF parted FOR VALUES FROM (0) TO (10); \
         CREATE TABLE two PARTITION OF parted FOR VALUES FROM (10) TO (20); \
         INSERT INTO parted SELECT generate_series(0, 19)",
    );
    for (table, count) in [("log", 4), ("seen", 4), ("empty", 0), ("parted", 20)] {
        assert_eq!(rows(&database, table).await.len(), count, "{table}");
    }
}

#[tokio::test]
async fn a_long_table_comes_whole_and_of_one_moment() {
    let database = shop(
        "CREATE TABLE log (id int PRIMARY KEY, what text); INSERT INTO log SELECT n, \
         repeat('x', 100) FROM generate_series(1, 20000) n",
    );
    let table = PostgresTable::open(&address(&database), &Options::default(), "log").await;
    let mut table = table.expect("a table");
    let mut first = [0; 1];
    table.read_exact(&mut first).expect("a row");
    database.execute("INSERT INTO log VALUES (20001, 'later')");
    let mut rest = String::new();
    table.read_to_string(&mut rest).expect("rows");
    assert_eq!(rest.lines().count(), 20_000);
    assert!(!rest.contains("later"));
    let halfway = PostgresTable::open(&address(&database), &Options::default(), "log").await;
    drop(halfway.expect("a table"));
    assert_eq!(rows(&database, "log").await.len(), 20_001);
}

#[tokio::test]
async fn what_is_not_there_or_not_to_be_read_is_named() {
    let database = shop("CREATE TABLE log (what text); INSERT INTO log VALUES ('a')");
    assert!(error(&database, "logs").await.contains("no table logs"));
    for injected in ["log; DROP TABLE log", "log AS t; DROP TABLE log; --"] {
        assert!(!error(&database, injected).await.is_empty());
    }
    assert_eq!(rows(&database, "log").await.len(), 1);
}
