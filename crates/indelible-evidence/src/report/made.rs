//! How a report was made, and the record of it in the trail that it is about.

use indelible_core::{AuditAction, AuditEvent, Timestamp};
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::Report;

/// How a report was made. The same inputs give the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Made {
    /// When.
    pub created: Timestamp,
    /// For whom; `null` where nobody was named.
    pub asked_by: Option<String>,
    /// By what.
    pub software: String,
    /// The question whose answer the entries are, as the parameters of a query.
    pub query: String,
    /// Whether that it was made is put on record in the trail.
    pub recorded: bool,
}

/// The record that a report was made: who, of what, and the digest of the file that was handed
/// out, in one of the forms.
pub fn generated(report: &Report, form: &str, file: &[u8]) -> AuditEvent {
    let digest: String = Sha256::digest(file)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    let mut event = AuditEvent::new(AuditAction::AUDIT_REPORT_GENERATED, "audit_report")
        .resource_id(report.framework.name)
        .context(json!({
            "framework": report.framework.name,
            "framework_version": report.framework.version,
            "catalogue_version": report.catalogue_version,
            "period_start": report.period.from,
            "period_end": report.period.to,
            "population_count": report.completeness.entries,
            "as_of": report.completeness.as_of,
            "format": form,
            "digest": digest,
            "scope_digest": report.scope.scope.sha256,
            "seed": report.sampling.as_ref().map(|drawn| &drawn.sampling.seed),
        }));
    if let Some(user) = &report.made.asked_by {
        event = event.user_id(user.clone());
    }
    event
}
