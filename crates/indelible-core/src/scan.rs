//! What should not be there: secrets that older rules of redaction let in, and personal data where
//! nobody expects it.
//!
//! A [`Scanner`] looks at one stored entry at a time and names the places. Of what stands there it
//! tells nothing: no character, no length, no hash.

mod iban;
mod personal;
mod place;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::catalogue;
use crate::entry::{StoredEntry, Unreadable};
use crate::json::pointer;
use crate::part::PartKind;
use crate::redact::{Redactor, Rules, cut_at_end};
use place::Place;

pub use personal::RULES as PERSONAL_RULES;

/// The rules under which a part was stored that names none.
const RULES_UNNAMED: &str = "standard/1 mask";
/// The longest name of rules that is passed on, in bytes.
const RULES_BYTES_MAX: usize = 64;

/// What a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Something that the rules of redaction take out of events.
    Secret,
    /// Data of a person.
    Personal,
}

impl Kind {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::Personal => "personal",
        }
    }
}

/// One place of an entry where something was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The field of the entry.
    pub field: &'static str,
    /// The place within the field, an RFC 6901 pointer; `None` where the field is one text. What
    /// was found in a name on the way is spelled as redacted; what comes after 1024 bytes is left
    /// out, `/…` stands for it.
    pub path: Option<String>,
    /// What it is.
    pub kind: Kind,
    /// The rule that found it: one of the redaction's, or of [`PERSONAL_RULES`].
    pub rule: String,
    /// The rules of redaction that let it in, `<rules>/<version> <mode>`; `None` where no part is
    /// left that would tell.
    pub stored_under: Option<String>,
}

impl Finding {
    /// Field and path as one text: `user_agent`, `context/request/body`.
    pub fn place(&self) -> String {
        let mut place = self.field.to_owned();
        place.push_str(self.path.as_deref().unwrap_or_default());
        place
    }
}

/// Which personal data are findings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Personal {
    /// Those outside of `user_id`, `on_behalf_of`, `ip_address`, the members of the context that
    /// the catalogue names for the action, and these places: a field, or `context` and a pointer
    /// (`context/customer/email`), with all below it.
    ExpectedElsewhere(Vec<String>),
    /// All.
    All,
    /// None: secrets alone are.
    Ignored,
}

impl Default for Personal {
    fn default() -> Self {
        Self::ExpectedElsewhere(Vec::new())
    }
}

/// Looks for what should not be there.
#[derive(Debug)]
pub struct Scanner {
    redactor: Redactor,
    personal: Personal,
}

/// The fields that are the actor's own.
const ACTORS_OWN: [&str; 3] = ["user_id", "on_behalf_of", "ip_address"];

/// The parts in the order in which an entry shows their notes, and the fields of each.
const FIELDS: [(PartKind, &[&str]); 3] = [
    (
        PartKind::Actor,
        &["user_id", "on_behalf_of", "ip_address", "user_agent"],
    ),
    (PartKind::Target, &["resource_id"]),
    (PartKind::Details, &["context", "correlation_id"]),
];

impl Scanner {
    /// A scanner that takes for secrets what these rules take out, whatever the mode.
    pub fn new(rules: Rules, personal: Personal) -> Self {
        Self {
            redactor: Redactor::census(rules),
            personal,
        }
    }

    /// What should not be in this entry, field by field. Parts that are erased hold nothing.
    ///
    /// # Errors
    /// [`Unreadable`] when a stored part is no JSON.
    pub fn scan(&self, entry: &StoredEntry) -> Result<Vec<Finding>, Unreadable> {
        let mut bodies = Vec::with_capacity(FIELDS.len());
        for (part, fields) in FIELDS {
            if let Some(body) = entry.body(part)? {
                bodies.push((body, fields));
            }
        }
        let stored_under = bodies.first().map(|(body, _)| rules_of(body));
        let mut found = Found {
            scanner: self,
            expected_members: catalogue::resolve(&entry.action)
                .map_or(&[][..], |action| action.personal_keys),
            stored_under,
            list: Vec::new(),
        };
        found.text("action", None, &entry.action);
        found.text("resource_type", None, &entry.resource_type);
        for (at, tag) in entry.tags.iter().enumerate() {
            found.text("tags", Some(format!("/{at}")), tag);
        }
        let mut notes = 0;
        for (mut body, fields) in bodies {
            found.stored_under = Some(rules_of(&body));
            for field in fields {
                let is_cut = is_cut(&body, field);
                if let Some(value) = body.get_mut(*field) {
                    let mut value = value.take();
                    if is_cut {
                        trim(&mut value);
                    }
                    found.value(field, "", value);
                }
            }
            let of_part = body.get_mut("notes").and_then(Value::as_array_mut);
            for note in of_part.into_iter().flatten() {
                found.value("notes", &format!("/{notes}"), note.take());
                notes += 1;
            }
        }
        Ok(found.list)
    }

    /// A name out of a trail as it may be shown: what would be a finding in it is masked.
    pub fn shown(&self, name: &str) -> String {
        place::shown(&self.redactor, name)
    }
}

/// The rules that a part names. They are the trail's to say, so only what can be their name is
/// passed on.
fn rules_of(body: &Value) -> String {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b" /_-".contains(&b);
    match body.get("redaction").map(Value::as_str) {
        None => RULES_UNNAMED.to_owned(),
        Some(Some(name)) if name.len() <= RULES_BYTES_MAX && name.bytes().all(is_plain) => {
            name.to_owned()
        }
        Some(_) => "unknown".to_owned(),
    }
}

/// Whether a note says that the field was cut.
fn is_cut(body: &Value, field: &str) -> bool {
    let notes = body.get("notes").and_then(Value::as_array);
    let says = |note: &Value| note["field"] == field && note["kind"] == "truncated";
    notes.is_some_and(|notes| notes.iter().any(says))
}

/// Takes off the beginning of a marker at the end of a text that was cut, or of a context's
/// preview: what is redacted is no finding, though half of its marker is gone.
fn trim(value: &mut Value) {
    match value {
        Value::String(text) => text.truncate(cut_at_end(text).unwrap_or(text.len())),
        Value::Object(members) => members.get_mut("preview").into_iter().for_each(trim),
        _ => {}
    }
}

struct Found<'s> {
    scanner: &'s Scanner,
    expected_members: &'static [&'static str],
    stored_under: Option<String>,
    list: Vec<Finding>,
}

impl Found<'_> {
    fn text(&mut self, field: &'static str, path: Option<String>, text: &str) {
        let redacted = self.scanner.redactor.redact_text(text);
        for rule in redacted.iter().flat_map(|redacted| &redacted.rules) {
            self.push(field, path.clone(), Kind::Secret, rule);
        }
        let rest = redacted.as_ref().map_or(text, |redacted| &redacted.text);
        self.personal(field, || path.clone(), rest);
    }

    fn value(&mut self, field: &'static str, above: &str, mut value: Value) {
        if let (Value::String(text), true) = (&value, above.is_empty()) {
            return self.text(field, None, text);
        }
        let redactions = self.scanner.redactor.redact_value(&mut value);
        for found in redactions.list {
            let path = place::pointer_shown(&self.scanner.redactor, above, &found.pointer);
            self.push(field, Some(path), Kind::Secret, &found.rule);
        }
        // What the secrets left is searched for personal data.
        self.walk(field, above, &value, &Place::ROOT);
    }

    fn walk(&mut self, field: &'static str, above: &str, value: &Value, place: &Place<'_>) {
        let scanner = self.scanner;
        let path = || {
            let pointer = place.pointer();
            Some(place::pointer_shown(&scanner.redactor, above, &pointer))
        };
        match value {
            Value::String(text) => self.personal_at(field, place, path, text),
            Value::Array(elements) => {
                for (at, element) in elements.iter().enumerate() {
                    self.walk(field, above, element, &place.element(at));
                }
            }
            Value::Object(members) => {
                for (name, member) in members {
                    let here = place.member(name);
                    let path = || {
                        let pointer = here.pointer();
                        Some(place::pointer_shown(&scanner.redactor, above, &pointer))
                    };
                    self.personal_at(field, &here, path, name);
                    self.walk(field, above, member, &here);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn personal_at(
        &mut self,
        field: &'static str,
        place: &Place<'_>,
        path: impl Fn() -> Option<String>,
        text: &str,
    ) {
        let names_it = |name: &str| self.expected_members.contains(&name);
        let is_context = field == "context" && self.scanner.personal != Personal::All;
        if is_context && place.first_member().is_some_and(names_it) {
            return;
        }
        self.personal(field, path, text);
    }

    fn personal(&mut self, field: &'static str, path: impl Fn() -> Option<String>, text: &str) {
        if self.scanner.personal == Personal::Ignored {
            return;
        }
        let rules = personal::rules_in(text);
        if rules.is_empty() {
            return;
        }
        let path = path();
        if let Personal::ExpectedElsewhere(places) = &self.scanner.personal {
            let here = format!("{field}{}", path.as_deref().unwrap_or_default());
            let covers = |place: &String| {
                let rest = here.strip_prefix(place.as_str());
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            if ACTORS_OWN.contains(&field) || places.iter().any(covers) {
                return;
            }
        }
        for rule in rules {
            self.push(field, path.clone(), Kind::Personal, rule);
        }
    }

    fn push(&mut self, field: &'static str, path: Option<String>, kind: Kind, rule: &str) {
        let finding = Finding {
            field,
            path,
            kind,
            rule: rule.to_owned(),
            stored_under: self.stored_under.clone(),
        };
        // A name and its value may hold the same, in the same place; a place that is not spelled to
        // its end may be another.
        let is_whole = !finding.path.as_deref().is_some_and(place::is_cut);
        if !is_whole || self.list.last() != Some(&finding) {
            self.list.push(finding);
        }
    }
}

/// Whether a text can name a place where personal data is expected: a field of an entry, alone or
/// followed by a pointer.
pub fn is_place(text: &str) -> bool {
    let (field, path) = text.find('/').map_or((text, ""), |at| text.split_at(at));
    let of_parts = FIELDS.iter().flat_map(|(_, fields)| fields.iter());
    let is_field = of_parts.chain(&["tags", "notes"]).any(|it| *it == field);
    let has_more = matches!(field, "context" | "tags" | "notes");
    is_field && (path.is_empty() || has_more)
}
