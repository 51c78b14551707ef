//! Tables of other programs, read as JSON lines.

use std::io::Read;
use std::path::PathBuf;

use indelible_core::StoreError;
use indelible_sqlite::SqliteTable;
use indelible_sqlite::rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;

struct Shop {
    _folder: TempDir,
    path: PathBuf,
}

fn shop(sql: &str) -> Shop {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("shop.db");
    let db = Connection::open(&path).expect("a database");
    db.execute_batch(sql).expect("SQL");
    Shop {
        _folder: folder,
        path,
    }
}

fn rows(shop: &Shop, table: &str) -> Vec<Value> {
    let mut text = String::new();
    let mut table = SqliteTable::open(&shop.path, table).expect("a table");
    table.read_to_string(&mut text).expect("rows");
    let row = |line: &str| serde_json::from_str(line).expect("JSON");
    text.lines().map(row).collect()
}

#[test]
fn every_kind_of_value_is_a_member() {
    let shop = shop(
        "CREATE TABLE \"audit \"\"log\" (id INTEGER, real REAL, words TEXT, bytes BLOB, none);
         INSERT INTO \"audit \"\"log\" VALUES (9223372036854775807, 1.5, 'é\n\"', x'00ff', NULL),
             (-1, 9e999, 'a' || char(0) || 'b', x'', NULL);",
    );
    let expected = [
        json!({"id": i64::MAX, "real": 1.5, "words": "é\n\"", "bytes": "\\x00ff", "none": null}),
        json!({"id": -1, "real": "inf", "words": "a\u{0}b", "bytes": "\\x", "none": null}),
    ];
    assert_eq!(rows(&shop, "audit \"log"), expected);
}

#[test]
fn rows_without_a_key_and_views_lose_nothing() {
    let shop = shop(
        "CREATE TABLE log (what TEXT); INSERT INTO log VALUES ('a'), (NULL), ('a'), (NULL);
         CREATE TABLE keyed (a TEXT, b INTEGER, PRIMARY KEY (a, b)) WITHOUT ROWID;
         INSERT INTO keyed VALUES ('x', 1), ('x', 2);
         CREATE VIEW seen AS SELECT what, what FROM log;
         CREATE TABLE empty (what TEXT);",
    );
    assert_eq!(rows(&shop, "log").len(), 4);
    assert_eq!(rows(&shop, "keyed").len(), 2);
    let seen = rows(&shop, "seen");
    assert_eq!(
        (seen.len(), seen[0].as_object().map(|row| row.len())),
        (4, Some(2))
    );
    assert_eq!(rows(&shop, "empty").len(), 0);
}

#[test]
fn a_long_table_comes_whole_and_of_one_moment() {
    let shop = shop(
        "PRAGMA journal_mode = WAL;
         CREATE TABLE log (id INTEGER PRIMARY KEY, what TEXT);
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
         INSERT INTO log SELECT i, printf('%0100d', i) FROM n;",
    );
    let mut table = SqliteTable::open(&shop.path, "log").expect("a table");
    let mut first = [0; 1];
    table.read_exact(&mut first).expect("a row");
    let db = Connection::open(&shop.path).expect("a database");
    db.execute_batch("INSERT INTO log (what) VALUES ('later')")
        .expect("nobody is held up");
    let mut rest = String::new();
    table.read_to_string(&mut rest).expect("rows");
    assert_eq!(rest.lines().count(), 20_000);
    assert!(!rest.contains("later"));
    // Who stops in the middle holds nothing.
    drop(SqliteTable::open(&shop.path, "log").expect("a table"));
    assert_eq!(rows(&shop, "log").len(), 20_001);
}

#[test]
fn what_is_not_there_is_named_and_nothing_is_written() {
    let shop = shop("CREATE TABLE log (what TEXT); INSERT INTO log VALUES ('a');");
    let before = std::fs::read(&shop.path).expect("readable");
    let error = |path: &std::path::Path, table: &str| -> StoreError {
        SqliteTable::open(path, table).err().expect("an error")
    };
    assert!(error(&shop.path, "logs").to_string().contains("logs"));
    assert!(
        error(&shop.path, "log; DROP TABLE log")
            .to_string()
            .contains("DROP TABLE log")
    );
    let missing = shop.path.with_file_name("none.db");
    assert!(error(&missing, "log").to_string().contains("none.db"));
    assert!(!missing.exists());
    assert_eq!(rows(&shop, "log").len(), 1);
    assert_eq!(std::fs::read(&shop.path).expect("readable"), before);
}
