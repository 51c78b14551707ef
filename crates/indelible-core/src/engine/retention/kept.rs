//! What of a trail is left, for those who ask for what is not.

use crate::engine::Ground;
use crate::engine::audit::Audit;
use crate::error::AuditError;
use crate::store::StoreError;
use crate::trail::TrailName;

impl Audit {
    /// Where a pack begins that is asked for from `first` on: one of all, where the trail does.
    pub(in crate::engine) async fn first_of_pack(&self, first: u64) -> Result<u64, AuditError> {
        if first == 0 {
            return self.first_kept().await;
        }
        self.check_kept(first).await?;
        Ok(first)
    }

    /// Checks that an entry was not removed.
    pub(in crate::engine) async fn check_kept(&self, seq: u64) -> Result<(), AuditError> {
        let first_kept = self.first_kept().await?;
        if seq >= first_kept {
            return Ok(());
        }
        let trail = self.trail.clone();
        Err(AuditError::Removed {
            trail,
            seq,
            first_kept,
        })
    }
}

/// Whether entries were removed without which a tree of so many cannot be made again.
pub(in crate::engine) async fn hides(
    ground: &Ground,
    trail: &TrailName,
    size: u64,
) -> Result<bool, StoreError> {
    let first_kept = ground.store.first_kept(trail).await?;
    Ok(size >> 8 < first_kept >> 8 && !size.is_multiple_of(256))
}
