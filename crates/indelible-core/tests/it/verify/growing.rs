//! Verification beside writers: what comes while it runs is no finding.

use std::ops::Range;

use async_trait::async_trait;
use indelible_core::entry::StoredEntry;
use indelible_core::store::{
    Commit, Condition, Find, Head, Projected, ProjectionKind, Rollup, Span, Store, StoreError,
    Verdict,
};
use indelible_core::verify::{FindingKind, Request, verify};
use indelible_core::{MemoryStore, TrailName};
use indelible_merkle::Hash;
use tokio::sync::{MappedMutexGuard, Mutex, MutexGuard};
use uuid::Uuid;

use super::building::{Builder, key, signed};
use super::kinds;
use super::rows::TRAIL;

/// A trail that grows with every read of it.
struct Growing {
    builder: Mutex<Option<Builder>>,
    /// Entries that each read adds.
    step: u64,
}

impl Growing {
    /// The store, after it has grown.
    async fn grown(&self) -> MappedMutexGuard<'_, MemoryStore> {
        let mut place = self.builder.lock().await;
        let builder = place.take().expect("put back at once");
        *place = Some(builder.grow(self.step, self.step).await);
        MutexGuard::map(place, |place| {
            &mut place.as_mut().expect("just put back").store
        })
    }
}

#[async_trait]
impl Store for Growing {
    async fn heads(&self) -> Result<Vec<Head>, StoreError> {
        self.grown().await.heads().await
    }

    async fn head(&self, trail: &TrailName) -> Result<Option<Head>, StoreError> {
        self.grown().await.head(trail).await
    }

    async fn append(&self, _: &[Commit]) -> Result<Vec<Verdict>, StoreError> {
        panic!("verification is read-only")
    }

    async fn entries(
        &self,
        trail: &TrailName,
        range: Range<u64>,
    ) -> Result<Vec<StoredEntry>, StoreError> {
        self.grown().await.entries(trail, range).await
    }

    async fn seqs(&self, trail: &TrailName, ids: &[Uuid]) -> Result<Vec<Option<u64>>, StoreError> {
        self.grown().await.seqs(trail, ids).await
    }

    async fn find(&self, trail: &TrailName, find: &Find) -> Result<Vec<StoredEntry>, StoreError> {
        self.grown().await.find(trail, find).await
    }

    async fn hashes(
        &self,
        trail: &TrailName,
        height: u8,
        range: Range<u64>,
    ) -> Result<Vec<(u64, Hash)>, StoreError> {
        self.grown().await.hashes(trail, height, range).await
    }

    async fn spans(
        &self,
        trail: &TrailName,
        height: u8,
        range: Range<u64>,
    ) -> Result<Vec<Span>, StoreError> {
        self.grown().await.spans(trail, height, range).await
    }

    async fn rollups(
        &self,
        trail: &TrailName,
        hours: Range<i64>,
    ) -> Result<Vec<Rollup>, StoreError> {
        self.grown().await.rollups(trail, hours).await
    }

    async fn projection(
        &self,
        trail: &TrailName,
        kind: ProjectionKind,
        after: Option<&Projected>,
        limit: usize,
    ) -> Result<Vec<Projected>, StoreError> {
        self.grown()
            .await
            .projection(trail, kind, after, limit)
            .await
    }

    async fn condition(&self) -> Result<Condition, StoreError> {
        Ok(Condition::default())
    }

    async fn close(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

#[test]
fn what_comes_meanwhile_is_no_finding() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let trail: TrailName = TRAIL.parse().expect("a name");
    for (size, step) in [(1, 1), (250, 3), (600, 100), (3000, 7)] {
        let builder = runtime.block_on(Builder::new().grow(size, 700));
        let request = Request {
            trusted: vec![key(1).verifier_key()],
            mark: Some(signed(&builder.base.head, &key(1))),
            ..Request::default()
        };
        let growing = Growing {
            builder: Mutex::new(Some(builder)),
            step,
        };
        let report = runtime
            .block_on(verify(&growing, &trail, &request, &mut |_| ()))
            .expect("readable");
        // Counts that never stand still are not compared, and the report says so.
        let unchecked = [FindingKind::RollupUnchecked].into();
        assert!(
            kinds(&report).is_subset(&unchecked),
            "{size}: {:?}",
            report.findings
        );
        assert!(report.ok);
        assert_eq!(report.size, size + step, "the head that was read first");
        assert_eq!(report.entries_checked, report.size);
        assert_eq!(report.complete, report.findings.is_empty());
    }
}
