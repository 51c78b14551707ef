//! The store and the oracle, side by side.

use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::Arc;

use indelible_core::store::{ProjectionKind, Rollup, Verdict};
use indelible_core::{MemoryStore, TrailName};
use proptest::prop_assert_eq;
use proptest::test_runner::TestCaseError;
use serde_json::Value;

use super::step::{Attempt, Ending, Expected, KEYS, Step};
use crate::database::Database;
use crate::derivation::{by_text, check_terms, check_trail};
use crate::fixture::{Author, id};
use crate::handle::Handle;
use crate::observation::Observation;

/// What a step says of a difference between store and oracle.
type Agreement = Result<(), TestCaseError>;

/// A store and the oracle after the same steps.
pub struct Twin<'d> {
    database: &'d dyn Database,
    store: &'d RefCell<Option<Handle>>,
    oracle: Handle,
    /// Of each trail the authors at every head that it had, the present one last.
    trails: Vec<Vec<Author>>,
    kind: String,
}

impl<'d> Twin<'d> {
    /// An empty oracle beside a store in which the trails of `case` are still to come.
    pub fn new(database: &'d dyn Database, store: &'d RefCell<Option<Handle>>, case: u32) -> Self {
        // `_` and `.` would match other names of the case as patterns.
        let names = [
            format!("m{case}_a"),
            format!("m{case}-a"),
            format!("m{case}.a"),
        ];
        Self {
            database,
            store,
            oracle: Handle::on(Arc::new(MemoryStore::new())),
            trails: names.iter().map(|name| vec![Author::new(name)]).collect(),
            kind: format!("model-{case}"),
        }
    }

    /// Does one step on both sides and compares the answers.
    pub async fn apply(&mut self, step: &Step) -> Agreement {
        let (store, oracle) = (self.store(), &self.oracle);
        match step {
            Step::Append(attempts) => self.append(attempts).await?,
            Step::Erase(trail, erasures) => {
                let name = self.name(*trail);
                let expected = oracle.erase(name, erasures).await;
                prop_assert_eq!(store.erase(name, erasures).await, expected);
            }
            Step::Trim(trail, first_kept) => {
                let name = self.name(*trail);
                let reached = oracle.trim(name, *first_kept).await;
                prop_assert_eq!(store.trim(name, *first_kept).await, reached);
                let expected = oracle.first_kept(name).await;
                prop_assert_eq!(store.first_kept(name).await, expected);
            }
            Step::Find(trail, find) => {
                let name = self.name(*trail);
                prop_assert_eq!(store.find(name, find).await, oracle.find(name, find).await);
            }
            Step::Entries(trail, range) => {
                let name = self.name(*trail);
                let expected = oracle.entries(name, range.clone()).await;
                prop_assert_eq!(store.entries(name, range.clone()).await, expected);
            }
            Step::Seqs(trail, numbers, places) => {
                let name = self.name(*trail);
                let mut ids: Vec<_> = numbers.iter().map(|&number| id(number)).collect();
                for &seq in places {
                    ids.extend(
                        oracle
                            .entries(name, seq..seq + 1)
                            .await
                            .iter()
                            .map(|e| e.id),
                    );
                }
                prop_assert_eq!(store.seqs(name, &ids).await, oracle.seqs(name, &ids).await);
            }
            Step::Hashes(trail, height, range) => {
                let name = self.name(*trail);
                let expected = oracle.hashes(name, *height, range.clone()).await;
                prop_assert_eq!(store.hashes(name, *height, range.clone()).await, expected);
            }
            Step::Spans(trail, height, range) => {
                let name = self.name(*trail);
                let expected = oracle.spans(name, *height, range.clone()).await;
                prop_assert_eq!(store.spans(name, *height, range.clone()).await, expected);
            }
            Step::Rollups(trail, hours) => {
                let name = self.name(*trail);
                let expected = sorted(oracle.rollups(name, hours.clone()).await);
                prop_assert_eq!(sorted(store.rollups(name, hours.clone()).await), expected);
            }
            Step::Rows(trail, kind, page) => self.rows(*trail, *kind, *page).await?,
            Step::Put(key, expected, value) => {
                self.put(KEYS[*key], *expected, value.as_ref()).await?;
            }
            Step::List => {
                prop_assert_eq!(store.list(&self.kind).await, oracle.list(&self.kind).await);
            }
            Step::Reopen(ending) => {
                self.reopen(store, *ending).await;
            }
        }
        Ok(())
    }

    /// Compares all that both sides show.
    pub async fn compare_whole(&self) -> Agreement {
        let store = self.store();
        for trail in 0..self.trails.len() {
            let name = self.name(trail);
            let expected = Observation::of(&self.oracle, name).await;
            let seen = Observation::of(&store, name).await;
            prop_assert_eq!(&seen, &expected);
            let first_kept = store.first_kept(name).await;
            prop_assert_eq!(first_kept, self.oracle.first_kept(name).await);
            let lags = self.database.index_lags();
            match seen.head {
                // Of what is left the rows of nodes and spans follow from more than the entries.
                Some(_) if first_kept > 0 => check_terms(&store, name, lags).await,
                Some(_) => check_trail(&store, name, lags).await,
                None => {}
            }
        }
        let mut heads = store.heads().await;
        heads.retain(|head| (0..self.trails.len()).any(|trail| head.trail == *self.name(trail)));
        prop_assert_eq!(heads, self.oracle.heads().await);
        prop_assert_eq!(
            store.list(&self.kind).await,
            self.oracle.list(&self.kind).await
        );
        Ok(())
    }

    async fn append(&mut self, attempts: &[Option<Attempt>]) -> Agreement {
        let mut tried = Vec::new();
        for (trail, attempt) in attempts.iter().enumerate() {
            let Some(attempt) = attempt else { continue };
            let history = &self.trails[trail];
            let place = attempt
                .on
                .map_or(history.len() - 1, |on| on.index(history.len()));
            let mut author = history[place].clone();
            if attempt.succeeds && author.size() > 0 {
                author.succeed();
            }
            // What a store does with one id twice in a commit is not defined.
            let mut numbers = HashSet::new();
            let drafts = attempt
                .drafts
                .iter()
                .filter(|draft| numbers.insert(draft.number()));
            let commit = author.seal(drafts.cloned());
            tried.push((trail, author, commit));
        }
        let commits: Vec<_> = tried.iter().map(|(_, _, commit)| commit.clone()).collect();
        let expected = by_seq(self.oracle.append(&commits).await);
        let store = self.store();
        prop_assert_eq!(&by_seq(store.append(&commits).await), &expected);
        for ((trail, mut author, commit), verdict) in tried.into_iter().zip(expected) {
            if verdict == Verdict::Committed {
                author.took(&commit);
                self.trails[trail].push(author);
            }
            let name = self.name(trail);
            prop_assert_eq!(store.head(name).await, self.oracle.head(name).await);
        }
        Ok(())
    }

    async fn rows(&self, trail: usize, kind: ProjectionKind, page: usize) -> Agreement {
        let (store, name) = (self.store(), self.name(trail));
        if kind == ProjectionKind::Term {
            check_terms(&store, name, self.database.index_lags()).await;
            return Ok(());
        }
        let expected = by_text(self.oracle.rows(name, kind, page).await);
        prop_assert_eq!(by_text(store.rows(name, kind, page).await), expected);
        Ok(())
    }

    async fn put(&self, key: &str, expected: Expected, value: Option<&Value>) -> Agreement {
        let (store, kind) = (self.store(), &self.kind);
        let there = self.oracle.get(kind, key).await;
        prop_assert_eq!(&store.get(kind, key).await, &there);
        let expected = match expected {
            Expected::Present => there.map(|there| there.version),
            Expected::Nothing => None,
            Expected::Version(version) => Some(version),
        };
        let answer = self.oracle.put(kind, key, expected, value).await;
        prop_assert_eq!(store.put(kind, key, expected, value).await, answer);
        prop_assert_eq!(store.get(kind, key).await, self.oracle.get(kind, key).await);
        Ok(())
    }

    async fn reopen(&self, store: Handle, ending: Ending) {
        self.store.take();
        match ending {
            Ending::Closed => store.close().await,
            Ending::Dropped => drop(store),
        }
        let next = Handle::open_to_erase(self.database).await;
        self.store.replace(Some(next));
    }

    fn store(&self) -> Handle {
        self.store
            .borrow()
            .clone()
            .expect("the store is open between steps")
    }

    fn name(&self, trail: usize) -> &TrailName {
        self.trails[trail][0].trail()
    }
}

/// The verdicts with the ids of a duplicate by seq: their order is the store's own.
fn by_seq(mut verdicts: Vec<Verdict>) -> Vec<Verdict> {
    for verdict in &mut verdicts {
        if let Verdict::Duplicate(twice) = verdict {
            twice.sort_by_key(|(_, seq)| *seq);
        }
    }
    verdicts
}

fn sorted(mut rollups: Vec<Rollup>) -> Vec<Rollup> {
    rollups.sort();
    rollups
}
