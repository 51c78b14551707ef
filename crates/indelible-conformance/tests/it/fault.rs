//! The reference store with one thing wrong.

use std::ops::Range;

use async_trait::async_trait;
use indelible_core::entry::{Erasure, StoredEntry};
use indelible_core::filter::{Filter, UserFilter};
use indelible_core::part::PartKind;
use indelible_core::store::{
    Commit, Condition, Find, Head, Projected, ProjectionKind, Purged, Removal, Rollup, Span,
    Verdict,
};
use indelible_core::{MemoryStore, Registry, Store, StoreError, Timestamp, TrailName, Versioned};
use indelible_merkle::Hash;
use serde_json::Value;
use uuid::Uuid;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    None,
    HeadsUnsorted,
    IncarnationForgotten,
    ParentIgnored,
    ParentBySizeAlone,
    BehindWithoutHead,
    VerdictsReversed,
    FirstRefusalEndsTheCall,
    OneDuplicateNamed,
    SeqsSorted,
    SeqsWithoutUnknown,
    EndInclusive,
    MillisecondsOnly,
    BodiesRespelled,
    ErasedForgotten,
    BelowInclusive,
    FromExclusive,
    FromIgnored,
    UpwardsBeyondBelow,
    UpwardsFromTheTop,
    UpwardsOldestFirst,
    SkipBeforeFilter,
    OldestFirst,
    OrderedByTime,
    PagedByTime,
    LatestExclusive,
    EmptyListIgnored,
    AnyTag,
    CaseFolded,
    EmptyIsNobody,
    NulIsNobody,
    NodesFromLeaves,
    SpansOfTheLastCommit,
    HoursInclusive,
    NoHoursBefore1970,
    RowLostBetweenPages,
    PagesDoNotGoOn,
    ValuePrefixIndexed,
    VersionIgnored,
    NullIsRemoval,
    KeysFolded,
    NeighbourErased,
    DetailsLeft,
    ErasedIsCountedAgain,
    EndlessRangeIgnored,
    TrimmedTooFar,
    FirstKeptForgotten,
}

/// A store with a fault.
pub struct Faulty {
    fault: Fault,
    sound: MemoryStore,
}

impl Faulty {
    pub fn new(fault: Fault) -> Self {
        Self {
            fault,
            sound: MemoryStore::new(),
        }
    }

    fn is(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    fn read(&self, mut entry: StoredEntry) -> StoredEntry {
        match self.fault {
            Fault::MillisecondsOnly => {
                let micros = entry.occurred_at.as_micros();
                entry.occurred_at = Timestamp::from_micros(micros - micros.rem_euclid(1000));
            }
            Fault::BodiesRespelled => {
                if let Some(part) = &mut entry.parts.details {
                    let value: Value = serde_json::from_slice(&part.body).expect("JSON");
                    part.body = value.to_string().into_bytes();
                }
            }
            Fault::ErasedForgotten => {
                entry.part_hashes = entry
                    .parts
                    .map(|kind, part| part.as_ref().map(|part| part.hash(kind)));
            }
            _ => {}
        }
        entry
    }

    async fn append_one(&self, commit: &Commit) -> Result<Verdict, StoreError> {
        let mut commit = commit.clone();
        let present = self.sound.head(&commit.head.trail).await?;
        let same_size = present.as_ref().map(|head| head.size) == commit.parent.map(|p| p.size);
        if self.is(Fault::ParentIgnored) || (self.is(Fault::ParentBySizeAlone) && same_size) {
            commit.parent = present.map(|head| head.parent());
        }
        let [verdict] = <[_; 1]>::try_from(self.sound.append(&[commit]).await?).expect("one");
        Ok(match verdict {
            Verdict::Behind(_) if self.is(Fault::BehindWithoutHead) => Verdict::Behind(None),
            Verdict::Duplicate(mut twice) if self.is(Fault::OneDuplicateNamed) => {
                twice.truncate(1);
                Verdict::Duplicate(twice)
            }
            other => other,
        })
    }

    fn filter(&self, filter: &Filter) -> Filter {
        let mut filter = filter.clone();
        let names = match &filter.user {
            Some(UserFilter::AnyOf(names)) => names.clone(),
            _ => Vec::new(),
        };
        match self.fault {
            Fault::LatestExclusive => {
                let before = |at: Timestamp| Timestamp::from_micros(at.as_micros() - 1);
                filter.latest = filter.latest.map(before);
            }
            Fault::EmptyListIgnored if filter.actions == Some(Vec::new()) => filter.actions = None,
            Fault::AnyTag => filter.tags.truncate(1),
            Fault::CaseFolded if names == ["Alice"] => {
                filter.user = Some(UserFilter::AnyOf(vec!["alice".into(), "Alice".into()]));
            }
            Fault::EmptyIsNobody if names == [""] => filter.user = Some(UserFilter::None),
            Fault::NulIsNobody if names == ["\0"] => filter.user = Some(UserFilter::None),
            _ => {}
        }
        filter
    }
}

#[async_trait]
impl Store for Faulty {
    fn removal(&self) -> Option<&dyn Removal> {
        Some(self)
    }

    async fn heads(&self) -> Result<Vec<Head>, StoreError> {
        let mut heads = self.sound.heads().await?;
        if self.is(Fault::HeadsUnsorted) {
            heads.sort_by_key(|head| head.trail.as_str().replace(['-', '.', '_'], ""));
        }
        Ok(heads)
    }

    async fn first_kept(&self, trail: &TrailName) -> Result<u64, StoreError> {
        match self.fault {
            Fault::FirstKeptForgotten => Ok(0),
            _ => self.sound.first_kept(trail).await,
        }
    }

    async fn head(&self, trail: &TrailName) -> Result<Option<Head>, StoreError> {
        let head = self.sound.head(trail).await?;
        let forget = |head: Head| Head {
            incarnation: 1,
            incarnation_start: 0,
            mac: [0; 32],
            ..head
        };
        Ok(if self.is(Fault::IncarnationForgotten) {
            head.map(forget)
        } else {
            head
        })
    }

    async fn append(&self, commits: &[Commit]) -> Result<Vec<Verdict>, StoreError> {
        let mut verdicts = Vec::new();
        for commit in commits {
            let refused = verdicts
                .iter()
                .any(|verdict| *verdict != Verdict::Committed);
            verdicts.push(if refused && self.is(Fault::FirstRefusalEndsTheCall) {
                Verdict::Behind(None)
            } else {
                self.append_one(commit).await?
            });
        }
        if self.is(Fault::VerdictsReversed) {
            verdicts.reverse();
        }
        Ok(verdicts)
    }

    async fn entries(
        &self,
        trail: &TrailName,
        range: Range<u64>,
    ) -> Result<Vec<StoredEntry>, StoreError> {
        let end = range
            .end
            .saturating_add(u64::from(self.is(Fault::EndInclusive)));
        let entries = self.sound.entries(trail, range.start..end).await?;
        Ok(entries.into_iter().map(|entry| self.read(entry)).collect())
    }

    async fn seqs(&self, trail: &TrailName, ids: &[Uuid]) -> Result<Vec<Option<u64>>, StoreError> {
        let mut seqs = self.sound.seqs(trail, ids).await?;
        match self.fault {
            Fault::SeqsSorted => seqs.sort(),
            Fault::SeqsWithoutUnknown => seqs.retain(Option::is_some),
            _ => {}
        }
        Ok(seqs)
    }

    async fn find(&self, trail: &TrailName, find: &Find) -> Result<Vec<StoredEntry>, StoreError> {
        let mut find = Find {
            filter: self.filter(&find.filter),
            ..find.clone()
        };
        let limit = find.limit;
        match self.fault {
            Fault::BelowInclusive => find.below = find.below.saturating_add(1),
            Fault::FromExclusive => find.from = find.from.map(|from| from.saturating_add(1)),
            Fault::FromIgnored => find.from = None,
            Fault::UpwardsBeyondBelow if find.from.is_some() => find.below = u64::MAX,
            Fault::UpwardsFromTheTop if find.from.is_some() => find.limit = usize::MAX,
            Fault::SkipBeforeFilter => {
                find.below = find.below.min(60).saturating_sub(find.skip);
                find.skip = 0;
            }
            Fault::PagedByTime if find.below < 1000 => return Ok(Vec::new()),
            Fault::OldestFirst | Fault::OrderedByTime => find.limit = usize::MAX,
            _ => {}
        }
        let found = self.sound.find(trail, &find).await?;
        let mut found: Vec<_> = found.into_iter().map(|entry| self.read(entry)).collect();
        match self.fault {
            Fault::OldestFirst => found.reverse(),
            Fault::UpwardsOldestFirst if find.from.is_some() => found.reverse(),
            Fault::OrderedByTime => found.sort_by_key(|entry| -entry.occurred_at.as_micros()),
            _ => {}
        }
        found.truncate(limit);
        Ok(found)
    }

    async fn hashes(
        &self,
        trail: &TrailName,
        height: u8,
        range: Range<u64>,
    ) -> Result<Vec<(u64, Hash)>, StoreError> {
        let leaves = self.is(Fault::NodesFromLeaves) && !height.is_multiple_of(8);
        self.sound
            .hashes(trail, if leaves { 0 } else { height }, range)
            .await
    }

    async fn spans(
        &self,
        trail: &TrailName,
        height: u8,
        range: Range<u64>,
    ) -> Result<Vec<Span>, StoreError> {
        let mut spans = self.sound.spans(trail, height, range).await?;
        if self.is(Fault::SpansOfTheLastCommit) {
            spans.reverse();
            spans.truncate(1);
        }
        Ok(spans)
    }

    async fn rollups(
        &self,
        trail: &TrailName,
        hours: Range<i64>,
    ) -> Result<Vec<Rollup>, StoreError> {
        let end = hours
            .end
            .saturating_add(i64::from(self.is(Fault::HoursInclusive)));
        let mut rollups = self.sound.rollups(trail, hours.start..end).await?;
        rollups.retain(|row| row.hour >= 0 || !self.is(Fault::NoHoursBefore1970));
        Ok(rollups)
    }

    async fn projection(
        &self,
        trail: &TrailName,
        kind: ProjectionKind,
        after: Option<&Projected>,
        limit: usize,
    ) -> Result<Vec<Projected>, StoreError> {
        let after = if self.is(Fault::PagesDoNotGoOn) {
            None
        } else {
            after
        };
        let mut rows = self.sound.projection(trail, kind, after, limit).await?;
        if self.is(Fault::RowLostBetweenPages) && after.is_some() && rows.len() > 1 {
            rows.remove(0);
        }
        for row in &mut rows {
            if let (Projected::Term(term), Fault::ValuePrefixIndexed) = (row, self.fault) {
                term.value.truncate(255);
            }
        }
        Ok(rows)
    }

    async fn reindex(
        &self,
        progress: &mut (dyn FnMut(u64, u64) + Send),
    ) -> Result<bool, StoreError> {
        self.sound.reindex(progress).await
    }

    async fn condition(&self) -> Result<Condition, StoreError> {
        self.sound.condition().await
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.sound.close().await
    }
}

#[async_trait]
impl Removal for Faulty {
    async fn erase(&self, trail: &TrailName, erasures: &[Erasure]) -> Result<u64, StoreError> {
        let mut erasures = erasures.to_vec();
        for erasure in &mut erasures {
            match self.fault {
                Fault::NeighbourErased => erasure.last = erasure.last.saturating_add(1),
                Fault::DetailsLeft => erasure.parts.retain(|kind| *kind != PartKind::Details),
                Fault::EndlessRangeIgnored if erasure.last == u64::MAX => erasure.parts.clear(),
                _ => {}
            }
        }
        let gone = self.sound.erase(trail, &erasures).await?;
        let again = self.is(Fault::ErasedIsCountedAgain) && !erasures.is_empty();
        Ok(if again { gone.max(1) } else { gone })
    }

    async fn purge(&self, trail: &TrailName, erasures: &[Erasure]) -> Result<Purged, StoreError> {
        self.sound.purge(trail, erasures).await
    }

    async fn trim(&self, trail: &TrailName, first_kept: u64) -> Result<u64, StoreError> {
        let further = u64::from(self.is(Fault::TrimmedTooFar) && first_kept > 0);
        let wanted = first_kept.saturating_add(further);
        Ok(self.sound.trim(trail, wanted).await?.min(first_kept))
    }
}

#[async_trait]
impl Registry for Faulty {
    async fn get(&self, kind: &str, key: &str) -> Result<Option<Versioned>, StoreError> {
        self.sound.get(kind, key).await
    }

    async fn list(&self, kind: &str) -> Result<Vec<(String, Versioned)>, StoreError> {
        let mut rows = self.sound.list(kind).await?;
        if self.is(Fault::KeysFolded) {
            rows.sort_by_key(|(key, _)| key.to_lowercase());
        }
        Ok(rows)
    }

    async fn put(
        &self,
        kind: &str,
        key: &str,
        expected: Option<u64>,
        value: Option<&Value>,
    ) -> Result<Option<u64>, StoreError> {
        let there = self.sound.get(kind, key).await?.map(|there| there.version);
        let expected = if self.is(Fault::VersionIgnored) {
            there
        } else {
            expected
        };
        let value = value.filter(|value| !(self.is(Fault::NullIsRemoval) && value.is_null()));
        self.sound.put(kind, key, expected, value).await
    }
}
