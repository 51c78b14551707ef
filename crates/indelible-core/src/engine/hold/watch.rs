//! The holds of a trail throughout one run: what was judged stays judged, and what came since is
//! looked at before each step.

use super::InForce;
use super::standing::{Looking, Seen};
use crate::engine::audit::Audit;
use crate::error::AuditError;

/// Looks at the holds again and again, and reads each entry that places one once: whoever may record
/// can make any number of entries that look like it.
pub(in crate::engine) struct Watch<'a> {
    looking: Looking<'a>,
    seen: Seen,
    in_force: InForce,
    /// How often something came.
    changes: u64,
}

impl<'a> Watch<'a> {
    pub async fn of(audit: &'a Audit) -> Result<Self, AuditError> {
        Ok(Self {
            looking: Looking::at(audit).await?,
            seen: Seen::default(),
            in_force: InForce::over(audit, &[]),
            changes: 0,
        })
    }

    /// The holds in force as of now.
    ///
    /// # Errors
    /// As [`Audit::holds`].
    pub async fn look(&mut self) -> Result<&mut InForce, AuditError> {
        Ok(self.look_for_changes().await?.0)
    }

    /// The holds in force as of now, and a number that is another one where they may be others than
    /// at an earlier look.
    ///
    /// # Errors
    /// As [`Audit::holds`].
    pub async fn look_for_changes(&mut self) -> Result<(&mut InForce, u64), AuditError> {
        if self.looking.go_on(&mut self.seen).await? {
            self.in_force.renew(&self.seen.holds);
            self.changes += 1;
        }
        Ok((&mut self.in_force, self.changes))
    }
}
