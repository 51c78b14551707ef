//! What a store hands to the suite.

use std::sync::Arc;

use async_trait::async_trait;
use indelible_core::outbox::Outbox;
use indelible_core::{Registry, Store};

/// A store under test: the trails and the operational state beside them.
pub trait StoreUnderTest: Store + Registry {}

impl<S: Store + Registry> StoreUnderTest for S {}

/// The table of events that joined their caller's own transaction, beside the trails.
#[async_trait]
pub trait OutboxUnderTest: Outbox {
    /// Runs the published statement with these parameters (trail, event), one after the other in
    /// one transaction, and commits it or rolls it back.
    async fn insert(&self, rows: &[(&str, &str)], end: End);
}

/// How a transaction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It is committed.
    Commit,
    /// It is rolled back.
    Rollback,
}

/// One fresh, empty database, made for one case, and whatever keeps it there: a folder, a schema,
/// a server. It is taken away when this value is dropped.
#[async_trait]
pub trait Database: Send + Sync {
    /// Opens the database and brings its schema up to date.
    ///
    /// Every call is a handle of its own, with connections, threads and caches of its own, as
    /// another process would have. Most cases open once. Those of the claim `survives_reopen`
    /// open again after the first handle was closed or dropped; those of `shared_by_two` have two
    /// handles open at once.
    async fn open(&self) -> Arc<dyn StoreUnderTest>;

    /// Opens the database as somebody who may erase, where that is somebody else than who records.
    async fn open_to_erase(&self) -> Arc<dyn StoreUnderTest> {
        self.open().await
    }

    /// The outbox of the database, for a store of the claim `has_outbox`; asked for after the first
    /// handle was opened. A store in memory has none: nothing there has transactions to join.
    async fn outbox(&self) -> Option<Arc<dyn OutboxUnderTest>> {
        None
    }

    /// Whether index rows may come later than the commit. Where they may, the rows that are there
    /// must be exactly those of the first entries of the trail, however many.
    fn index_lags(&self) -> bool {
        false
    }
}
