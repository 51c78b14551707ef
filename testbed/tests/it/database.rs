use std::process::id;
use std::sync::atomic::{AtomicU32, Ordering};

use testbed::Cluster;

fn one(text: &str) -> Vec<Vec<Option<String>>> {
    vec![vec![Some(text.to_owned())]]
}

#[test]
fn a_database_sees_nothing_of_another_and_is_gone_after_its_test() {
    let cluster = Cluster::shared();
    let first = cluster.database();
    let second = cluster.database();
    first.execute("CREATE TABLE t (a int); INSERT INTO t VALUES (1)");
    second.execute("CREATE TABLE t (a int, b text); INSERT INTO t VALUES (2, NULL)");
    assert_eq!(first.query_text("SELECT * FROM t"), one("1"));
    let row = vec![vec![Some("2".to_owned()), None]];
    assert_eq!(second.query_text("SELECT * FROM t"), row);

    let name = first.name().to_owned();
    drop(first);
    let left = format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'");
    assert_eq!(second.query_text(&left), one("0"));
}

#[test]
fn a_template_is_made_once_although_four_threads_ask() {
    let cluster = Cluster::shared();
    let template = format!("four_threads_{}", id());
    let made = AtomicU32::new(0);
    let ask = || {
        let database = cluster.database_from(&template, |url| {
            made.fetch_add(1, Ordering::Relaxed);
            assert!(url.starts_with("postgres://postgres@127.0.0.1:"), "{url}");
            let name = url.rsplit('/').next().expect("a path");
            let psql = std::process::Command::new("psql")
                .args([
                    url,
                    "-qc",
                    "CREATE TABLE t AS SELECT current_database() AS maker",
                ])
                .status();
            assert!(
                psql.expect("psql comes with the server").success(),
                "{name}"
            );
        });
        assert_eq!(database.query_text("SELECT count(*) FROM t"), one("1"));
        database.execute("INSERT INTO t VALUES ('me')");
        assert_eq!(database.query_text("SELECT count(*) FROM t"), one("2"));
    };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(ask);
        }
    });
    assert_eq!(made.load(Ordering::Relaxed), 1);
    Cluster::shared()
        .database()
        .execute(&format!("DROP DATABASE template_{template}"));
}

#[test]
fn a_template_whose_maker_failed_is_made_again() {
    let cluster = Cluster::shared();
    let template = format!("failed_maker_{}", id());
    let failing = std::panic::AssertUnwindSafe(|| {
        cluster.database_from(&template, |_| panic!("the maker fails"));
    });
    assert!(std::panic::catch_unwind(failing).is_err());
    let mut made = false;
    let _database = cluster.database_from(&template, |_| made = true);
    assert!(made);
}

#[test]
fn what_was_dumped_comes_back_in_another_database() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("dump");
    let source = Cluster::shared().database();
    source.execute("CREATE TABLE t (a bytea NOT NULL); INSERT INTO t VALUES ('\\x00ff')");
    source.dump(&file);
    let copy = Cluster::shared().database();
    copy.restore_into(&file);
    assert_eq!(copy.query_text("SELECT a FROM t"), one("\\x00ff"));
}
