//! A state that ends with the process, for `memory:` and tests.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use super::{Purpose, Secret, State, StateError};
use crate::trail::TrailName;

/// Secrets and marks in memory.
#[derive(Debug, Default)]
pub struct StateInMemory {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    seed: Option<Secret>,
    next: Option<Secret>,
    retired: Vec<Secret>,
    rotations: HashMap<TrailName, Vec<String>>,
    secrets: HashMap<Purpose, Secret>,
    marks: HashMap<TrailName, String>,
    erasures: BTreeMap<TrailName, Vec<String>>,
    requests: BTreeMap<TrailName, BTreeMap<Uuid, String>>,
}

impl StateInMemory {
    /// An empty state.
    pub fn new() -> Self {
        Self::default()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // No change below can fail half-way, so that a panic elsewhere leaves it whole.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State for StateInMemory {
    fn signing_seed(&self) -> Result<Option<Secret>, StateError> {
        Ok(self.kept().seed.clone())
    }

    fn keep_signing_seed(&self, seed: Secret) -> Result<Secret, StateError> {
        Ok(self.kept().seed.get_or_insert(seed).clone())
    }

    fn next_seed(&self) -> Result<Option<Secret>, StateError> {
        Ok(self.kept().next.clone())
    }

    fn keep_next_seed(&self, seed: Secret) -> Result<Option<Secret>, StateError> {
        Ok(Some(self.kept().next.get_or_insert(seed).clone()))
    }

    fn promote_next_seed(&self, next: &Secret) -> Result<(), StateError> {
        let mut kept = self.kept();
        if kept.next.as_ref().map(Secret::expose) == Some(next.expose()) {
            let (next, seed) = (kept.next.take(), kept.seed.take());
            kept.seed = next;
            kept.retired.extend(seed);
        }
        Ok(())
    }

    fn retired_seeds(&self) -> Result<Vec<Secret>, StateError> {
        Ok(self.kept().retired.clone())
    }

    fn rotations(&self, trail: &TrailName) -> Result<Vec<String>, StateError> {
        Ok(self
            .kept()
            .rotations
            .get(trail)
            .cloned()
            .unwrap_or_default())
    }

    fn keep_rotation(&self, trail: &TrailName, note: &str) -> Result<(), StateError> {
        let mut kept = self.kept();
        let notes = kept.rotations.entry(trail.clone()).or_default();
        if !notes.iter().any(|there| there == note) {
            notes.push(note.to_owned());
        }
        Ok(())
    }

    fn secret(&self, purpose: Purpose, fresh: Secret) -> Result<Secret, StateError> {
        Ok(self.kept().secrets.entry(purpose).or_insert(fresh).clone())
    }

    fn kept_secret(&self, purpose: Purpose) -> Result<Option<Secret>, StateError> {
        Ok(self.kept().secrets.get(&purpose).cloned())
    }

    fn mark(&self, trail: &TrailName) -> Result<Option<String>, StateError> {
        Ok(self.kept().marks.get(trail).cloned())
    }

    fn raise_mark(
        &self,
        trail: &TrailName,
        note: &str,
        keeps: &dyn Fn(&str) -> bool,
    ) -> Result<(), StateError> {
        let mut kept = self.kept();
        if !kept.marks.get(trail).is_some_and(|there| keeps(there)) {
            kept.marks.insert(trail.clone(), note.to_owned());
        }
        Ok(())
    }

    fn erasures(&self, trail: &TrailName) -> Result<Vec<String>, StateError> {
        Ok(self.kept().erasures.get(trail).cloned().unwrap_or_default())
    }

    fn keep_erasures(&self, trail: &TrailName, lines: &[String]) -> Result<(), StateError> {
        let mut kept = self.kept();
        let register = kept.erasures.entry(trail.clone()).or_default();
        register.extend_from_slice(lines);
        Ok(())
    }

    fn erased_trails(&self) -> Result<Vec<TrailName>, StateError> {
        Ok(self.kept().erasures.keys().cloned().collect())
    }

    fn erasure_requests(&self, trail: &TrailName) -> Result<Vec<Uuid>, StateError> {
        let kept = self.kept();
        let there = kept.requests.get(trail).into_iter().flatten();
        Ok(there.map(|(id, _)| *id).collect())
    }

    fn erasure_request(&self, trail: &TrailName, id: Uuid) -> Result<Option<String>, StateError> {
        let kept = self.kept();
        Ok(kept.requests.get(trail).and_then(|it| it.get(&id)).cloned())
    }

    fn sweep_erasure_requests(&self, _: &TrailName) -> Result<(), StateError> {
        Ok(())
    }

    fn keep_erasure_request(
        &self,
        trail: &TrailName,
        id: Uuid,
        text: &str,
    ) -> Result<(), StateError> {
        let mut kept = self.kept();
        let there = kept.requests.entry(trail.clone()).or_default();
        there.insert(id, text.to_owned());
        Ok(())
    }

    fn take_erasure_request(&self, trail: &TrailName, id: Uuid) -> Result<bool, StateError> {
        let mut kept = self.kept();
        let there = kept.requests.get_mut(trail);
        Ok(there.is_some_and(|there| there.remove(&id).is_some()))
    }

    fn requested_trails(&self) -> Result<Vec<TrailName>, StateError> {
        Ok(self.kept().requests.keys().cloned().collect())
    }

    fn place(&self) -> String {
        "memory".to_owned()
    }
}
