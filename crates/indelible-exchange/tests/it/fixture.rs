//! Reading fixtures and texts, and looking at what came.

use std::io::Cursor;
use std::path::PathBuf;

use indelible_core::{AuditEvent, Note};
use indelible_exchange::{ImportItem, ImportRecord, Importer, Mapping, Origin, Source, plan};
use serde_json::Value;

pub const ID_KEY: [u8; 32] = [7; 32];

pub fn importer(mapping: &str) -> Importer {
    Importer::new(Mapping::shipped(mapping).expect("it is shipped"), ID_KEY)
}

/// A file of `testdata`.
pub fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("testdata")
        .join(name)
}

/// A file of records as the source of a shipped mapping writes them.
pub fn sample(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("samples")
        .join(name)
}

/// What was read, sorted by kind.
#[derive(Debug, Default)]
pub struct Read {
    pub records: Vec<ImportRecord>,
    pub rejected: Vec<(Origin, String)>,
    pub skipped: Vec<(String, String)>,
    pub errors: Vec<String>,
}

impl Read {
    pub fn of(
        items: impl Iterator<Item = Result<ImportItem, indelible_exchange::ImportError>>,
    ) -> Self {
        let mut read = Self::default();
        for item in items {
            match item {
                Ok(ImportItem::Record(record)) => read.records.push(*record),
                Ok(ImportItem::Rejected { origin, reason }) => read.rejected.push((origin, reason)),
                Ok(ImportItem::Skipped { file, reason }) => {
                    read.skipped.push((file.to_string(), reason));
                }
                Ok(other) => panic!("an item of a new kind: {other:?}"),
                Err(error) => read.errors.push(error.to_string()),
            }
        }
        read
    }

    pub fn ids(&self) -> Vec<String> {
        self.records
            .iter()
            .map(|r| r.event.id.expect("every record has an id").to_string())
            .collect()
    }

    /// The events, where nothing but records was read.
    pub fn all(self) -> Vec<AuditEvent> {
        assert!(
            self.rejected.is_empty() && self.errors.is_empty(),
            "{self:?}"
        );
        self.records
            .into_iter()
            .map(|record| record.event)
            .collect()
    }
}

pub fn read_files(mapping: &str, names: &[&str]) -> Read {
    let paths: Vec<PathBuf> = names.iter().map(|name| path(name)).collect();
    Read::of(importer(mapping).read(plan(&paths).expect("the fixtures are there")))
}

pub fn read_text(mapping: &str, text: impl AsRef<[u8]>) -> Read {
    let source = Source::reader("text", Cursor::new(text.as_ref().to_vec()));
    Read::of(importer(mapping).read(vec![source]))
}

/// The one event of a text.
pub fn one(mapping: &str, text: impl AsRef<[u8]>) -> AuditEvent {
    let mut events = read_text(mapping, text).all();
    assert_eq!(events.len(), 1, "{events:?}");
    events.remove(0)
}

/// The note of this kind on this field, as JSON.
pub fn note(event: &AuditEvent, field: &str, kind: &str) -> Option<Value> {
    let fits = |note: &&Note| note.field == field && note.kind == kind;
    event.notes.iter().find(fits).map(Note::to_value)
}
