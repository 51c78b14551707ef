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
}

impl<'a> Watch<'a> {
    pub async fn of(audit: &'a Audit) -> Result<Self, AuditError> {
        Ok(Self {
            looking: Looking::at(audit).await?,
            seen: Seen::default(),
            in_force: InForce::over(audit, &[]),
        })
    }

    /// The holds in force as of now.
    ///
    /// # Errors
    /// As [`Audit::holds`].
    pub async fn look(&mut self) -> Result<&mut InForce, AuditError> {
        if self.looking.go_on(&mut self.seen).await? {
            self.in_force.renew(&self.seen.holds);
        }
        Ok(&mut self.in_force)
    }
}
