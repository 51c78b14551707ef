//! From one record to an event: a record is never lost for the content of its values.

use indelible_core::json::canonical;
use indelible_core::{AuditAction, AuditEvent, Note, Outcome, Timestamp};
use serde_json::{Value, json};

use super::agreement::Told;
use super::calendar::Calendar;
use super::condition::has_content;
use super::context::ContextRule;
use super::path::Path;
use super::text::{Text, scalar};
use super::time::TimeFormat;
use super::{Mapping, Rules, TimeRule, word};

/// An event made of a record, whose id is still to be derived.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) event: AuditEvent,
    /// The record's natural key, where it has one.
    pub(crate) key: Option<String>,
    /// Whether the mapping expects a UUID here, so that anything else is worth a note.
    pub(crate) uuid_expected: bool,
    /// Whether the mapping expects a key here.
    pub(crate) key_expected: bool,
}

/// Something that was done to a record before it was mapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Remark {
    /// Where, as a JSON Pointer into the record; `None` for the record as a whole.
    pub(crate) pointer: Option<String>,
    /// What, as the kind of a note.
    pub(crate) kind: &'static str,
}

impl Remark {
    /// The same of a text that stands at this place of a record.
    pub(crate) fn below(self, path: &Path) -> Self {
        let inner = self.pointer.unwrap_or_default();
        Self {
            pointer: Some(format!("{path}{inner}")),
            kind: self.kind,
        }
    }
}

/// The fields of an event that a member of our own shape may stand for.
const FIELDS: &[&str] = &[
    "id",
    "action",
    "outcome",
    "resource_type",
    "resource_id",
    "user_id",
    "on_behalf_of",
    "ip_address",
    "user_agent",
    "context",
    "correlation_id",
    "tags",
    "occurred_at",
    "notes",
];

impl Mapping {
    /// Makes an event of a record.
    ///
    /// # Errors
    /// What is wrong with the record's structure: it is no object, it is recognisably of another
    /// source, or it has a member that the mapping does not know.
    pub(crate) fn draft(
        &self,
        record: Value,
        remarks: &[Remark],
        calendar: Calendar,
    ) -> Result<Draft, String> {
        let rules = &*self.rules;
        rules.check_structure(&record)?;
        let mut reading = Reading {
            rules,
            record: &record,
            notes: Vec::new(),
        };
        reading.own_notes();
        reading
            .notes
            .extend(remarks.iter().map(|remark| rules.note_on(remark)));
        let told = reading.outcome();
        let action = reading.action(told);
        let outcome = rules.outcome_beside(&action, told);
        let (kind, resource_id) = reading.resource();
        let action = AuditAction::new(action).expect("`word::name` makes names of actions");
        let mut event = AuditEvent::new(action, kind);
        event.resource_id = resource_id;
        event.user_id = reading.text("user_id", rules.event.user_id.as_ref());
        event.on_behalf_of = reading.text("on_behalf_of", rules.event.on_behalf_of.as_ref());
        event.ip_address = reading.text("ip_address", rules.event.ip_address.as_ref());
        event.user_agent = reading.text("user_agent", rules.event.user_agent.as_ref());
        event.correlation_id = reading.text("correlation_id", rules.event.correlation_id.as_ref());
        event.outcome = outcome;
        event.tags = reading.tags();
        reading.occurred_at(&mut event, calendar);
        reading.noted_facts();
        let key = rules.key.as_ref().and_then(|key| key.from.read(&record));
        event.notes = reading.notes;
        event.context = rules.context(record, &mut event.notes);
        Ok(Draft {
            event,
            key,
            uuid_expected: rules.key.as_ref().is_some_and(|key| key.uuid),
            key_expected: rules.key.as_ref().is_some_and(|key| !key.optional),
        })
    }
}

impl Rules {
    fn check_structure(&self, record: &Value) -> Result<(), String> {
        let Value::Object(members) = record else {
            return Err(format!(
                "a record is a JSON object, this is {}",
                type_of(record)
            ));
        };
        if let Some(known) = &self.members
            && let Some(member) = members.keys().find(|member| !known.known.contains(member))
        {
            let member: String = member.chars().take(100).collect();
            return Err(format!(
                "`{member}` is no field of an event; what has no field of its own goes into \
                 `context`"
            ));
        }
        let has_one = self.recognise.iter().any(|path| {
            path.find(record, &mut |value| has_content(value).then_some(()))
                .is_some()
        });
        if has_one || self.recognise.is_empty() {
            return Ok(());
        }
        let places: Vec<String> = self
            .recognise
            .iter()
            .map(|path| format!("`{path}`"))
            .collect();
        let title = self.title.as_deref().unwrap_or(&self.name);
        Err(format!(
            "this is no record of {title}: it has none of {}",
            places.join(", ")
        ))
    }

    /// The note on a change to the record, at the field in which the place is kept.
    fn note_on(&self, remark: &Remark) -> Note {
        let Some(pointer) = &remark.pointer else {
            return Note::new("context", remark.kind);
        };
        if !matches!(self.event.context, ContextRule::At(_)) {
            return Note::new("context", remark.kind).with("path", pointer.clone());
        }
        let inner = &pointer[pointer.len().min(1)..];
        let end = inner.find('/').unwrap_or(inner.len());
        let field = FIELDS.iter().find(|field| **field == &inner[..end]);
        let (field, path) = field.map_or(("context", pointer.as_str()), |f| (*f, &inner[end..]));
        let note = Note::new(field, remark.kind);
        if path.is_empty() {
            note
        } else {
            note.with("path", path)
        }
    }

    fn context(&self, record: Value, notes: &mut Vec<Note>) -> Option<Value> {
        match self.event.context.take(record)? {
            Value::Null => None,
            context @ Value::Object(_) => Some(context),
            other => {
                let found = type_of(&other);
                notes.push(Note::new("context", "wrapped").with("was", found));
                Some(json!({"value": other}))
            }
        }
    }
}

/// A record while its fields are read.
struct Reading<'r> {
    rules: &'r Rules,
    record: &'r Value,
    notes: Vec<Note>,
}

impl TimeRule {
    /// The time, and the note of what was assumed for it.
    fn read(&self, text: &str, calendar: Calendar) -> Option<(Timestamp, Option<Note>)> {
        if let Some(time) = self.formats.iter().find_map(|format| format.read(text)) {
            return Some((time, None));
        }
        let zoneless = self.formats.contains(&TimeFormat::Rfc3164);
        let (time, note) = calendar.read(text).filter(|_| zoneless)?;
        Some((time, Some(note)))
    }
}

impl Reading<'_> {
    fn required(&mut self, field: &str, text: &Text) -> String {
        let given = self.text(field, Some(text));
        word::name(field, given, &mut self.notes)
    }

    fn action(&mut self, told: Told) -> String {
        match self.rules.action(self.record, told) {
            Some(action) => word::name("action", Some(action), &mut self.notes),
            None => self.required("action", &self.rules.event.action),
        }
    }

    fn text(&mut self, field: &str, text: Option<&Text>) -> Option<String> {
        let text = text?;
        let found = text.read(self.record);
        if found.is_none()
            && let Some((path, value)) = text.unusable(self.record)
        {
            let note = wrong_type(field, value).with("path", path.to_string());
            self.notes.push(note);
        }
        found
    }

    fn resource(&mut self) -> (String, Option<String>) {
        let (rules, record) = (self.rules, self.record);
        for rule in rules.resource.iter().filter(|rule| rule.when.hold(record)) {
            let mut fits = |scope: &Value| {
                let id = rule.id.read(scope)?;
                Some((rule.kind.as_ref().and_then(|kind| kind.read(scope)), id))
            };
            let found = match &rule.each {
                Some(each) => each.find(record, &mut fits),
                None => fits(record),
            };
            let Some((kind, id)) = found else { continue };
            let kind = match kind {
                Some(kind) => word::name("resource_type", Some(kind), &mut self.notes),
                None => self.required("resource_type", &rules.event.resource_type),
            };
            return (kind, Some(id));
        }
        let kind = self.required("resource_type", &rules.event.resource_type);
        (
            kind,
            self.text("resource_id", rules.event.resource_id.as_ref()),
        )
    }

    fn outcome(&mut self) -> Told {
        let from = self.rules.outcome.from.as_ref();
        if let Some(text) = self.text("outcome", from)
            && text.parse::<Outcome>().is_err()
        {
            self.notes
                .push(Note::new("outcome", "unreadable").with("value", text));
        }
        self.rules.outcome_told(self.record)
    }

    fn tags(&mut self) -> Vec<String> {
        let (rules, record) = (&self.rules.tags, self.record);
        let cases = rules.rule.iter().filter(|case| case.when.hold(record));
        let mut tags: Vec<String> = cases.map(|case| case.add.clone()).collect();
        match rules.from.as_ref().and_then(|path| path.first(record)) {
            None | Some(Value::Null) => {}
            Some(Value::Array(given)) => {
                for tag in given {
                    match scalar(tag) {
                        Some(tag) => tags.push(tag.into_owned()),
                        None => self.notes.push(wrong_type("tags", tag)),
                    }
                }
            }
            Some(other) => self.notes.push(wrong_type("tags", other)),
        }
        tags
    }

    fn occurred_at(&mut self, event: &mut AuditEvent, calendar: Calendar) {
        let Some(rule) = &self.rules.time else { return };
        let mut unreadable = None;
        let read = rule.from.find(self.record, &mut |text, _| {
            let read = rule.read(&text, calendar);
            if read.is_none() {
                unreadable.get_or_insert(text);
            }
            read
        });
        let is_there = read.is_some() || unreadable.is_some();
        if let Some((time, assumed)) = read {
            event.occurred_at = Some(time);
            self.notes.extend(assumed);
        }
        if let Some(text) = unreadable {
            self.notes
                .push(Note::new("occurred_at", "unreadable").with("value", text));
        }
        if !is_there && self.text("occurred_at", Some(&rule.from)).is_none() && !rule.optional {
            self.notes.push(Note::new("occurred_at", "missing"));
        }
    }

    /// Notes that stand in the record in our own form.
    fn own_notes(&mut self) {
        let path = self.rules.event.notes.as_ref();
        match path.and_then(|path| path.first(self.record)) {
            None | Some(Value::Null) => {}
            Some(Value::Array(given)) => {
                for note in given {
                    let read = serde_json::from_value(note.clone());
                    self.notes
                        .push(read.unwrap_or_else(|_| wrong_type("notes", note)));
                }
            }
            Some(other) => self.notes.push(wrong_type("notes", other)),
        }
    }

    fn noted_facts(&mut self) {
        for rule in &self.rules.note {
            let mut note = Note::new(&rule.field, &rule.kind);
            let complete = rule.facts.iter().all(|(name, path)| {
                let value = path.first(self.record).filter(|value| has_content(value));
                value.is_some_and(|value| {
                    note.facts.insert(name.clone(), value.clone());
                    true
                })
            });
            if complete {
                self.notes.push(note);
            }
        }
    }
}

/// The note that a value is of no type that the field could hold, with what it says.
fn wrong_type(field: &str, value: &Value) -> Note {
    Note::new(field, "wrong_type").with("value", canonical::to_string(value))
}

/// The name of a value's type, with its article.
pub(crate) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
