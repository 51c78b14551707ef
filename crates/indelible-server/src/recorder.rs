//! What a key decides and takes away, on record in the trail that it is about.

use indelible_core::engine::Audit;
use indelible_core::{AuditEvent, TrailName};
use indelible_evidence::Recorder;
use serde_json::Value;

use crate::access::Caller;
use crate::app::App;
use crate::problem::{Kind, Problem};

/// A trail in which a caller records. Where it takes no writes nothing is done: it would be on
/// record nowhere else.
pub struct InTrail<'d> {
    /// The trail.
    pub audit: Audit,
    caller: &'d Caller,
}

impl<'d> InTrail<'d> {
    /// This trail, for this caller.
    pub fn of(app: &App, caller: &'d Caller, trail: &TrailName) -> Self {
        Self {
            audit: app.trail(trail),
            caller,
        }
    }
}

impl Recorder for InTrail<'_> {
    type Error = Problem;

    async fn record(&self, mut event: AuditEvent) -> Result<u64, Problem> {
        // An id alone says little to whoever reads it in ten years.
        if let Some(Value::Object(context)) = &mut event.context {
            let name = self.caller.key.name.clone();
            context.insert("key_name".to_owned(), name.into());
        }
        let event = self.caller.located(event);
        let receipt = self.audit.record_of_own(event).await?;
        let nowhere = || Problem::new(Kind::Internal, "what was recorded has no place yet");
        receipt.seq.ok_or_else(nowhere)
    }
}
