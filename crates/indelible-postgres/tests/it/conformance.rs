//! The suite that every store runs, by a role that has no more than the privileges of a writer.

use std::sync::Arc;

use async_trait::async_trait;
use indelible_conformance::{Effort, OutboxUnderTest, StoreUnderTest, suite};
use indelible_postgres::PostgresStore;

use crate::fixture::Database;
use crate::outbox::{Elsewhere, InTrailsDatabase, sender};

/// A fresh database, the login role that writes to it, and one that puts events into its outbox.
struct Server {
    database: Database,
    role: String,
    /// Who may erase besides.
    eraser: String,
    sender: String,
}

impl Server {
    fn new() -> Self {
        let database = Database::new();
        let role = database.role("app", &["indelible_writer"]);
        let eraser = database.role("eraser", &["indelible_writer", "indelible_eraser"]);
        let sender = sender(&database);
        Self {
            database,
            role,
            eraser,
            sender,
        }
    }
}

#[async_trait]
impl indelible_conformance::Database for Server {
    async fn open(&self) -> Arc<dyn StoreUnderTest> {
        let store = PostgresStore::open(&self.database.address_as(&self.role)).await;
        Arc::new(store.expect("it opens"))
    }

    async fn open_to_erase(&self) -> Arc<dyn StoreUnderTest> {
        let store = PostgresStore::open(&self.database.address_as(&self.eraser)).await;
        Arc::new(store.expect("it opens"))
    }

    async fn outbox(&self) -> Option<Arc<dyn OutboxUnderTest>> {
        Some(Arc::new(
            InTrailsDatabase::of(&self.database, &self.role, &self.sender).await,
        ))
    }
}

/// A trail, and a database of an application with an outbox of its own.
struct Beside {
    server: Server,
    bank: Database,
}

#[async_trait]
impl indelible_conformance::Database for Beside {
    async fn open(&self) -> Arc<dyn StoreUnderTest> {
        self.server.open().await
    }

    async fn outbox(&self) -> Option<Arc<dyn OutboxUnderTest>> {
        Some(Arc::new(Elsewhere::of(&self.bank).await))
    }
}

suite! {
    database: Server::new(),
    effort: effort(),
    claims: [survives_reopen, shared_by_two, has_outbox],
}

mod beside {
    use super::{Beside, Database, Server};

    async fn suite_database() -> impl indelible_conformance::Database {
        let (server, bank) = (Server::new(), Database::empty());
        Beside { server, bank }
    }

    indelible_conformance::claim! { has_outbox }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the length of random tests is set from outside"
)]
fn effort() -> Effort {
    let (cases, seed) = (
        std::env::var("PROPTEST_CASES"),
        std::env::var("INDELIBLE_SEED"),
    );
    Effort::read(cases.ok().as_deref(), seed.ok().as_deref())
}
