//! Merging neighbouring runs into one, a slice at a time.

use std::cmp::Ordering;
use std::ops::Range;

use super::Fault;
use super::build::Builder;
use super::record::Merge;
use super::run::{Blocks, Run, Terms as RunTerms};
use super::tail::{self, Sorted};

/// Runs of one size that become one.
pub(super) const FAN_IN: usize = 8;
/// The same while the index is made: fewer merges write less, and searches have more runs to look at
/// until that is done.
pub(super) const MAKING_FAN_IN: usize = 64;

/// Which of a trail's runs are to become one: neighbours, as soon as there are enough of about one
/// size or smaller, and none that is longer than all the others: what is written again at least
/// doubles, so that each term is written as often as sizes can grow and not with every few that
/// come.
pub(super) fn due(runs: &[Run], fan_in: usize) -> Option<Range<usize>> {
    let size = |run: &Run| run.len().max(1).ilog2() / fan_in.ilog2();
    let largest = runs.iter().map(size).max()?;
    (0..=largest).find_map(|up_to| {
        let mut begin = 0;
        for (place, run) in runs.iter().enumerate() {
            if size(run) > up_to {
                begin = place + 1;
            }
            let is_last = runs.get(place + 1).is_none_or(|next| size(next) > up_to);
            if is_last && place + 1 - begin >= fan_in && doubles(&runs[begin..=place]) {
                return Some(begin..place + 1);
            }
        }
        None
    })
}

fn doubles(runs: &[Run]) -> bool {
    let longest = runs.iter().map(Run::len).max().unwrap_or(0);
    let all: u64 = runs.iter().map(Run::len).sum();
    all >= longest.saturating_mul(2)
}

/// A merge under way.
pub(super) struct Merging {
    pub trail: i64,
    /// As the file has it.
    pub mark: Merge,
    pub sources: Vec<Run>,
    /// The first entry of the run.
    first: u64,
    /// Entries whose terms are not taken from the sources: removed ones, and changed ones.
    without: Vec<Range<u64>>,
    /// The terms of changed entries as they are now, in their order.
    fresh: Sorted,
    /// The place of the group that comes next, and the place within it.
    next_fresh: (usize, usize),
    builder: Option<Builder>,
}

impl Merging {
    pub fn new(
        trail: i64,
        (epoch, mark): (u64, Merge),
        (first, sources): (u64, Vec<Run>),
        without: Vec<Range<u64>>,
        fresh: Sorted,
    ) -> Self {
        Self {
            trail,
            mark,
            sources,
            first,
            without,
            fresh,
            next_fresh: (0, 0),
            builder: Some(Builder::new(epoch, mark.run)),
        }
    }

    /// Writes up to so many terms; the blocks that they filled, and the run where it is whole.
    pub fn slice(&mut self, blocks: &dyn Blocks, terms_max: usize) -> Result<Slice, Fault> {
        let Some(mut builder) = self.builder.take() else {
            return Err(Fault::damage("a merge is over and goes on"));
        };
        let (key, seq) = match builder.last() {
            Some((key, seq)) => (key, seq.saturating_add(1)),
            None => (&[][..], 0),
        };
        let mut sources = Sources::of(&self.sources, blocks, (key, seq))?;
        let mut left = terms_max;
        while left > 0 {
            let source = sources.nearest();
            if let Some((_, seqs)) = source
                && let Some(count) = left_out(seqs, &self.without)
            {
                sources.advance(count)?;
                continue;
            }
            let fresh = self.fresh.group(self.next_fresh.0);
            let fresh = fresh.map(|(key, seqs)| (key, &seqs[self.next_fresh.1..]));
            let Some(((key, seqs), is_fresh)) = nearer(source, fresh) else {
                let end = self.sources.last().map_or(self.first, |run| run.end);
                let (run, blocks) = builder.end(self.first, end);
                return Ok(Slice {
                    blocks,
                    whole: Some(run),
                });
            };
            let seqs = &seqs[..seqs.len().min(left)];
            let seqs = match is_fresh {
                true => before(seqs, key, source),
                false => before(kept(seqs, &self.without), key, fresh),
            };
            rises(builder.last(), key, seqs)?;
            builder.push(key, seqs);
            left -= seqs.len();
            let count = seqs.len();
            match is_fresh {
                true => {
                    self.next_fresh.1 += count;
                    let group = self.fresh.group(self.next_fresh.0);
                    if group.is_none_or(|(_, seqs)| self.next_fresh.1 == seqs.len()) {
                        self.next_fresh = (self.next_fresh.0 + 1, 0);
                    }
                }
                false => sources.advance(count)?,
            }
        }
        let blocks = builder.finished();
        self.builder = Some(builder);
        Ok(Slice {
            blocks,
            whole: None,
        })
    }
}

/// A key and seqs of it, which rise.
type Group<'g> = (&'g [u8], &'g [u64]);

/// The group that begins first, and whether that is `fresh`.
fn nearer<'g>(source: Option<Group<'g>>, fresh: Option<Group<'g>>) -> Option<(Group<'g>, bool)> {
    match (source, fresh) {
        (Some((key, seqs)), Some((other, others))) => {
            match (other, others.first()) < (key, seqs.first()) {
                true => Some(((other, others), true)),
                false => Some(((key, seqs), false)),
            }
        }
        (Some(source), None) => Some((source, false)),
        (None, Some(fresh)) => Some((fresh, true)),
        (None, None) => None,
    }
}

/// Those before the ones that another group has of the same key.
fn before<'s>(seqs: &'s [u64], key: &[u8], other: Option<Group<'_>>) -> &'s [u64] {
    match other {
        Some((there, [seq, ..])) if there == key => {
            &seqs[..seqs.partition_point(|before| before < seq)]
        }
        _ => seqs,
    }
}

/// Where seqs begin with some that are left out: how many.
fn left_out(seqs: &[u64], without: &[Range<u64>]) -> Option<usize> {
    let first = *seqs.first()?;
    let range = without.get(without.partition_point(|range| range.end <= first))?;
    let count = || seqs.partition_point(|seq| *seq < range.end);
    range.contains(&first).then(count)
}

/// Those before the first one that is left out.
fn kept<'s>(seqs: &'s [u64], without: &[Range<u64>]) -> &'s [u64] {
    let range = seqs.first().and_then(|first| {
        let place = without.partition_point(|range| range.end <= *first);
        without.get(place)
    });
    match range {
        Some(range) => &seqs[..seqs.partition_point(|seq| *seq < range.start)],
        None => seqs,
    }
}

/// Runs cover stretches one after another, so that the seqs of a key do not fall where one run goes
/// on from another: unless somebody else made them.
fn rises(last: Option<(&[u8], u64)>, key: &[u8], seqs: &[u64]) -> Result<(), Fault> {
    let last = last.filter(|(there, _)| *there == key).map(|(_, seq)| seq);
    match seqs.first() {
        Some(first) if last.is_none_or(|last| last <= *first) => Ok(()),
        _ => Err(Fault::damage("runs overlap")),
    }
}

/// What a slice of a merge came to.
pub(super) struct Slice {
    pub blocks: Vec<(u64, Vec<u8>)>,
    pub whole: Option<Run>,
}

/// The sources of a merge, each at the next term that is taken from it.
struct Sources<'r> {
    terms: Vec<RunTerms<'r>>,
    /// How the key of each begins, which mostly tells which is nearer.
    begins: Vec<u128>,
    /// The places of those that are not at their end, as a heap: the nearest first.
    heap: Vec<usize>,
}

impl<'r> Sources<'r> {
    fn of(
        runs: &'r [Run],
        blocks: &'r dyn Blocks,
        (key, seq): (&[u8], u64),
    ) -> Result<Self, Fault> {
        let terms = runs.iter().map(|run| run.terms(blocks, key, seq));
        let terms = terms.collect::<Result<Vec<_>, _>>()?;
        let mut sources = Self {
            heap: Vec::with_capacity(terms.len()),
            begins: vec![0; terms.len()],
            terms,
        };
        for place in 0..sources.terms.len() {
            if sources.settle(place) {
                sources.heap.push(place);
            }
        }
        for at in (0..sources.heap.len() / 2).rev() {
            sources.sink(at);
        }
        Ok(sources)
    }

    /// The next term of all, and those of the same key that stand beside it.
    fn nearest(&self) -> Option<Group<'_>> {
        self.terms[*self.heap.first()?].ahead()
    }

    /// Goes on behind so many of the terms that are nearest.
    fn advance(&mut self, terms: usize) -> Result<(), Fault> {
        let Some(nearest) = self.heap.first().copied() else {
            return Ok(());
        };
        self.terms[nearest].advance(terms)?;
        if !self.settle(nearest) {
            self.heap.swap_remove(0);
        }
        self.sink(0);
        Ok(())
    }

    /// Looks where a source stands now; whether there is something.
    fn settle(&mut self, place: usize) -> bool {
        let next = self.terms[place].ahead();
        let begins = next.map(|(key, _)| tail::beginning(key));
        self.begins[place] = begins.unwrap_or(u128::MAX);
        begins.is_some()
    }

    fn is_nearer(&self, one: usize, other: usize) -> bool {
        match self.begins[one].cmp(&self.begins[other]) {
            Ordering::Equal => self.terms[one].peek() < self.terms[other].peek(),
            order => order.is_lt(),
        }
    }

    fn sink(&mut self, mut at: usize) {
        loop {
            let (left, right) = (2 * at + 1, 2 * at + 2);
            let Some(mut child) = self.heap.get(left).map(|_| left) else {
                return;
            };
            if let Some(other) = self.heap.get(right)
                && self.is_nearer(*other, self.heap[left])
            {
                child = right;
            }
            if !self.is_nearer(self.heap[child], self.heap[at]) {
                return;
            }
            self.heap.swap(at, child);
            at = child;
        }
    }
}
