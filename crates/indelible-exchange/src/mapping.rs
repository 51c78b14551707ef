//! Mapping files: how the records of one source become events, as data.

mod agreement;
mod calendar;
mod check;
mod condition;
mod context;
mod draft;
mod explain;
mod path;
mod shipped;
mod template;
mod text;
mod time;
mod transform;
mod word;

use std::collections::BTreeMap;
use std::sync::Arc;

use indelible_core::Outcome;
use indelible_core::json::NESTING_MAX;
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

pub(crate) use calendar::{Calendar, MONTHS};
use condition::Conditions;
use context::ContextRule;
pub(crate) use draft::{Draft, Remark, type_of};
pub(crate) use explain::FieldSource;
pub(crate) use path::{Path, Step, index};
use text::Text;
use time::TimeFormat;

use crate::error::MappingError;
use crate::lines::Lines;

/// How the records of one source become events. `docs/guide/importing.md` is the reference.
///
/// ```
/// use indelible_exchange::Mapping;
///
/// let mapping = Mapping::parse(
///     r#"
///     format = 1
///     name = "door-locks"
///
///     [key]
///     from = "/uuid"
///
///     [time]
///     from = "/ts"
///     formats = ["epoch_ms"]
///
///     [event]
///     action = { template = "door.{verb}", parts = { verb = "/event" } }
///     resource_type = { value = "door" }
///     resource_id = "/door"
///     user_id = ["/badge/owner", "/badge/number"]
///     "#,
/// )?;
/// assert_eq!(mapping.name(), "door-locks");
/// # Ok::<(), indelible_exchange::MappingError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Mapping {
    rules: Arc<Rules>,
    /// Of its text.
    digest: [u8; 32],
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rules {
    format: u32,
    /// Of `[a-z0-9-]`; part of every id that is derived.
    name: String,
    /// What people call the source.
    title: Option<String>,
    /// A record has a value at one of these places at least, else it is no record of this source.
    #[serde(default)]
    recognise: Vec<Path>,
    /// Where records stand in a document; the first place that is there counts, without any the
    /// document is the record.
    #[serde(default)]
    records: Vec<RecordsAt>,
    /// The table that holds the records, where these lie in a database.
    table: Option<TableAt>,
    /// Where texts stand that hold JSON; they are taken for what they hold.
    #[serde(default)]
    embedded: Vec<Path>,
    /// What each line is, where the source is not of JSON.
    lines: Option<Lines>,
    members: Option<Members>,
    key: Option<KeyRule>,
    time: Option<TimeRule>,
    event: EventRule,
    /// Kinds of resource, the first that fits wins over `event.resource_type` and `resource_id`.
    #[serde(default)]
    resource: Vec<ResourceRule>,
    #[serde(default)]
    outcome: OutcomeRule,
    #[serde(default)]
    tags: TagsRule,
    /// Notes on every event that has the values they speak of.
    #[serde(default)]
    note: Vec<NoteRule>,
}

/// One place of records in a document.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecordsAt {
    pub(crate) at: Path,
    /// Whether a record is a text that holds JSON.
    #[serde(default)]
    pub(crate) embedded: bool,
}

/// The table that holds the records.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TableAt {
    name: String,
}

/// The members that a record may have; without this table any.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Members {
    known: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyRule {
    from: Text,
    /// Whether a key that is no UUID is worth a note.
    #[serde(default)]
    uuid: bool,
    /// Whether records without it are usual, so that no note tells of it.
    #[serde(default)]
    optional: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TimeRule {
    from: Text,
    formats: Vec<TimeFormat>,
    #[serde(default)]
    optional: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EventRule {
    action: Text,
    resource_type: Text,
    resource_id: Option<Text>,
    user_id: Option<Text>,
    on_behalf_of: Option<Text>,
    ip_address: Option<Text>,
    user_agent: Option<Text>,
    correlation_id: Option<Text>,
    #[serde(default)]
    context: ContextRule,
    /// Where notes in our own form stand.
    notes: Option<Path>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ResourceRule {
    #[serde(default)]
    when: Conditions,
    /// Elements to try one after the other; `type` and `id` then point into the element.
    each: Option<Path>,
    #[serde(rename = "type")]
    kind: Option<Text>,
    /// A rule whose id is not there does not fit.
    id: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct OutcomeRule {
    /// Where an outcome by our names stands.
    from: Option<Text>,
    #[serde(default)]
    rule: Vec<OutcomeCase>,
    otherwise: Option<Outcome>,
    /// Whether an action of the catalogue is to be one of this outcome.
    #[serde(default)]
    agree: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OutcomeCase {
    is: Outcome,
    when: Conditions,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct TagsRule {
    /// Where tags by our names stand.
    from: Option<Path>,
    #[serde(default)]
    rule: Vec<TagCase>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TagCase {
    add: String,
    when: Conditions,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NoteRule {
    field: String,
    kind: String,
    /// What the note holds; without a value at all of these places there is no note.
    facts: BTreeMap<String, Path>,
}

impl Mapping {
    /// Reads a mapping file.
    ///
    /// # Errors
    /// [`MappingError`] with line and column: text that is no TOML, an unknown or missing name, a
    /// value of the wrong type, a pointer or template that is none.
    pub fn parse(text: &str) -> Result<Self, MappingError> {
        let rules: Rules = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            MappingError::at(text, at, error.message())
        })?;
        match rules.check() {
            Ok(()) => Ok(Self {
                rules: Arc::new(rules),
                digest: Sha256::digest(text).into(),
            }),
            Err((table, problem)) => {
                let at = table.and_then(|table| text.find(table)).unwrap_or(0);
                Err(MappingError::at(text, at, &problem))
            }
        }
    }

    /// The source's name, as in ids that are derived.
    pub fn name(&self) -> &str {
        &self.rules.name
    }

    /// The SHA-256 of its text.
    pub(crate) fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// What people call the source.
    pub fn title(&self) -> &str {
        self.rules.title.as_deref().unwrap_or(&self.rules.name)
    }

    /// The name of the table that holds the records, where these lie in a database.
    pub fn table(&self) -> Option<&str> {
        self.rules.table.as_ref().map(|table| table.name.as_str())
    }

    /// Puts what texts hold in their place, where the mapping says that they hold JSON and they
    /// do; answers what was repaired on the way.
    pub(crate) fn unfold(&self, record: &mut Value) -> Vec<Remark> {
        let mut remarks = Vec::new();
        for path in &self.rules.embedded {
            let depth =
                NESTING_MAX.saturating_sub(u8::try_from(path.steps().len()).unwrap_or(u8::MAX));
            if let Some(Value::String(text)) = path.first(record)
                && text.starts_with(['{', '['])
                && let Ok(inner) = crate::record::read(text.as_bytes(), depth)
                && path.put(record, inner.value)
            {
                remarks.extend(inner.remarks.into_iter().map(|remark| remark.below(path)));
            }
        }
        remarks
    }

    /// How the lines of the source are read; `None` where it is of JSON.
    pub(crate) fn lines(&self) -> Option<Lines> {
        self.rules.lines
    }

    pub(crate) fn records(&self) -> &[RecordsAt] {
        &self.rules.records
    }

    /// How deep a record may be nested, such that its context is nested at most 64 deep.
    pub(crate) fn nesting_max(&self) -> u8 {
        self.rules.event.context.nesting_max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_place() {
        let good = "format = 1\nname = \"x\"\n[event]\naction = \"/a\"\nresource_type = \"/t\"\n";
        assert!(Mapping::parse(good).is_ok());
        for (text, line, reason) in [
            (good.replace("format = 1", "format = 2"), 1, "`format` is 1"),
            (good.replace("\"x\"", "\"X\""), 2, "`name` is"),
            (good.replace("\"/a\"", "\"a\""), 4, "begins with `/`"),
            (
                good.replace("action", "actoin"),
                4,
                "unknown field `actoin`",
            ),
            (
                good.replace("action = \"/a\"\n", ""),
                3,
                "missing field `action`",
            ),
            (good.replace("\"/t\"", ""), 5, ""),
            (
                format!("{good}[time]\nfrom = \"/t\"\nformats = []\n"),
                6,
                "at least one",
            ),
            (
                format!("{good}[time]\nfrom = \"/t\"\nformats = [\"iso\"]\n"),
                8,
                "`iso`",
            ),
            (
                format!("{good}[outcome]\notherwise = \"maybe\"\n"),
                7,
                "maybe",
            ),
            (
                format!("{good}[[tags.rule]]\nadd = \"a\"\n"),
                6,
                "missing field `when`",
            ),
            (format!("{good}context = \"all\"\n"), 6, "record"),
            (
                format!("{good}context = {{ only = [\"/a/*\"] }}\n"),
                6,
                "`*`",
            ),
        ] {
            let error = Mapping::parse(&text).expect_err(&text);
            assert_eq!(error.line, line, "{text}\n{error}");
            assert!(error.problem.contains(reason), "{text}\n{error}");
        }
    }
}
