//! Searches against the plain test of every entry, and what lies in the file of an index.

use std::ops::Range;
use std::path::Path;

use indelible::core::Store;
use indelible::core::entry::{Columns, StoredEntry};
use indelible::core::filter::{Filter, UserFilter};
use indelible::core::store::Find;
use indelible::{Outcome, TrailName};
use rusqlite::Connection;

use crate::place::index_of;

/// The entries of the trail `default`, oldest first, and what is derived of them.
pub struct Plain(Vec<(StoredEntry, Columns)>);

impl Plain {
    /// Those that are there now.
    pub async fn of(store: &dyn Store) -> Self {
        let trail = TrailName::standard();
        let size = store.head(&trail).await.expect("readable");
        let (size, mut all) = (size.map_or(0, |head| head.size), Vec::new());
        let mut next = store.first_kept(&trail).await.expect("readable");
        while next < size {
            let range = next..size.min(next + 1000);
            let entries = store.entries(&trail, range).await.expect("readable");
            next += entries.len() as u64;
            all.extend(entries.into_iter().map(|entry| {
                let columns = Columns::derive(&entry).expect("readable");
                (entry, columns)
            }));
        }
        Self(all)
    }

    /// Compares so many searches, other ones in every round, of which some must find something.
    pub async fn compare(&self, store: &dyn Store, round: usize, searches: usize) {
        let mut hits = 0;
        for nth in 0..searches {
            let find = self.find(round * searches + nth);
            let found = store.find(&TrailName::standard(), &find).await;
            let found: Vec<u64> = found
                .expect("found")
                .iter()
                .map(|entry| entry.seq)
                .collect();
            assert_eq!(found, self.matching(&find), "round {round}: {find:?}");
            hits += usize::from(!found.is_empty());
        }
        assert!(hits > searches / 4, "{hits} of {searches} found anything");
    }

    fn matching(&self, find: &Find) -> Vec<u64> {
        let matching = self.0.iter().filter(|(entry, columns)| {
            entry.seq < find.below
                && find.from.is_none_or(|from| entry.seq >= from)
                && find.filter.matches(entry, columns).expect("readable")
        });
        let mut seqs: Vec<u64> = matching.map(|(entry, _)| entry.seq).collect();
        if find.from.is_none() {
            seqs.reverse();
        }
        let chosen = seqs.into_iter().skip(find.skip as usize);
        let mut chosen: Vec<u64> = chosen.take(find.limit).collect();
        if find.from.is_some() {
            chosen.reverse();
        }
        chosen
    }

    /// A search after values that an entry has, of which `nth` says which one.
    fn find(&self, nth: usize) -> Find {
        let at = |step: usize| &self.0[nth.wrapping_mul(step) % self.0.len()];
        let ((entry, columns), (other, _)) = (at(7919), at(104_729));
        let is = |bit: usize| nth >> bit & 1 == 1;
        let user = columns.user_id.clone();
        let filter = Filter {
            user: is(0).then(|| match user {
                Some(user) => UserFilter::AnyOf(vec![user, "nobody".to_owned()]),
                None => UserFilter::None,
            }),
            actions: is(1).then(|| vec![entry.action.clone(), "nothing".to_owned()]),
            resource_ids: nth
                .is_multiple_of(3)
                .then(|| columns.resource_id.iter().cloned().collect()),
            resource_type: nth.is_multiple_of(5).then(|| entry.resource_type.clone()),
            outcome: is(2).then_some(Outcome::Succeeded),
            earliest: nth
                .is_multiple_of(7)
                .then(|| entry.occurred_at.min(other.occurred_at)),
            latest: nth
                .is_multiple_of(7)
                .then(|| entry.occurred_at.max(other.occurred_at)),
            ..Filter::default()
        };
        Find {
            filter,
            below: if is(3) { u64::MAX } else { entry.seq + 1 },
            from: is(4).then(|| other.seq.min(entry.seq)),
            skip: if is(5) { 3 } else { 0 },
            limit: [1, 10, 100_000][nth % 3],
        }
    }
}

/// The runs that the index of a database at `path` has of its trails: which entries, and how many
/// blocks stand above a leaf.
pub fn indexed(path: &Path) -> Vec<(Range<u64>, u64)> {
    if !index_of(path).exists() {
        return Vec::new();
    }
    let db = Connection::open(index_of(path)).expect("opens");
    let mut all = Vec::new();
    // What follows the checksum is JSON.
    let rows: rusqlite::Result<Vec<Vec<u8>>> = db
        .prepare("SELECT substr(body, 9) FROM trail")
        .and_then(|mut get| get.query_map([], |row| row.get(0))?.collect());
    for body in rows.unwrap_or_default() {
        let covered: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
        for run in covered["runs"].as_array().expect("runs") {
            let number = |name: &str| run[name].as_u64().expect("a number");
            all.push((number("first")..number("end"), number("height")));
        }
    }
    all
}
