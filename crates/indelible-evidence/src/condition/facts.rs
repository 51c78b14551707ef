//! What is known of a record when a condition is looked at.

use indelible_core::entry::{StoredEntry, Unreadable};
use indelible_core::part::PartKind;
use serde_json::{Map, Value};

/// What is known of a record.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// Its tags, as they were written with it.
    pub tags: &'a [String],
    /// Whether tags may have been written that are not there: some were dropped, or what would
    /// say so was erased.
    pub tags_dropped: bool,
    /// What kind of thing it is about.
    pub resource_type: &'a str,
    /// Its context.
    pub contents: &'a Contents,
}

/// The context of a record, as far as it is there.
#[derive(Debug, Clone, PartialEq)]
pub enum Contents {
    /// It was not looked at, or there is none.
    None,
    /// It was erased.
    Erased,
    /// It was longer than is kept: of what is missing nothing can be told.
    Cut,
    /// Its members.
    Open(Map<String, Value>),
}

impl Contents {
    /// The context of an entry, and the id that links it to others.
    ///
    /// # Errors
    /// [`Unreadable`] when the stored body is no JSON.
    pub fn of(entry: &StoredEntry) -> Result<(Self, Option<String>), Unreadable> {
        if entry.parts.get(PartKind::Details).is_none() {
            let was_there = entry.part_hashes.get(PartKind::Details).is_some();
            return Ok((if was_there { Self::Erased } else { Self::None }, None));
        }
        let Some(Value::Object(mut details)) = entry.body(PartKind::Details)? else {
            return Ok((Self::None, None));
        };
        let linked = match details.remove("correlation_id") {
            Some(Value::String(id)) => Some(id),
            _ => None,
        };
        let contents = match details.remove("context") {
            Some(Value::Object(context)) if context.contains_key("_truncated") => Self::Cut,
            Some(Value::Object(context)) => Self::Open(context),
            _ => Self::None,
        };
        Ok((contents, linked))
    }

    /// A member by a name with dots: as members within members, as one member of the whole name,
    /// or with `_` for each dot. What was redacted is not there.
    pub fn member(&self, name: &str) -> Option<&Value> {
        let Self::Open(context) = self else {
            return None;
        };
        let nested = || {
            let mut names = name.split('.');
            let first = context.get(names.next()?)?;
            names.try_fold(first, |value, name| value.as_object()?.get(name))
        };
        nested()
            .or_else(|| context.get(name))
            .or_else(|| context.get(&name.replace('.', "_")))
            .filter(|value| !is_redacted(value))
    }

    /// A member that is a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.member(name)?.as_str()
    }
}

fn is_redacted(value: &Value) -> bool {
    let marks = |text: &str| text.starts_with("[REDACTED") || text.starts_with("[HMAC:");
    value.as_str().is_some_and(marks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_member_is_found_in_each_of_its_spellings() {
        for context in [
            json!({"subject": {"request": "access"}}),
            json!({"subject.request": "access"}),
            json!({"subject_request": "access", "subject": "u-1"}),
        ] {
            let Value::Object(context) = context else {
                continue;
            };
            let contents = Contents::Open(context);
            assert_eq!(contents.text("subject.request"), Some("access"));
        }
        let Value::Object(redacted) = json!({"reason": "[REDACTED:jwt]"}) else {
            return;
        };
        assert_eq!(Contents::Open(redacted).member("reason"), None);
        assert_eq!(Contents::Erased.member("reason"), None);
    }
}
