//! Indelible's own records: which there are, and what those of looks say of whom was looked for.

use std::collections::HashMap;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::engine::own::is_keeping;
use crate::filter::ContextFilter;
use crate::part::PartKind;

/// What the actions of Indelible's records of itself begin with, in the trail `system`.
const OF_ITSELF: &str = "audit_";
/// The own records that say what was asked of a trail.
const LOOKS: [&str; 4] = [
    "audit_log_accessed",
    "audit_log_access_denied",
    "audit_log_exported",
    "audit_log_export_failed",
];
/// The parameters of a question that name a person by an id.
const ID_PARAMETERS: [&str; 3] = ["user_id", "on_behalf_of", "resource_id"];
/// Shorter values are never cut in the record of a look.
const UNCUT_BYTES: usize = 32;

/// Whether an entry of this action is Indelible's own record.
pub(super) fn is_own(action: &str, in_system: bool) -> bool {
    is_keeping(action) || is_look(action) || in_system && action.starts_with(OF_ITSELF)
}

/// Whether it says what was asked of a trail.
pub(super) fn is_look(action: &str) -> bool {
    LOOKS.contains(&action)
}

/// The persons, as questions name them.
#[derive(Default)]
pub(super) struct Asked {
    /// The ids by what a question says of them, as it is and as the digest of a longer text.
    ids: HashMap<String, String>,
    also: Vec<(PartKind, ContextFilter)>,
}

impl Asked {
    pub fn of(ids: &HashMap<String, String>, also: &[(PartKind, ContextFilter)]) -> Self {
        let mut asked = HashMap::new();
        for (stored, id) in ids {
            asked.insert(stored.clone(), id.clone());
            asked.insert(id.clone(), id.clone());
            if id.len() > UNCUT_BYTES {
                asked.insert(digest(id), id.clone());
                for name in ID_PARAMETERS {
                    asked.insert(digest(&format!("{name}={id}")), id.clone());
                }
            }
        }
        Self {
            ids: asked,
            also: also.to_vec(),
        }
    }

    /// Calls `each` with the ids that the details of a look say were asked for; answers whether one
    /// of the persons was.
    pub fn look<'a>(&'a self, details: &Value, each: &mut dyn FnMut(&'a str)) -> bool {
        let context = &details["context"];
        let repeats = context["repeats"]["asked"].as_array();
        let looks = repeats.into_iter().flatten().chain([context]);
        let mut is_named = false;
        for look in looks {
            let parameters = look["query"].as_object().into_iter().flatten();
            for (name, value) in parameters {
                is_named |= self.parameter(name, value, each);
            }
            let filters = look["filters"].as_array().into_iter().flatten();
            for filter in filters {
                let parameter = match filter {
                    Value::String(text) => text.split_once('='),
                    _ => None,
                };
                is_named |= match parameter {
                    Some((name, value)) => self.value(name, &value.into(), each),
                    // Cut, or a question as an object.
                    None => self.filter(filter, each),
                };
            }
        }
        is_named
    }

    fn filter<'a>(&'a self, filter: &Value, each: &mut dyn FnMut(&'a str)) -> bool {
        if filter["sha256"].is_string() {
            return self.value("user_id", filter, each);
        }
        let mut is_named = false;
        for (name, value) in filter.as_object().into_iter().flatten() {
            is_named |= self.parameter(name, value, each);
        }
        is_named
    }

    /// A parameter, which may be given more than once.
    fn parameter<'a>(&'a self, name: &str, value: &Value, each: &mut dyn FnMut(&'a str)) -> bool {
        let Value::Array(values) = value else {
            return self.value(name, value, each);
        };
        let mut is_named = false;
        for value in values {
            is_named |= self.value(name, value, each);
        }
        is_named
    }

    fn value<'a>(&'a self, name: &str, value: &Value, each: &mut dyn FnMut(&'a str)) -> bool {
        let text = value.as_str().or_else(|| value["sha256"].as_str());
        let Some(text) = text else { return false };
        if ID_PARAMETERS.contains(&name)
            && let Some(id) = self.ids.get(text)
        {
            each(id);
            return true;
        }
        if name == "context" {
            let member = crate::query::split_member(text);
            return member.is_some_and(|(path, value)| self.member(&path, value));
        }
        let mut also = self.also.iter();
        also.any(|(_, place)| place.path == [name] && place.values.iter().any(|v| v == text))
    }

    /// A member of the context. An id alone is none of the person's: the value may be anything's.
    fn member(&self, path: &[String], value: &str) -> bool {
        self.also.iter().any(|(_, place)| {
            let is_path = place.path.split_first().is_some_and(|(_, own)| own == path);
            is_path && place.values.iter().any(|own| own == value)
        })
    }
}

fn digest(text: &str) -> String {
    let bytes = Sha256::digest(text);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
