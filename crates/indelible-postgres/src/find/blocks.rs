//! Jumping over blocks of entries whose times cannot match.

use std::ops::Range;

use indelible_core::Timestamp;
use indelible_core::store::{Span, StoreError};

use super::Search;
use crate::read;

/// Height of the largest blocks whose spans are looked at, and of the smallest.
const HEIGHT_MAX: u8 = 24;
const HEIGHT_MIN: u8 = 8;
/// From height to height.
const HEIGHT_STEP: u8 = 8;
/// Spans read at once.
const SPANS_MAX: u64 = 256;
/// Seqs between blocks that may match which are not worth a statement more.
const GAP_MAX: u64 = 1024;
/// Reads of spans that one run may take before it is looked through.
const READS_MAX: usize = 4;

/// Runs of seqs, in the order of the way, whose blocks may hold entries within the bounds, both inclusive.
pub(super) struct Blocks {
    earliest: Timestamp,
    latest: Timestamp,
    /// What is searched.
    seqs: Range<u64>,
    /// The largest blocks first.
    levels: Vec<Level>,
    /// The next run's beginning, when it was met.
    held: Option<Range<u64>>,
    reads: usize,
}

/// Blocks of one height that are still to be looked at, those above them done.
struct Level {
    height: u8,
    indexes: Range<u64>,
    /// The spans of those in `known` that have one.
    spans: Vec<Span>,
    known: Range<u64>,
}

/// How a block's times and the bounds lie.
enum Overlap {
    /// No entry can match.
    Apart,
    /// Every entry matches.
    Inside,
    /// The entries must be looked at. So are those of a block that is not complete yet.
    Partly,
}

impl Blocks {
    pub(super) fn new(
        earliest: Option<Timestamp>,
        latest: Option<Timestamp>,
        seqs: Range<u64>,
    ) -> Self {
        Self {
            earliest: earliest.unwrap_or(Timestamp::from_micros(i64::MIN)),
            latest: latest.unwrap_or(Timestamp::from_micros(i64::MAX)),
            levels: vec![Level::new(HEIGHT_MAX, &seqs)],
            seqs,
            held: None,
            reads: 0,
        }
    }

    /// The next run of seqs that may match, after all that came before.
    pub(super) async fn next(
        &mut self,
        search: Search<'_>,
    ) -> Result<Option<Range<u64>>, StoreError> {
        self.reads = 0;
        let mut run = self.held.take();
        while self.reads < READS_MAX || run.is_none() {
            let Some(block) = self.block(search).await? else {
                return Ok(run);
            };
            match &mut run {
                None => run = Some(block),
                Some(run) if gap(run, &block) <= GAP_MAX => {
                    *run = run.start.min(block.start)..run.end.max(block.end);
                }
                Some(_) => {
                    self.held = Some(block);
                    return Ok(run);
                }
            }
        }
        Ok(run)
    }

    /// The next block that may hold a match.
    async fn block(&mut self, search: Search<'_>) -> Result<Option<Range<u64>>, StoreError> {
        while let Some(level) = self.levels.last_mut() {
            let Some(index) = search.way.first(&level.indexes) else {
                self.levels.pop();
                continue;
            };
            self.reads += usize::from(level.load(search, index).await?);
            (_, level.indexes) = search.way.cut(&level.indexes, index);
            let span = level.spans.iter().rfind(|span| span.index == index);
            let overlap = span.map_or(Overlap::Partly, |span| {
                overlap(span, self.earliest, self.latest)
            });
            let height = level.height;
            let (start, end) = (index << height, (index + 1) << height);
            let seqs = start.max(self.seqs.start)..end.min(self.seqs.end);
            match overlap {
                Overlap::Apart => {}
                Overlap::Partly if height > HEIGHT_MIN => {
                    self.levels.push(Level::new(height - HEIGHT_STEP, &seqs));
                }
                Overlap::Inside | Overlap::Partly => return Ok(Some(seqs)),
            }
        }
        Ok(None)
    }
}

impl Level {
    /// The blocks of a height that have any of `seqs`.
    fn new(height: u8, seqs: &Range<u64>) -> Self {
        Self {
            height,
            indexes: seqs.start >> height..seqs.end.div_ceil(1 << height),
            spans: Vec::new(),
            known: 0..0,
        }
    }

    /// Reads the spans of the next blocks when those at hand are used up; answers whether it did.
    async fn load(&mut self, search: Search<'_>, next: u64) -> Result<bool, StoreError> {
        if self.known.contains(&next) {
            return Ok(false);
        }
        (self.known, _) = search.way.split(&self.indexes, SPANS_MAX);
        self.spans.clear();
        // Blocks that are not complete have none.
        let complete = self.known.start..self.known.end.min(search.size >> self.height);
        if complete.is_empty() {
            return Ok(false);
        }
        self.spans = read::spans(search.lent, search.trail, self.height, complete).await?;
        Ok(true)
    }
}

/// The seqs between a run and a block on either side of it.
fn gap(run: &Range<u64>, block: &Range<u64>) -> u64 {
    run.start.max(block.start) - run.end.min(block.end)
}

fn overlap(span: &Span, earliest: Timestamp, latest: Timestamp) -> Overlap {
    if span.latest < earliest || span.earliest > latest {
        Overlap::Apart
    } else if earliest <= span.earliest && span.latest <= latest {
        Overlap::Inside
    } else {
        Overlap::Partly
    }
}
