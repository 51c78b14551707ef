//! Doing what the register says, and going on where another process ended.

use std::collections::HashSet;
use std::sync::Arc;

use uuid::Uuid;

use super::history::History;
use super::progress::{Progress, lost};
use super::purge::{Purging, Stretches, purge};
use super::reading::brings_back;
use super::recording::record_all;
use super::register::Line;
use super::{Erased, ErasureProgress, cannot_erase};
use crate::engine::pace::{Pace, pieces};
use crate::engine::{Engine, Shared, hold, load};
use crate::entry::Erasure;
use crate::error::{AuditError, Refusal};
use crate::store::{Removal, StoreError};
use crate::trail::TrailName;

/// Lines of the register that are on their way at once.
const AHEAD_MAX: usize = 32;

/// Where content is taken away.
pub(super) fn removal(shared: &Shared) -> Result<&dyn Removal, AuditError> {
    shared.ground.store.removal().ok_or_else(cannot_erase)
}

/// Does what the register has of a trail and this database is not known to have done. `own` are
/// the lines that this process has just written, about the trail as it is.
///
/// # Errors
/// Those of recording, of which [`AuditError::Refused`] for a restored copy leaves nothing behind
/// that is to be gone, and any other leaves all; those of blanking. What was done is done again by
/// the next call, to no effect.
pub(in crate::engine) async fn finish(
    shared: &Arc<Shared>,
    trail: &TrailName,
    own: &[Uuid],
    purging: Purging,
    progress: &mut (dyn FnMut(ErasureProgress) + Send),
) -> Result<Erased, AuditError> {
    let ground = &shared.ground;
    let mut register = Progress::read(ground, trail).await?;
    let mut erased = Erased::default();
    // Of a trail that is not here nothing is here.
    if let Some(head) = ground.store.head(trail).await?
        && !register.is_done()
    {
        let removal = removal(shared)?;
        // Before anything is said: whoever may not erase must not leave an entry that says so.
        removal.erase(trail, &[]).await?;
        register.claim(ground, trail).await?;
        let size = head.size;
        let mut history = History::of(ground, head);
        let own: HashSet<Uuid> = own.iter().copied().collect();
        let mut work = Work {
            shared,
            trail,
            own,
            // At a start nobody is to be shown anything before it is gone.
            is_paced: purging == Purging::Now,
            progress: &mut *progress,
        };
        let lines = register.pending();
        let pending = lines.len();
        let (seqs, refused) = work.record(&mut history, &lines, &mut erased).await?;
        let blanked = work
            .blank(&mut history, &mut register, &seqs, &mut erased)
            .await?;
        let (stretches, held, begun) = (blanked.stretches, blanked.held, blanked.begun);
        erased.held_back = held.len() as u64;
        // What is held as before is no reason to write the database anew at each start.
        let is_as_before = pending == register.held() && held.len() == register.held();
        let is_news = !is_as_before || !begun.is_empty();
        let is_there_more = erased.parts > 0 || is_news && !register.is_foreign();
        if let Some(refused) = refused {
            // The row stays behind, so that the entries come when the trail is succeeded.
            if erased.parts > 0 {
                progress(ErasureProgress::Purge);
                // Where it fails, the succession tries again.
                if let Err(error) = removal.purge(trail, &stretches.ranges()).await {
                    super::purge::tell(trail, &error);
                }
            }
            return Err(refused);
        }
        if is_news {
            register
                .blanked(ground, trail, !is_there_more, held, &begun)
                .await?;
        }
        let mut stretches = if is_there_more {
            stretches
        } else {
            Stretches::within(size)
        };
        stretches.add_unpurged(&register)?;
        purge(
            shared,
            trail,
            &mut register,
            stretches,
            (purging, progress),
            &mut erased,
        )
        .await?;
    }
    shared.brought_back().remove(trail);
    for (id, seq) in own.iter().zip(ground.store.seqs(trail, own).await?) {
        erased.recorded.push(seq.ok_or_else(|| lost(*id))?);
    }
    erased.recorded.sort_unstable();
    erased.recorded.dedup();
    Ok(erased)
}

/// What was blanked.
struct Blanked {
    /// Where that was.
    stretches: Stretches,
    /// The lines of which something is held: of them nothing more goes until it is held no longer.
    held: Vec<Uuid>,
    /// Those of them of which something went before it was held.
    begun: Vec<Uuid>,
}

/// The two passes over the lines that are pending.
struct Work<'a> {
    shared: &'a Arc<Shared>,
    trail: &'a TrailName,
    own: HashSet<Uuid>,
    /// Whether writers have time for themselves between two pieces.
    is_paced: bool,
    progress: &'a mut (dyn FnMut(ErasureProgress) + Send),
}

impl Work<'_> {
    /// Records the lines that the trail has no entry of; answers where each of them stands. A line
    /// of which nothing is of this history is not recorded. A restored copy accepts no writes until
    /// it is succeeded, and what must be gone goes all the same: its refusal is answered.
    async fn record(
        &mut self,
        history: &mut History<'_>,
        lines: &[&str],
        erased: &mut Erased,
    ) -> Result<(Vec<Option<u64>>, Option<AuditError>), AuditError> {
        let (mut seqs, mut refused) = (Vec::with_capacity(lines.len()), None);
        for texts in lines.chunks(AHEAD_MAX) {
            let some: Vec<Line> = texts
                .iter()
                .map(|text| Line::read(text))
                .collect::<Result<_, _>>()?;
            let ids: Vec<Uuid> = some.iter().map(|line| line.id).collect();
            let mut known = self.shared.ground.store.seqs(self.trail, &ids).await?;
            let mut new = Vec::new();
            for (place, line) in some.into_iter().enumerate() {
                if refused.is_some() || known.get(place).is_some_and(Option::is_some) {
                    continue;
                }
                let ranges = self.ranges(history, &line).await?;
                if !ranges.is_empty() || line.context["records_affected"] == 0 {
                    new.push((place, line, ranges));
                }
            }
            match record_all(self.shared, self.trail, new).await {
                Ok(recorded) => {
                    for (place, seq) in recorded {
                        known[place] = Some(seq);
                        erased.recorded.push(seq);
                    }
                }
                Err(error) if self.own.is_empty() && is_rolled_back(&error) => {
                    refused = Some(error);
                }
                Err(error) => return Err(error),
            }
            seqs.extend(known);
            let (done, all) = (seqs.len() as u64, lines.len() as u64);
            (self.progress)(ErasureProgress::Record(done, all));
        }
        Ok((seqs, refused))
    }

    /// Blanks what the lines that are pending erase.
    async fn blank(
        &mut self,
        history: &mut History<'_>,
        register: &mut Progress,
        seqs: &[Option<u64>],
        erased: &mut Erased,
    ) -> Result<Blanked, AuditError> {
        let mut blanked = Blanked {
            stretches: Stretches::within(history.size()),
            held: Vec::new(),
            begun: Vec::new(),
        };
        let audit = Engine::of(self.shared).trail(self.trail.clone());
        let mut watch = hold::Watch::of(&audit).await?;
        let mut pace = Pace::of(self.shared);
        let places = register.pending_places();
        let all = places.len() as u64;
        for (done, (place, seq)) in (0_u64..).zip(places.into_iter().zip(seqs)) {
            let line = Line::read(register.text(place))?;
            let mut ranges = self.ranges(history, &line).await?;
            if let Some(seq) = seq {
                ranges = history.accounted(ranges, *seq).await?;
            }
            let mut progress = |more| {
                (self.progress)(ErasureProgress::Blank(done + more, all));
            };
            let (mut parts, mut looked, mut is_held) = (0, None, false);
            let mut pieces = pieces(&ranges).peekable();
            while let Some(piece) = pieces.next() {
                if self.is_paced {
                    pace.give_way().await;
                }
                // Again for every piece: a hold may be placed at any time, and keeps all of the line
                // that is still there.
                let (holds, changes) = watch.look_for_changes().await?;
                if looked.replace(changes) != Some(changes)
                    && history.is_held(&ranges, holds).await?
                {
                    is_held = true;
                    break;
                }
                let ground = &self.shared.ground;
                register.owe(ground, self.trail, place).await?;
                parts += removal(self.shared)?.erase(self.trail, &piece).await?;
                if pieces.peek().is_some() {
                    progress(0);
                }
            }
            erased.parts += parts;
            if is_held {
                let (trail, id) = (self.trail, line.id);
                tracing::warn!(%trail, order = %id, "an erasure waits: entries that it names are held");
                blanked.held.push(id);
            }
            if !is_held || parts > 0 {
                ranges.iter().for_each(|range| blanked.stretches.add(range));
            }
            if is_held && parts > 0 {
                blanked.begun.push(line.id);
            }
            progress(1);
        }
        Ok(blanked)
    }

    async fn ranges(
        &mut self,
        history: &mut History<'_>,
        line: &Line,
    ) -> Result<Vec<Erasure>, StoreError> {
        match self.own.contains(&line.id) {
            true => Ok(line.erasures()),
            false => history.ranges(line).await,
        }
    }
}

fn is_rolled_back(error: &AuditError) -> bool {
    let AuditError::Refused { refusal, .. } = error else {
        return false;
    };
    matches!(refusal, Refusal::RolledBack { .. })
}

/// Goes on, at the start of a process that may write, with what was cut short, and takes away again
/// what a restored copy brought back.
///
/// # Errors
/// Where a trail holds what was erased and does not know of it, and this process may not take it
/// away: it must not be served. [`AuditError::State`], [`AuditError::Store`].
pub(in crate::engine) async fn resume(shared: &Arc<Shared>) -> Result<(), AuditError> {
    for trail in shared.ground.state.erased_trails()? {
        match finish(shared, &trail, &[], Purging::WhenDue, &mut |_| {}).await {
            Ok(_) => {}
            // The entries that say what went come when the trail is succeeded, for which it must be
            // open; of a trail that is refused for another reason nothing went, and it is not shown.
            Err(error @ AuditError::Refused { .. }) => {
                tracing::warn!(%trail, %error, "an erasure of the trail is not finished");
                if brings_back(shared, &trail, true).await? {
                    tracing::warn!(%trail, "it holds what was erased, and is not shown");
                    shared.brought_back().insert(trail);
                }
            }
            // Another process, whose role may, is about it, or was and will be.
            Err(AuditError::Store(error)) if matches!(*error, StoreError::Unsupported(_)) => {
                let checked = load::checked(shared, &trail).await;
                let is_copy = checked.is_err_and(|error| is_rolled_back(&error));
                if brings_back(shared, &trail, is_copy).await? {
                    return Err(AuditError::Store(error));
                }
                tracing::warn!(%trail, %error, "an erasure of the trail is not finished");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
