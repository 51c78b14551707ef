//! What would become of single records, and why.

use indelible_core::{AuditEvent, Note};
use serde_json::Value;

use crate::error::ImportError;
use crate::import::Importer;
use crate::item::{ImportItem, ImportRecord, Origin};
use crate::mapping::FieldSource;
use crate::sorted::redact;
use crate::source::Source;

/// What would become of one record.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// Where it stands.
    pub origin: Origin,
    /// The fields of its event that have a value, in the order of the event's description; empty
    /// where it is rejected.
    pub fields: Vec<Derivation>,
    /// What was done to it, redactions among it.
    pub notes: Vec<Note>,
    /// Why it is no record.
    pub rejected: Option<String>,
}

/// One field, its value, and where that comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Derivation {
    /// The field.
    pub field: &'static str,
    /// The value, redacted; none where it is made only when it is recorded, as most ids are.
    pub value: Option<String>,
    /// Places and changes, as the mapping names them.
    pub from: String,
}

impl Importer {
    /// Explains the first `most` records of the sources, or only those that begin on `line`.
    /// Nothing is recorded, and no secret shown that recording would mask.
    ///
    /// # Errors
    /// [`ImportError`] of the first source that cannot be read.
    pub fn explain(
        &self,
        sources: Vec<Source>,
        line: Option<u64>,
        most: usize,
    ) -> Result<Vec<Explanation>, ImportError> {
        let mut found = Vec::new();
        let mut reading = self.read(sources).keeping_values();
        while found.len() < most {
            let Some(item) = reading.next() else { break };
            let item = item?;
            let explanation = match item {
                ImportItem::Record(record) => self.of_record(*record, reading.kept()),
                ImportItem::Rejected { origin, reason } => Explanation {
                    origin,
                    fields: Vec::new(),
                    notes: Vec::new(),
                    rejected: Some(reason),
                },
                ImportItem::Skipped { .. } => continue,
            };
            match line {
                Some(line) if explanation.origin.line > line => break,
                Some(line) if explanation.origin.line < line => {}
                _ => found.push(explanation),
            }
        }
        Ok(found)
    }

    fn of_record(&self, record: ImportRecord, value: &Value) -> Explanation {
        let ImportRecord {
            mut event, origin, ..
        } = record;
        let sources = self.mapping().sources(value);
        redact(&mut event, self.redactor_used());
        let derive = |source: FieldSource| Derivation {
            field: source.field,
            value: value_of(&event, source.field),
            from: source.from,
        };
        Explanation {
            origin,
            fields: sources.into_iter().map(derive).collect(),
            notes: event.notes,
            rejected: None,
        }
    }
}

fn value_of(event: &AuditEvent, field: &str) -> Option<String> {
    match field {
        // Another secret makes other ids.
        "id" => event
            .id
            .filter(|id| id.get_version_num() != 8)
            .map(|id| id.to_string()),
        "occurred_at" => event.occurred_at.map(|time| time.to_string()),
        "action" => Some(event.action.to_string()),
        "outcome" => event.outcome.map(|outcome| outcome.to_string()),
        "resource_type" => Some(event.resource_type.clone()),
        "resource_id" => event.resource_id.clone(),
        "user_id" => event.user_id.clone(),
        "on_behalf_of" => event.on_behalf_of.clone(),
        "ip_address" => event.ip_address.clone(),
        "user_agent" => event.user_agent.clone(),
        "correlation_id" => event.correlation_id.clone(),
        "tags" => Some(event.tags.join(" ")),
        "context" => event.context.as_ref().map(Value::to_string),
        _ => None,
    }
}
