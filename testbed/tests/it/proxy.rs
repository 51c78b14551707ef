use testbed::{Answer, Cluster, Proxy, TestDatabase};
use tokio_postgres::{Client, NoTls};

/// A proxy in front of a database with an empty table.
fn table() -> (TestDatabase, Proxy) {
    let database = Cluster::shared().database();
    database.execute("CREATE TABLE t (a int)");
    (database, Proxy::start(Cluster::shared()))
}

fn rows(database: &TestDatabase) -> usize {
    database.query_text("SELECT a FROM t").len()
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(future)
}

async fn connect(proxy: &Proxy, database: &TestDatabase) -> Client {
    let url = proxy.url(database.name(), "postgres");
    let (client, connection) = tokio_postgres::connect(&url, NoTls)
        .await
        .expect("it connects");
    tokio::spawn(connection);
    client
}

/// Writes a row in a transaction; whether the client got the answer to its commit.
async fn write(client: &Client, commit: Commit) -> bool {
    client.batch_execute("BEGIN").await.expect("it begins");
    client
        .execute("INSERT INTO t VALUES (1)", &[])
        .await
        .expect("it inserts");
    match commit {
        Commit::Simple => client.batch_execute("COMMIT").await.is_ok(),
        Commit::Prepared => {
            let statement = client.prepare("commit;").await.expect("it prepares");
            client.execute(&statement, &[]).await.is_ok()
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Commit {
    Simple,
    Prepared,
}

const BOTH: [Commit; 2] = [Commit::Simple, Commit::Prepared];

#[test]
fn without_an_order_commits_pass() {
    for commit in BOTH {
        let (database, proxy) = table();
        let acknowledged = block_on(async {
            let client = connect(&proxy, &database).await;
            write(&client, commit).await && write(&client, commit).await
        });
        assert!(acknowledged, "{commit:?}");
        assert_eq!(rows(&database), 2, "{commit:?}");
        assert_eq!(
            (proxy.counts().commits, proxy.counts().cut),
            (2, 0),
            "{commit:?}"
        );
    }
}

#[test]
fn a_cut_before_the_commit_leaves_no_row() {
    for commit in BOTH {
        let (database, proxy) = table();
        proxy.cut_before_commit();
        let acknowledged =
            block_on(async { write(&connect(&proxy, &database).await, commit).await });
        proxy.wait_until(|counts| counts.cut == 1);
        assert!(!acknowledged, "{commit:?}");
        // Its transaction has ended once the table can be locked.
        database.execute("BEGIN; LOCK TABLE t; COMMIT");
        assert_eq!(rows(&database), 0, "{commit:?}");
    }
}

#[test]
fn a_cut_after_the_commit_leaves_the_row_that_nobody_was_told_of() {
    for commit in BOTH {
        let (database, proxy) = table();
        proxy.cut_after_commit();
        let acknowledged =
            block_on(async { write(&connect(&proxy, &database).await, commit).await });
        proxy.wait_until(|counts| counts.cut == 1);
        assert!(!acknowledged, "{commit:?}");
        assert_eq!(rows(&database), 1, "{commit:?}");
    }
}

#[test]
fn a_cut_is_made_once() {
    let (database, proxy) = table();
    proxy.cut_after_commit();
    block_on(async {
        assert!(!write(&connect(&proxy, &database).await, Commit::Simple).await);
        assert!(write(&connect(&proxy, &database).await, Commit::Simple).await);
    });
    assert_eq!(rows(&database), 2);
}

#[test]
fn a_held_commit_arrives_after_its_writer_has_given_up() {
    for commit in BOTH {
        let (database, proxy) = table();
        proxy.hold_commit();
        let acknowledged =
            block_on(async { write(&connect(&proxy, &database).await, commit).await });
        assert!(!acknowledged, "{commit:?}");
        assert_eq!(proxy.counts().held, 1, "{commit:?}");
        assert_eq!(rows(&database), 0, "{commit:?}");
        assert_eq!(proxy.release(), Answer::Committed, "{commit:?}");
        assert_eq!(rows(&database), 1, "{commit:?}");
    }
}

#[test]
fn a_held_commit_is_lost_when_the_server_has_ended_its_session() {
    let (database, proxy) = table();
    proxy.hold_commit();
    assert!(!block_on(async {
        write(&connect(&proxy, &database).await, Commit::Simple).await
    }));
    database.query_text(
        "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity
          WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    assert_eq!(proxy.release(), Answer::Lost);
    assert_eq!(rows(&database), 0);
}

#[test]
fn nothing_leaves_a_black_hole_and_what_was_in_it_is_cut() {
    let (database, proxy) = table();
    block_on(async {
        let inside = connect(&proxy, &database).await;
        proxy.black_hole();
        let mut lost = std::pin::pin!(inside.batch_execute("INSERT INTO t VALUES (1)"));
        let answered = tokio::select! {
            biased;
            _ = &mut lost => true,
            // As long as a whole conversation past the proxy takes.
            () = async { assert_eq!(rows(&database), 0) } => false,
        };
        assert!(!answered);
        proxy.restore();
        assert!(lost.await.is_err());
        let outside = connect(&proxy, &database).await;
        outside
            .batch_execute("INSERT INTO t VALUES (2)")
            .await
            .expect("it passes");
    });
    assert_eq!(rows(&database), 1);
}

#[test]
fn cutting_all_ends_every_connection() {
    let (database, proxy) = table();
    block_on(async {
        let clients = [
            connect(&proxy, &database).await,
            connect(&proxy, &database).await,
        ];
        proxy.cut_all();
        for client in clients {
            assert!(client.batch_execute("SELECT pg_sleep(3600)").await.is_err());
        }
    });
    assert_eq!(proxy.counts().connections, 2);
}
