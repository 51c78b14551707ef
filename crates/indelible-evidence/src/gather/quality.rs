//! What was done to entries and what is missing of them: what every number has to be read with.

use indelible_core::Note;
use indelible_core::entry::StoredEntry;
use indelible_core::part::PartKind;
use serde::Serialize;
use serde_json::Value;

/// How much later than it happened an entry was recorded before it is counted as late.
const LATE_MICROS: i64 = 24 * 3_600 * 1_000_000;

/// Whether an entry was recorded so long after it happened that it does not show that recording
/// was alive then: when it happened is what whoever recorded it said.
pub(super) fn is_late(entry: &StoredEntry) -> bool {
    entry.created_at.as_micros() - entry.occurred_at.as_micros() > LATE_MICROS
}

/// Counts of entries of the period.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Quality {
    /// With a value that was cut.
    pub truncated: u64,
    /// With a value that was redacted.
    pub redacted: u64,
    /// With a character, a name or a number that was replaced.
    pub replaced: u64,
    /// With a time later than the engine's clock, which was held to it.
    pub clamped: u64,
    /// With a tag that did not fit and was left out.
    pub tags_dropped: u64,
    /// Whose outcome contradicts what the action says; none of them counts as a success.
    pub contradictory: u64,
    /// With a part that was erased since.
    pub erased: u64,
    /// Whose actor was erased.
    pub actor_erased: u64,
    /// Whose target was erased.
    pub target_erased: u64,
    /// Whose details were erased.
    pub details_erased: u64,
    /// Recorded more than a day after they happened.
    pub recorded_late: u64,
    /// That name no user, and do not say that nobody acted (`actor.user:no`).
    pub without_user: u64,
    /// Of authentication and sessions, that name neither address nor user agent.
    pub without_origin: u64,
    /// That name no resource.
    pub without_resource: u64,
}

/// What was done to one entry.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Marks {
    pub truncated: bool,
    pub redacted: bool,
    pub erased: bool,
    /// Tags were left out, or what would say so was erased.
    pub tags_dropped: bool,
    /// The outcome contradicts the action.
    pub contradictory: bool,
    /// It looks like a sign-off of a review, and what it says of the trail is not so.
    pub unproved: bool,
    /// The fields that PCI DSS 10.2.2 and AU-3 ask for and that are not there.
    pub lacks: Lacks,
}

/// Fields that are not there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Lacks {
    pub user: bool,
    pub origin: bool,
    pub resource: bool,
}

impl Lacks {
    /// What is missing, by name.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        [
            (self.user, "field.user_id"),
            (self.origin, "field.origin"),
            (self.resource, "field.resource_id"),
        ]
        .into_iter()
        .filter_map(|(lacks, name)| lacks.then_some(name))
    }
}

impl Quality {
    /// Counts an entry of an action of this category.
    pub(super) fn add(&mut self, entry: &StoredEntry, category: Option<&str>) -> Marks {
        let mut marks = self.erasures(entry);
        self.lacks(entry, category, &mut marks);
        self.recorded_late += u64::from(is_late(entry));
        let noted = PartKind::ALL
            .into_iter()
            .filter(|&kind| has_member(entry, kind, "notes"));
        let mut kinds = Vec::new();
        for kind in noted {
            kinds.extend(notes(entry, kind));
        }
        let has = |own: &[&str]| kinds.iter().any(|kind| own.contains(&kind.as_str()));
        marks.truncated = has(&["truncated"]);
        marks.redacted = has(&["redacted"]);
        self.truncated += u64::from(marks.truncated);
        self.redacted += u64::from(marks.redacted);
        self.replaced += u64::from(has(&["replaced", "number_as_text", "key_renamed"]));
        self.clamped += u64::from(has(&["clamped"]));
        let dropped = has(&["dropped"]);
        self.tags_dropped += u64::from(dropped);
        marks.tags_dropped = dropped || entry.erased().contains(&PartKind::Details);
        marks
    }

    fn erasures(&mut self, entry: &StoredEntry) -> Marks {
        let erased = entry.erased();
        self.erased += u64::from(!erased.is_empty());
        for kind in &erased {
            *match kind {
                PartKind::Actor => &mut self.actor_erased,
                PartKind::Target => &mut self.target_erased,
                PartKind::Details => &mut self.details_erased,
            } += 1;
        }
        Marks {
            erased: !erased.is_empty(),
            ..Marks::default()
        }
    }

    fn lacks(&mut self, entry: &StoredEntry, category: Option<&str>, marks: &mut Marks) {
        let has = |kind, name| has_member(entry, kind, name);
        let tagged = |name: &str| entry.tags.iter().any(|tag| tag == name);
        let is_nobody = tagged("actor.user:no") && !tagged("actor.user");
        let has_origin = has(PartKind::Actor, "ip_address") || has(PartKind::Actor, "user_agent");
        let lacks = Lacks {
            user: !is_nobody && !has(PartKind::Actor, "user_id"),
            origin: !has_origin && matches!(category, Some("authentication" | "session")),
            resource: !has(PartKind::Target, "resource_id"),
        };
        // Of what was erased since nobody can say any more whether it was there.
        let erased = entry.erased();
        let is_there = |kind| !erased.contains(&kind);
        self.without_user += u64::from(lacks.user && is_there(PartKind::Actor));
        self.without_origin += u64::from(lacks.origin && is_there(PartKind::Actor));
        self.without_resource += u64::from(lacks.resource && is_there(PartKind::Target));
        marks.lacks = lacks;
    }
}

/// Whether a part has a member of this name at its top. In canonical JSON a quote within a text
/// is escaped, so that a name with both its quotes and a colon stands nowhere but where it names;
/// the context is searched with it, and what is found in it alone is looked at again.
fn has_member(entry: &StoredEntry, kind: PartKind, name: &str) -> bool {
    let Some(part) = entry.parts.get(kind) else {
        return false;
    };
    let Ok(text) = std::str::from_utf8(&part.body) else {
        return false;
    };
    text.contains(&format!("\"{name}\":"))
}

fn notes(entry: &StoredEntry, kind: PartKind) -> Vec<String> {
    // What is no JSON was found before, when the entry was compared with its leaf.
    let Ok(Some(Value::Object(mut body))) = entry.body(kind) else {
        return Vec::new();
    };
    let notes = body.remove("notes").unwrap_or_default();
    let notes: Vec<Note> = serde_json::from_value(notes).unwrap_or_default();
    notes.into_iter().map(|note| note.kind).collect()
}
