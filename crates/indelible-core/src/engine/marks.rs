//! The high-water mark: the latest checkpoint of each trail, kept outside the database.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indelible_merkle::{Checkpoint, note::Note};
use tokio::sync::Notify;

use super::retention;
use super::{Shared, load};
use crate::error::{AuditError, Refusal};
use crate::head_key::HEAD_MAC_BYTES;
use crate::state::{State, StateError};
use crate::store::Head;
use crate::trail::TrailName;

/// The least time between two writes of marks, so that they do not compete with commits for the
/// disk. A mark is never more than a second behind.
const PACE: Duration = Duration::from_millis(400);

/// Checkpoints waiting to be kept, the latest of each trail.
pub(super) struct Marks {
    state: Arc<dyn State>,
    waiting: Mutex<HashMap<TrailName, Signed>>,
    writing: Mutex<()>,
    changed: Notify,
    /// Why marks could not be kept at the last try.
    failure: Mutex<Option<String>>,
}

#[derive(Clone)]
struct Signed {
    origin: String,
    size: u64,
    note: String,
}

impl Marks {
    pub fn new(state: Arc<dyn State>) -> Self {
        Self {
            state,
            waiting: Mutex::default(),
            writing: Mutex::default(),
            changed: Notify::new(),
            failure: Mutex::default(),
        }
    }

    /// Takes a checkpoint in; it is kept at most a second later.
    fn raise(&self, trail: &TrailName, signed: Signed) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.insert(trail.clone(), signed);
        drop(waiting);
        self.changed.notify_one();
    }

    /// Keeps all that wait. What fails waits on, unless something newer came.
    pub fn flush(&self) -> Result<(), StateError> {
        // Whoever comes second finds all kept that the first one took.
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting =
            std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        let mut failed = Ok(());
        for (trail, signed) in waiting {
            if let Err(error) = keep_one(&*self.state, &trail, &signed) {
                let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
                waiting.entry(trail).or_insert(signed);
                failed = Err(error);
            }
        }
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) =
            failed.as_ref().err().map(ToString::to_string);
        failed
    }
}

impl Marks {
    /// Why marks could not be kept at the last try; `None` while all is well.
    pub fn failure(&self) -> Option<String> {
        self.failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

fn keep_one(state: &dyn State, trail: &TrailName, signed: &Signed) -> Result<(), StateError> {
    state.raise_mark(trail, &signed.note, &|there| {
        read_mark(there).is_some_and(|mark| stays(&mark, &signed.origin, signed.size))
    })
}

/// Whether a mark stays before a checkpoint of this origin and size: a later incarnation's does,
/// whatever its size.
pub(super) fn stays(mark: &Checkpoint, origin: &str, size: u64) -> bool {
    is_later(mark.origin(), origin) || (mark.origin() == origin && mark.size() >= size)
}

/// The checkpoint in a mark; its signature is checked where it is compared with a head.
pub(super) fn read_mark(text: &str) -> Option<Checkpoint> {
    Note::parse(text).ok()?.text().parse().ok()
}

/// Whether `origin` names a later incarnation of the trail that `earlier` names.
fn is_later(origin: &str, earlier: &str) -> bool {
    let number = |origin: &str| origin.split('/').nth(2).map_or(Some(1), |n| n.parse().ok());
    let trail = |origin: &str| {
        origin
            .split('/')
            .take(2)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    trail(origin) == trail(earlier) && number(origin) > number(earlier).max(Some(0u32))
}

/// Starts the task that keeps marks while the engine lives.
pub(super) fn keep(shared: &Arc<Shared>) {
    let weak = Arc::downgrade(shared);
    shared.thread.spawn(async move {
        loop {
            let Some(shared) = weak.upgrade() else { return };
            let changed = async {
                shared.marks.changed.notified().await;
            };
            // Waking now and then lets the task see that the engine was dropped.
            let _ = tokio::time::timeout(PACE, changed).await;
            let marks = Arc::clone(&shared);
            // A mark that cannot be kept now is tried again with the next one, and at the end.
            let _ = tokio::task::spawn_blocking(move || marks.marks.flush()).await;
            drop(shared);
            pause().await;
        }
    });
}

#[expect(
    clippy::disallowed_methods,
    reason = "the pace of marks, which no result depends on"
)]
async fn pause() {
    tokio::time::sleep(PACE).await;
}

impl Shared {
    /// Signs the checkpoint of a head that was just committed and hands it to the marks.
    /// The first mark of a trail is kept before this returns.
    pub(super) async fn sign(&self, head: &Head, at_once: bool) {
        // The key was at hand when the commit was built, and the head is this engine's own.
        let Ok(note) = self.checkpoint_of(head) else {
            return;
        };
        let signed = Signed {
            origin: head.key.name().to_owned(),
            size: head.size,
            note,
        };
        self.marks.raise(&head.trail, signed);
        if at_once {
            // What a disk refuses here is tried again by the task that keeps marks, and until
            // then no further commit is made.
            let _ = self.marks.flush();
        }
    }

    /// The code of a head that this engine is about to commit.
    pub(super) fn code_of(&self, head: &Head) -> Result<[u8; HEAD_MAC_BYTES], AuditError> {
        let refused = |refusal| AuditError::Refused {
            trail: head.trail.clone(),
            refusal,
        };
        match self.identity.holder(&head.key) {
            Some(keys) => Ok(keys.head().mac(head)),
            // Without the key there is no signing key either, which says what to do.
            None => Err(match self.identity.key(&head.trail, head.incarnation) {
                Err(refusal) => refused(refusal),
                Ok(_) => refused(Refusal::ForeignHead),
            }),
        }
    }

    /// Refuses a head that no holder of the signing key has written.
    pub(super) fn check_code(&self, head: &Head) -> Result<(), AuditError> {
        let refused = |refusal| AuditError::Refused {
            trail: head.trail.clone(),
            refusal,
        };
        if let Some(keys) = self.identity.holder(&head.key) {
            let is_own = keys.head().has_made(head);
            return is_own.then_some(()).ok_or(refused(Refusal::ForeignHead));
        }
        let Ok(found) = self.identity.key(&head.trail, head.incarnation) else {
            return Ok(());
        };
        // Of a key that this process never heard of: rotated since, or forged.
        Err(refused(
            match load::other_key(self, &head.key, &found.verifier_key())? {
                Refusal::OtherKey { .. } => Refusal::ForeignHead,
                rotated => rotated,
            },
        ))
    }

    /// Refuses to commit while marks cannot be kept.
    pub(super) fn check_marks(&self, trail: &TrailName) -> Result<(), AuditError> {
        match self.marks.failure() {
            Some(why) => Err(AuditError::Refused {
                trail: trail.clone(),
                refusal: Refusal::Unmarked(why),
            }),
            None => Ok(()),
        }
    }

    /// The checkpoint of a head, signed. Equal heads give equal bytes.
    pub(super) fn checkpoint_of(&self, head: &Head) -> Result<String, AuditError> {
        let refused = |refusal| AuditError::Refused {
            trail: head.trail.clone(),
            refusal,
        };
        let key = self
            .identity
            .key(&head.trail, head.incarnation)
            .map_err(refused)?;
        if key.verifier_key() != head.key {
            let (expected, found) = (head.key.to_string(), key.verifier_key().to_string());
            return Err(refused(Refusal::OtherKey { expected, found }));
        }
        Checkpoint::new(key.name(), head.size, head.root)
            .and_then(|checkpoint| checkpoint.sign(&[&key]))
            .map(|note| note.to_string())
            .map_err(|e| refused(Refusal::Damaged(e.to_string())))
    }

    /// Puts the checkpoint of a new incarnation's head in the place of the mark.
    pub(super) fn replace_mark(&self, head: &Head) -> Result<(), AuditError> {
        let note = self.checkpoint_of(head)?;
        Ok(self
            .ground
            .state
            .raise_mark(&head.trail, &note, &|_| false)?)
    }

    /// Refuses to go on from a head that is behind the mark or beside it.
    ///
    /// The mark must have been read before the head: another process may commit and raise the
    /// mark in between, and a mark read later would look like a rollback.
    pub(super) async fn check_mark(
        &self,
        mark: Option<&str>,
        head: &Head,
    ) -> Result<(), AuditError> {
        let Some(text) = mark else { return Ok(()) };
        let refused = |refusal| AuditError::Refused {
            trail: head.trail.clone(),
            refusal,
        };
        let damaged = |what: &str| refused(Refusal::Damaged(what.to_owned()));
        let mark = read_mark(text).ok_or_else(|| damaged("its high-water mark is unreadable"))?;
        let origin = head.key.name();
        // The code of a head says who made it: a succession whose mark was not written any more
        // before the process ended is as good as one that was.
        if is_later(origin, mark.origin()) {
            return Ok(());
        }
        if is_later(mark.origin(), origin) || mark.size() > head.size {
            let (size, mark) = (head.size, mark.size());
            return Err(refused(Refusal::RolledBack { size, mark }));
        }
        if mark.origin() == origin {
            // A rotation that was cut short leaves a mark of the key before.
            let mut known = self.identity.own(origin);
            if !known.contains(&head.key) {
                known.push(head.key.clone());
            }
            Checkpoint::open(text, &known)
                .map_err(|_| damaged("the signature of its high-water mark is not the trail's"))?;
        }
        let there = load::frontier(&*self.ground.store, &head.trail, mark.size()).await?;
        match there {
            Some(frontier) if frontier.root() == mark.root() => Ok(()),
            // Of what was removed since, as from the state directory of a host that wrote long
            // ago: the code of the head says that its history is this installation's.
            None if retention::hides(&self.ground, &head.trail, mark.size()).await? => Ok(()),
            _ => Err(refused(Refusal::Forked { mark: mark.size() })),
        }
    }
}
