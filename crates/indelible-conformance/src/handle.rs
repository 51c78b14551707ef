//! A handle on the store under test whose answers the cases can take for granted.

use std::ops::Range;
use std::sync::Arc;

use indelible_core::entry::{Erasure, StoredEntry};
use indelible_core::filter::Filter;
use indelible_core::store::{
    Commit, Find, Head, Projected, ProjectionKind, Purged, Removal, Rollup, Span, Term, Verdict,
};
use indelible_core::verify::{Request, TrailReport, verify};
use indelible_core::{StoreError, TrailName, Versioned};
use indelible_merkle::Hash;
use serde_json::Value;
use uuid::Uuid;

use crate::database::{Database, StoreUnderTest};
use crate::fixture::verifier_key;

/// One handle on the database of a case.
///
/// Every method asks the store and panics, which fails the case, where the store answers with an
/// error: nothing that the cases ask for is beyond what a store must answer.
#[derive(Clone)]
pub struct Handle {
    store: Arc<dyn StoreUnderTest>,
}

impl Handle {
    /// Opens the database.
    pub async fn open(database: &dyn Database) -> Self {
        Self {
            store: database.open().await,
        }
    }

    /// A handle on a store that is open already.
    pub fn on(store: Arc<dyn StoreUnderTest>) -> Self {
        Self { store }
    }

    /// Opens the database as somebody who may erase.
    pub async fn open_to_erase(database: &dyn Database) -> Self {
        Self {
            store: database.open_to_erase().await,
        }
    }

    /// Erases; answers how many parts went.
    pub async fn erase(&self, trail: &TrailName, erasures: &[Erasure]) -> u64 {
        let erased = self.try_erase(trail, erasures).await;
        erased.expect("erase answers")
    }

    /// Erases where the store may say no.
    ///
    /// # Errors
    /// What the store says.
    pub async fn try_erase(
        &self,
        trail: &TrailName,
        erasures: &[Erasure],
    ) -> Result<u64, StoreError> {
        self.removal().erase(trail, erasures).await
    }

    /// Makes what was erased physically gone.
    pub async fn purge(&self, trail: &TrailName, erasures: &[Erasure]) -> Purged {
        let purged = self.removal().purge(trail, erasures).await;
        purged.expect("purge answers")
    }

    /// Removes the entries before a place, step by step; answers the first one that is left.
    pub async fn trim(&self, trail: &TrailName, first_kept: u64) -> u64 {
        let mut reached = self.first_kept(trail).await;
        loop {
            let next = self.trim_step(trail, first_kept).await;
            if next == reached || next >= first_kept {
                return next;
            }
            assert!(next > reached, "from {reached} to {next}");
            reached = next;
        }
    }

    /// Takes one step of that.
    pub async fn trim_step(&self, trail: &TrailName, first_kept: u64) -> u64 {
        let trimmed = self.removal().trim(trail, first_kept).await;
        trimmed.expect("trim answers")
    }

    /// The first entry of a trail that was not removed.
    pub async fn first_kept(&self, trail: &TrailName) -> u64 {
        let first_kept = self.store.first_kept(trail).await;
        first_kept.expect("first_kept answers")
    }

    /// What verification says of a trail whose first key is trusted.
    pub async fn verified(&self, trail: &TrailName) -> TrailReport {
        let request = Request {
            trusted: vec![verifier_key(trail, 1)],
            ..Request::default()
        };
        let report = verify(&*self.store, trail, &request, &mut |_| {}).await;
        report.expect("it can be read")
    }

    fn removal(&self) -> &dyn Removal {
        self.store
            .removal()
            .expect("a store that is open for writing can erase")
    }

    /// Appends one commit.
    pub async fn append_one(&self, commit: &Commit) -> Verdict {
        let verdicts = self.append(std::slice::from_ref(commit)).await;
        let [verdict] = <[Verdict; 1]>::try_from(verdicts).expect("one verdict for one commit");
        verdict
    }

    /// Appends commits of different trails.
    pub async fn append(&self, commits: &[Commit]) -> Vec<Verdict> {
        let verdicts = self.store.append(commits).await.expect("append answers");
        assert_eq!(verdicts.len(), commits.len(), "one verdict for each commit");
        verdicts
    }

    /// The heads of all trails.
    pub async fn heads(&self) -> Vec<Head> {
        self.store.heads().await.expect("heads answers")
    }

    /// The head of one trail.
    pub async fn head(&self, trail: &TrailName) -> Option<Head> {
        self.store.head(trail).await.expect("head answers")
    }

    /// The number of entries of a trail.
    pub async fn size(&self, trail: &TrailName) -> u64 {
        self.head(trail).await.map_or(0, |head| head.size)
    }

    /// The entries of a range.
    pub async fn entries(&self, trail: &TrailName, range: Range<u64>) -> Vec<StoredEntry> {
        self.store
            .entries(trail, range)
            .await
            .expect("entries answers")
    }

    /// The seq of each id.
    pub async fn seqs(&self, trail: &TrailName, ids: &[Uuid]) -> Vec<Option<u64>> {
        let seqs = self.store.seqs(trail, ids).await.expect("seqs answers");
        assert_eq!(seqs.len(), ids.len(), "one answer for each id");
        seqs
    }

    /// The entries that a question finds.
    pub async fn find(&self, trail: &TrailName, find: &Find) -> Vec<StoredEntry> {
        self.store.find(trail, find).await.expect("find answers")
    }

    /// The seqs of what a question finds.
    pub async fn found(&self, trail: &TrailName, find: &Find) -> Vec<u64> {
        self.find(trail, find)
            .await
            .iter()
            .map(|entry| entry.seq)
            .collect()
    }

    /// The seqs of all entries that match, newest first: the same whichever way they are looked
    /// for.
    pub async fn matching(&self, trail: &TrailName, filter: Filter) -> Vec<u64> {
        let found = self.found(trail, &all(filter.clone())).await;
        let upwards = self.found(trail, &upwards(filter.clone(), 0)).await;
        assert_eq!(upwards, found, "upwards and downwards: {filter:?}");
        found
    }

    /// The stored hashes of a height.
    pub async fn hashes(
        &self,
        trail: &TrailName,
        height: u8,
        range: Range<u64>,
    ) -> Vec<(u64, Hash)> {
        self.store
            .hashes(trail, height, range)
            .await
            .expect("hashes answers")
    }

    /// The spans of complete blocks at a height.
    pub async fn spans(&self, trail: &TrailName, height: u8, range: Range<u64>) -> Vec<Span> {
        self.store
            .spans(trail, height, range)
            .await
            .expect("spans answers")
    }

    /// The counts of some hours.
    pub async fn rollups(&self, trail: &TrailName, hours: Range<i64>) -> Vec<Rollup> {
        self.store
            .rollups(trail, hours)
            .await
            .expect("rollups answers")
    }

    /// One page of a projection.
    pub async fn projection(
        &self,
        trail: &TrailName,
        kind: ProjectionKind,
        after: Option<&Projected>,
        limit: usize,
    ) -> Vec<Projected> {
        self.store
            .projection(trail, kind, after, limit)
            .await
            .expect("projection answers")
    }

    /// All rows of a projection, read in pages of `page` rows.
    pub async fn rows(
        &self,
        trail: &TrailName,
        kind: ProjectionKind,
        page: usize,
    ) -> Vec<Projected> {
        let mut rows: Vec<Projected> = Vec::new();
        loop {
            let next = self.projection(trail, kind, rows.last(), page).await;
            assert!(
                next.len() <= page,
                "{} rows of {kind:?} in a page of {page}",
                next.len()
            );
            if next.is_empty() {
                return rows;
            }
            assert_ne!(
                rows.last(),
                next.last(),
                "a page of {kind:?} does not go on"
            );
            rows.extend(next);
        }
    }

    /// All index rows of a trail, sorted.
    pub async fn terms(&self, trail: &TrailName) -> Vec<Term> {
        let rows = self.rows(trail, ProjectionKind::Term, 1000).await;
        let mut terms: Vec<_> = rows
            .into_iter()
            .map(|row| match row {
                Projected::Term(term) => term,
                other => panic!("{other:?} among the index rows"),
            })
            .collect();
        terms.sort();
        terms
    }

    /// The registry's value at a place.
    pub async fn get(&self, kind: &str, key: &str) -> Option<Versioned> {
        self.store.get(kind, key).await.expect("get answers")
    }

    /// All of the registry's values of a kind.
    pub async fn list(&self, kind: &str) -> Vec<(String, Versioned)> {
        self.store.list(kind).await.expect("list answers")
    }

    /// Writes to the registry, or removes from it.
    pub async fn put(
        &self,
        kind: &str,
        key: &str,
        expected: Option<u64>,
        value: Option<&Value>,
    ) -> Option<u64> {
        self.store
            .put(kind, key, expected, value)
            .await
            .expect("put answers")
    }

    /// Closes the store.
    pub async fn close(self) {
        self.store.close().await.expect("close answers");
    }
}

/// The question for every entry that matches.
pub fn all(filter: Filter) -> Find {
    Find {
        filter,
        below: u64::MAX,
        from: None,
        skip: 0,
        limit: 1_000_000,
    }
}

/// The question for every entry that matches, from a seq upwards.
pub fn upwards(filter: Filter, from: u64) -> Find {
    Find {
        from: Some(from),
        ..all(filter)
    }
}

/// What finds nothing finds these seqs.
pub const NO_SEQS: [u64; 0] = [];
