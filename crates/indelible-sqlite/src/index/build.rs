//! Building a run: terms in their order become blocks, and blocks above them.

use super::block::{BLOCK_BYTES, Packer, sealed};
use super::run::{Run, Shape};

/// Takes the terms of a run in their order and gives its blocks.
pub(super) struct Builder {
    epoch: u64,
    run: u64,
    leaf: Level,
    fences: Vec<Level>,
    next: u32,
    terms: u64,
    /// The last term.
    last: Option<(Vec<u8>, u64)>,
    blocks: Vec<(u64, Vec<u8>)>,
}

/// A block of a height that is being written.
#[derive(Default)]
struct Level {
    packer: Packer,
    /// The first term in it.
    first: (Vec<u8>, u64),
    /// The last block of this height that was given.
    given: u32,
    count: u32,
}

impl Builder {
    /// Begins a run with this number, which no run of the file had before.
    pub fn new(epoch: u64, run: u64) -> Self {
        Self {
            epoch,
            run,
            leaf: Level::default(),
            fences: Vec::new(),
            next: 0,
            terms: 0,
            last: None,
            blocks: Vec::new(),
        }
    }

    /// Adds terms of a key behind those before. Seqs of one key rise; where two are the same, as in
    /// a row of the log that was tampered with, it is one.
    pub fn push(&mut self, key: &[u8], seqs: &[u64]) {
        let last = self.last().filter(|(there, _)| *there == key);
        let mut last = last.map(|(_, seq)| seq);
        let mut goes_on = self.leaf.packer.goes_on_with(key);
        for seq in seqs.iter().copied() {
            if last.replace(seq) == Some(seq) {
                continue;
            }
            if !self.leaf.packer.is_empty() && self.leaf.packer.would_take(key) > BLOCK_BYTES {
                self.end_leaf();
            }
            if self.leaf.packer.is_empty() {
                self.leaf.begin(key, seq);
                goes_on = false;
            }
            match std::mem::replace(&mut goes_on, true) {
                true => self.leaf.packer.more(seq),
                false => self.leaf.packer.term(key, seq),
            }
            self.terms += 1;
        }
        if let Some(seq) = last {
            remember(&mut self.last, key, seq);
        }
    }

    /// The term that was added last.
    pub fn last(&self) -> Option<(&[u8], u64)> {
        self.last.as_ref().map(|(key, seq)| (key.as_slice(), *seq))
    }

    /// The blocks that were finished since this was asked last, with their ids.
    pub fn finished(&mut self) -> Vec<(u64, Vec<u8>)> {
        std::mem::take(&mut self.blocks)
    }

    /// Ends the run of the seqs from `first` up to `end`.
    pub fn end(mut self, first: u64, end: u64) -> (Run, Vec<(u64, Vec<u8>)>) {
        if !self.leaf.packer.is_empty() {
            self.end_leaf();
        }
        let mut height = 0;
        let mut root = self.leaf.given;
        while let Some(level) = self.fences.get(height) {
            // A single block needs none above it.
            let below = match height {
                0 => self.leaf.count,
                _ => self.fences[height - 1].count,
            };
            if below == 1 && level.count == 0 {
                break;
            }
            if !self.fences[height].packer.is_empty() {
                self.end_fence(height);
            }
            root = self.fences[height].given;
            height += 1;
        }
        let shape = Shape {
            root,
            height: u8::try_from(height).unwrap_or(u8::MAX),
            blocks: self.next,
            terms: self.terms,
        };
        let run = Run {
            id: self.run,
            first,
            end,
            shape,
        };
        (run, self.blocks)
    }

    fn end_leaf(&mut self) {
        let body = self.leaf.packer.take();
        let id = self.give(&body);
        self.leaf.gave(id);
        let first = std::mem::take(&mut self.leaf.first);
        self.fence(0, &first, id);
    }

    fn end_fence(&mut self, height: usize) {
        let body = self.fences[height].packer.take();
        let id = self.give(&body);
        self.fences[height].gave(id);
        let first = std::mem::take(&mut self.fences[height].first);
        self.fence(height + 1, &first, id);
    }

    /// Tells the block above of one below.
    fn fence(&mut self, height: usize, (key, seq): &(Vec<u8>, u64), child: u32) {
        if self.fences.len() == height {
            self.fences.push(Level::default());
        }
        let packer = &self.fences[height].packer;
        if !packer.is_empty() && packer.would_take(key) > BLOCK_BYTES {
            self.end_fence(height);
        }
        let level = &mut self.fences[height];
        if level.packer.is_empty() {
            level.begin(key, *seq);
        }
        level.packer.child(key, *seq, child);
    }

    fn give(&mut self, body: &[u8]) -> u32 {
        let number = self.next;
        self.next += 1;
        let id = Run::block_id(self.run, number);
        self.blocks.push((id, sealed(self.epoch, id, body)));
        number
    }
}

impl Level {
    fn begin(&mut self, key: &[u8], seq: u64) {
        self.first = (key.to_vec(), seq);
    }

    fn gave(&mut self, number: u32) {
        self.given = number;
        self.count += 1;
    }
}

fn remember(last: &mut Option<(Vec<u8>, u64)>, key: &[u8], seq: u64) {
    let (there, of) = last.get_or_insert_default();
    if there.as_slice() != key {
        there.clear();
        there.extend_from_slice(key);
    }
    *of = seq;
}
