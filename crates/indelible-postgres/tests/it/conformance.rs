//! The suite that every store runs, by a role that has no more than the privileges of a writer.

use std::sync::Arc;

use async_trait::async_trait;
use indelible_conformance::{Effort, StoreUnderTest, suite};
use indelible_postgres::PostgresStore;

use crate::fixture::Database;

/// A fresh database and the login role that writes to it.
struct Server {
    database: Database,
    role: String,
}

impl Server {
    fn new() -> Self {
        let database = Database::new();
        let role = database.role("app", &["indelible_writer"]);
        Self { database, role }
    }
}

#[async_trait]
impl indelible_conformance::Database for Server {
    async fn open(&self) -> Arc<dyn StoreUnderTest> {
        let store = PostgresStore::open(&self.database.address_as(&self.role)).await;
        Arc::new(store.expect("it opens"))
    }
}

suite! {
    database: Server::new(),
    effort: effort(),
    claims: [survives_reopen, shared_by_two],
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
