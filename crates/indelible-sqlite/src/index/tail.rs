//! The terms of entries, gathered from the log and put into the order of a run.

use std::cmp::Ordering;

use indelible_core::entry::{Columns, StoredEntry};
use indelible_core::part::PerPart;
use indelible_core::store::{StoreError, TermField, each_term};
use rusqlite::Connection;
use rusqlite::fallible_streaming_iterator::FallibleStreamingIterator;

use crate::error::{corrupt, refused};
use crate::row::{self, place};
use crate::sql;

/// Keys that are recent; a power of two.
const RECENT: usize = 16_384;

/// Terms of an entry, about.
const TERMS: usize = 8;

/// Terms of entries, which come in the order of their seqs.
#[derive(Default)]
pub(super) struct Terms {
    keys: Keys,
    /// The numbers of keys that came of late, so that what repeats is mostly kept once; empty where
    /// only a few are added.
    recent: Vec<u32>,
    /// The number of a key, and a seq.
    pairs: Vec<(u32, u64)>,
    /// The key that is being added.
    key: Vec<u8>,
}

/// Keys in one piece of memory, by the order in which they came.
#[derive(Default)]
struct Keys {
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

/// Terms in the order of a run: each key once, with all its seqs.
#[derive(Default)]
pub(super) struct Sorted {
    keys: Keys,
    /// The number of each key, and where its seqs end.
    groups: Vec<(u32, usize)>,
    seqs: Vec<u64>,
}

/// The key of a value: the number of its field before it.
pub(super) fn key(field: TermField, value: &[u8]) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + value.len());
    key.push(field as u8);
    key.extend_from_slice(value);
    key
}

/// The columns of an entry. A part that cannot be read has no value; the others keep theirs.
pub(crate) fn columns(mut bodies: PerPart<Option<&[u8]>>) -> Columns {
    loop {
        match Columns::of_bodies(bodies) {
            Ok(columns) => return columns,
            Err((unreadable, _)) => *bodies.get_mut(unreadable) = None,
        }
    }
}

impl Terms {
    /// Adds the terms of an entry.
    pub fn add(&mut self, entry: &StoredEntry) {
        each_term(entry, &columns(entry.bodies()), &mut |field, value| {
            self.term(field, value, entry.seq);
        });
    }

    fn term(&mut self, field: TermField, value: &[u8], seq: u64) {
        self.key.clear();
        self.key.push(field as u8);
        self.key.extend_from_slice(value);
        // What is mostly met once would only drive out what is not.
        let recent = match field {
            TermField::CorrelationId => None,
            _ => self.recent.get_mut(slot(&self.key)),
        };
        let number = match recent {
            None => self.keys.add(&self.key),
            Some(recent) => {
                if *recent == u32::MAX || self.keys.get(*recent) != self.key {
                    *recent = self.keys.add(&self.key);
                }
                *recent
            }
        };
        self.pairs.push((number, seq));
    }

    /// Adds those of the entries from `first` up to `end`, as far as memory goes. Answers up to
    /// where.
    pub fn gather(
        &mut self,
        log: &Connection,
        trail: i64,
        (first, end): (u64, u64),
        bytes_max: usize,
    ) -> Result<u64, StoreError> {
        self.recent.resize(RECENT, u32::MAX);
        let entries = usize::try_from(end - first).unwrap_or(usize::MAX);
        let room = entries
            .saturating_mul(TERMS)
            .min(bytes_max / size_of::<(u32, u64)>() / 2);
        self.pairs.reserve(room);
        // Side by side, which is less to do than to look for the part of each entry.
        let mut get = log.prepare_cached(sql::INDEXED).map_err(refused)?;
        let mut get_bodies = log.prepare_cached(sql::BODIES).map_err(refused)?;
        let range = [place(trail, first), place(trail, end - 1)];
        let mut rows = get.query(range).map_err(refused)?;
        let mut parts = get_bodies.query(range).map_err(refused)?;
        parts.advance().map_err(refused)?;
        let mut next = first;
        while let Some(row) = rows.next().map_err(refused)? {
            let (seq, indexed) = row::indexed(row)?;
            if seq != next {
                // Up to the gap it is as any other log.
                break;
            }
            let bodies = loop {
                let Some(part) = parts.get() else {
                    break PerPart::default();
                };
                let of: i64 = part.get(0).map_err(refused)?;
                match of.cmp(&place(trail, seq)) {
                    // One without an entry, which nothing here tells of.
                    Ordering::Less => parts.advance().map_err(refused)?,
                    Ordering::Equal => break row::bodies(part, seq)?,
                    Ordering::Greater => break PerPart::default(),
                }
            };
            indexed.each_term(&columns(bodies), &mut |field, value| {
                self.term(field, value, seq);
            });
            next += 1;
            if self.bytes() >= bytes_max {
                break;
            }
        }
        match next > first {
            true => Ok(next),
            false => Err(corrupt("the log", Some(first), "the entry is missing")),
        }
    }

    /// What they take now, and what putting them into their order will take, but for spare room.
    fn bytes(&self) -> usize {
        let order = size_of::<(u128, u32)>() + size_of::<(u32, usize)>();
        let of_key = 3 * size_of::<u32>() + order;
        let of_pair = size_of::<(u32, u64)>() + size_of::<u64>();
        self.keys.bytes.len() + self.keys.ends.len() * of_key + self.pairs.len() * of_pair
    }

    /// Puts them into the order of a run.
    pub fn sorted(self) -> Sorted {
        let Self { keys, pairs, .. } = self;
        let mut counts = vec![0_u32; keys.ends.len()];
        for (number, _) in &pairs {
            counts[*number as usize] += 1;
        }
        // Most are told apart by how they begin, behind what all of a field have in common. What came
        // again when it was not recent any more has a higher number, and all its seqs are higher.
        let shared = shared(&keys);
        let numbers = 0..keys.ends.len() as u32;
        let beginning = |number| {
            let key = keys.get(number);
            let (field, begins) = (key[0], &key[shared[usize::from(key[0])]..]);
            (u128::from(field) << 120 | beginning(begins) >> 8, number)
        };
        let mut order: Vec<_> = numbers.map(beginning).collect();
        order.sort_unstable_by(|(one, n), (other, m)| {
            let beginnings = one.cmp(other);
            beginnings.then_with(|| (keys.get(*n), n).cmp(&(keys.get(*m), m)))
        });
        // Where the next seq of each number goes.
        let mut nexts = vec![0_u32; order.len()];
        let mut groups: Vec<(u32, usize)> = Vec::with_capacity(order.len());
        let mut end = 0;
        for (_, number) in order {
            nexts[number as usize] = end as u32;
            end += counts[number as usize] as usize;
            match groups.last_mut() {
                Some((last, of_last)) if keys.get(*last) == keys.get(number) => *of_last = end,
                _ => groups.push((number, end)),
            }
        }
        let mut seqs = vec![0; end];
        for (number, seq) in pairs {
            let next = &mut nexts[number as usize];
            seqs[*next as usize] = seq;
            *next += 1;
        }
        Sorted { keys, groups, seqs }
    }
}

/// How many bytes all keys of each field have in common, the number of the field among them.
fn shared(keys: &Keys) -> [usize; 256] {
    let mut shared = [usize::MAX; 256];
    let mut firsts = [0; 256];
    for number in 0..keys.ends.len() as u32 {
        let key = keys.get(number);
        let field = usize::from(key[0]);
        if shared[field] == usize::MAX {
            (firsts[field], shared[field]) = (number, key.len());
        }
        let pairs = keys.get(firsts[field]).iter().zip(key);
        let pairs = pairs.take(shared[field]);
        shared[field] = pairs.take_while(|(one, other)| one == other).count();
    }
    shared
}

/// The first bytes of a key, in the order of keys.
pub(super) fn beginning(key: &[u8]) -> u128 {
    let mut bytes = [0; 16];
    let length = key.len().min(16);
    bytes[..length].copy_from_slice(&key[..length]);
    u128::from_be_bytes(bytes)
}

/// Where a key is kept while it is recent, by how it begins and ends. Keys that meet in one place
/// are kept more than once, and nothing else comes of it.
fn slot(key: &[u8]) -> usize {
    let begins = beginning(key);
    let ends = beginning(&key[key.len().saturating_sub(16)..]);
    let mut mixed = 0_u64;
    for half in [begins >> 64, begins, ends >> 64, ends] {
        mixed = (mixed.rotate_left(5) ^ half as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
    (mixed >> (u64::BITS - RECENT.ilog2())) as usize
}

impl Keys {
    fn add(&mut self, key: &[u8]) -> u32 {
        self.bytes.extend_from_slice(key);
        self.ends.push(self.bytes.len() as u32);
        self.ends.len() as u32 - 1
    }

    fn get(&self, number: u32) -> &[u8] {
        let number = number as usize;
        let begin = match number {
            0 => 0,
            _ => self.ends[number - 1],
        };
        &self.bytes[begin as usize..self.ends[number] as usize]
    }
}

impl Sorted {
    /// All keys, each with its seqs, which rise.
    pub fn groups(&self) -> impl Iterator<Item = (&[u8], &[u64])> {
        (0..).map_while(|place| self.group(place))
    }

    /// The key at a place, with its seqs.
    pub fn group(&self, place: usize) -> Option<(&[u8], &[u64])> {
        let (number, end) = self.groups.get(place)?;
        let begin = match place {
            0 => 0,
            _ => self.groups[place - 1].1,
        };
        Some((self.keys.get(*number), &self.seqs[begin..*end]))
    }

    #[cfg(test)]
    pub fn made_of<'t>(terms: impl IntoIterator<Item = &'t (Vec<u8>, u64)>) -> Self {
        let mut made = Self::default();
        for (key, seq) in terms {
            let is_new = |(number, _): &(u32, usize)| made.keys.get(*number) != key;
            if made.groups.last().is_none_or(is_new) {
                made.groups.push((made.keys.add(key), made.seqs.len()));
            }
            made.seqs.push(*seq);
            made.groups.last_mut().expect("it was pushed").1 += 1;
        }
        made
    }
}

#[cfg(test)]
mod cases;
