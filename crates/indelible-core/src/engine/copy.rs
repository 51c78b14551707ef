//! Moving a trail to another database: the same entries, the same hashes, and with them the right
//! to write.
//!
//! The two databases belong to one installation, with one key and one set of marks. While the
//! entries travel, both refuse to write, and the trail's last entry says so (`fence.rs`); a move
//! that was cut short goes on where it stopped. The right goes over at the very end: until then the
//! source alone can take it back as if nothing had been, after that only under a new origin
//! (`abandon.rs`).

mod abandon;
mod entries;
mod fence;
mod right;
mod rows;

use std::sync::Arc;

use indelible_merkle::Hash;

use super::secrets::copy_fingerprints;
use super::{Engine, Shared, instance, load};
use crate::error::{AuditError, Refusal};
use crate::trail::TrailName;

pub use abandon::Abandoned;
use entries::{OTHER_HISTORY, beginning, entries, head_of};
pub use right::{Move, Stage};
pub(super) use right::{check_moved, list, reserved};

/// Entries that travel together. At the largest size of an entry that is some tens of MiB.
const CHUNK: u64 = 512;

/// A trail that was moved.
#[derive(Debug, Clone)]
pub struct Copied {
    /// The trail.
    pub trail: TrailName,
    /// Its size, in both databases.
    pub size: u64,
    /// Its root, in both databases.
    pub root: Hash,
    /// The entries that the other database did not have yet.
    pub copied: u64,
}

/// How far a move is.
#[derive(Debug, Clone, Copy)]
pub struct CopyProgress {
    /// The entries that are there.
    pub done: u64,
    /// The entries of the trail.
    pub size: u64,
}

impl Engine {
    /// Moves trails, and the right to write them, to the database of `to`, an engine of the same
    /// installation. `from_place` and `to_place` name the two databases, without secrets, for
    /// whoever is refused later. The right goes over when all entries of all of them are there.
    ///
    /// What the other database has of a trail already must be its beginning; the rest is copied.
    /// Each entry is hashed again, parts included, and the root must come out as it was. A move
    /// that was cut short goes on, also where the other database is empty again: before the end it
    /// has no right to write, so that nothing can be lost there.
    ///
    /// # Errors
    /// [`AuditError::Refused`] where a trail is not in good order, a process writes to it
    /// ([`Refusal::InUse`]), the right to write it is elsewhere already ([`Refusal::Moved`]), or
    /// the other database holds another history of it ([`AuditError::Uncopied`]);
    /// [`AuditError::Store`].
    pub async fn move_trails(
        &self,
        trails: &[TrailName],
        (to, from_place, to_place): (&Engine, &str, &str),
        progress: &mut dyn FnMut(&TrailName, CopyProgress),
    ) -> Result<Vec<Copied>, AuditError> {
        let (from, to) = (&self.shared, &to.shared);
        // All that can be refused is, before either of the two is told: a refusal must leave the
        // right to write where it is.
        self.check_movable(trails, to_place).await?;
        check_unused(to, trails).await?;
        let mut steps = Vec::with_capacity(trails.len());
        for trail in trails {
            steps.push(step(from, to, trail, (from_place, to_place)).await?);
        }
        copy_fingerprints(&from.ground, &to.ground).await?;
        for (trail, step) in trails.iter().zip(&steps) {
            if let Step::Copy(sending, [here, there]) = step {
                let receiving = receiving(sending);
                right::reserve(&to.ground, trail, sending.reserved).await?;
                for (ground, read, next) in [
                    (&to.ground, there, &receiving),
                    (&from.ground, here, sending),
                ] {
                    if !right::settle(ground, trail, read.as_ref(), Some(next)).await? {
                        return Err(uncopied(trail, MEANWHILE));
                    }
                }
                if sending.stage == Stage::Sending {
                    fence::put(from, trail, sending).await?;
                }
                // Should this database be lost, what the other one has of the trail is held all the same.
                rows::copy(&from.ground, &to.ground, trail).await?;
            }
        }
        let mut moved = Vec::with_capacity(trails.len());
        for (trail, step) in trails.iter().zip(&steps) {
            moved.push(match step {
                Step::Done(copied) => copied.clone(),
                Step::Copy(..) => {
                    entries(from, to, trail, &mut |done| progress(trail, done)).await?
                }
            });
        }
        // Databases move whole, and a trail may have begun until the first row was there.
        let heads = from.ground.store.heads().await?;
        if let Some(new) = heads.iter().find(|head| !trails.contains(&head.trail)) {
            let problem = "it began while the others were copied; call `indelible copy` again";
            return Err(uncopied(&new.trail, problem));
        }
        for (trail, step) in trails.iter().zip(&steps) {
            if let Step::Copy(sending, _) = step {
                rows::copy(&from.ground, &to.ground, trail).await?;
                hand_over(from, to, trail, sending).await?;
            }
        }
        Ok(moved)
    }

    /// Whether these trails may be moved to the database at `to_place`, as far as that can be told
    /// without it: the right to write them is here, or on its way there.
    ///
    /// # Errors
    /// As [`Engine::move_trails`].
    pub async fn check_movable(
        &self,
        trails: &[TrailName],
        to_place: &str,
    ) -> Result<(), AuditError> {
        let shared = &self.shared;
        check_unused(shared, trails).await?;
        for trail in trails {
            match right::moved(&shared.ground, trail).await? {
                Some(moved) if moved.stage != Stage::Receiving && moved.to == to_place => {
                    let head = head_of(shared, trail).await?;
                    // The key must be at hand here too.
                    shared.code_of(&head)?;
                }
                Some(_) => right::check_moved(&shared.ground, trail).await?,
                None => drop(load::base(shared, trail).await?),
            }
        }
        Ok(())
    }

    /// The trails whose right to write is not here, or not any more, and where they go.
    ///
    /// # Errors
    /// [`AuditError::Store`].
    pub async fn moves(&self) -> Result<Vec<(String, Move)>, AuditError> {
        Ok(right::list(&self.shared.ground).await?)
    }
}

/// What is to be done of a move.
enum Step {
    /// Nothing: it was made before.
    Done(Copied),
    /// To copy what is missing, under this name. What the source and the target said of the move
    /// when that was decided.
    Copy(Move, [Option<Move>; 2]),
}

/// A move as the target has it.
fn receiving(sending: &Move) -> Move {
    Move {
        stage: Stage::Receiving,
        ..sending.clone()
    }
}

/// Of two that are at one move, why the later one ends.
const MEANWHILE: &str = "another call of `indelible copy` went on with it, or gave it up";

async fn check_unused(shared: &Shared, trails: &[TrailName]) -> Result<(), AuditError> {
    match (instance::other_writer(shared).await?, trails.first()) {
        (Some(program), Some(trail)) => Err(refused(trail, Refusal::InUse { program })),
        _ => Ok(()),
    }
}

async fn step(
    from: &Arc<Shared>,
    to: &Arc<Shared>,
    trail: &TrailName,
    (from_place, to_place): (&str, &str),
) -> Result<Step, AuditError> {
    let here = right::moved(&from.ground, trail).await?;
    let there = right::moved(&to.ground, trail).await?;
    let source = head_of(from, trail).await?;
    if from.ground.store.first_kept(trail).await? > 0 {
        let problem = "entries were removed from its front by retention, and a copy is made of \
                       whole trails: move the database by a backup of its own";
        return Err(uncopied(trail, problem));
    }
    let target = to.ground.store.head(trail).await?;
    if let (Some(here), None) = (here.as_ref().filter(|m| m.stage == Stage::Sent), &there) {
        // It was moved, and may have gone on there since.
        let Some(target) = &target else {
            return Err(refused(trail, here.refusal(source.size)));
        };
        if source.size <= target.size {
            to.check_code(target)?;
            let there = load::frontier(&*to.ground.store, trail, source.size).await?;
            if there.as_ref() != Some(&source.frontier) {
                return Err(uncopied(trail, OTHER_HISTORY));
            }
            return Ok(Step::Done(Copied {
                trail: trail.clone(),
                size: target.size,
                root: target.root,
                copied: 0,
            }));
        }
    }
    if here.is_some()
        && let Some(there) =
            (there.as_ref()).filter(|m| m.stage != Stage::Receiving || m.from != from_place)
    {
        // The right to write went on from there.
        let size = target.map_or(0, |head| head.size);
        return Err(refused(trail, there.refusal(size)));
    }
    beginning(from, to, trail, &source).await?;
    let mut reserved = source.incarnation + 1;
    for shared in [from, to] {
        reserved = reserved.max(right::reserved(&shared.ground, trail).await? + 1);
    }
    let sending = Move {
        from: from_place.to_owned(),
        to: to_place.to_owned(),
        // What was handed over once stays so: the other database may have used its right.
        stage: match &here {
            Some(here) if here.stage == Stage::Sent => Stage::Sent,
            _ => Stage::Sending,
        },
        size: source.size,
        reserved: match &here {
            Some(here) if here.reserved > source.incarnation => here.reserved,
            _ => reserved,
        },
        name: right::fresh_name(&*from.ground.entropy),
    };
    Ok(Step::Copy(sending, [here, there]))
}

/// Gives the right to write over. The source says that it did before the target has it: between
/// the two nobody does.
async fn hand_over(
    from: &Shared,
    to: &Shared,
    trail: &TrailName,
    sending: &Move,
) -> Result<(), AuditError> {
    let sent = Move {
        stage: Stage::Sent,
        ..sending.clone()
    };
    let receiving = receiving(sending);
    for (ground, read, next) in [
        (&from.ground, sending, Some(&sent)),
        (&to.ground, &receiving, None),
    ] {
        if !right::settle(ground, trail, Some(read), next).await? {
            return Err(uncopied(trail, MEANWHILE));
        }
    }
    Ok(())
}

fn uncopied(trail: &TrailName, problem: impl Into<String>) -> AuditError {
    AuditError::Uncopied {
        trail: trail.clone(),
        problem: problem.into(),
    }
}

fn refused(trail: &TrailName, refusal: Refusal) -> AuditError {
    AuditError::Refused {
        trail: trail.clone(),
        refusal,
    }
}
