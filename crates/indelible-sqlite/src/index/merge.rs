//! Merging neighbouring runs into one, a slice at a time.

use std::ops::Range;

use super::Fault;
use super::build::Builder;
use super::record::Merge;
use super::run::{Blocks, Run, Terms as RunTerms};
use super::tail::Terms;

/// Runs of one size that become one.
const FAN_IN: usize = 8;

/// Which of a trail's runs are to become one: neighbours, as soon as there are enough of about one
/// size or smaller, and none that is longer than all the others: what is written again at least
/// doubles, so that each term is written as often as sizes can grow and not with every few that
/// come.
pub(super) fn due(runs: &[Run]) -> Option<Range<usize>> {
    let size = |run: &Run| run.len().max(1).ilog2() / FAN_IN.ilog2();
    let largest = runs.iter().map(size).max()?;
    (0..=largest).find_map(|up_to| {
        let mut begin = 0;
        for (place, run) in runs.iter().enumerate() {
            if size(run) > up_to {
                begin = place + 1;
            }
            let is_last = runs.get(place + 1).is_none_or(|next| size(next) > up_to);
            if is_last && place + 1 - begin >= FAN_IN && doubles(&runs[begin..=place]) {
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
    fresh: Terms,
    next_fresh: usize,
    builder: Option<Builder>,
    /// The last term that was written.
    last: Option<(Vec<u8>, u64)>,
}

impl Merging {
    pub fn new(
        trail: i64,
        (epoch, mark): (u64, Merge),
        (first, sources): (u64, Vec<Run>),
        without: Vec<Range<u64>>,
        fresh: Terms,
    ) -> Self {
        Self {
            trail,
            mark,
            sources,
            first,
            without,
            fresh,
            next_fresh: 0,
            builder: Some(Builder::new(epoch, mark.run)),
            last: None,
        }
    }

    /// Writes up to so many terms; the blocks that they filled, and the run where it is whole.
    pub fn slice(&mut self, blocks: &dyn Blocks, terms_max: usize) -> Result<Slice, Fault> {
        let Some(mut builder) = self.builder.take() else {
            return Err(Fault::damage("a merge is over and goes on"));
        };
        let (key, seq) = match &self.last {
            Some((key, seq)) => (key.as_slice(), seq.saturating_add(1)),
            None => (&[][..], 0),
        };
        let mut ahead = Vec::with_capacity(self.sources.len());
        for run in &self.sources {
            ahead.push(Ahead::of(run.terms(blocks, key, seq)?, &self.without)?);
        }
        let mut last = self.last.take();
        for _ in 0..terms_max {
            let nearest = ahead
                .iter()
                .enumerate()
                .filter_map(|(place, one)| Some((one.terms.peek()?, Some(place))))
                .chain(self.fresh.get(self.next_fresh).map(|term| (term, None)))
                .min_by(|(one, _), (other, _)| one.cmp(other));
            let Some(((key, seq), place)) = nearest else {
                let end = self.sources.last().map_or(self.first, |run| run.end);
                let (run, blocks) = builder.end(self.first, end);
                return Ok(Slice {
                    blocks,
                    whole: Some(run),
                });
            };
            builder.push(key, seq);
            remember(&mut last, key, seq);
            match place {
                Some(place) => ahead[place].advance(&self.without)?,
                None => self.next_fresh += 1,
            }
        }
        let blocks = builder.finished();
        (self.builder, self.last) = (Some(builder), last);
        Ok(Slice {
            blocks,
            whole: None,
        })
    }
}

/// What a slice of a merge came to.
pub(super) struct Slice {
    pub blocks: Vec<(u64, Vec<u8>)>,
    pub whole: Option<Run>,
}

pub(super) fn remember(last: &mut Option<(Vec<u8>, u64)>, key: &[u8], seq: u64) {
    let (there, of) = last.get_or_insert_default();
    if there.as_slice() != key {
        there.clear();
        there.extend_from_slice(key);
    }
    *of = seq;
}

/// A source, at the next term that is taken from it.
struct Ahead<'r> {
    terms: RunTerms<'r>,
}

impl<'r> Ahead<'r> {
    fn of(terms: RunTerms<'r>, without: &[Range<u64>]) -> Result<Self, Fault> {
        let mut ahead = Self { terms };
        ahead.pass(without)?;
        Ok(ahead)
    }

    fn advance(&mut self, without: &[Range<u64>]) -> Result<(), Fault> {
        self.terms.advance()?;
        self.pass(without)
    }

    fn pass(&mut self, without: &[Range<u64>]) -> Result<(), Fault> {
        let is_left_out = |seq: u64| {
            let place = without.partition_point(|range| range.end <= seq);
            without.get(place).is_some_and(|range| range.contains(&seq))
        };
        while !without.is_empty() && self.terms.peek().is_some_and(|(_, seq)| is_left_out(seq)) {
            self.terms.advance()?;
        }
        Ok(())
    }
}
