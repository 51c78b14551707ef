//! Finding entries: exactly those that match, without looking at what cannot.
//!
//! A search walks down from the newest entry, or up from a place, in windows of seqs, each in as
//! few partitions as hold it and each one statement. Of the conditions that have an index one leads: the one that turns out, by
//! looking, to have the fewest entries here; the others are tested on its rows, written so that no
//! planner can choose their index, whatever its statistics say. Blocks whose times cannot match
//! are jumped over by their spans. What no column tells is tested here, a chunk at a time.

mod blocks;
mod candidates;
#[cfg(test)]
mod cost;
mod plan;
mod postings;
mod statement;
mod way;

use std::ops::Range;

use futures_util::future::try_join;
use indelible_core::TrailName;
use indelible_core::entry::StoredEntry;
use indelible_core::store::{Find, StoreError};
use tokio_postgres::Row;

use crate::connection::Lent;
use crate::error::corrupt;
use crate::read;
use crate::retention;
use crate::row::{self, number};
use crate::store::PostgresStore;
use candidates::{Candidates, Window};
use plan::Plan;
use statement::Statement;
use way::Way;

/// Entries read at once where each must still be tested.
const TESTED_CHUNK: usize = 256;
/// Entries read at once where all match.
const CHUNK_MAX: usize = 1024;
/// Entries passed over at once.
const SKIP_MAX: u64 = 16_384;

/// What a search runs in.
#[derive(Clone, Copy)]
struct Search<'a> {
    store: &'a PostgresStore,
    lent: &'a Lent,
    trail: &'a TrailName,
    /// The size of the trail when the search began: nothing beyond it is looked at.
    size: u64,
    way: Way,
}

/// The entries that `find` asks for.
pub(crate) async fn find(
    store: &PostgresStore,
    trail: &TrailName,
    find: &Find,
) -> Result<Vec<StoredEntry>, StoreError> {
    let Some(plan) = Plan::new(&find.filter) else {
        return Ok(Vec::new());
    };
    let lent = store.connections.lend().await?;
    // They travel together.
    let size = read::size(&lent, trail);
    let (size, first) = try_join(size, retention::first_kept(&lent, trail)).await?;
    let (way, mut seqs) = Way::of(find, first, size);
    let search = Search {
        store,
        lent: &lent,
        trail,
        size,
        way,
    };
    let mut skip = find.skip;
    if plan.takes_all() {
        (_, seqs) = way.split(&seqs, skip);
        skip = 0;
    }
    let mut found = Found {
        entries: Vec::new(),
        skip,
        limit: find.limit,
    };
    let mut candidates = Candidates::new(&plan, seqs.clone());
    while found.entries.len() < found.limit {
        let Some(window) = candidates.next(search, found.wanted(&plan)).await? else {
            break;
        };
        found.take(search, &plan, window).await?;
    }
    if plan.takes_all() {
        found.has_no_gap(way, seqs)?;
    }
    if way == Way::Up {
        found.entries.reverse();
    }
    Ok(found.entries)
}

/// What was found so far.
struct Found {
    entries: Vec<StoredEntry>,
    skip: u64,
    limit: usize,
}

impl Found {
    /// How many entries to ask for next.
    fn wanted(&self, plan: &Plan) -> usize {
        let most = match plan.rest {
            Some(_) => return TESTED_CHUNK,
            None => CHUNK_MAX,
        };
        (self.limit - self.entries.len()).min(most)
    }

    /// Takes what matches in a window, until the limit.
    async fn take(
        &mut self,
        search: Search<'_>,
        plan: &Plan,
        mut window: Window<'_>,
    ) -> Result<(), StoreError> {
        while self.entries.len() < self.limit {
            if plan.rest.is_none() && self.skip > 0 {
                let step = self.skip.min(SKIP_MAX);
                let (passed, last) = search.pass(&window, step).await?;
                self.skip -= passed.min(self.skip);
                match last.filter(|_| passed == step) {
                    Some(last) => window.go_on_after(search, last),
                    None => return Ok(()),
                }
                continue;
            }
            let wanted = self.wanted(plan);
            let rows = search.rows(&window.entries(search, wanted)).await?;
            let is_full = rows.len() >= wanted;
            let last = self.extend(&rows, plan)?;
            match last.filter(|_| is_full) {
                Some(last) => window.go_on_after(search, last),
                None => return Ok(()),
            }
        }
        Ok(())
    }

    /// Adds what matches of some rows; answers the seq of the last one.
    fn extend(&mut self, rows: &[Row], plan: &Plan) -> Result<Option<u64>, StoreError> {
        let mut last = None;
        for row in rows {
            let entry = row::entry(row)?;
            last = Some(entry.seq);
            if self.entries.len() == self.limit || !plan.matches(&entry)? {
                continue;
            }
            match self.skip {
                0 => self.entries.push(entry),
                _ => self.skip -= 1,
            }
        }
        Ok(last)
    }

    /// Without a condition every entry must be there: a gap in the log must be heard of, not
    /// passed over.
    fn has_no_gap(&self, way: Way, seqs: Range<u64>) -> Result<(), StoreError> {
        let missing = |seq| Err(corrupt("the log", Some(seq), "the entry is missing"));
        let mut left = seqs;
        for entry in &self.entries {
            // A second row of one entry is verification's to tell.
            if !left.contains(&entry.seq) {
                continue;
            }
            match way.first(&left) {
                Some(next) if next != entry.seq => return missing(next),
                _ => (_, left) = way.cut(&left, entry.seq),
            }
        }
        match way.first(&left) {
            Some(next) if self.entries.len() < self.limit => missing(next),
            _ => Ok(()),
        }
    }
}

impl Search<'_> {
    async fn rows(&self, statement: &Statement) -> Result<Vec<Row>, StoreError> {
        #[cfg(test)]
        cost::note(statement);
        read::by_index(self.lent, &statement.sql, &statement.params()).await
    }

    /// How many entries of a window match, up to `most`, and the last of them.
    async fn pass(&self, window: &Window<'_>, most: u64) -> Result<(u64, Option<u64>), StoreError> {
        let rows = self.rows(&window.seqs(*self, most)).await?;
        let last = rows.last().map(|row| number(row, 0, "a seq", None));
        Ok((rows.len() as u64, last.transpose()?))
    }
}
