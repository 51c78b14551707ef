//! Reading sources: one item after the other, in the order in which they stand.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use indelible_core::json::{JsonError, canonical};
use indelible_core::redact::Redactor;
use indelible_core::{AuditEvent, Note, Timestamp};
use serde_json::Value;
use uuid::Uuid;

use crate::error::ImportError;
use crate::identity::{Identity, Ids};
use crate::item::{ImportItem, ImportRecord, Origin};
use crate::mapping::{Calendar, Draft, Mapping};
use crate::sorted::{RUN_BYTES, Sorted};
use crate::source::{Opened, Source, open};
use crate::split::{DOCUMENT_BYTES_MAX, Piece, Split, Stop};
use crate::{lines, record};

/// Turns sources into events, by a mapping.
#[derive(Clone)]
pub struct Importer {
    mapping: Mapping,
    id_key: [u8; 32],
    document_bytes_max: u64,
    run_bytes: usize,
    redactor: Arc<Redactor>,
    year: Option<i32>,
    now: Option<Timestamp>,
}

/// How far a reading is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// Bytes read of all sources, gzip as it comes.
    pub bytes_read: u64,
    /// Bytes there are to read; `None` where one source does not tell.
    pub bytes_total: Option<u64>,
    /// Sources that were read to their end or skipped.
    pub files_done: usize,
    /// Sources there are.
    pub files_total: usize,
    /// Records read, rejected ones included.
    pub records: u64,
}

impl Importer {
    /// An importer that derives ids under `id_key`, the trail's secret for ids.
    pub fn new(mapping: Mapping, id_key: [u8; 32]) -> Self {
        Self {
            mapping,
            id_key,
            document_bytes_max: DOCUMENT_BYTES_MAX,
            run_bytes: RUN_BYTES,
            redactor: Arc::new(Redactor::default_mask()),
            year: None,
            now: None,
        }
    }

    /// Sets the most bytes held of one JSON document or line, 512 MiB unless set.
    #[must_use]
    pub fn document_bytes_max(mut self, bytes: u64) -> Self {
        self.document_bytes_max = bytes;
        self
    }

    /// Sets how many bytes of records are sorted in memory, 32 MiB unless set, with 1 KiB more for
    /// each record than its text has; memory takes up to eight times as much.
    #[must_use]
    pub fn run_bytes(mut self, bytes: usize) -> Self {
        self.run_bytes = bytes;
        self
    }

    /// Sets what records are redacted with before they wait on a disk: the redactor of the trail
    /// that they go into, so that it makes no difference which of them did. The standard rules,
    /// masking, unless set.
    #[must_use]
    pub fn redactor(mut self, redactor: Arc<Redactor>) -> Self {
        self.redactor = redactor;
        self
    }

    /// The identity that ids are derived under.
    pub(crate) fn identity(&self) -> Identity {
        Identity::new(&self.id_key, self.mapping.name())
    }

    pub(crate) fn assumed_year(&self) -> Option<i32> {
        self.year
    }

    pub(crate) fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    pub(crate) fn redactor_used(&self) -> &Arc<Redactor> {
        &self.redactor
    }

    /// Sets the year of times that are written without one. Else it is the last one in which such
    /// a time lies before the file was changed, or before [`Importer::now`]; either is noted.
    #[must_use]
    pub fn year(mut self, year: Option<i32>) -> Self {
        self.year = year;
        self
    }

    /// Sets the time of day, for what is no file.
    #[must_use]
    pub fn now(mut self, now: Timestamp) -> Self {
        self.now = Some(now);
        self
    }

    /// Reads the sources in their order, records as they stand. Memory holds one line, or one
    /// document where it spans lines, and some 40 bytes for each record without a natural key.
    pub fn read<'p>(&self, sources: Vec<Source>) -> Reading<'p> {
        let bytes_total = sources.iter().map(Source::bytes).sum();
        let progress = Progress {
            bytes_total,
            files_total: sources.len(),
            ..Progress::default()
        };
        Reading {
            identity: self.identity(),
            mapping: self.mapping.clone(),
            redactor: Arc::clone(&self.redactor),
            document_bytes_max: self.document_bytes_max,
            waiting: sources.into_iter(),
            files: Vec::new(),
            year: self.year,
            now: self.now,
            current: None,
            bytes_read: Arc::default(),
            progress,
            on_progress: None,
            kept: None,
        }
    }

    /// Reads the sources and gives the records in the order of their time; those of the same time
    /// in the order of the sources, those without a time last.
    ///
    /// What is rejected or skipped comes as it is met, before the first record. Records beyond
    /// what memory holds wait in temporary files without a name: their secrets are taken out
    /// before, noted as the door notes it. Those that memory holds are as they were read.
    pub fn read_sorted<'p>(&self, sources: Vec<Source>) -> Sorted<'p> {
        Sorted::new(
            self.read(sources),
            self.run_bytes,
            Arc::clone(&self.redactor),
        )
    }
}

/// The items of some sources, in their order. An error ends one source, not the reading.
pub struct Reading<'p> {
    mapping: Mapping,
    identity: Identity,
    redactor: Arc<Redactor>,
    document_bytes_max: u64,
    waiting: std::vec::IntoIter<Source>,
    /// The names of the sources begun.
    files: Vec<Arc<str>>,
    year: Option<i32>,
    now: Option<Timestamp>,
    current: Option<Current>,
    bytes_read: Arc<AtomicU64>,
    progress: Progress,
    on_progress: Option<Callback<'p>>,
    /// The record that was read last, where it is wanted.
    kept: Option<Value>,
}

type Callback<'p> = Box<dyn FnMut(&Progress) + Send + 'p>;

struct Current {
    split: Split,
    file: Arc<str>,
    records: u64,
    calendar: Calendar,
}

impl<'p> Reading<'p> {
    /// Calls back after every item; it is for the caller to show less often.
    #[must_use]
    pub fn on_progress(mut self, callback: impl FnMut(&Progress) + Send + 'p) -> Self {
        self.on_progress = Some(Box::new(callback));
        self
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        let bytes_read = self.bytes_read.load(Ordering::Relaxed);
        Progress {
            bytes_read,
            ..self.progress.clone()
        }
    }

    /// Keeps each record until the next.
    pub(crate) fn keeping_values(mut self) -> Self {
        self.kept = Some(Value::Null);
        self
    }

    /// The record that was read last; null where records are not kept.
    pub(crate) fn kept(&self) -> &Value {
        self.kept.as_ref().unwrap_or(&Value::Null)
    }

    pub(crate) fn file(&self, source: u32) -> Option<&Arc<str>> {
        self.files.get(source as usize)
    }

    fn step(&mut self) -> Option<Result<ImportItem, ImportError>> {
        loop {
            let Some(current) = &mut self.current else {
                match self.begin(self.waiting.as_slice().first()?.name().into()) {
                    Ok(None) => continue,
                    Ok(Some(skipped)) => return Some(Ok(skipped)),
                    Err(error) => return Some(Err(error)),
                }
            };
            match current.split.next() {
                Some(Ok(piece)) => {
                    current.records += 1;
                    self.progress.records += 1;
                    let origin = Origin {
                        file: Arc::clone(&current.file),
                        line: piece.line,
                        record: current.records,
                    };
                    return Some(Ok(self.item(piece, origin)));
                }
                Some(Err(stop)) => {
                    let file = current.file.to_string();
                    self.end();
                    return Some(Err(match stop {
                        Stop::System(source) => ImportError::Read { file, source },
                        Stop::TooLarge => {
                            let bytes_max = self.document_bytes_max;
                            ImportError::TooLarge { file, bytes_max }
                        }
                    }));
                }
                None => self.end(),
            }
        }
    }

    fn begin(&mut self, file: Arc<str>) -> Result<Option<ImportItem>, ImportError> {
        let Some(source) = self.waiting.next() else {
            return Ok(None);
        };
        self.files.push(Arc::clone(&file));
        let calendar = match (self.year, source.modified(), self.now) {
            (Some(year), _, _) => Calendar::Year(year),
            (None, Some(time), _) => Calendar::File(time),
            (None, None, Some(now)) => Calendar::Now(now),
            (None, None, None) => Calendar::Unknown,
        };
        let opened = open(source, self.mapping.lines().is_none(), &self.bytes_read)
            .inspect_err(|_| self.progress.files_done += 1)?;
        match opened {
            Opened::PassedOver(reason) => {
                self.progress.files_done += 1;
                Ok(Some(ImportItem::Skipped {
                    file,
                    reason: reason.to_owned(),
                }))
            }
            Opened::Text { reader, gzip } => {
                let mapping = self.mapping.clone();
                let split = Split::new(reader, gzip, mapping, self.document_bytes_max);
                self.current = Some(Current {
                    split,
                    file,
                    records: 0,
                    calendar,
                });
                Ok(None)
            }
        }
    }

    fn end(&mut self) {
        self.current = None;
        self.progress.files_done += 1;
    }

    fn item(&mut self, piece: Piece, origin: Origin) -> ImportItem {
        let event = piece
            .text
            .and_then(|text| Ok((self.event(&text)?, text.len())));
        match event {
            Ok(((event, fallback_id), bytes)) => {
                let source = self.files.len() as u32 - 1;
                ImportItem::Record(Box::new(ImportRecord {
                    event,
                    fallback_id,
                    origin,
                    source,
                    bytes,
                }))
            }
            Err(reason) => {
                // It may quote what is a secret.
                let shown = self.redactor.redact_text(&reason);
                let reason = shown.map_or(reason, |shown| shown.text);
                ImportItem::Rejected { origin, reason }
            }
        }
    }

    fn event(&mut self, text: &[u8]) -> Result<(AuditEvent, Uuid), String> {
        let mut record = match self.mapping.lines() {
            Some(lines) => lines.read(text),
            None => {
                record::read(text, self.mapping.nesting_max()).map_err(|error| describe(&error))?
            }
        };
        let bytes = canonical::to_vec(&record.value);
        if self.mapping.lines().is_some() {
            lines::conceal(&mut record, &self.redactor);
        }
        let inner = self.mapping.unfold(&mut record.value);
        record.remarks.extend(inner);
        if let Some(kept) = &mut self.kept {
            kept.clone_from(&record.value);
        }
        let calendar = self.current.as_ref().map(|current| current.calendar);
        let calendar = calendar.unwrap_or_default();
        let draft = self
            .mapping
            .draft(record.value, &record.remarks, calendar)?;
        let ids = self.identity.of(draft.key.as_deref(), &bytes, &draft.event);
        let mut event = identified(draft, ids);
        if record.unremarked > 0 {
            event
                .notes
                .push(Note::new("notes", "more").with("count", record.unremarked));
        }
        Ok((event, ids.fallback))
    }
}

fn identified(draft: Draft, ids: Ids) -> AuditEvent {
    let Draft {
        mut event,
        key,
        uuid_expected,
        key_expected,
    } = draft;
    event.id = Some(ids.id);
    match key {
        Some(key) if uuid_expected && !ids.verbatim => {
            event.notes.push(
                Note::new("id", "derived")
                    .with("from", "key")
                    .with("was", key),
            );
        }
        None if key_expected => {
            event
                .notes
                .push(Note::new("id", "derived").with("from", "record"));
        }
        _ => {}
    }
    event
}

impl Iterator for Reading<'_> {
    type Item = Result<ImportItem, ImportError>;

    fn next(&mut self) -> Option<Self::Item> {
        let item = self.step();
        if self.on_progress.is_some() {
            let progress = self.progress();
            if let Some(callback) = &mut self.on_progress {
                callback(&progress);
            }
        }
        item
    }
}

fn describe(error: &JsonError) -> String {
    match error.line {
        1 => format!("column {}: {}", error.column, error.kind),
        line => format!(
            "line {line} of the record, column {}: {}",
            error.column, error.kind
        ),
    }
}
