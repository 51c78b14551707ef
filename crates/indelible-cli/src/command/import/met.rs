//! What a dry run has met: small, since it is kept of every record.

use std::hash::{DefaultHasher, Hash, Hasher};

use indelible::core::door::Admitted;
use indelible::core::entry::Unreadable;
use indelible::core::part::PartKind;
use serde_json::Value;

/// The compared fields of each part of an entry.
const PARTS: [(PartKind, &[&str]); 3] = [
    (
        PartKind::Actor,
        &["user_id", "on_behalf_of", "ip_address", "user_agent"],
    ),
    (PartKind::Target, &["resource_id"]),
    (PartKind::Details, &["context", "correlation_id"]),
];

/// An event as the door compares it: a digest of each field, 0 for what was not given. That two
/// values have one digest by chance happens once in four thousand million conflicts.
#[derive(Debug, PartialEq, Eq)]
pub struct Met([u32; 12]);

impl Met {
    /// What is kept of an admitted event.
    ///
    /// # Errors
    /// A body that is no JSON.
    pub fn of(event: &Admitted) -> Result<Self, Unreadable> {
        let (entry, given) = (&event.new.entry, &event.given);
        let mut fields = [0; 12];
        let mut places = fields.iter_mut();
        let mut put = |digest: u32| {
            if let Some(place) = places.next() {
                *place = digest;
            }
        };
        put(digest(&entry.action));
        put(digest(&entry.resource_type));
        put(if given.outcome {
            digest(entry.outcome)
        } else {
            0
        });
        put(if given.tags { digest(&entry.tags) } else { 0 });
        put(given.occurred_at.map_or(0, digest));
        for (kind, names) in PARTS {
            let body = entry.body(kind)?.unwrap_or(Value::Null);
            for name in names {
                let value = body.get(name);
                put(value.map_or(0, |value| digest((value.to_string(), cut(&body, name)))));
            }
        }
        Ok(Self(fields))
    }

    /// Whether this event, under the same id as `first`, is that one again: what it leaves out
    /// matches anything.
    pub fn repeats(&self, first: &Self) -> bool {
        let fields = self.0.iter().zip(&first.0);
        fields.into_iter().all(|(new, old)| *new == 0 || new == old)
    }
}

/// The note on the whole value of a field that was cut.
fn cut(body: &Value, field: &str) -> Option<String> {
    let notes = body.get("notes")?.as_array()?;
    let is_cut = |note: &&Value| note["field"] == field && note["kind"] == "truncated";
    notes.iter().find(is_cut).map(Value::to_string)
}

fn digest(value: impl Hash) -> u32 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    (hasher.finish() as u32).max(1)
}
