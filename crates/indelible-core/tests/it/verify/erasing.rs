//! Verification beside an erasure: what goes while it runs is no finding, and what was altered
//! beside it is one.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use async_trait::async_trait;
use indelible_core::TrailName;
use indelible_core::entry::StoredEntry;
use indelible_core::part::PartKind;
use indelible_core::store::{
    Commit, Condition, Find, Head, Projected, ProjectionKind, Rollup, Span, Store, StoreError,
    Term, TermField, Verdict,
};
use indelible_core::verify::{FindingKind, Request, TrailReport, verify};
use indelible_merkle::Hash;
use uuid::Uuid;

use super::building::{Builder, erasure, index_rows, key, signed, sort_terms};
use super::kinds;
use super::rows::{Rows, TRAIL};

/// Entries of the trail before the erasure.
const SIZE: u64 = 5_000;
/// Those of which something is erased: in more buckets than are looked at closer.
const ERASED: Range<u64> = 300..3_900;

/// A trail of which persons are erased between the first look at its head and everything else; the
/// rows of its index stand as they were before for so many passes over them.
struct Erasing {
    before: Rows,
    after: Rows,
    is_begun: AtomicBool,
    passes: AtomicU64,
    late: u64,
    /// Whether each verification meets an erasure that has just begun.
    goes_on: bool,
    /// How many passes are lost amid the index.
    loses: AtomicU64,
}

impl Erasing {
    async fn new(late: u64) -> Self {
        let builder = Builder::new().grow(SIZE, 500).await;
        let before = Rows::of(&builder.store).await;
        let parts = [PartKind::Actor, PartKind::Target];
        let entry = erasure(SIZE, ERASED.start, ERASED.end - 1, &parts);
        let mut after = builder.commit(vec![entry]).await.rows().await;
        for seq in ERASED {
            let entry = &mut after.entries[usize::try_from(seq).expect("small")];
            for part in parts {
                *entry.parts.get_mut(part) = None;
            }
        }
        let all = after.terms.len();
        after.terms = after.entries.iter().flat_map(index_rows).collect();
        sort_terms(&mut after.terms);
        assert!(after.terms.len() < all, "nothing was erased");
        Self {
            before,
            after,
            is_begun: AtomicBool::new(false),
            passes: AtomicU64::new(0),
            late,
            goes_on: false,
            loses: AtomicU64::new(0),
        }
    }

    async fn verified(&self) -> TrailReport {
        let trail: TrailName = TRAIL.parse().expect("a name");
        let request = Request {
            trusted: vec![key(1).verifier_key()],
            mark: Some(signed(self.before.head(), &key(1))),
            ..Request::default()
        };
        let report = verify(self, &trail, &request, &mut |_| ()).await;
        report.expect("readable")
    }
}

#[async_trait]
impl Store for Erasing {
    async fn heads(&self) -> Result<Vec<Head>, StoreError> {
        self.after.heads().await
    }

    async fn head(&self, _: &TrailName) -> Result<Option<Head>, StoreError> {
        match self.is_begun.swap(true, Ordering::Relaxed) {
            true => Ok(self.after.head.clone()),
            false => Ok(self.before.head.clone()),
        }
    }

    async fn append(&self, _: &[Commit]) -> Result<Vec<Verdict>, StoreError> {
        panic!("verification is read-only")
    }

    async fn entries(
        &self,
        trail: &TrailName,
        range: Range<u64>,
    ) -> Result<Vec<StoredEntry>, StoreError> {
        self.after.entries(trail, range).await
    }

    async fn seqs(&self, trail: &TrailName, ids: &[Uuid]) -> Result<Vec<Option<u64>>, StoreError> {
        self.after.seqs(trail, ids).await
    }

    async fn find(&self, trail: &TrailName, find: &Find) -> Result<Vec<StoredEntry>, StoreError> {
        self.after.find(trail, find).await
    }

    async fn hashes(
        &self,
        trail: &TrailName,
        height: u8,
        range: Range<u64>,
    ) -> Result<Vec<(u64, Hash)>, StoreError> {
        self.after.hashes(trail, height, range).await
    }

    async fn spans(
        &self,
        trail: &TrailName,
        height: u8,
        range: Range<u64>,
    ) -> Result<Vec<Span>, StoreError> {
        self.after.spans(trail, height, range).await
    }

    async fn rollups(
        &self,
        trail: &TrailName,
        hours: Range<i64>,
    ) -> Result<Vec<Rollup>, StoreError> {
        self.after.rollups(trail, hours).await
    }

    async fn projection(
        &self,
        trail: &TrailName,
        kind: ProjectionKind,
        after: Option<&Projected>,
        limit: usize,
    ) -> Result<Vec<Projected>, StoreError> {
        let is_index = kind == ProjectionKind::Term;
        if is_index && after.is_none() {
            self.passes.fetch_add(1, Ordering::Relaxed);
        } else if is_index && self.loses.load(Ordering::Relaxed) > 0 {
            self.loses.fetch_sub(1, Ordering::Relaxed);
            return Err(StoreError::Unavailable {
                source: "the rows were written anew".into(),
            });
        }
        let is_late = is_index && self.passes.load(Ordering::Relaxed) <= self.late;
        let rows = if is_late { &self.before } else { &self.after };
        rows.projection(trail, kind, after, limit).await
    }

    async fn condition(&self) -> Result<Condition, StoreError> {
        // What a verification looks at first.
        self.is_begun.fetch_and(!self.goes_on, Ordering::Relaxed);
        Ok(Condition::default())
    }

    async fn close(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

#[tokio::test]
async fn what_is_erased_meanwhile_is_no_finding() {
    for late in 1..4 {
        let report = Erasing::new(late).await.verified().await;
        assert!(report.ok, "{late}: {:?}", report.findings);
        assert!(report.findings.is_empty(), "{late}: {:?}", report.findings);
        assert!(report.complete, "{late}");
        assert!(report.erased > 0, "{late}");
    }
}

#[tokio::test]
async fn an_erasure_that_goes_on_and_on_leaves_rows_unchecked_and_says_so() {
    let mut erasing = Erasing::new(u64::MAX).await;
    erasing.goes_on = true;
    let report = erasing.verified().await;
    assert_eq!(kinds(&report), [FindingKind::IndexUnchecked].into());
    assert!(report.ok && !report.complete);
    let detail = &report.findings[0].detail;
    assert!(detail.contains("were not compared"), "{detail}");
}

#[tokio::test]
async fn what_was_altered_beside_an_erasure_is_found() {
    for seq in [ERASED.start, ERASED.end, SIZE - 1] {
        let mut erasing = Erasing::new(2).await;
        for rows in [&mut erasing.before, &mut erasing.after] {
            rows.terms.push(Projected::Term(Term {
                field: TermField::UserId,
                value: b"nobody".to_vec(),
                seq,
            }));
            sort_terms(&mut rows.terms);
        }
        let report = erasing.verified().await;
        assert_eq!(kinds(&report), [FindingKind::IndexRowExtra].into(), "{seq}");
        assert!(!report.ok);
    }
}

#[tokio::test]
async fn rows_that_are_written_anew_while_they_are_read_are_read_again() {
    let mut erasing = Erasing::new(1).await;
    erasing.loses = AtomicU64::new(2);
    let report = erasing.verified().await;
    assert!(report.ok && report.complete, "{:?}", report.findings);
}
