//! Finding entries: exactly those that match, without looking at what cannot.
//!
//! A search walks down from the newest entry, or up from a place. Every condition that is indexed
//! is a list of seqs in the order of that way; the lists are leapfrogged, each jumping to where the
//! others stand. Blocks whose times cannot match are jumped over by their spans. What the index
//! cannot tell is tested on the entries themselves, a chunk at a time.
//!
//! A long search is done in pieces, each in a moment of its own: whoever keeps one moment for
//! minutes keeps the write-ahead log from starting over, and a purge from its end.

mod blocks;
mod candidates;
#[cfg(test)]
mod cost;
#[cfg(test)]
mod pieces;
mod plan;
mod postings;
mod way;

use indelible_core::TrailName;
use indelible_core::entry::StoredEntry;
use indelible_core::store::{Find, StoreError};
use rusqlite::{CachedStatement, Connection, Row};

use crate::connection::{Caller, Reader};
use crate::error::{corrupt, refused};
use crate::index::{Covering, Snapshot, Uncovered};
use crate::read::{self, Extent};
use crate::row::{self, place, seq_of};
use crate::sql;
use candidates::Candidates;
use plan::Plan;
use way::Way;

/// Candidates looked at together, at most.
const CHUNK: usize = 256;
/// And at least where there are bounds on times, which most of them keep.
const CHUNK_IN_TIME: usize = 64;

/// What a search runs in.
#[derive(Clone, Copy)]
struct Search<'a> {
    db: &'a Connection,
    /// Nothing where the index covers nothing of the trail.
    index: Option<&'a Covering<'a>>,
    caller: &'a Caller,
    trail: i64,
    way: Way,
}

/// What was found in one moment, in the order of the way.
struct Piece {
    entries: Vec<StoredEntry>,
    /// What is left to look for, where there may be more.
    rest: Option<Find>,
}

/// The entries that `find` asks for, of a trail as long as it is now. It lets go of the moment that
/// it reads after so many steps.
pub(crate) fn find(
    Reader { db, index, .. }: &mut Reader,
    caller: &Caller,
    trail: &TrailName,
    (find, steps): (&Find, usize),
) -> Result<Vec<StoredEntry>, StoreError> {
    let mut found = Vec::new();
    let mut next = Some(find.clone());
    while let Some(wanted) = next {
        let piece = |index: Option<&Snapshot<'_>>| {
            let wanted = (&wanted, steps);
            piece((db, index), caller, trail, wanted)
        };
        let piece = match plan::asks_index(&find.filter) {
            true => index.search(piece)?,
            false => piece(None)?,
        };
        found.extend(piece.entries);
        next = piece.rest;
    }
    if find.from.is_some() {
        found.reverse();
    }
    Ok(found)
}

/// What can be found of it in one moment, and in so many steps, of which it takes one at least.
fn piece(
    (db, index): (&Connection, Option<&Snapshot<'_>>),
    caller: &Caller,
    trail: &TrailName,
    (find, steps): (&Find, usize),
) -> Result<Piece, StoreError> {
    // One moment of the log, after that of the index, which then covers nothing that the log has not:
    // what the lists tell of must not be erased or removed before its entry is read.
    let moment = db.unchecked_transaction().map_err(refused)?;
    let db = &*moment;
    let Some(extent) = read::extent(db, trail)? else {
        return Ok(Piece {
            entries: Vec::new(),
            rest: None,
        });
    };
    let Extent {
        trail,
        size,
        first_kept,
    } = extent;
    let covering = match index {
        Some(index) => index.covering(db, extent)?,
        None => None,
    };
    // The lists are read one after another: entries that come while they are read must not
    // appear in one and be missed in another.
    let (way, mut start) = Way::of(find, first_kept, size);
    let search = Search {
        db,
        index: covering.as_ref(),
        caller,
        trail,
        way,
    };
    let mut skip = find.skip;
    let uncovered = Uncovered::of(extent, covering.as_ref());
    let plan = Plan::new(search, &find.filter, uncovered)?;
    if plan.takes_all() {
        start = start.and_then(|seq| way.after(seq, skip));
        skip = 0;
    }
    let mut found = Found {
        entries: Vec::new(),
        skip,
        limit: find.limit,
    };
    let (has_bounds, rest, whole) = (plan.blocks.is_some(), plan.rest, plan.whole);
    let lists = (plan.lists, plan.uncovered);
    let mut candidates = Candidates::new(lists, plan.blocks, (start, steps));
    while found.entries.len() < found.limit {
        let least = match (&rest, has_bounds) {
            (Some(_), _) => CHUNK,
            (None, true) => CHUNK_IN_TIME,
            (None, false) => 1,
        };
        let chunk = candidates.chunk(search, found.wanted(least))?;
        if chunk.is_empty() {
            break;
        }
        for (piece, is_uncovered) in candidates.pieces(&chunk) {
            match (&rest, &whole) {
                (_, Some(whole)) if is_uncovered => {
                    found.extend(search.entries(piece)?, |entry| whole.matches(entry))?;
                }
                (Some(rest), _) => {
                    found.extend(search.entries(piece)?, |entry| rest.matches(entry))?;
                }
                (None, _) => {
                    let chosen = candidates.in_time(search, piece.to_vec())?;
                    let chosen = found.pass(&chosen);
                    found.extend(search.entries(chosen)?, |_| Ok(true))?;
                }
            }
        }
    }
    let goes_on = candidates
        .at()
        .filter(|_| found.entries.len() < found.limit);
    let rest = goes_on.map(|at| Find {
        filter: find.filter.clone(),
        // What comes meanwhile is not of this search.
        below: way.either(at + 1, find.below.min(size)),
        from: way.either(None, Some(at)),
        skip: found.skip,
        limit: found.limit - found.entries.len(),
    });
    Ok(Piece {
        entries: found.entries,
        rest,
    })
}

/// What was found so far.
struct Found {
    entries: Vec<StoredEntry>,
    skip: u64,
    limit: usize,
}

impl Found {
    /// How many candidates to look at next, and that many at least.
    fn wanted(&self, least: usize) -> usize {
        let skip = usize::try_from(self.skip).unwrap_or(CHUNK);
        (self.limit - self.entries.len())
            .saturating_add(skip)
            .clamp(least, CHUNK)
    }

    /// Passes over matching seqs as long as there are some to skip; what is left, within the
    /// limit.
    fn pass<'a>(&mut self, chosen: &'a [u64]) -> &'a [u64] {
        let skipped = usize::try_from(self.skip)
            .unwrap_or(usize::MAX)
            .min(chosen.len());
        self.skip -= skipped as u64;
        let room = self.limit - self.entries.len();
        let rest = &chosen[skipped..];
        &rest[..rest.len().min(room)]
    }

    fn extend(
        &mut self,
        entries: Vec<StoredEntry>,
        matches: impl Fn(&StoredEntry) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        for entry in entries {
            if self.entries.len() == self.limit {
                break;
            }
            if !matches(&entry)? {
                continue;
            }
            if self.skip > 0 {
                self.skip -= 1;
            } else {
                self.entries.push(entry);
            }
        }
        Ok(())
    }
}

impl<'a> Search<'a> {
    fn statement(self, sql: &str) -> Result<CachedStatement<'a>, StoreError> {
        self.caller.waits()?;
        self.db.prepare_cached(sql).map_err(refused)
    }

    /// The entries at `seqs`, in their order, all of which must be there.
    fn entries(self, seqs: &[u64]) -> Result<Vec<StoredEntry>, StoreError> {
        self.runs(sql::ENTRIES, seqs, |row| {
            let entry = row::entry(row)?;
            Ok((entry.seq, entry))
        })
    }

    /// What a statement reads that goes through a range of places, once per run of neighbours in
    /// `seqs`. It goes upwards, which is less to do where tables are joined. `read` answers the seq
    /// of its row too.
    fn runs<T>(
        self,
        sql: &str,
        seqs: &[u64],
        read: impl Fn(&Row<'_>) -> Result<(u64, T), StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut statement = self.statement(sql)?;
        let mut all = Vec::with_capacity(seqs.len());
        for run in seqs.chunk_by(|seq, next| self.way.after(*seq, 1) == Some(*next)) {
            let (begin, end) = (run[0], run[run.len() - 1]);
            let (first, last) = self.way.either((end, begin), (begin, end));
            let range = [place(self.trail, first), place(self.trail, last)];
            let mut rows = statement.query(range).map_err(refused)?;
            let before = all.len();
            for seq in first..=last {
                // A gap in the log must be heard of, not passed over.
                let row = rows.next().map_err(refused)?.map(&read).transpose()?;
                let Some((_, of_row)) = row.filter(|(there, _)| *there == seq) else {
                    return Err(corrupt("the log", Some(seq), "the entry is missing"));
                };
                all.push(of_row);
            }
            if let Way::Down { .. } = self.way {
                all[before..].reverse();
            }
        }
        Ok(all)
    }

    /// `occurred_at` of the entries at `seqs`, in their order, in µs.
    fn times(self, seqs: &[u64]) -> Result<Vec<i64>, StoreError> {
        self.runs(sql::TIMES, seqs, |row| {
            let seq = row.get(0).map(seq_of).map_err(refused)?;
            Ok((seq, row.get(1).map_err(refused)?))
        })
    }
}
