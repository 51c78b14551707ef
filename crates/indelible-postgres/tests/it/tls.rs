//! Encryption as `sslmode` asks for it, against a server that demands it.

use indelible_core::Store;
use indelible_core::store::{StoreError, Verdict};
use indelible_postgres::{Options, PostgresStore};
use testbed::{Cluster, Profile, TestDatabase};

use crate::fixture::{Author, address, draft};

/// A server that takes the role `app` by TLS alone.
struct Demanding {
    cluster: Cluster,
    database: TestDatabase,
    /// The certificate of an authority that signed nothing here.
    stranger: Cluster,
}

impl Demanding {
    async fn start() -> Self {
        let tls = Profile {
            tls: true,
            ..Profile::default()
        };
        let (cluster, stranger) = (Cluster::start(tls), Cluster::start(tls));
        let database = cluster.database();
        let superuser = address(&database.superuser_url());
        let migrated = PostgresStore::migrate(&superuser, &Options::default()).await;
        migrated.expect("it migrates");
        database.execute("CREATE ROLE app LOGIN IN ROLE indelible_writer");
        let hba = database.query_text("SHOW hba_file")[0][0].clone();
        let hba = hba.expect("a path");
        // One column a line: a line break in a value would be written as an escape.
        database.execute(&format!(
            "COPY (VALUES ('host all postgres 127.0.0.1/32 trust'), \
             ('hostssl all app 127.0.0.1/32 trust')) TO '{hba}'"
        ));
        cluster.restart();
        Self {
            cluster,
            database,
            stranger,
        }
    }

    fn url(&self, host: &str, parameters: &str) -> String {
        let (port, name) = (self.cluster.port(), self.database.name());
        format!("postgres://app@{host}:{port}/{name}?{parameters}")
    }

    async fn open(&self, host: &str, parameters: &str) -> Result<PostgresStore, StoreError> {
        PostgresStore::open(&address(&self.url(host, parameters))).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_encrypted_and_peers_checked_as_the_address_says() {
    let server = Demanding::start().await;
    let ours = format!("sslrootcert={}", server.cluster.authority().display());
    let theirs = format!("sslrootcert={}", server.stranger.authority().display());
    let mut wrong = Vec::new();
    // A name that leads to the server and that its certificate was not made for.
    let other = "db.example";
    let there = "hostaddr=127.0.0.1";
    for (host, parameters, opens) in [
        ("127.0.0.1", "sslmode=disable".to_owned(), false),
        ("127.0.0.1", "sslmode=prefer".to_owned(), true),
        ("127.0.0.1", String::new(), true),
        ("127.0.0.1", "sslmode=require".to_owned(), true),
        (other, format!("sslmode=require&{there}"), true),
        ("127.0.0.1", format!("sslmode=require&{theirs}"), false),
        ("127.0.0.1", format!("sslmode=require&{ours}"), true),
        ("127.0.0.1", format!("sslmode=verify-ca&{ours}"), true),
        (other, format!("sslmode=verify-ca&{ours}&{there}"), true),
        ("127.0.0.1", format!("sslmode=verify-ca&{theirs}"), false),
        ("127.0.0.1", "sslmode=verify-ca".to_owned(), false),
        ("127.0.0.1", format!("sslmode=verify-full&{ours}"), true),
        ("localhost", format!("sslmode=verify-full&{ours}"), true),
        ("127.0.0.1", format!("sslmode=verify-full&{theirs}"), false),
        (other, format!("sslmode=verify-full&{ours}&{there}"), false),
        ("127.0.0.1", "sslmode=verify-full".to_owned(), false),
        (
            "127.0.0.1",
            "sslmode=verify-full&sslrootcert=/nowhere/root.pem".to_owned(),
            false,
        ),
    ] {
        let opened = server.open(host, &parameters).await;
        match opened {
            Ok(store) if opens => {
                let condition = store.condition().await.expect("it answers");
                let weak = condition.weak_settings.join("\n");
                assert!(!weak.contains("encrypted"), "{weak}");
                let encrypted = server.database.query_text(
                    "SELECT 1 FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
                     WHERE usename = 'app' AND NOT ssl",
                );
                assert!(encrypted.is_empty(), "{host} {parameters}");
                store.close().await.expect("it closes");
            }
            Err(error) if !opens => {
                assert!(
                    matches!(error, StoreError::Unavailable { .. }),
                    "{host} {parameters}: {error}"
                );
            }
            Ok(_) => wrong.push(format!("{host} {parameters}: it opens")),
            Err(error) => wrong.push(format!("{host} {parameters}: {error}")),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_travel_encrypted() {
    let server = Demanding::start().await;
    let ours = format!(
        "sslmode=verify-full&sslrootcert={}",
        server.cluster.authority().display()
    );
    let store = server.open("localhost", &ours).await.expect("it opens");
    let mut author = Author::new("default");
    let verdict = author.record(&store, (0..300).map(draft)).await;
    assert_eq!(verdict.expect("it answers"), Verdict::Committed);
    let entries = store.entries(author.trail(), 0..300).await;
    assert_eq!(entries.expect("it reads").len(), 300);
    store.close().await.expect("it closes");
}

#[tokio::test]
async fn a_server_without_encryption_is_refused_where_it_is_asked_for() {
    let database = crate::fixture::Database::new();
    let url = database.0.superuser_url();
    let opened = PostgresStore::open(&address(&format!("{url}?sslmode=require"))).await;
    let error = opened.err().expect("it is refused");
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    PostgresStore::open(&address(&format!("{url}?sslmode=prefer")))
        .await
        .expect("it opens");
}
