//! The suite on the reference store: the cases themselves are what this tests.

use std::sync::Arc;

use async_trait::async_trait;
use indelible_conformance::{Database, Effort, StoreUnderTest, suite};
use indelible_core::MemoryStore;

/// A database that is one store: every handle is the same, so that the cases on reopening and
/// sharing run here too.
#[derive(Default)]
struct Memory(Arc<MemoryStore>);

#[async_trait]
impl Database for Memory {
    async fn open(&self) -> Arc<dyn StoreUnderTest> {
        self.0.clone()
    }
}

suite! {
    database: Memory::default(),
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
