//! Changing the signing key: every trail of the database goes over to the new one.
//!
//! ```text
//! 1  the new seed is kept beside the present one               nothing else was changed yet
//! 2  each trail: an entry that names the new key, whose head carries it
//! 3              the statement, and the checkpoint as the mark, each signed by both
//! 4  the new seed takes the place of the old one, which is retired
//! ```
//!
//! A process that ends after 1 leaves the rest to the next one that opens the database to write.
//! Until 4 nobody but a rotation writes to a trail after its step 2, since no other process has
//! the new key.

use std::sync::Arc;

use indelible_merkle::Checkpoint;
use indelible_merkle::note::VerifierKey;
use serde_json::json;

use super::identity::Keys;
use super::marks::{read_mark, stays};
use super::{Engine, Shared, copy, instance, load};
use crate::action::AuditAction;
use crate::error::{AuditError, Refusal};
use crate::event::AuditEvent;
use crate::outcome::Outcome;
use crate::query::QueryError;
use crate::rotation::KeyRotation;
use crate::sealing::seal;
use crate::state::Secret;
use crate::store::{Head, StoreError};
use crate::trail::TrailName;

/// A trail whose key was changed.
#[derive(Debug, Clone)]
pub struct Rotated {
    /// The trail.
    pub trail: TrailName,
    /// The entries under the statement; the last one names the new key.
    pub size: u64,
    /// The key before.
    pub old_key: VerifierKey,
    /// The key from now on.
    pub new_key: VerifierKey,
    /// The statement that both have signed, for those who hold the old key.
    pub statement: String,
}

/// The action of the entry that names the new key.
const ACTION: &str = "audit_key_rotated";

/// The kind and key of the registry row that keeps the reason while a rotation is under way.
const KIND: &str = "key_rotation";
const KEY: &str = "self";

impl Engine {
    /// Changes the signing key, for every trail of the database, or finishes a change that was cut
    /// short. Receipts and checkpoints of before stay good under the old key.
    ///
    /// This engine goes on with the new key; other processes that have the database open refuse
    /// from now on and must be started again.
    ///
    /// # Errors
    /// [`AuditError::Refused`], before anything was changed, where the key is kept elsewhere, a
    /// process writes for long ([`Refusal::InUse`]), or a trail is not in good order or was moved;
    /// [`AuditError::Query`] where there is no trail; [`AuditError::Store`] and
    /// [`AuditError::State`], after which it must be run again.
    pub async fn rotate_key(&self, reason: &str) -> Result<Vec<Rotated>, AuditError> {
        let shared = &self.shared;
        if shared.options.read_only {
            return Err(refused(&TrailName::system(), Refusal::ReadOnly));
        }
        if let Some(program) = instance::other_writer(shared).await? {
            return Err(refused(&TrailName::system(), Refusal::InUse { program }));
        }
        if shared.identity.next().is_none() {
            begin(shared, reason).await?;
        } else if shared.ground.state.next_seed()?.is_some()
            && shared.ground.registry.get(KIND, KEY).await?.is_none()
        {
            return Err(refused(&TrailName::system(), Refusal::RotatingElsewhere));
        }
        run(shared).await
    }

    /// What a rotation has changed that was cut short and that this engine finished when it was
    /// opened; answered once.
    pub fn take_finished_rotation(&self) -> Option<Vec<Rotated>> {
        self.shared.finished().take()
    }
}

/// Finishes a rotation of this database that was cut short, where there is one. Where another
/// database of the installation began it, that one must finish it: the seed must not take its place
/// before the trails there went over.
pub(super) async fn finish(shared: &Arc<Shared>) -> Result<Option<Vec<Rotated>>, AuditError> {
    if shared.identity.next().is_none() {
        return Ok(None);
    }
    match shared.ground.registry.get(KIND, KEY).await? {
        Some(_) => run(shared).await.map(Some),
        None => Ok(None),
    }
}

/// Refuses what stands in the way, then keeps the new seed.
async fn begin(shared: &Arc<Shared>, reason: &str) -> Result<(), AuditError> {
    let heads = shared.ground.store.heads().await?;
    let Some(first) = heads.first() else {
        let problem = "the database has no trail yet; its first record makes the key".to_owned();
        return Err(QueryError::new("trail", problem).into());
    };
    for head in &heads {
        copy::check_moved(&shared.ground, &head.trail).await?;
        load::base(shared, &head.trail).await?;
    }
    let registry = &shared.ground.registry;
    let there = registry.get(KIND, KEY).await?.map(|row| row.version);
    let reason = json!({ "reason": reason });
    let put = registry.put(KIND, KEY, there, Some(&reason)).await?;
    let mut fresh = [0; 32];
    shared.ground.entropy.fill(&mut fresh);
    let kept = shared.ground.state.keep_next_seed(Secret::new(fresh))?;
    let Some(seed) = kept else {
        registry.put(KIND, KEY, put, None).await?;
        let place = shared.ground.state.place();
        return Err(refused(&first.trail, Refusal::KeyElsewhere { place }));
    };
    shared.identity.lead_to(&seed)
}

async fn run(shared: &Arc<Shared>) -> Result<Vec<Rotated>, AuditError> {
    let none = || refused(&TrailName::system(), Refusal::Rotating);
    let next = shared.identity.next().ok_or_else(none)?;
    let old = shared.identity.current().ok_or_else(none)?;
    let Some(seed) = shared.ground.state.next_seed()? else {
        // Another process has finished it: this one has the old key, and is told so.
        return Err(refused(&TrailName::system(), Refusal::KeyRotated));
    };
    let rotation = Rotation {
        shared,
        old,
        next,
        reason: reason(shared).await?,
    };
    let mut rotated = rotation.all().await?;
    shared.ground.state.promote_next_seed(&seed)?;
    shared.identity.promote();
    // A trail that came into being with the old key at the very last moment follows.
    for late in rotation.all().await? {
        if rotated.iter().all(|done| done.trail != late.trail) {
            rotated.push(late);
        }
    }
    let registry = &shared.ground.registry;
    if let Some(row) = registry.get(KIND, KEY).await? {
        registry.put(KIND, KEY, Some(row.version), None).await?;
    }
    Ok(rotated)
}

async fn reason(shared: &Shared) -> Result<Option<String>, AuditError> {
    let row = shared.ground.registry.get(KIND, KEY).await?;
    Ok(row.and_then(|row| Some(row.value["reason"].as_str()?.to_owned())))
}

struct Rotation<'a> {
    shared: &'a Arc<Shared>,
    old: Arc<Keys>,
    next: Arc<Keys>,
    reason: Option<String>,
}

/// Lost races after which a rotation gives up; each was won by a writer with the old key.
const ATTEMPTS_MAX: u32 = 100;

impl Rotation<'_> {
    /// Brings every trail over, and answers all that came over in this rotation.
    async fn all(&self) -> Result<Vec<Rotated>, AuditError> {
        for _ in 0..ATTEMPTS_MAX {
            let heads = self.shared.ground.store.heads().await?;
            for head in heads.iter().filter(|head| !self.next.are_of(&head.key)) {
                self.bring(head).await?;
            }
            let heads = self.shared.ground.store.heads().await?;
            if heads.iter().all(|head| self.next.are_of(&head.key)) {
                let mut rotated = Vec::with_capacity(heads.len());
                for head in &heads {
                    rotated.extend(self.conclude(head).await?);
                }
                return Ok(rotated);
            }
        }
        let busy = "its trails are written to without end".into();
        Err(StoreError::Unavailable { source: busy }.into())
    }

    /// Appends the entry that names the new key, with a head that carries it. Whether another
    /// process was faster shows in the heads.
    async fn bring(&self, head: &Head) -> Result<(), AuditError> {
        let shared = self.shared;
        let store = &*shared.ground.store;
        let mark = shared.ground.state.mark(&head.trail)?;
        let head = store
            .head(&head.trail)
            .await?
            .unwrap_or_else(|| head.clone());
        if self.next.are_of(&head.key) {
            return Ok(());
        }
        let trail = head.trail.clone();
        if !self.old.are_of(&head.key) {
            let (expected, found) = (head.key.to_string(), self.key_of(&self.old, &head)?);
            let found = found.to_string();
            return Err(refused(&trail, Refusal::OtherKey { expected, found }));
        }
        // The head was read before, so that a move which begins after this is in its way.
        copy::check_moved(&shared.ground, &trail).await?;
        let mut base = load::unmarked(store, head)
            .await
            .map_err(|e| e.of(&trail))?;
        shared.check_code(&base.head)?;
        shared.check_mark(mark.as_deref(), &base.head).await?;
        let new_key = self.key_of(&self.next, &base.head)?;
        let event = AuditEvent::new(AuditAction::custom(ACTION), "audit_log")
            .outcome(Outcome::Completed)
            .resource_id(trail.as_str())
            // In the skeleton, which is never erased and stands in every proof.
            .tag(hex(new_key.public_key()))
            .context(json!({
                "reason": self.reason,
                "old_verifier": base.head.key.to_string(),
                "new_verifier": new_key.to_string(),
            }));
        let admitted = shared.door.admit(event)?;
        base.head.key = new_key;
        let mut commit = seal(&base, vec![admitted.new], shared.ground.clock.now());
        commit.head.mac = self.next.head().mac(&commit.head);
        match store.append(std::slice::from_ref(&commit)).await {
            // Who was faster, or whether it was written, is read from the heads.
            Ok(_) | Err(StoreError::Unknown { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Signs for a trail that has come over: the statement, kept for good, and the mark. Of a trail
    /// that was begun with the new key there is nothing to be stated.
    async fn conclude(&self, head: &Head) -> Result<Option<Rotated>, AuditError> {
        let (state, trail) = (&self.shared.ground.state, &head.trail);
        // Kept before the seed is promoted, and nobody writes to the trail before that.
        let notes = state.rotations(trail)?;
        let known = notes.into_iter().find_map(|note| {
            let opened = KeyRotation::open(&note).ok()?;
            self.next.are_of(opened.new_key()).then_some((note, opened))
        });
        if let Some((statement, opened)) = known {
            return Ok(Some(rotated(trail, statement, &opened)));
        }
        self.shared.check_code(head)?;
        let last = head.size.saturating_sub(1)..head.size;
        let last = self.shared.ground.store.entries(trail, last).await?.pop();
        let name = hex(head.key.public_key());
        if !last.is_some_and(|entry| entry.action == ACTION && entry.tags.contains(&name)) {
            return Ok(None);
        }
        let origin = head.key.name();
        let (old, new) = (self.under(&self.old, head)?, self.under(&self.next, head)?);
        let statement = KeyRotation::sign((head.size, head.root), &old, &new);
        let damaged = |problem: String| refused(trail, Refusal::Damaged(problem));
        let statement = statement.map_err(|e| damaged(e.to_string()))?;
        let opened = KeyRotation::open(&statement).map_err(|e| damaged(e.to_string()))?;
        let checkpoint = Checkpoint::new(origin, head.size, head.root)
            .and_then(|checkpoint| checkpoint.sign(&[&old, &new]))
            .map_err(|e| damaged(e.to_string()))?;
        state.keep_rotation(trail, &statement)?;
        state.raise_mark(trail, &checkpoint.to_string(), &|there| {
            read_mark(there).is_some_and(|mark| stays(&mark, origin, head.size))
        })?;
        Ok(Some(rotated(trail, statement, &opened)))
    }

    fn key_of(&self, keys: &Keys, head: &Head) -> Result<VerifierKey, AuditError> {
        Ok(self.under(keys, head)?.verifier_key())
    }

    fn under(&self, keys: &Keys, head: &Head) -> Result<indelible_merkle::SigningKey, AuditError> {
        keys.under(head.key.name())
            .map_err(|refusal| refused(&head.trail, refusal))
    }
}

fn rotated(trail: &TrailName, statement: String, opened: &KeyRotation) -> Rotated {
    Rotated {
        trail: trail.clone(),
        size: opened.size(),
        old_key: opened.old_key().clone(),
        new_key: opened.new_key().clone(),
        statement,
    }
}

fn hex(bytes: &[u8; 32]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn refused(trail: &TrailName, refusal: Refusal) -> AuditError {
    AuditError::Refused {
        trail: trail.clone(),
        refusal,
    }
}
