//! Who may be shown a database in which something is still to be erased.

use std::sync::Arc;

use uuid::Uuid;

use super::history::History;
use super::progress::Progress;
use super::register::Line;
use crate::engine::{Audit, Engine, Shared, hold};
use crate::error::AuditError;
use crate::trail::TrailName;

/// An erasure that is not finished in a database.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnfinishedErasure {
    /// The trail.
    pub trail: TrailName,
    /// Whether parts that are to be gone are still there, or their entries lack. Otherwise only
    /// their bytes may still be in the database's files.
    pub is_there: bool,
    /// Orders of which something stays, since entries that they name are held.
    pub held: u64,
    /// When the next start tries to make the bytes go, where that failed before.
    pub not_before: Option<crate::time::Timestamp>,
}

impl Engine {
    /// The erasures that are not finished in this database, by trail.
    ///
    /// # Errors
    /// [`AuditError::State`], [`AuditError::Store`].
    pub async fn unfinished_erasures(&self) -> Result<Vec<UnfinishedErasure>, AuditError> {
        let ground = self.ground();
        let mut unfinished = Vec::new();
        for trail in ground.state.erased_trails()? {
            let register = Progress::read(ground, &trail).await?;
            if register.is_done() || ground.store.head(&trail).await?.is_none() {
                continue;
            }
            let left = left(&self.shared, &trail, true).await?;
            let held = left.held;
            let is_pending = register.pending().len() as u64 > held && !register.is_foreign();
            let is_there = is_pending || left.is_there;
            if is_there
                || held > 0
                || !register.unpurged().is_empty()
                || register.is_whole_unpurged()
            {
                let not_before = register.rests_until(ground.clock.now());
                unfinished.push(UnfinishedErasure {
                    trail,
                    is_there,
                    held,
                    not_before,
                });
            }
        }
        Ok(unfinished)
    }
}

/// Refuses, to a process that only reads, a database that holds what was erased: a copy of before,
/// or one in which that was begun and not finished.
///
/// # Errors
/// [`AuditError::BroughtBack`]; [`AuditError::State`], [`AuditError::Store`].
pub(in crate::engine) async fn admit_reading(shared: &Arc<Shared>) -> Result<(), AuditError> {
    for trail in shared.ground.state.erased_trails()? {
        if brings_back(shared, &trail, true).await? {
            return Err(AuditError::BroughtBack(trail));
        }
    }
    Ok(())
}

impl Audit {
    /// Refuses to show content of a trail that holds what was erased, as it was found at the start
    /// of this process, until an erasure of it is finished.
    ///
    /// # Errors
    /// [`AuditError::BroughtBack`].
    pub(in crate::engine) fn check_shown(&self) -> Result<(), AuditError> {
        match self.engine.shared.brought_back().contains(&self.trail) {
            true => Err(AuditError::BroughtBack(self.trail.clone())),
            false => Ok(()),
        }
    }
}

/// Whether a trail holds content that was erased: of erasures that it has no entry of, and, where
/// `even_if_told`, of those that it has. What is held may be there.
pub(super) async fn brings_back(
    shared: &Arc<Shared>,
    trail: &TrailName,
    even_if_told: bool,
) -> Result<bool, AuditError> {
    Ok(left(shared, trail, even_if_told).await?.is_there)
}

/// What is left of what is to be erased.
#[derive(Default)]
struct Left {
    /// Whether something is there that nothing holds.
    is_there: bool,
    /// The lines of which something is there and held.
    held: u64,
}

async fn left(
    shared: &Arc<Shared>,
    trail: &TrailName,
    even_if_told: bool,
) -> Result<Left, AuditError> {
    let (ground, mut left) = (&shared.ground, Left::default());
    let register = Progress::read(ground, trail).await?;
    if register.pending().is_empty() {
        return Ok(left);
    }
    let Some(head) = ground.store.head(trail).await? else {
        return Ok(left);
    };
    let mut holds = hold::in_force(&Engine::of(shared).trail(trail.clone())).await?;
    let mut history = History::of(ground, head);
    for text in register.pending() {
        let line = Line::read(text)?;
        let ids: [Uuid; 1] = [line.id];
        let known = ground.store.seqs(trail, &ids).await?.pop().flatten();
        if known.is_some() && !even_if_told {
            continue;
        }
        let mut ranges = history.ranges(&line).await?;
        if let Some(seq) = known {
            ranges = history.accounted(ranges, seq).await?;
        }
        if history.is_held(&ranges, &mut holds).await? {
            left.held += 1;
        } else if !left.is_there {
            left.is_there = history.is_there(&ranges).await?;
        }
    }
    Ok(left)
}
