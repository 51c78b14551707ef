//! A sorted run of records: in memory, or in a temporary file without a name.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Seek, Write};
use std::sync::Arc;

use indelible_core::AuditEvent;
use indelible_core::json;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::error::ImportError;
use crate::import::Reading;
use crate::item::{ImportRecord, Origin};

/// Records in order, to be read once.
pub(super) enum Run {
    Memory(std::vec::IntoIter<ImportRecord>),
    File(BufReader<File>),
}

impl Run {
    pub(super) fn in_memory(records: Vec<ImportRecord>) -> Self {
        Self::Memory(records.into_iter())
    }

    pub(super) fn next(
        &mut self,
        reading: &Reading<'_>,
    ) -> Result<Option<ImportRecord>, ImportError> {
        let file = match self {
            Self::Memory(records) => return Ok(records.next()),
            Self::File(file) => file,
        };
        let mut line = Vec::new();
        if file
            .read_until(b'\n', &mut line)
            .map_err(ImportError::Spill)?
            == 0
        {
            return Ok(None);
        }
        let record = parse(&line, reading);
        let damaged = || io::Error::new(io::ErrorKind::InvalidData, "a line is not as written");
        record
            .map(Some)
            .ok_or_else(|| ImportError::Spill(damaged()))
    }
}

/// Writes a run to a file that has no name, is readable by this process alone and is gone with it.
pub(super) struct RunWriter {
    file: BufWriter<File>,
}

impl RunWriter {
    pub(super) fn new() -> Result<Self, ImportError> {
        let file = tempfile::tempfile().map_err(ImportError::Spill)?;
        Ok(Self {
            file: BufWriter::with_capacity(1 << 18, file),
        })
    }

    pub(super) fn write(&mut self, record: &ImportRecord) -> Result<(), ImportError> {
        let line = json!({
            "source": record.source,
            "bytes": record.bytes,
            "line": record.origin.line,
            "record": record.origin.record,
            "fallback_id": record.fallback_id,
            "event": object(&record.event),
        });
        serde_json::to_writer(&mut self.file, &line)
            .map_err(io::Error::from)
            .and_then(|()| self.file.write_all(b"\n"))
            .map_err(ImportError::Spill)
    }

    pub(super) fn finish(self) -> Result<Run, ImportError> {
        let file = self
            .file
            .into_inner()
            .map_err(|error| ImportError::Spill(error.into_error()));
        let mut file = file?;
        file.rewind().map_err(ImportError::Spill)?;
        Ok(Run::File(BufReader::with_capacity(1 << 16, file)))
    }
}

/// The event in our own shape, as [`AuditEvent::from_object`] takes it.
fn object(event: &AuditEvent) -> Value {
    json!({
        "id": event.id,
        "action": event.action.as_ref(),
        "outcome": event.outcome,
        "resource_type": event.resource_type,
        "tags": event.tags,
        "occurred_at": event.occurred_at,
        "user_id": event.user_id,
        "on_behalf_of": event.on_behalf_of,
        "ip_address": event.ip_address,
        "user_agent": event.user_agent,
        "resource_id": event.resource_id,
        "context": event.context,
        "correlation_id": event.correlation_id,
        "notes": event.notes,
    })
}

fn parse(line: &[u8], reading: &Reading<'_>) -> Option<ImportRecord> {
    // Facts of notes are nested deeper than any record; what was written was limited before.
    let Value::Object(mut members) = json::parse_with_depth(line, u8::MAX).ok()?.value else {
        return None;
    };
    let source = u32::try_from(number(&members, "source")?).ok()?;
    let Value::Object(event) = members.remove("event")? else {
        return None;
    };
    Some(ImportRecord {
        event: AuditEvent::from_object(event).ok()?,
        fallback_id: Uuid::try_parse(members.get("fallback_id")?.as_str()?).ok()?,
        origin: Origin {
            file: Arc::clone(reading.file(source)?),
            line: number(&members, "line")?,
            record: number(&members, "record")?,
        },
        source,
        bytes: usize::try_from(number(&members, "bytes")?).ok()?,
    })
}

fn number(members: &Map<String, Value>, name: &str) -> Option<u64> {
    members.get(name)?.as_u64()
}
