//! All terms of a trail, page by page, as verification compares them with the entries.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use indelible_core::TrailName;
use indelible_core::entry::StoredEntry;
use indelible_core::store::{Projected, StoreError, Term, TermField};
use rusqlite::Connection;

use super::belief::believed;
use super::cover::Uncovered;
use super::file::IndexFile;
use super::handle::Index;
use super::recent::Recent;
use super::record::Covered;
use super::run::Run;
use super::{Fault, tail};
use crate::error::unavailable;
use crate::files::Open;
use crate::read::{self, Extent};
use crate::row::{self, place};
use crate::sql;

/// Passes under way, each of which reads the index as it was when it began.
#[derive(Default)]
pub(crate) struct Scans(Mutex<Passes>);

#[derive(Default)]
struct Passes {
    under_way: Vec<(TrailName, Scan)>,
    /// Where those were whose index was taken away.
    lost: VecDeque<(TrailName, Projected)>,
}

/// Passes that are kept in mind at once.
const SCANS_MAX: usize = 4;
/// Passes that are told that they were lost.
const LOST_MAX: usize = 64;

/// A pass: first what the index covers, in the order of its keys; then what it does not, entry by
/// entry.
struct Scan {
    index: Option<(IndexFile, Covered, Open)>,
    extent: Extent,
    range: Range<u64>,
    uncovered: Uncovered,
    /// The row that was answered last.
    last: Option<Projected>,
    /// Whether nobody went on with it since others were told apart by that.
    is_idle: bool,
}

impl Scans {
    /// The rows after one of them, or the first ones.
    pub fn page(
        &self,
        index: &Index,
        log: &Connection,
        trail: &TrailName,
        (after, limit): (Option<&Term>, usize),
    ) -> Result<Vec<Projected>, StoreError> {
        let goes_on = match after {
            Some(after) => self.take(trail, after)?,
            None => None,
        };
        let mut scan = match goes_on {
            Some(scan) => scan,
            None => match Scan::begin(index, log, trail)? {
                Some(scan) => scan,
                None => return Ok(Vec::new()),
            },
        };
        let page = scan.page(log, after, limit);
        let page = page.inspect_err(|fault| index.failed(fault))?;
        if page.len() == limit && limit > 0 {
            (scan.last, scan.is_idle) = (page.last().cloned(), false);
            self.keep(trail, scan);
        }
        Ok(page)
    }

    /// The pass that goes on after this row: another one may have read another order.
    ///
    /// # Errors
    /// `Unavailable` where it was lost: what it would go on with may be in another order.
    fn take(&self, trail: &TrailName, after: &Term) -> Result<Option<Scan>, StoreError> {
        let mut passes = self.lock();
        let is_after = |last: &Projected| matches!(last, Projected::Term(last) if last == after);
        let place = passes
            .under_way
            .iter()
            .position(|(of, scan)| of == trail && scan.last.as_ref().is_some_and(is_after));
        if let Some(place) = place {
            return Ok(Some(passes.under_way.remove(place).1));
        }
        let is_lost = |(of, last): &(TrailName, Projected)| of == trail && is_after(last);
        match passes.lost.iter().position(is_lost) {
            // The next one begins anew, from wherever it likes.
            Some(place) => {
                passes.lost.remove(place);
                Err(unavailable(
                    "the index was made anew while its rows were read; read them again",
                ))
            }
            None => Ok(None),
        }
    }

    fn keep(&self, trail: &TrailName, scan: Scan) {
        let mut passes = self.lock();
        if passes.under_way.len() == SCANS_MAX {
            let (trail, scan) = passes.under_way.remove(0);
            passes.lose(trail, scan);
        }
        passes.under_way.push((trail.clone(), scan));
    }

    /// Lets go of all: of a file that is not the index any more, or that is to be written anew.
    pub fn end(&self) {
        let mut passes = self.lock();
        for (trail, scan) in std::mem::take(&mut passes.under_way) {
            passes.lose(trail, scan);
        }
    }

    /// Lets go of those that nobody went on with since this was called last: who gave one up says
    /// nothing.
    pub fn end_idle(&self) {
        let mut passes = self.lock();
        let (idle, others): (Vec<_>, Vec<_>) = std::mem::take(&mut passes.under_way)
            .into_iter()
            .partition(|(_, scan)| scan.is_idle);
        passes.under_way = others;
        for (_, scan) in &mut passes.under_way {
            scan.is_idle = true;
        }
        for (trail, scan) in idle {
            passes.lose(trail, scan);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Passes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Passes {
    fn lose(&mut self, trail: TrailName, scan: Scan) {
        if self.lost.len() == LOST_MAX {
            self.lost.pop_front();
        }
        self.lost.extend(scan.last.map(|last| (trail, last)));
    }
}

impl Scan {
    fn begin(
        index: &Index,
        log: &Connection,
        trail: &TrailName,
    ) -> Result<Option<Self>, StoreError> {
        // The index before the log, which then has all that the index covers.
        let opened = match index.reading() {
            Ok(opened) => opened,
            Err(fault) => {
                index.failed(&fault);
                None
            }
        };
        let begun = opened.and_then(|(file, open)| {
            let begun = file.db.execute_batch("BEGIN").map_err(Fault::from);
            match begun.and_then(|()| file.meta()) {
                Ok(_) => Some((file, open)),
                Err(fault) => {
                    index.failed(&fault);
                    None
                }
            }
        });
        let Some(extent) = read::extent(log, trail)? else {
            return Ok(None);
        };
        let mut scan = Self {
            index: None,
            extent,
            range: 0..0,
            uncovered: Uncovered::all_of(extent),
            last: None,
            is_idle: false,
        };
        let Some((file, open)) = begun else {
            return Ok(Some(scan));
        };
        match whole(&file, extent.trail) {
            Ok(covered) => {
                if let Some(altered) = believed(log, extent, &covered)? {
                    scan.range = covered.first().max(extent.first_kept)..covered.end();
                    scan.uncovered = Uncovered::beside(extent, &scan.range, altered);
                    scan.index = Some((file, covered, open));
                }
            }
            Err(fault) => index.failed(&fault),
        }
        Ok(Some(scan))
    }

    fn page(
        &self,
        log: &Connection,
        after: Option<&Term>,
        limit: usize,
    ) -> Result<Vec<Projected>, Fault> {
        let mut rows = Vec::with_capacity(limit.min(4096));
        let in_log = after.is_some_and(|term| self.uncovered.contains(term.seq));
        if let Some((file, covered, _)) = &self.index
            && !in_log
        {
            self.covered((file, covered), after, limit, &mut rows)?;
        }
        let after = after.filter(|_| in_log);
        for range in self.uncovered.ranges() {
            self.uncovered(log, range.clone(), after, limit, &mut rows)?;
        }
        Ok(rows)
    }

    fn covered(
        &self,
        (file, covered): (&IndexFile, &Covered),
        after: Option<&Term>,
        limit: usize,
        rows: &mut Vec<Projected>,
    ) -> Result<(), Fault> {
        let blocks = Recent::of(file);
        let (key, seq) = match after {
            Some(term) => (
                tail::key(term.field, &term.value),
                term.seq.saturating_add(1),
            ),
            None => (Vec::new(), 0),
        };
        let mut ahead = Vec::with_capacity(covered.runs.len());
        for run in &covered.runs {
            ahead.push(run.terms(&blocks, &key, seq)?);
        }
        while rows.len() < limit {
            let nearest = |but: Option<usize>| {
                let terms = ahead.iter().enumerate();
                let terms = terms.filter(|(place, _)| Some(*place) != but);
                let terms = terms.filter_map(|(place, terms)| Some((terms.peek()?, place)));
                terms.min()
            };
            let Some((_, place)) = nearest(None) else {
                break;
            };
            // One run is mostly far longer than the others: it is read up to the next term of those.
            let bound = nearest(Some(place)).map(|((key, seq), _)| (key.to_vec(), seq));
            let terms = &mut ahead[place];
            while let Some((key, seq)) = terms.peek() {
                let is_beyond = |(bound, of): &(Vec<u8>, u64)| (key, seq) > (bound.as_slice(), *of);
                if rows.len() >= limit || bound.as_ref().is_some_and(is_beyond) {
                    break;
                }
                // No search shows what is beyond the trail, but it is not of this index either.
                let is_beyond = seq >= self.extent.size;
                if is_beyond || (self.range.contains(&seq) && !self.uncovered.contains(seq)) {
                    rows.push(Projected::Term(term(key, seq)?));
                }
                terms.advance(1)?;
            }
        }
        Ok(())
    }

    fn uncovered(
        &self,
        log: &Connection,
        range: Range<u64>,
        after: Option<&Term>,
        limit: usize,
        rows: &mut Vec<Projected>,
    ) -> Result<(), Fault> {
        let begin = after.map_or(range.start, |term| term.seq.max(range.start));
        if begin >= range.end || rows.len() >= limit {
            return Ok(());
        }
        let mut get = log.prepare_cached(sql::ENTRIES).map_err(Fault::of_log)?;
        let trail = self.extent.trail;
        let places = [place(trail, begin), place(trail, range.end - 1)];
        let mut found = get.query(places).map_err(Fault::of_log)?;
        while let Some(row) = found.next().map_err(Fault::of_log)? {
            let entry = row::entry(row).map_err(Fault::Other)?;
            of_entry(&entry, after, limit, rows)?;
            if rows.len() >= limit {
                break;
            }
        }
        Ok(())
    }
}

/// What the index covers of a trail, all blocks of it looked at before the first row is answered:
/// a pass that has begun in the order of its keys cannot go on without it.
fn whole(file: &IndexFile, trail: i64) -> Result<Covered, Fault> {
    let covered = file.covered(trail)?.unwrap_or_default();
    for run in &covered.runs {
        for number in 0..run.shape.blocks {
            file.check(Run::block_id(run.id, number))?;
        }
    }
    Ok(covered)
}

/// Adds the terms of an entry in their order, those after one of them.
fn of_entry(
    entry: &StoredEntry,
    after: Option<&Term>,
    limit: usize,
    rows: &mut Vec<Projected>,
) -> Result<(), Fault> {
    let mut terms = tail::Terms::default();
    terms.add(entry);
    let after = after.filter(|term| term.seq == entry.seq);
    let after = after.map(|term| tail::key(term.field, &term.value));
    for (key, seqs) in terms.sorted().groups() {
        for seq in seqs {
            if after.as_deref().is_none_or(|after| key > after) && rows.len() < limit {
                rows.push(Projected::Term(term(key, *seq)?));
            }
        }
    }
    Ok(())
}

pub(super) fn term(key: &[u8], seq: u64) -> Result<Term, Fault> {
    let field = key
        .first()
        .and_then(|number| TermField::from_number(*number));
    Ok(Term {
        field: field.ok_or_else(|| Fault::damage("a term is of no field"))?,
        value: key[1..].to_vec(),
        seq,
    })
}
