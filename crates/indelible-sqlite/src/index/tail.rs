//! The terms of entries, gathered from the log and put into the order of a run.

use indelible_core::entry::{Columns, StoredEntry};
use indelible_core::store::{StoreError, TermField, each_term};
use rusqlite::Connection;

use crate::error::{corrupt, refused};
use crate::row::{self, place};
use crate::sql;

/// Terms of entries, each key once in memory for each entry.
#[derive(Default)]
pub(super) struct Terms {
    keys: Vec<u8>,
    terms: Vec<(u32, u32, u64)>,
}

/// The key of a value: the number of its field before it.
pub(super) fn key(field: TermField, value: &[u8]) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + value.len());
    key.push(field as u8);
    key.extend_from_slice(value);
    key
}

/// The columns of an entry. A part that cannot be read has no value; the others keep theirs.
pub(crate) fn columns(entry: &StoredEntry) -> Columns {
    let unreadable = match Columns::derive(entry) {
        Ok(columns) => return columns,
        Err(unreadable) => unreadable,
    };
    let mut entry = entry.clone();
    *entry.parts.get_mut(unreadable.part) = None;
    match entry.parts.actor.is_some()
        || entry.parts.target.is_some()
        || entry.parts.details.is_some()
    {
        true => columns(&entry),
        false => Columns::default(),
    }
}

impl Terms {
    /// Adds the terms of an entry.
    pub fn add(&mut self, entry: &StoredEntry) {
        let columns = columns(entry);
        each_term(entry, &columns, &mut |field, value| {
            let begin = self.keys.len();
            self.keys.push(field as u8);
            self.keys.extend_from_slice(value);
            let length = self.keys.len() - begin;
            self.terms.push((begin as u32, length as u32, entry.seq));
        });
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
        let mut get = log.prepare_cached(sql::ENTRIES).map_err(refused)?;
        let range = [place(trail, first), place(trail, end - 1)];
        let mut rows = get.query(range).map_err(refused)?;
        let mut next = first;
        while let Some(row) = rows.next().map_err(refused)? {
            let entry = row::entry(row)?;
            if entry.seq != next {
                // Up to the gap it is as any other log.
                break;
            }
            self.add(&entry);
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

    #[cfg(test)]
    pub fn made_of<'t>(terms: impl IntoIterator<Item = &'t (Vec<u8>, u64)>) -> Self {
        let mut made = Self::default();
        for (key, seq) in terms {
            made.terms
                .push((made.keys.len() as u32, key.len() as u32, *seq));
            made.keys.extend_from_slice(key);
        }
        made
    }

    fn bytes(&self) -> usize {
        self.keys.len() + self.terms.len() * size_of::<(u32, u32, u64)>()
    }

    /// Puts them into the order of a run.
    pub fn sort(&mut self) {
        let keys = &self.keys;
        let key = |(begin, length, _): &(u32, u32, u64)| {
            let begin = *begin as usize;
            &keys[begin..begin + *length as usize]
        };
        self.terms
            .sort_unstable_by(|one, other| (key(one), one.2).cmp(&(key(other), other.2)));
    }

    pub fn len(&self) -> usize {
        self.terms.len()
    }

    pub fn get(&self, place: usize) -> Option<(&[u8], u64)> {
        let (begin, length, seq) = self.terms.get(place)?;
        let begin = *begin as usize;
        Some((&self.keys[begin..begin + *length as usize], *seq))
    }
}
