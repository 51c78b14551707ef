//! Verification beside an erasure: what goes while it runs is no finding, and what was altered
//! beside it is one.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use async_trait::async_trait;
use indelible_core::TrailName;
use indelible_core::entry::StoredEntry;
use indelible_core::part::PartKind;
use indelible_core::store::{
    Commit, Condition, Find, Head, Projected, ProjectionKind, Rollup, Span, Store, StoreError,
    Term, TermField, Verdict,
};
use indelible_core::verify::{Finding, FindingKind, Request, TrailReport, verify};
use indelible_merkle::Hash;
use uuid::Uuid;

use super::building::{Builder, erasure, index_rows, key, signed, sort_terms};
use super::kinds;
use super::rows::{Rows, TRAIL};

/// Entries of the trail before the erasure.
const SIZE: u64 = 5_000;
/// Those of which something is erased: in more buckets than are looked at closer.
const ERASED: Range<u64> = 300..4_700;

/// A trail of which persons are erased while it is read: with each reading of entries so many more of
/// them. A pass over the index reads it as it was when the pass began.
struct Erasing {
    before: Rows,
    after: Rows,
    /// Whether the head that is read first has the entry of the erasure.
    is_said: bool,
    is_begun: AtomicBool,
    step: u64,
    gone: AtomicU64,
    pass: Mutex<Vec<Projected>>,
    /// How many passes are lost amid the index.
    loses: AtomicU64,
}

impl Erasing {
    async fn new(is_said: bool, step: u64) -> Self {
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
            is_said,
            is_begun: AtomicBool::new(false),
            step,
            gone: AtomicU64::new(0),
            pass: Mutex::default(),
            loses: AtomicU64::new(0),
        }
    }

    /// A row of the index that no entry gives.
    fn forge(&mut self, seq: u64) {
        for rows in [&mut self.before, &mut self.after] {
            rows.terms.push(Projected::Term(Term {
                field: TermField::UserId,
                value: b"nobody".to_vec(),
                seq,
            }));
            sort_terms(&mut rows.terms);
        }
    }

    /// Whether an entry has nothing erased any more, or not yet.
    fn is_after(&self, seq: u64) -> bool {
        // Those of one person stand far apart.
        let rank = |seq| (seq - ERASED.start) * 1_009 % (ERASED.end - ERASED.start);
        !ERASED.contains(&seq) || rank(seq) < self.gone.load(Ordering::Relaxed)
    }

    fn begin_pass(&self) {
        let of = |rows: &Rows, wanted: &dyn Fn(u64) -> bool| {
            let is_wanted = |row: &&Projected| match row {
                Projected::Term(term) => wanted(term.seq),
                _ => false,
            };
            rows.terms
                .iter()
                .filter(is_wanted)
                .cloned()
                .collect::<Vec<_>>()
        };
        let mut rows = of(&self.after, &|seq| self.is_after(seq));
        rows.extend(of(&self.before, &|seq| !self.is_after(seq)));
        sort_terms(&mut rows);
        *self.pass.lock().expect("no test panics in it") = rows;
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
        let is_later = self.is_begun.swap(true, Ordering::Relaxed) || self.is_said;
        let rows = if is_later { &self.after } else { &self.before };
        Ok(rows.head.clone())
    }

    async fn append(&self, _: &[Commit]) -> Result<Vec<Verdict>, StoreError> {
        panic!("verification is read-only")
    }

    async fn entries(
        &self,
        trail: &TrailName,
        range: Range<u64>,
    ) -> Result<Vec<StoredEntry>, StoreError> {
        let after = self.after.entries(trail, range.clone()).await?;
        let mut before = self.before.entries(trail, range).await?.into_iter();
        let entries = after.into_iter().map(|entry| {
            let before = before.next();
            match self.is_after(entry.seq) {
                true => entry,
                false => before.expect("it was there before"),
            }
        });
        let entries = entries.collect();
        self.gone.fetch_add(self.step, Ordering::Relaxed);
        Ok(entries)
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
        if kind != ProjectionKind::Term {
            return self.after.projection(trail, kind, after, limit).await;
        }
        if after.is_none() {
            self.begin_pass();
        } else if self.loses.load(Ordering::Relaxed) > 0 {
            self.loses.fetch_sub(1, Ordering::Relaxed);
            return Err(StoreError::Unavailable {
                source: "the rows were written anew".into(),
            });
        }
        let rows = self.pass.lock().expect("no test panics in it");
        let place = after.and_then(|after| rows.iter().position(|row| row == after));
        let next = place.map_or(0, |place| place + 1);
        Ok(rows.iter().skip(next).take(limit).cloned().collect())
    }

    async fn condition(&self) -> Result<Condition, StoreError> {
        Ok(Condition::default())
    }

    async fn close(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

#[tokio::test]
async fn what_is_erased_meanwhile_is_no_finding() {
    // What is said to be erased is still there, and what changes meanwhile is not compared.
    let passing = [FindingKind::ErasureUndone, FindingKind::IndexUnchecked].into();
    for is_said in [false, true] {
        for step in [5, 40, 400, 2_000, 5_000] {
            let report = Erasing::new(is_said, step).await.verified().await;
            let case = format!("{is_said}, {step}: {:?}", report.findings);
            assert!(report.ok && kinds(&report).is_subset(&passing), "{case}");
            let is_unchecked = kinds(&report).contains(&FindingKind::IndexUnchecked);
            assert_eq!(report.complete, !is_unchecked, "{case}");
            // Of one that ends soon nothing is left to doubt; one goes on and on.
            assert_eq!(report.findings.is_empty(), step >= 40, "{case}");
            assert_eq!(is_unchecked, step < 40, "{case}");
        }
    }
}

#[tokio::test]
async fn what_was_altered_beside_an_erasure_is_found() {
    for seq in [ERASED.start, ERASED.end - 1, ERASED.end, SIZE - 1] {
        for (is_said, step) in [(false, 400), (true, 400), (true, 5_000)] {
            let mut erasing = Erasing::new(is_said, step).await;
            erasing.forge(seq);
            let report = erasing.verified().await;
            let case = format!("{seq}, {is_said}, {step}: {:?}", report.findings);
            assert_eq!(
                kinds(&report),
                [FindingKind::IndexRowExtra].into(),
                "{case}"
            );
            assert!(!report.ok);
        }
    }
}

#[tokio::test]
async fn beside_an_erasure_that_goes_on_only_what_was_altered_is_named() {
    let named = [
        FindingKind::IndexRowExtra,
        FindingKind::ErasureUndone,
        FindingKind::IndexUnchecked,
    ];
    for seq in [ERASED.start, 1_111, 2_222, 3_333, ERASED.end - 1, SIZE - 1] {
        for step in [1, 3, 9] {
            let mut erasing = Erasing::new(true, step).await;
            erasing.forge(seq);
            let report = erasing.verified().await;
            let case = format!("{seq}, {step}: {:?}", report.findings);
            assert!(kinds(&report).is_subset(&named.into()), "{case}");
            let is_extra = |finding: &&Finding| finding.kind == FindingKind::IndexRowExtra;
            let extra: Vec<_> = report.findings.iter().filter(is_extra).collect();
            assert!(
                extra.iter().all(|finding| finding.seq == Some(seq)),
                "{case}"
            );
            // Where nothing moves beside it, it is found at once.
            assert!(report.ok || !extra.is_empty(), "{case}");
            assert!(!report.ok || (ERASED.start..4_864).contains(&seq), "{case}");
        }
    }
}

#[tokio::test]
async fn rows_that_are_written_anew_while_they_are_read_are_read_again() {
    let mut erasing = Erasing::new(true, 5_000).await;
    erasing.loses = AtomicU64::new(2);
    let report = erasing.verified().await;
    assert!(report.ok && report.complete, "{:?}", report.findings);
}
