//! Importers and exporters: the languages in which others speak of events.
//!
//! An import goes in steps, each of which knows nothing of the next:
//!
//! | step | from | to |
//! |---|---|---|
//! | [`plan`] | names of files, folders and patterns | [`Source`]s, in a fixed order |
//! | opening | a source | its text: unpacked if it is gzip, without a byte order mark |
//! | splitting | the text | records, each with its line, whatever stands around them |
//! | reading | the text of a record | a JSON value, with every repair remarked upon; of a line that is no JSON, an object |
//! | [`Mapping`] | a value | an [`AuditEvent`](indelible_core::AuditEvent), each liberty noted |
//! | identity | event and record | the id under which a second import finds it again |
//!
//! What is wrong with the content of a record is noted on its event, never a reason to lose it.
//! Only what has not the structure of a record is rejected, with file, line and reason, and the
//! rest goes on.

mod error;
mod explanation;
mod export;
mod fingerprint;
mod identity;
mod import;
mod item;
mod lines;
mod mapping;
mod record;
mod sorted;
mod source;
mod split;

pub use error::{ImportError, MappingError};
pub use explanation::{Derivation, Explanation};
pub use export::{EntryWriter, ExportFormat, SheetWriter, cells, columns, write_entry};
pub use identity::id_of_key;
pub use import::{Importer, Progress, Reading};
pub use item::{ImportItem, ImportRecord, Origin, Position};
pub use mapping::Mapping;
pub use sorted::Sorted;
pub use source::{Source, plan};
pub use split::{NotAnArray, elements};
