//! Secrets within JSON values.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::key::Hit;
use super::{Mode, PLACES_MAX, Redacted, RedactedPath, Redactions, Redactor, marker};
use crate::json::pointer;

/// What nests deeper is replaced whole instead of searched; events are refused long before.
const DEPTH_MAX: usize = 128;

/// Takes the secrets out of a value.
pub(super) fn redact(redactor: &Redactor, value: &mut Value) -> Redactions {
    let mut walk = Walk {
        redactor,
        found: Redactions::default(),
    };
    if walk.value(value, None, &Place::ROOT) == Fate::Removed {
        *value = Value::Null;
    }
    walk.found
}

#[derive(PartialEq, Eq)]
enum Fate {
    Kept,
    Removed,
}

/// Where the walk is; spelled only when something is found there.
struct Place<'a> {
    above: Option<&'a Place<'a>>,
    step: Step<'a>,
    depth: usize,
}

enum Step<'a> {
    Root,
    Member(&'a str),
    Element(usize),
}

impl<'a> Place<'a> {
    const ROOT: Self = Self {
        above: None,
        step: Step::Root,
        depth: 0,
    };

    fn below(&'a self, step: Step<'a>) -> Self {
        Self {
            above: Some(self),
            step,
            depth: self.depth + 1,
        }
    }

    fn pointer(&self) -> String {
        let mut spelled = self.above.map_or_else(String::new, Self::pointer);
        match self.step {
            Step::Root => {}
            Step::Member(name) => pointer::push(&mut spelled, name),
            Step::Element(at) => pointer::push(&mut spelled, &at.to_string()),
        }
        spelled
    }
}

struct Walk<'r> {
    redactor: &'r Redactor,
    found: Redactions,
}

impl<'r> Walk<'r> {
    fn value(&mut self, value: &mut Value, hit: Option<&Hit<'_>>, place: &Place<'_>) -> Fate {
        let names = &self.redactor.rules.compiled().names;
        match value {
            Value::Null => Fate::Kept,
            Value::Bool(_) => match hit.filter(|hit| hit.takes_booleans()) {
                Some(hit) => self.replace(value, &hit.group.id, place),
                None => Fate::Kept,
            },
            Value::Number(number) => {
                let size = number.as_f64().unwrap_or(f64::INFINITY);
                if hit.is_none() && size.abs() < CARD_MIN {
                    return Fate::Kept;
                }
                let spelled = number.to_string();
                match hit.filter(|hit| names.is_secret_number(hit, size, &spelled)) {
                    Some(hit) => self.replace(value, &hit.group.id, place),
                    None => self.settle(value, self.redactor.redact_text(&spelled), hit, place),
                }
            }
            Value::String(text) => match hit.filter(|hit| names.is_secret(hit, text)) {
                Some(hit) => self.replace(value, &hit.group.id, place),
                None => {
                    let redacted = self.redactor.redact_text(text);
                    self.settle(value, redacted, hit, place)
                }
            },
            Value::Array(_) | Value::Object(_) if place.depth == DEPTH_MAX => {
                self.replace(value, &Arc::from("depth"), place)
            }
            Value::Array(elements) => {
                for (at, element) in elements.iter_mut().enumerate() {
                    let here = place.below(Step::Element(at));
                    if self.value(element, hit, &here) == Fate::Removed {
                        *element = Value::Null;
                    }
                }
                Fate::Kept
            }
            Value::Object(members) => {
                self.object(members, hit, place);
                Fate::Kept
            }
        }
    }

    fn object(
        &mut self,
        members: &mut Map<String, Value>,
        hit: Option<&Hit<'_>>,
        place: &Place<'_>,
    ) {
        self.names(members, place);
        let names = &self.redactor.rules.compiled().names;
        let pair = self.pair(members);
        let inherited = hit.filter(|hit| hit.group.deep).map(Hit::inherited);
        let mut removed = Vec::new();
        for (name, member) in members.iter_mut() {
            let own = names.of_member(name);
            let of_pair = || pair.as_ref().filter(|_| names.is_pair_value(name));
            let above = || inherited.as_ref().filter(|_| !names.describes(name));
            let hit = own.as_ref().or_else(above).or_else(of_pair);
            if self.value(member, hit, &place.below(Step::Member(name))) == Fate::Removed {
                removed.push(name.clone());
            }
        }
        for name in removed {
            members.remove(&name);
        }
    }

    /// Takes the secrets out of the members' names.
    fn names(&mut self, members: &mut Map<String, Value>, place: &Place<'_>) {
        let secret = |name: &String| Some((name.clone(), self.redactor.redact_text(name)?));
        let found: Vec<_> = members.keys().filter_map(secret).collect();
        let mut counts = HashMap::new();
        for (name, redacted) in found {
            let Some(member) = members.remove(&name) else {
                continue;
            };
            let count = counts.entry(redacted.text.clone()).or_insert(1_usize);
            let mut renamed = redacted.text;
            let stem = renamed.len();
            while members.contains_key(&renamed) {
                *count += 1;
                renamed.truncate(stem);
                renamed.push_str(&format!("~{count}"));
            }
            let here = place.below(Step::Member(&renamed));
            redacted
                .rules
                .iter()
                .for_each(|rule| self.note(rule, &here));
            if self.redactor.mode != Mode::Drop {
                members.insert(renamed, member);
            }
        }
    }

    /// What a member such as `"name": "password"` says of its neighbours.
    fn pair(&self, members: &Map<String, Value>) -> Option<Hit<'r>> {
        let names = &self.redactor.rules.compiled().names;
        members.iter().find_map(|(name, member)| {
            let text = member.as_str().filter(|_| names.is_pair_name(name))?;
            match self.redactor.redact_text(text) {
                Some(redacted) => names.of_pair(&redacted.text),
                None => names.of_pair(text),
            }
        })
    }

    /// Replaces a scalar by what is left of its spelling, where that had secrets; whole where it
    /// was kept under a secret's name only for seeming harmless.
    fn settle(
        &mut self,
        value: &mut Value,
        redacted: Option<Redacted>,
        hit: Option<&Hit<'_>>,
        place: &Place<'_>,
    ) -> Fate {
        let Some(redacted) = redacted else {
            return Fate::Kept;
        };
        if let Some(hit) = hit {
            return self.replace(value, &hit.group.id, place);
        }
        redacted
            .rules
            .iter()
            .for_each(|rule| self.note(rule, place));
        if self.redactor.mode == Mode::Drop && redacted.text.trim().is_empty() {
            return Fate::Removed;
        }
        *value = Value::String(redacted.text);
        Fate::Kept
    }

    fn replace(&mut self, value: &mut Value, rule: &Arc<str>, place: &Place<'_>) -> Fate {
        self.note(rule, place);
        let marker = match (self.redactor.mode, &*value) {
            (Mode::Drop, _) => return Fate::Removed,
            (Mode::KeyedHash, Value::String(text)) => self.redactor.keyed_hash(text),
            (Mode::KeyedHash, other) => self.redactor.keyed_hash(&other.to_string()),
            (Mode::Mask | Mode::Off, _) => marker::mask(rule),
        };
        *value = Value::String(marker);
        Fate::Kept
    }

    fn note(&mut self, rule: &Arc<str>, place: &Place<'_>) {
        self.found.total += 1;
        if self.redactor.is_census || self.found.list.len() < PLACES_MAX {
            self.found.list.push(RedactedPath {
                pointer: place.pointer(),
                rule: Arc::clone(rule),
                mode: self.redactor.mode,
            });
        }
    }
}

/// The smallest number with thirteen digits.
const CARD_MIN: f64 = 1e12;
