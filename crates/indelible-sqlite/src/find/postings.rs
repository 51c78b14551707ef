//! Falling lists of the seqs that have a value in an indexed field.

use std::collections::BinaryHeap;

use indelible_core::store::{StoreError, TermField};
use rusqlite::params;

use super::Search;
use crate::error::refused;
use crate::sql;

/// Seqs read at first, and again after a jump: most searches need a page, a leap needs one.
const CHUNK_MIN: usize = 8;
/// Seqs read at once from a list that is being read through.
const CHUNK_MAX: usize = 512;

/// A falling list of seqs.
pub(super) enum List {
    /// The entries with one value.
    One(Postings),
    /// The entries with any of several values.
    Any(Union),
    /// Seqs in memory, rising, so that the next is the last.
    Given(Vec<u64>),
}

impl List {
    /// The entries with any of `values` in `field`.
    pub(super) fn any<'v>(field: TermField, values: impl IntoIterator<Item = &'v [u8]>) -> Self {
        let mut lists: Vec<_> = values
            .into_iter()
            .map(|value| Postings::new(field, value))
            .collect();
        match lists.len() {
            1 => Self::One(lists.remove(0)),
            _ => Self::Any(Union {
                lists,
                heap: BinaryHeap::new(),
                begun: false,
            }),
        }
    }

    /// The largest seq of the list that is smaller than `below`. From call to call `below` must
    /// not rise.
    pub(super) fn seek(&mut self, search: Search, below: u64) -> Result<Option<u64>, StoreError> {
        match self {
            Self::One(postings) => postings.seek(search, below),
            Self::Any(union) => union.seek(search, below),
            Self::Given(seqs) => {
                while seqs.last().is_some_and(|&seq| seq >= below) {
                    seqs.pop();
                }
                Ok(seqs.last().copied())
            }
        }
    }
}

/// The entries with one value, read from the index in chunks.
pub(super) struct Postings {
    field: TermField,
    value: Vec<u8>,
    /// Seqs read and not passed yet, rising.
    ahead: Vec<u64>,
    /// All that was read is at or above this.
    floor: u64,
    chunk: usize,
    ended: bool,
}

impl Postings {
    fn new(field: TermField, value: &[u8]) -> Self {
        let value = value.to_vec();
        Self {
            field,
            value,
            ahead: Vec::new(),
            floor: u64::MAX,
            chunk: CHUNK_MIN,
            ended: false,
        }
    }

    fn seek(&mut self, search: Search, below: u64) -> Result<Option<u64>, StoreError> {
        if self.ahead.first().is_some_and(|&lowest| lowest >= below) {
            self.ahead.clear();
        }
        while let Some(&seq) = self.ahead.last() {
            if seq < below {
                return Ok(Some(seq));
            }
            self.ahead.pop();
        }
        if self.ended {
            return Ok(None);
        }
        // Larger steps while the list is read through, small ones after each jump.
        self.chunk = match below == self.floor {
            true => (self.chunk * 2).min(CHUNK_MAX),
            false => CHUNK_MIN,
        };
        self.fetch(search, below)?;
        Ok(self.ahead.last().copied())
    }

    fn fetch(&mut self, search: Search, below: u64) -> Result<(), StoreError> {
        let mut statement = search.statement(sql::POSTINGS)?;
        let params = params![
            search.trail,
            self.field as u8,
            self.value,
            below,
            self.chunk as u64
        ];
        let mut rows = statement.query(params).map_err(refused)?;
        while let Some(row) = rows.next().map_err(refused)? {
            self.ahead.push(row.get(0).map_err(refused)?);
        }
        self.ended = self.ahead.len() < self.chunk;
        self.floor = self.ahead.last().copied().unwrap_or(0);
        self.ahead.reverse();
        Ok(())
    }
}

/// The entries with any of several values: the lists merged, each seq once.
pub(super) struct Union {
    lists: Vec<Postings>,
    /// The next seq of each list, with the list's place.
    heap: BinaryHeap<(u64, usize)>,
    begun: bool,
}

impl Union {
    fn seek(&mut self, search: Search, below: u64) -> Result<Option<u64>, StoreError> {
        if !self.begun {
            self.begun = true;
            for (place, list) in self.lists.iter_mut().enumerate() {
                self.heap
                    .extend(list.seek(search, below)?.map(|seq| (seq, place)));
            }
        }
        while let Some(&(seq, place)) = self.heap.peek() {
            if seq < below {
                return Ok(Some(seq));
            }
            self.heap.pop();
            let next = self.lists[place].seek(search, below)?;
            self.heap.extend(next.map(|seq| (seq, place)));
        }
        Ok(None)
    }
}
