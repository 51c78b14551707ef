//! The suite that every store runs.

use std::sync::Arc;

use async_trait::async_trait;
use indelible_conformance::{Database, Effort, OutboxUnderTest, StoreUnderTest, suite};

use indelible_sqlite::{Options, SqliteStore};

use crate::fixture::Folder;
use crate::outbox::{InOwnFile, InTrailsFile};

struct File(Folder);

#[async_trait]
impl Database for File {
    async fn open(&self) -> Arc<dyn StoreUnderTest> {
        Arc::new(self.0.store())
    }

    async fn outbox(&self) -> Option<Arc<dyn OutboxUnderTest>> {
        Some(Arc::new(InTrailsFile::of(&self.0)))
    }
}

/// A trail, and a database of an application with an outbox of its own beside it.
struct Beside(Folder);

#[async_trait]
impl Database for Beside {
    async fn open(&self) -> Arc<dyn StoreUnderTest> {
        Arc::new(self.0.store())
    }

    async fn outbox(&self) -> Option<Arc<dyn OutboxUnderTest>> {
        Some(Arc::new(InOwnFile::of(&self.0)))
    }
}

suite! {
    database: File(Folder::new()),
    effort: effort(),
    claims: [survives_reopen, shared_by_two, has_outbox],
}

/// An index that covers seven entries at once, and searches in pieces of three: every test crosses
/// runs, merges and moments.
struct Small(Folder);

#[async_trait]
impl Database for Small {
    async fn open(&self) -> Arc<dyn StoreUnderTest> {
        let options = Options {
            index_entries: 7,
            search_entries: 3,
            ..Options::default()
        };
        Arc::new(SqliteStore::open_with(self.0.file(), &options).expect("it opens"))
    }
}

mod small {
    use super::{Folder, Small, effort};
    use indelible_conformance::suite;

    suite! {
        database: Small(Folder::new()),
        effort: effort(),
        claims: [survives_reopen, shared_by_two],
    }
}

mod beside {
    use super::{Beside, Folder};

    async fn suite_database() -> impl indelible_conformance::Database {
        Beside(Folder::new())
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
