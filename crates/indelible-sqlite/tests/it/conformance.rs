//! The suite that every store runs.

use std::sync::Arc;

use async_trait::async_trait;
use indelible_conformance::{Database, Effort, StoreUnderTest, suite};

use crate::fixture::Folder;

struct File(Folder);

#[async_trait]
impl Database for File {
    async fn open(&self) -> Arc<dyn StoreUnderTest> {
        Arc::new(self.0.store())
    }
}

suite! {
    database: File(Folder::new()),
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
