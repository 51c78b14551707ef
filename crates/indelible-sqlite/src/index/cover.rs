//! What a search may believe of the index, and what it reads from the log instead.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use indelible_core::store::{StoreError, TermField};
use rusqlite::{Connection, Transaction};

use super::belief::believed;
use super::file::IndexFile;
use super::handle::Index;
use super::recent::Recent;
use super::record::{Covered, Written};
use super::{Fault, tail};
use crate::error::corrupt;
use crate::files::Open;
use crate::read::Extent;

/// The index as one reading connection knows it.
pub(crate) struct IndexReader {
    index: Arc<Index>,
    /// The connection before what counts it: so they are dropped.
    open: Option<(IndexFile, Open)>,
    /// What the file said of trails, and at which of its versions.
    known: HashMap<i64, Arc<Covered>>,
    version: i64,
}

/// Trails of which it is kept in mind what the file says.
const KNOWN_MAX: usize = 1_000;

impl IndexReader {
    pub fn of(index: Arc<Index>) -> Self {
        Self {
            index,
            open: None,
            known: HashMap::new(),
            version: 0,
        }
    }

    /// Runs a search with the index as it is now, and once more without where the index turns out
    /// to be damaged.
    pub fn search<T>(
        &mut self,
        mut search: impl FnMut(Option<&Snapshot<'_>>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if let Err(fault) = self.ready() {
            self.give_up(&fault);
        }
        let fault = match &self.open {
            None => None,
            Some((file, _)) => {
                match Snapshot::of(file, std::mem::take(&mut self.known), &mut self.version) {
                    Err(fault) => Some(fault),
                    Ok(snapshot) => {
                        let answer = search(Some(&snapshot));
                        let Snapshot {
                            known,
                            fault,
                            is_doubted,
                            ..
                        } = snapshot;
                        if is_doubted.get() {
                            self.index.doubted();
                        }
                        self.known = known.into_inner();
                        match fault.into_inner() {
                            None => return answer,
                            fault => fault,
                        }
                    }
                }
            }
        };
        if let Some(fault) = fault {
            self.give_up(&fault);
        }
        search(None)
    }

    fn ready(&mut self) -> Result<(), Fault> {
        if !self.index.is_there() {
            self.close();
        }
        if self.open.is_none() {
            self.open = self.index.reading()?;
            self.known.clear();
        }
        Ok(())
    }

    fn give_up(&mut self, fault: &Fault) {
        self.close();
        self.index.failed(fault);
    }

    /// Lets go of the file, which is opened again when it is needed.
    pub fn close(&mut self) {
        self.open = None;
        self.known.clear();
    }
}

/// The index at one moment.
pub(crate) struct Snapshot<'f> {
    file: &'f IndexFile,
    blocks: Recent<'f>,
    known: RefCell<HashMap<i64, Arc<Covered>>>,
    /// Why it is not to be believed any more.
    fault: RefCell<Option<Fault>>,
    /// Whether it speaks of another log than the one that there is.
    is_doubted: Cell<bool>,
    _transaction: Transaction<'f>,
}

impl<'f> Snapshot<'f> {
    pub(super) fn of(
        file: &'f IndexFile,
        mut known: HashMap<i64, Arc<Covered>>,
        version: &mut i64,
    ) -> Result<Self, Fault> {
        let transaction = file.db.unchecked_transaction()?;
        let now = file.version()?;
        if now != *version || known.len() > KNOWN_MAX {
            known.clear();
            *version = now;
        }
        // The moment is that of the first read.
        file.meta()?;
        Ok(Self {
            file,
            blocks: Recent::of(file),
            known: RefCell::new(known),
            fault: RefCell::new(None),
            is_doubted: Cell::new(false),
            _transaction: transaction,
        })
    }

    /// What it covers of a trail of the log; nothing where it speaks of another log.
    pub fn covering<'s>(
        &'s self,
        log: &Connection,
        extent: Extent,
    ) -> Result<Option<Covering<'s>>, StoreError> {
        let there = self.known.borrow().get(&extent.trail).cloned();
        let covered = match there {
            Some(covered) => covered,
            None => {
                let Some(covered) = self.told(self.file.covered(extent.trail))? else {
                    return Ok(None);
                };
                let covered = Arc::new(covered);
                let mut known = self.known.borrow_mut();
                known.insert(extent.trail, Arc::clone(&covered));
                covered
            }
        };
        let Some(altered) = believed(log, extent, &covered)? else {
            // The thread finds that out only where there is something to cover.
            if covered.end() > extent.first_kept {
                self.is_doubted.set(true);
            }
            return Ok(None);
        };
        let covered_range = covered.first().max(extent.first_kept)..covered.end();
        Ok(Some(Covering {
            snapshot: self,
            covered,
            range: covered_range,
            altered,
        }))
    }

    /// What was written for entries, as far as the file has it.
    pub(super) fn written(&self) -> Result<Written, StoreError> {
        Ok(self.told(self.file.meta())?.written)
    }

    /// An answer of the index; an error ends the search, which is begun again without.
    fn told<T>(&self, answer: Result<T, Fault>) -> Result<T, StoreError> {
        answer.map_err(|fault| {
            let error = match &fault {
                Fault::Damage(problem) => corrupt("the index", None, problem),
                Fault::Busy | Fault::Other(_) => corrupt("the index", None, "it cannot be read"),
            };
            *self.fault.borrow_mut() = Some(fault);
            error
        })
    }
}

/// Ranges in their order, none of which meet.
pub(super) fn united(mut ranges: Vec<Range<u64>>) -> Vec<Range<u64>> {
    ranges.sort_unstable_by_key(|range| range.start);
    let mut united: Vec<Range<u64>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match united.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => united.push(range),
        }
    }
    united
}

/// What the index covers of a trail.
pub(crate) struct Covering<'s> {
    snapshot: &'s Snapshot<'s>,
    covered: Arc<Covered>,
    range: Range<u64>,
    altered: Vec<Range<u64>>,
}

impl Covering<'_> {
    /// The runs that it is in.
    pub fn runs(&self) -> usize {
        self.covered.runs.len()
    }

    /// Adds the seqs that have a value, up to `most` of them from `at` on, rising or falling; less
    /// only where there are no more.
    pub fn postings(
        &self,
        field: TermField,
        value: &[u8],
        (at, rises): (u64, bool),
        most: usize,
        found: &mut Vec<u64>,
    ) -> Result<(), StoreError> {
        let key = tail::key(field, value);
        let Range { start, end } = self.range;
        let at = match rises {
            true => at.max(start),
            false => at.min(end.saturating_sub(1)),
        };
        let (runs, whole) = (&self.covered.runs, found.len() + most);
        let begin = runs.partition_point(|run| run.end <= at);
        let ahead: &mut dyn Iterator<Item = _> = match rises {
            true => &mut runs[begin..].iter(),
            false => &mut runs[..runs.len().min(begin + 1)].iter().rev(),
        };
        for run in ahead {
            if found.len() >= whole || run.end <= start || run.first >= end {
                break;
            }
            let left = whole - found.len();
            let more = run.postings(&self.snapshot.blocks, &key, (at, rises), left, found);
            self.snapshot.told(more)?;
        }
        // Falling, the last ones may be of entries that were removed.
        while !rises && found.last().is_some_and(|seq| *seq < start) {
            found.pop();
        }
        Ok(())
    }

    /// The values of a field from `first` up to `last`, rising, up to `most`.
    pub fn values(
        &self,
        field: TermField,
        (first, last): (&[u8], &[u8]),
        most: usize,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut values = std::collections::BTreeSet::new();
        let last = tail::key(field, last);
        for run in &self.covered.runs {
            let mut from = tail::key(field, first);
            let mut least = 0;
            loop {
                let terms = run.terms(&self.snapshot.blocks, &from, least);
                let terms = self.snapshot.told(terms)?;
                let Some((key, _)) = terms.peek().filter(|(key, _)| *key <= last.as_slice()) else {
                    break;
                };
                values.insert(key[1..].to_vec());
                if values.len() > most {
                    return Ok(values.into_iter().collect());
                }
                (from, least) = (key.to_vec(), u64::MAX);
            }
        }
        Ok(values.into_iter().collect())
    }

    /// The seqs that have a value of a field from `first` up to `last`, in no order, up to `most`.
    pub fn seqs(
        &self,
        field: TermField,
        (first, last): (&[u8], &[u8]),
        most: usize,
    ) -> Result<Vec<u64>, StoreError> {
        let (first, last) = (tail::key(field, first), tail::key(field, last));
        let mut seqs = Vec::new();
        for run in &self.covered.runs {
            let terms = run.terms(&self.snapshot.blocks, &first, 0);
            let mut terms = self.snapshot.told(terms)?;
            while let Some((_, seq)) = terms.peek().filter(|(key, _)| *key <= last.as_slice()) {
                if self.range.contains(&seq) {
                    seqs.push(seq);
                }
                if seqs.len() == most {
                    return Ok(seqs);
                }
                self.snapshot.told(terms.advance(1))?;
            }
        }
        Ok(seqs)
    }
}

/// The entries of which the index says nothing that may be believed: each is looked at.
#[derive(Debug, Default)]
pub(crate) struct Uncovered(Vec<Range<u64>>);

impl Uncovered {
    /// Those of a trail.
    pub fn of(extent: Extent, covering: Option<&Covering<'_>>) -> Self {
        match covering {
            Some(covering) => Self::beside(extent, &covering.range, covering.altered.clone()),
            None => Self::all_of(extent),
        }
    }

    pub(super) fn all_of(extent: Extent) -> Self {
        Self::beside(extent, &(extent.first_kept..extent.first_kept), Vec::new())
    }

    /// Those beside what is covered, and those of it that were changed since.
    pub(super) fn beside(
        extent: Extent,
        covered: &Range<u64>,
        mut ranges: Vec<Range<u64>>,
    ) -> Self {
        let all = extent.first_kept..extent.size;
        ranges.push(all.start..covered.start);
        ranges.push(covered.end..all.end);
        let within = ranges.into_iter().map(|range| {
            let start = range.start.max(all.start);
            start..range.end.min(all.end).max(start)
        });
        Self(united(within.filter(|range| !range.is_empty()).collect()))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn contains(&self, seq: u64) -> bool {
        let place = self.0.partition_point(|range| range.end <= seq);
        self.0.get(place).is_some_and(|range| range.contains(&seq))
    }

    /// The first of them from a seq on, rising or falling.
    pub fn seek(&self, seq: u64, rises: bool) -> Option<u64> {
        let place = self.0.partition_point(|range| range.end <= seq);
        let here = self.0.get(place);
        match (here, rises) {
            (Some(range), _) if range.contains(&seq) => Some(seq),
            (here, true) => here.map(|range| range.start),
            (_, false) => Some(self.0.get(place.checked_sub(1)?)?.end - 1),
        }
    }

    pub fn ranges(&self) -> &[Range<u64>] {
        &self.0
    }
}
