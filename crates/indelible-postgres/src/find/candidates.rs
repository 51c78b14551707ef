//! The windows that a search looks through, one after another.

use std::ops::Range;

use futures_util::future::try_join_all;
use indelible_core::store::StoreError;
use tokio_postgres::types::Type;

use super::Search;
use super::blocks::Blocks;
use super::plan::{self, Addresses, Plan};
use super::postings::{Depth, List, within};
use super::statement::Statement;
use super::way::Way;
use crate::placement::Stretch;
use crate::row::{ENTRY_COLUMNS, Moment, cell};

/// Entries of the leading list in the first window, where others are tested on them.
const WIDTH_MIN: u64 = 512;
/// Entries of the leading list in a window at most.
const WIDTH_MAX: u64 = 65_536;
/// How much wider than the window before a window is.
const WIDTH_STEP: u64 = 4;
/// Entries read at once of all values of a list together.
const MERGED_MAX: usize = 4096;

/// Windows, in the order of the way, that hold all entries that may match.
pub(super) struct Candidates<'a> {
    plan: &'a Plan,
    blocks: Option<Blocks>,
    /// The seqs left of the run that is looked through.
    run: Range<u64>,
    /// What is looked through of it, with the lists to use there.
    part: Option<Part>,
    /// Stretches that the next part takes together: ever more, so that a value that none of many
    /// months has is soon seen not to be there.
    stretches: usize,
    width: u64,
}

/// A part of a run, in neighbouring partitions.
#[derive(Clone)]
struct Part {
    stretch: Stretch,
    lists: Vec<List>,
    /// Whether a block of addresses is tested.
    tests_block: bool,
}

/// Seqs to be looked through by one statement after another.
pub(super) struct Window<'a> {
    plan: &'a Plan,
    part: Part,
    /// Which list leads.
    leader: Option<usize>,
}

impl<'a> Candidates<'a> {
    /// The windows of `seqs`.
    pub(super) fn new(plan: &'a Plan, seqs: Range<u64>) -> Self {
        let blocks = plan
            .times
            .map(|(earliest, latest)| Blocks::new(earliest, latest, seqs.clone()));
        let run = match blocks {
            Some(_) => 0..0,
            None => seqs,
        };
        Self {
            plan,
            blocks,
            run,
            part: None,
            stretches: 1,
            width: WIDTH_MIN,
        }
    }

    /// The next window, for a search that wants `wanted` entries.
    pub(super) async fn next(
        &mut self,
        search: Search<'_>,
        wanted: usize,
    ) -> Result<Option<Window<'a>>, StoreError> {
        loop {
            let Some(part) = &self.part else {
                if !self.begin_part(search).await? {
                    return Ok(None);
                }
                continue;
            };
            let seqs = part.stretch.seqs.clone();
            if seqs.is_empty() || part.lists.iter().any(|list| list.len() == 0) {
                self.part = None;
                continue;
            }
            let (leader, here, rest) = lead(search, self.plan, part, self.width, wanted).await?;
            // A list that ends in the part is short: looking farther into the others would cost
            // more than it.
            if !rest.is_empty() {
                self.width = (self.width * WIDTH_STEP).min(WIDTH_MAX);
            }
            let mut window = Window {
                plan: self.plan,
                part: part.clone(),
                leader,
            };
            window.part.stretch.seqs = here;
            if let Some(part) = &mut self.part {
                part.stretch.seqs = rest;
            }
            return Ok(Some(window));
        }
    }

    /// Goes on to the next part; false where there is none.
    async fn begin_part(&mut self, search: Search<'_>) -> Result<bool, StoreError> {
        while self.run.is_empty() {
            let next = match &mut self.blocks {
                Some(blocks) => blocks.next(search).await?,
                None => None,
            };
            match next {
                Some(run) => self.run = run,
                None => return Ok(false),
            }
        }
        let placements = &search.store.placements;
        let run = self.run.clone();
        let all = placements
            .of(search.lent, search.trail, run, search.size)
            .await?;
        let count = self.stretches.min(all.len());
        let part = search.way.either(&all[all.len() - count..], &all[..count]);
        let Some(mut stretch) = part.first().cloned() else {
            self.run = 0..0;
            return Ok(true);
        };
        for other in part {
            stretch.seqs.end = other.seqs.end;
            stretch.from = stretch.from.min(other.from);
            stretch.to = stretch.to.max(other.to);
        }
        self.stretches = (self.stretches * 2).min(all.len().max(1));
        match search.way {
            Way::Down => self.run.end = stretch.seqs.start,
            Way::Up => self.run.start = stretch.seqs.end,
        }
        let (mut lists, mut tests_block) = (self.plan.lists.clone(), false);
        if let Some(block) = self.plan.block {
            match plan::addresses(search, block, &stretch).await? {
                Addresses::Listed(list) => lists.insert(0, list),
                Addresses::Tested => tests_block = true,
            }
        }
        self.part = Some(Part {
            stretch,
            lists,
            tests_block,
        });
        Ok(true)
    }
}

/// Which list leads through a part, the seqs of one window of it, and those left.
async fn lead(
    search: Search<'_>,
    plan: &Plan,
    part: &Part,
    width: u64,
    wanted: usize,
) -> Result<(Option<usize>, Range<u64>, Range<u64>), StoreError> {
    let seqs = &part.stretch.seqs;
    let all_match = plan.times.is_none() && plan.rest.is_none() && !part.tests_block;
    if part.lists.is_empty() {
        let width = if all_match { wanted as u64 } else { width };
        let (here, rest) = search.way.split(seqs, width.max(wanted as u64));
        return Ok((None, here, rest));
    }
    if let ([list], true) = (&*part.lists, all_match)
        && list.len().saturating_mul(wanted) <= MERGED_MAX
    {
        return Ok((Some(0), seqs.clone(), 0..0));
    }
    let width = width.max(wanted as u64 * 2).min(WIDTH_MAX);
    let depth = async |list: &List| -> Result<Option<u64>, StoreError> {
        Ok(match list.depth(search, &part.stretch, width) {
            Depth::Known(seq) => seq,
            Depth::Asked(statement) => {
                let rows = search.rows(&statement).await?;
                let seq = rows
                    .first()
                    .map(|row| cell::<Option<i64>>(row, 0, "a seq", None));
                seq.transpose()?.flatten().map(i64::cast_unsigned)
            }
        })
    };
    let depths = try_join_all(part.lists.iter().map(depth)).await?;
    // A list that has none so deep ends before.
    let rank = |depth: Option<u64>| depth.map(|seq| search.way.rank(seq));
    let deepest = (0..).zip(depths).min_by_key(|(_, depth)| rank(*depth));
    let (here, rest) = match deepest.and_then(|(_, depth)| depth) {
        Some(last) => search.way.cut(seqs, last),
        None => (seqs.clone(), 0..0),
    };
    Ok((deepest.map(|(leader, _)| leader), here, rest))
}

impl Window<'_> {
    /// Leaves the seqs behind that were looked at, up to `last`.
    pub(super) fn go_on_after(&mut self, search: Search<'_>, last: u64) {
        let seqs = &mut self.part.stretch.seqs;
        (_, *seqs) = search.way.cut(seqs, last);
    }

    /// A statement that reads the first `limit` entries of the window.
    pub(super) fn entries(&self, search: Search<'_>, limit: usize) -> Statement {
        let mut statement = Statement::default();
        statement.sql = self.select(search, &mut statement, ENTRY_COLUMNS, limit as u64);
        statement
    }

    /// A statement that reads the first `limit` seqs of the window.
    pub(super) fn seqs(&self, search: Search<'_>, limit: u64) -> Statement {
        let mut statement = Statement::default();
        statement.sql = self.select(search, &mut statement, "e.seq", limit);
        statement
    }

    fn select(
        &self,
        search: Search<'_>,
        statement: &mut Statement,
        columns: &str,
        limit: u64,
    ) -> String {
        let Part {
            stretch,
            lists,
            tests_block,
        } = &self.part;
        let place = statement.place(search, stretch);
        let mut tests = String::new();
        let mut also = |test: String| {
            tests.push_str(" AND ");
            tests.push_str(&test);
        };
        for (place, list) in lists.iter().enumerate() {
            if self.leader != Some(place) {
                also(list.test(statement));
            }
        }
        if let Some(block) = self.plan.block.as_ref().filter(|_| *tests_block) {
            also(within(block, statement));
        }
        let (earliest, latest) = self.plan.times.unwrap_or_default();
        for (bound, than) in [(earliest, ">="), (latest, "<=")] {
            if let Some(bound) = bound {
                let bound = statement.value(Moment(bound), Type::TIMESTAMPTZ);
                also(format!("e.occurred_at {than} {bound}"));
            }
        }
        let tail = format!("LIMIT {limit}");
        match self.leader.and_then(|leader| lists.get(leader)) {
            Some(list) => list.select(statement, &place, columns, &tests, &tail),
            None => format!(
                "SELECT {columns} FROM indelible.entry AS e WHERE {}{tests} \
                 ORDER BY e.seq {} {tail}",
                place.entries(),
                place.order
            ),
        }
    }
}
