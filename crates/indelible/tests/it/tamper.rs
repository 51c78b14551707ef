//! The tamper matrix: every way of altering the database file beneath its guards is found and
//! named. The test prints the table; run it with `--no-capture` to read it.

mod cases;
mod forgery;
mod guards;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use indelible::core::verify::{FindingKind, TrailReport};
use indelible::merkle::SigningKey;
use indelible::{AuditAction, AuditEvent, ConnectError, Database, DatabaseUrl, Settings};
use rusqlite::Connection;
use serde_json::json;

use crate::site::{Site, standard, verify};
use cases::{Case, NAMED};

/// Entries of the trail: two complete blocks and a part of a third.
const ENTRIES: u64 = 700;
/// Entries when the old copy was taken.
const OLD_ENTRIES: u64 = 520;

/// A trail with an older copy of itself and a twin that forked off that copy.
struct Scene {
    site: Site,
    old: PathBuf,
    fork: PathBuf,
}

impl Scene {
    async fn make() -> Self {
        let site = Site::new();
        let folder = site.folder.path().to_owned();
        fill(&site, 0..OLD_ENTRIES, "first").await;
        let (old, fork) = (folder.join("old.db"), folder.join("fork.db"));
        std::fs::copy(site.database(), &old).expect("copied");
        fill(&site, OLD_ENTRIES..ENTRIES, "second").await;
        // The twin goes on from the old copy with the same key but another history.
        let twin = Site::new();
        twin.settings();
        std::fs::copy(&old, twin.database()).expect("copied");
        std::fs::create_dir_all(twin.state()).expect("made");
        let key = "signing.key";
        std::fs::copy(site.state().join(key), twin.state().join(key)).expect("copied");
        fill(&twin, OLD_ENTRIES..ENTRIES, "forged").await;
        std::fs::copy(twin.database(), &fork).expect("copied");
        Self { site, old, fork }
    }

    /// Verifies a copy of the database that `alter` was let loose on.
    async fn altered(&self, alter: impl FnOnce(&Path)) -> TrailReport {
        let path = self.copy();
        alter(&path);
        self.verified(path).await.expect("opens")
    }

    /// A copy of the database.
    fn copy(&self) -> PathBuf {
        let path = self.site.folder.path().join("data").join("altered.db");
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{end}", path.display()));
        }
        std::fs::copy(self.site.database(), &path).expect("copied");
        path
    }

    /// Another key under the trail's name.
    async fn stranger(&self) -> SigningKey {
        let database = self.site.open().await;
        let head = standard(&database).head().await.expect("readable");
        database.close().await.expect("closes");
        let origin = head.expect("there").key.name().to_owned();
        SigningKey::from_seed(&origin, [9; 32]).expect("a good name")
    }

    /// Verifies a database with what is kept outside of this scene's own.
    async fn verified(&self, path: PathBuf) -> Result<TrailReport, ConnectError> {
        verified(path, self.site.settings()).await
    }
}

async fn verified(path: PathBuf, mut settings: Settings) -> Result<TrailReport, ConnectError> {
    settings.read_only = true;
    let database = Database::open(&DatabaseUrl::Sqlite(path), settings).await?;
    let report = verify(&standard(&database)).await;
    database.close().await.expect("closes");
    Ok(report)
}

async fn fill(site: &Site, range: std::ops::Range<u64>, word: &str) {
    let database = site.open().await;
    let events = range.map(|n| {
        let event = AuditEvent::new(AuditAction::DATA_VIEWED, "customer_record")
            .user_id(format!("user-{}", n % 7))
            .resource_id(format!("customer/{n}"))
            .ip_address(format!("10.0.0.{}", n % 250))
            .correlation_id(format!("req-{}", n / 2))
            .tag("data.personal")
            .context(json!({"n": n, "word": word}));
        if n % 10 == 3 {
            AuditEvent::new(AuditAction::custom("nightly_backup"), "job")
        } else {
            event
        }
    });
    for answer in standard(&database).record_all(events.collect()).await {
        answer.expect("recorded");
    }
    database.close().await.expect("closes");
}

/// Runs statements on a database file as somebody would who owns the file: guards taken away
/// before and put back afterwards, checks ignored.
fn beneath(path: &Path, statements: &str) {
    let db = Connection::open(path).expect("opens");
    db.pragma_update(None, "ignore_check_constraints", true)
        .expect("set");
    let guards: Vec<(String, String)> = db
        .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
        .and_then(|mut s| s.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?.collect())
        .expect("guards");
    for (name, _) in &guards {
        db.execute_batch(&format!("DROP TRIGGER {name}"))
            .expect("dropped");
    }
    db.execute_batch(statements)
        .unwrap_or_else(|e| panic!("{statements}: {e}"));
    for (_, sql) in &guards {
        db.execute_batch(sql).expect("put back");
    }
}

fn put_in_place(copy: &Path, path: &Path) {
    std::fs::copy(copy, path).expect("copied");
}

fn kinds(report: &TrailReport) -> BTreeSet<FindingKind> {
    report
        .findings
        .iter()
        .map(|finding| finding.kind)
        .filter(|kind| !kind.is_warning())
        .collect()
}

fn row(name: &str, report: &TrailReport) -> String {
    let kinds: Vec<String> = kinds(report).iter().map(ToString::to_string).collect();
    let seq = report
        .findings
        .iter()
        .filter(|f| !f.kind.is_warning())
        .find_map(|f| f.seq);
    let seq = seq.map_or("-".to_owned(), |seq| seq.to_string());
    format!("{name:<52} {seq:>4}  {}", kinds.join(" "))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_named_way_of_tampering_is_found_and_named() {
    let scene = Scene::make().await;
    let clean = scene.altered(|_| {}).await;
    assert!(
        clean.ok && clean.findings.is_empty(),
        "{:?}",
        clean.findings
    );
    assert!(NAMED.len() >= 25);
    let key = scene.stranger().await.verifier_key().to_string();
    let mut wrong = Vec::new();
    println!("{:<52} {:>4}  found", "what was done to the file", "seq");
    for Case {
        name,
        statements,
        expected,
    } in NAMED
    {
        let old = scene.old.display().to_string();
        let statements = statements.replace("{old}", &old).replace("{key}", &key);
        let report = scene.altered(|path| beneath(path, &statements)).await;
        println!("{}", row(name, &report));
        let found = kinds(&report);
        let is_named = expected.iter().all(|kind| found.contains(kind));
        // The guards were put back: what was done beneath them must be found by itself.
        if report.ok || !is_named || found.contains(&FindingKind::GuardsAltered) {
            wrong.push((name, expected, report.findings));
        }
    }
    for (name, copy, expected) in [
        (
            "an old copy of the file put back",
            &scene.old,
            FindingKind::RolledBack,
        ),
        (
            "the file replaced by a fork of the same size",
            &scene.fork,
            FindingKind::Forked,
        ),
    ] {
        let report = scene.altered(|path| put_in_place(copy, path)).await;
        println!("{}", row(name, &report));
        assert!(
            !report.ok && kinds(&report).contains(&expected),
            "{name}: {:?}",
            report.findings
        );
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_column_of_every_table_of_evidence_is_verified() {
    let scene = Scene::make().await;
    let columns = columns(&scene.site.database());
    assert!(columns.len() > 40, "{columns:?}");
    println!("{:<52} {:>4}  found", "one value altered", "seq");
    for (table, column) in columns {
        let name = format!("{table}.{column}");
        let report = scene.altered(|path| alter_one(path, &table, &column)).await;
        println!("{}", row(&name, &report));
        assert!(!report.ok, "{name}: not found");
    }
}

/// Every stored column of every table that is evidence.
fn columns(path: &Path) -> Vec<(String, String)> {
    let db = Connection::open(path).expect("opens");
    db.prepare(
        "SELECT t.name, c.name FROM pragma_table_list AS t, pragma_table_xinfo(t.name) AS c \
         WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'op\\_%' ESCAPE '\\' \
         AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND c.hidden = 0",
    )
    .and_then(|mut s| s.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?.collect())
    .expect("columns")
}

/// Alters the value of a column in one row of the trail `default`, whatever its type.
fn alter_one(path: &Path, table: &str, column: &str) {
    let trail = "(SELECT trail FROM head WHERE name = 'default')";
    let of_trail = match table {
        "entry" | "part" => format!("place >> 40 = {trail}"),
        _ => format!("trail = {trail}"),
    };
    // A free number for keys; another byte, text or null for the rest.
    let other = format!(
        "CASE typeof({column}) \
         WHEN 'integer' THEN {column} + 1000003 \
         WHEN 'text' THEN {column} || 'x' \
         WHEN 'blob' THEN CAST(x'00' || substr({column}, 2) AS BLOB) \
         ELSE NULL END"
    );
    let other = match (table, column) {
        ("entry", "erases") => r#"'[{"first":0,"last":0,"parts":["actor"]}]'"#.to_owned(),
        ("entry", "outcome") | ("rollup", "outcome") => "'denied'".to_owned(),
        ("head", "key") => "replace(key, '/default+', '/other+')".to_owned(),
        ("head", "frontier") => "zeroblob(length(frontier))".to_owned(),
        ("entry" | "part", "place") => "place + 100000".to_owned(),
        _ => other,
    };
    let content = if column == "erases" {
        "1"
    } else {
        &format!("{column} IS NOT NULL")
    };
    beneath(
        path,
        &format!(
            "CREATE TEMP TABLE keys AS SELECT * FROM {table} WHERE {of_trail} AND {content} LIMIT 1 \
             OFFSET (SELECT count(*) / 2 FROM {table} WHERE {of_trail} AND {content}); \
             UPDATE {table} SET {column} = {other} WHERE {};",
            same_key(table)
        ),
    );
}

/// What tells that a row is the one in `keys`.
fn same_key(table: &str) -> String {
    let key: &[&str] = match table {
        "entry" | "part" => &["place"],
        "head" => &["trail"],
        "event_id" => &["trail", "id"],
        "node" | "span" => &["trail", "height", "idx"],
        "term" => &["trail", "field", "value", "seq"],
        "rollup" => &["trail", "hour", "action", "outcome"],
        other => panic!("a table of evidence without a case: {other}"),
    };
    let names = key.join(", ");
    format!("({names}) IN (SELECT {names} FROM keys)")
}
