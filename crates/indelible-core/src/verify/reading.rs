//! Reading a trail in bounded chunks, past rows that cannot be read.

use std::ops::Range;

use indelible_merkle::{Hash, NodeId};

use super::report::{Finding, FindingKind};
use crate::entry::StoredEntry;
use crate::part::PartKind;
use crate::store::{Span, Store, StoreError};
use crate::trail::TrailName;

/// A trail to be read.
#[derive(Clone, Copy)]
pub(super) struct Trail<'a> {
    pub store: &'a dyn Store,
    pub name: &'a TrailName,
}

/// A run of entries with the nodes and spans that it completes.
pub(super) struct Chunk {
    pub range: Range<u64>,
    pub rows: Rows,
    pub nodes: Vec<(NodeId, Hash)>,
    pub spans: Vec<Span>,
    /// What could not be read beside the entries.
    pub findings: Vec<Finding>,
    /// Whether neither this range nor anything after it holds a row.
    pub is_past_end: bool,
}

/// The entries of a range.
#[derive(Default)]
pub(super) struct Rows {
    pub entries: Vec<StoredEntry>,
    /// Rows that are there and cannot be read, by seq, with the reason.
    pub unreadable: Vec<(u64, String)>,
}

/// What one pass over a trail knows of the rows that lack.
#[derive(Default)]
pub(super) struct Gaps {
    /// The row behind the last gap.
    next_row: u64,
    /// The missing entries passed over.
    passed: u64,
}

/// Entries of a chunk at most; a power of two.
const CHUNK_ENTRIES_MAX: u64 = 1024;
/// Entries of a chunk where bodies are large: 16 MiB at the most.
const CHUNK_ENTRIES_MIN: u64 = 256;
/// Bytes of bodies in a full chunk from which on chunks are kept small.
const CHUNK_BYTES_MAX: usize = 4 << 20;
/// The most missing entries, in one run or several, behind which a row is still looked for: an
/// altered size, and rows strewn far apart, must not make verification last for ever.
const GAP_MAX: u64 = 1 << 26;
/// The stored heights: 8, 16, …, 56.
const HEIGHTS: [u8; 7] = [8, 16, 24, 32, 40, 48, 56];

impl<'a> Trail<'a> {
    /// Reads the chunk of up to `length` entries that begins at `start` and ends before `end`.
    /// `gaps` is kept from call to call.
    pub async fn chunk(
        &self,
        Range { start, end }: Range<u64>,
        length: u64,
        gaps: &mut Gaps,
    ) -> Result<Chunk, StoreError> {
        let stop = (start / length * length).saturating_add(length).min(end);
        let range = start..stop;
        let mut findings = Vec::new();
        let rows = self.entries(range.clone()).await?;
        let is_empty = rows.entries.is_empty() && rows.unreadable.is_empty();
        let is_past_end = is_empty && !self.goes_on(stop..end, gaps).await?;
        let (mut nodes, mut spans) = (Vec::new(), Vec::new());
        for height in HEIGHTS {
            let indexes = range.start >> height..range.end >> height;
            if indexes.is_empty() || is_past_end {
                continue;
            }
            match self.store.hashes(self.name, height, indexes.clone()).await {
                Ok(rows) => nodes.extend(
                    rows.into_iter()
                        .map(|(index, hash)| (NodeId { height, index }, hash)),
                ),
                Err(error) => findings.push(unreadable(error)?),
            }
            match self.store.spans(self.name, height, indexes).await {
                Ok(rows) => spans.extend(rows),
                Err(error) => findings.push(unreadable(error)?),
            }
        }
        Ok(Chunk {
            range,
            rows,
            nodes,
            spans,
            findings,
            is_past_end,
        })
    }

    /// The entries of a range; around a row that cannot be read, the others are.
    pub async fn entries(&self, range: Range<u64>) -> Result<Rows, StoreError> {
        let mut rows = Rows::default();
        let mut waiting = vec![range];
        while let Some(range) = waiting.pop() {
            if range.is_empty() {
                continue;
            }
            let (seq, problem) = match self.store.entries(self.name, range.clone()).await {
                Ok(entries) => {
                    rows.entries.extend(entries);
                    continue;
                }
                Err(StoreError::Corrupt { what, seq, problem }) => {
                    (seq, format!("{what}: {problem}"))
                }
                Err(error) => return Err(error),
            };
            let seq = match seq.filter(|seq| range.contains(seq)) {
                Some(seq) => seq,
                None if range.end - range.start == 1 => range.start,
                None => {
                    let middle = range.start + (range.end - range.start) / 2;
                    waiting.push(middle..range.end);
                    waiting.push(range.start..middle);
                    continue;
                }
            };
            rows.unreadable.push((seq, problem));
            waiting.push(seq + 1..range.end);
            waiting.push(range.start..seq);
        }
        rows.unreadable.sort();
        Ok(rows)
    }

    /// Calls `each` with the entries of a range. Where none stand it does not walk, so that a range
    /// may be far larger than the trail. Rows that cannot be read were told of in the first pass.
    pub async fn each_entry(
        &self,
        Range { mut start, end }: Range<u64>,
        each: &mut (dyn FnMut(StoredEntry) + Send),
    ) -> Result<(), StoreError> {
        let mut gaps = Gaps::default();
        while start < end {
            let stop = end.min(start.saturating_add(CHUNK_ENTRIES));
            let rows = self.entries(start..stop).await?;
            let is_empty = rows.entries.is_empty() && rows.unreadable.is_empty();
            rows.entries.into_iter().for_each(&mut *each);
            if is_empty && !self.goes_on(stop..end, &mut gaps).await? {
                return Ok(());
            }
            start = if is_empty {
                stop.max(gaps.next_row)
            } else {
                stop
            };
        }
        Ok(())
    }

    /// Whether `range` holds a row; false also where the first one stands too far off to be one
    /// of the trail's.
    async fn goes_on(&self, range: Range<u64>, gaps: &mut Gaps) -> Result<bool, StoreError> {
        if range.start <= gaps.next_row {
            return Ok(true);
        }
        let room = GAP_MAX - gaps.passed;
        for window in windows(range.start..range.end.min(range.start.saturating_add(room))) {
            if let Some(seq) = self.first_row(window).await? {
                gaps.passed += seq - range.start;
                gaps.next_row = seq;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The first seq in a range at which a row stands, readable or not; where a store cannot tell
    /// which row is unreadable, the beginning of the range.
    async fn first_row(&self, range: Range<u64>) -> Result<Option<u64>, StoreError> {
        match self.store.hashes(self.name, 0, range.clone()).await {
            Ok(leaves) => Ok(leaves.first().map(|(seq, _)| *seq)),
            Err(StoreError::Corrupt { seq, .. }) => {
                let Some(seq) = seq.filter(|seq| range.contains(seq)) else {
                    return Ok(Some(range.start));
                };
                // Those before it may be readable.
                let before = self.leaves(range.start..seq).await?;
                Ok(Some(before.first().map_or(seq, |(seq, _)| *seq)))
            }
            Err(error) => Err(error),
        }
    }

    /// The leaf hashes of the rows in a range.
    pub async fn leaves(&self, range: Range<u64>) -> Result<Vec<(u64, Hash)>, StoreError> {
        match self.store.hashes(self.name, 0, range.clone()).await {
            // What cannot be read is there all the same.
            Err(StoreError::Corrupt { seq, .. }) => {
                Ok(vec![(seq.unwrap_or(range.start), Hash::EMPTY_ROOT)])
            }
            read => read,
        }
    }
}

impl Chunk {
    /// The length of the chunk after the next one, given that of the next one.
    pub fn length_after(&self, length: u64) -> u64 {
        let body = |entry: &StoredEntry, kind| {
            entry
                .parts
                .get(kind)
                .as_ref()
                .map_or(0, |part| part.body.len())
        };
        let entries = self.rows.entries.iter();
        let bytes: usize = entries
            .map(|e| {
                PartKind::ALL
                    .iter()
                    .map(|kind| body(e, *kind))
                    .sum::<usize>()
            })
            .sum();
        let full = (self.range.end - self.range.start).max(1);
        if bytes as u64 * CHUNK_ENTRIES_MAX / full > CHUNK_BYTES_MAX as u64 {
            CHUNK_ENTRIES_MIN
        } else {
            (length * 2).min(CHUNK_ENTRIES_MAX)
        }
    }
}

/// Divides a range into windows, each twice as wide as the one before, so that even the widest
/// range takes few reads where nothing stands in it.
pub(super) fn windows(range: Range<u64>) -> impl Iterator<Item = Range<u64>> {
    let (mut start, mut width) = (range.start, CHUNK_ENTRIES_MAX);
    std::iter::from_fn(move || {
        let window = start..start.saturating_add(width).min(range.end);
        (start, width) = (window.end, width.saturating_mul(2));
        (!window.is_empty()).then_some(window)
    })
}

/// The length of the first chunk.
pub(super) const FIRST_CHUNK_ENTRIES: u64 = CHUNK_ENTRIES_MIN;
/// The length of chunks where nothing is known of the size of bodies.
pub(super) const CHUNK_ENTRIES: u64 = CHUNK_ENTRIES_MIN;

/// The finding that a damaged row outside the log is; other errors stay errors.
pub(super) fn unreadable(error: StoreError) -> Result<Finding, StoreError> {
    match error {
        StoreError::Corrupt { what, seq, problem } => Ok(Finding {
            seq,
            kind: FindingKind::RowUnreadable,
            detail: format!("{what} cannot be read: {problem}"),
        }),
        error => Err(error),
    }
}
