//! Reading a trail in bounded chunks, past rows that cannot be read.

use std::ops::Range;

use indelible_merkle::{Hash, NodeId};

use super::report::{Finding, FindingKind};
use crate::entry::StoredEntry;
use crate::filter::Filter;
use crate::part::PartKind;
use crate::store::{Find, Span, Store, StoreError};
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

/// Entries of a chunk at most; a power of two.
const CHUNK_ENTRIES_MAX: u64 = 2048;
/// Entries of a chunk where bodies are large: 16 MiB at the most.
const CHUNK_ENTRIES_MIN: u64 = 256;
/// Bytes of bodies in a full chunk from which on chunks are kept small.
const CHUNK_BYTES_MAX: usize = 4 << 20;
/// The stored heights: 8, 16, …, 56.
const HEIGHTS: [u8; 7] = [8, 16, 24, 32, 40, 48, 56];

impl<'a> Trail<'a> {
    /// Reads the chunk of up to `length` entries that begins at `start` and ends before `end`.
    pub async fn chunk(&self, start: u64, end: u64, length: u64) -> Result<Chunk, StoreError> {
        let stop = (start / length * length).saturating_add(length).min(end);
        let range = start..stop;
        let mut findings = Vec::new();
        let rows = self.entries(range.clone()).await?;
        let is_past_end = rows.entries.is_empty()
            && rows.unreadable.is_empty()
            && self
                .newest_below(end)
                .await?
                .is_some_and(|newest| newest < start);
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

    /// The largest seq below `below` that has a row; `Ok(None)` also where that cannot be told.
    pub async fn newest_below(&self, below: u64) -> Result<Option<u64>, StoreError> {
        let find = Find {
            filter: Filter::default(),
            below,
            skip: 0,
            limit: 1,
        };
        match self.store.find(self.name, &find).await {
            Ok(found) => Ok(found.first().map(|entry| entry.seq)),
            Err(StoreError::Corrupt { seq, .. }) => Ok(seq),
            Err(error) => Err(error),
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
