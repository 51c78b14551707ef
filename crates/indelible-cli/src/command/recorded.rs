//! Records about a trail, in the trail itself.

use indelible::{AuditEvent, Receipt};
use indelible_evidence::Recorder;

use crate::failure::Failure;
use crate::session::Opened;

/// Records something about the trail that is meant, in the trail itself.
pub async fn record(opened: &Opened, event: AuditEvent) -> Result<Receipt, Failure> {
    Ok(opened.audit.record_of_own(event).await?)
}

/// The trail that is meant, where decisions about it are recorded.
pub struct Recorded<'o>(pub &'o Opened);

impl Recorder for Recorded<'_> {
    type Error = Failure;

    async fn record(&self, event: AuditEvent) -> Result<u64, Failure> {
        let receipt = record(self.0, event).await?;
        receipt
            .seq
            .ok_or_else(|| Failure::new("it waits in the spool and has no place in the trail yet"))
    }
}
