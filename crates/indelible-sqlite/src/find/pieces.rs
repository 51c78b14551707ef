//! What a long search does between two of its pieces: nothing, so that others can.

use indelible_core::filter::{ContextFilter, Filter, UserFilter};

use super::*;
use crate::made::Log;
use crate::open::Options;
use crate::store::SqliteStore;

const ENTRIES: u64 = 2_000;
/// Steps of a piece.
const STEPS: usize = 150;

fn by_user() -> Filter {
    Filter {
        user: Some(UserFilter::AnyOf(vec!["u3".to_owned()])),
        ..Filter::default()
    }
}

/// Nothing matches, which each entry has to be asked.
fn by_context() -> Filter {
    Filter {
        context: vec![ContextFilter {
            path: vec!["nothing".to_owned()],
            values: vec!["1".to_owned()],
        }],
        ..Filter::default()
    }
}

/// Nothing matches, which two lists tell that are leapt through.
fn by_both() -> Filter {
    Filter {
        actions: Some(vec!["a0".to_owned()]),
        ..by_user()
    }
}

/// The log as it changes while it is searched.
struct Beside {
    log: Log,
    first_kept: u64,
    erased: Vec<bool>,
}

impl Beside {
    fn of(log: Log) -> Self {
        let erased = vec![false; ENTRIES as usize];
        Self {
            log,
            first_kept: 0,
            erased,
        }
    }

    /// The entries of a stretch that are by `u3`, as the log is now.
    fn by_user(&self, (begin, end): (u64, u64)) -> Vec<u64> {
        let is_there =
            |seq: &u64| seq % 10 == 3 && *seq >= self.first_kept && !self.erased[*seq as usize];
        (begin..end).filter(is_there).collect()
    }

    /// Erases and removes some of what lies ahead, and adds some that was not there at first.
    fn changes(&mut self, rest: &Find) {
        let (ahead, first_kept) = match rest.from {
            // Past where the search stands.
            Some(at) => (at + 40..at + 80, at + 21),
            None => (rest.below / 2..rest.below / 2 + 40, self.first_kept + 90),
        };
        self.first_kept = first_kept.min(ENTRIES);
        self.log.grow(20);
        self.log.trim(self.first_kept);
        let ahead = ahead.start.max(self.first_kept)..ahead.end.min(ENTRIES);
        if !ahead.is_empty() {
            self.erased[ahead.start as usize..ahead.end as usize].fill(true);
            self.log.erase(ahead);
        }
    }
}

/// Looks for something in pieces, with changes between them. Answers how many pieces it took.
async fn searched(filter: Filter, from: Option<u64>, is_indexed: bool) -> usize {
    let is_found = filter == by_user();
    let log = Log::of(ENTRIES);
    let options = Options {
        read_only: !is_indexed,
        index_entries: 100,
        ..Options::default()
    };
    let store = SqliteStore::open_with(log.path(), &options).expect("it opens");
    if is_indexed {
        let covered = store.indexed(&mut |_, _| ()).await;
        covered.expect("it covers");
        // Its thread reads the log, too.
        store.index.close().await;
    }
    let mut beside = Beside::of(log);
    let searches = move |reader: &mut Reader, caller: &Caller| {
        let mut next = Some(Find {
            filter,
            below: u64::MAX,
            from,
            skip: 5,
            limit: usize::MAX,
        });
        let (mut found, mut expected, mut pieces) = (Vec::new(), Vec::new(), 0);
        while let Some(wanted) = next {
            let trail = TrailName::standard();
            let Reader { db, index, .. } = &mut *reader;
            let piece = index
                .search(|index| super::piece((db, index), caller, &trail, (&wanted, STEPS)))?;
            found.extend(piece.entries.iter().map(|entry| entry.seq));
            next = piece.rest;
            pieces += 1;
            let stretch = match (&next, wanted.from) {
                (None, Some(at)) => (at, ENTRIES),
                (None, None) => (0, wanted.below.min(ENTRIES)),
                (Some(rest), None) => (rest.below, wanted.below.min(ENTRIES)),
                (Some(rest), Some(at)) => (at, rest.from.unwrap_or(ENTRIES)),
            };
            let mut there = beside.by_user(stretch);
            if wanted.from.is_none() {
                there.reverse();
            }
            expected.extend(there);
            if let Some(rest) = &next {
                beside.changes(rest);
            }
            assert!(beside.log.starts_over(), "after piece {pieces}");
        }
        let expected = expected.into_iter().skip(5).filter(|_| is_found);
        let expected: Vec<u64> = expected.collect();
        assert_eq!(found, expected, "from {from:?}, indexed: {is_indexed}");
        assert!(!is_found || found.len() > 5, "{found:?}");
        Ok(pieces)
    };
    store.readers.search(searches).await.expect("it finds")
}

#[tokio::test]
async fn what_changes_between_two_pieces_is_answered_as_it_is_by_then() {
    for from in [None, Some(0)] {
        for is_indexed in [false, true] {
            for filter in [by_user(), by_context(), by_both()] {
                let is_leapt = is_indexed && filter != by_context();
                let pieces = searched(filter.clone(), from, is_indexed).await;
                assert!(
                    pieces > if is_leapt { 1 } else { 4 },
                    "{pieces} of {filter:?} from {from:?}, indexed: {is_indexed}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_search_in_pieces_of_one_step_is_that_of_one_piece() {
    let log = Log::of(600);
    let store = SqliteStore::open(log.path()).expect("it opens");
    store.indexed(&mut |_, _| ()).await.expect("it covers");
    // It would sweep away what is to be passed over.
    store.index.close().await;
    log.erase(200..450);
    log.trim(101);
    let finds = [Filter::default(), by_user(), by_context(), by_both()]
        .into_iter()
        .flat_map(|filter| {
            [
                (None, 0, 50),
                (None, 30, usize::MAX),
                (Some(0), 0, 50),
                (Some(110), 30, 300),
            ]
            .map(|(from, skip, limit)| Find {
                filter: filter.clone(),
                below: 580,
                from,
                skip,
                limit,
            })
        });
    for wanted in finds {
        let trail = TrailName::standard();
        let both = move |reader: &mut Reader, caller: &Caller| {
            let whole = find(reader, caller, &trail, (&wanted, usize::MAX))?;
            for steps in [0, 1, 7] {
                let cut = find(reader, caller, &trail, (&wanted, steps))?;
                assert!(cut == whole, "{steps} steps of {wanted:?}");
            }
            Ok(())
        };
        store.readers.search(both).await.expect("it finds");
    }
}
