//! Lists of the seqs that have a value in an indexed field, in the order of the way.

use std::collections::BinaryHeap;

use super::Search;
use indelible_core::store::{StoreError, TermField};

/// Seqs read at first, and again after a jump: most searches need a page, a leap needs one.
const CHUNK_MIN: usize = 8;
/// Seqs read at once from a list that is being read through.
const CHUNK_MAX: usize = 512;

/// A list of seqs.
pub(super) enum List {
    /// The entries with one value.
    One(Postings),
    /// The entries with any of several values.
    Any(Union),
    /// Seqs in memory, against the way, so that the next is the last.
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

    /// The first seq of the list from `at` on, along the way. From call to call `at` must not go
    /// back.
    pub(super) fn seek(&mut self, search: Search, at: u64) -> Result<Option<u64>, StoreError> {
        match self {
            Self::One(postings) => postings.seek(search, at),
            Self::Any(union) => union.seek(search, at),
            Self::Given(seqs) => {
                let is_passed = |seq| search.way.rank(seq) > search.way.rank(at);
                while seqs.last().is_some_and(|&seq| is_passed(seq)) {
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
    /// Seqs read and not passed yet, against the way.
    ahead: Vec<u64>,
    /// The last seq that was read.
    last: Option<u64>,
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
            last: None,
            chunk: CHUNK_MIN,
            ended: false,
        }
    }

    fn seek(&mut self, search: Search, at: u64) -> Result<Option<u64>, StoreError> {
        let way = search.way;
        let is_passed = |seq| way.rank(seq) > way.rank(at);
        if self.ahead.first().is_some_and(|&last| is_passed(last)) {
            self.ahead.clear();
        }
        while let Some(&seq) = self.ahead.last() {
            if !is_passed(seq) {
                return Ok(Some(seq));
            }
            self.ahead.pop();
        }
        if self.ended {
            return Ok(None);
        }
        // Larger steps while the list is read through, small ones after each jump.
        let goes_on = self.last.and_then(|last| way.after(last, 1)) == Some(at);
        self.chunk = match goes_on {
            true => (self.chunk * 2).min(CHUNK_MAX),
            false => CHUNK_MIN,
        };
        self.fetch(search, at)?;
        Ok(self.ahead.last().copied())
    }

    fn fetch(&mut self, search: Search, at: u64) -> Result<(), StoreError> {
        search.caller.waits()?;
        if let Some(index) = search.index {
            let way = (at, search.way.either(false, true));
            index.postings(self.field, &self.value, way, self.chunk, &mut self.ahead)?;
        }
        self.ended = self.ahead.len() < self.chunk;
        self.last = self.ahead.last().copied();
        self.ahead.reverse();
        Ok(())
    }
}

/// The entries with any of several values: the lists merged, each seq once.
pub(super) struct Union {
    lists: Vec<Postings>,
    /// The rank of the next seq of each list, with the list's place.
    heap: BinaryHeap<(u64, usize)>,
    begun: bool,
}

impl Union {
    fn seek(&mut self, search: Search, at: u64) -> Result<Option<u64>, StoreError> {
        let way = search.way;
        if !self.begun {
            self.begun = true;
            for (place, list) in self.lists.iter_mut().enumerate() {
                let next = list.seek(search, at)?;
                self.heap.extend(next.map(|seq| (way.rank(seq), place)));
            }
        }
        while let Some(&(rank, place)) = self.heap.peek() {
            if rank <= way.rank(at) {
                return Ok(Some(way.rank(rank)));
            }
            self.heap.pop();
            let next = self.lists[place].seek(search, at)?;
            self.heap.extend(next.map(|seq| (way.rank(seq), place)));
        }
        Ok(None)
    }
}
