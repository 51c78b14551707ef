//! Where reviews and packs put on record what was decided and handed over.

use indelible_core::AuditEvent;

/// Records in the trail that it is about, and in no other.
pub trait Recorder: Sync {
    /// Why something was not recorded, or not done.
    type Error;

    /// Records an event and answers its place in the trail.
    fn record(&self, event: AuditEvent) -> impl Future<Output = Result<u64, Self::Error>> + Send;
}
