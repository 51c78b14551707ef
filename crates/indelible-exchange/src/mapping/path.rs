//! Places within a record: JSON Pointers in which `*` stands for every element of an array.

use indelible_core::json::pointer;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A JSON Pointer (RFC 6901) with one addition: a token `*` stands for each element of an array,
/// in order. A member whose name is `*` cannot be pointed at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path {
    steps: Vec<Step>,
}

/// One token of a [`Path`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// A member's name, or the index of an element.
    Token(String),
    /// Every element.
    Each,
}

impl Path {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self { steps: Vec::new() });
        }
        let Some(tokens) = text.strip_prefix('/') else {
            return Err(format!("`{text}` is no JSON Pointer: it begins with `/`"));
        };
        let steps = tokens
            .split('/')
            .map(|token| match token {
                "*" => Step::Each,
                _ => Step::Token(token.replace("~1", "/").replace("~0", "~")),
            })
            .collect();
        Ok(Self { steps })
    }

    pub(crate) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Whether it can stand for one place only.
    pub(crate) fn is_plain(&self) -> bool {
        !self.steps.contains(&Step::Each)
    }

    /// The first answer other than `None` that `judge` gives to a value at this place.
    pub(crate) fn find<'v, T>(
        &self,
        record: &'v Value,
        judge: &mut dyn FnMut(&'v Value) -> Option<T>,
    ) -> Option<T> {
        find(&self.steps, record, judge)
    }

    /// The first value at this place, be it null.
    pub(crate) fn first<'v>(&self, record: &'v Value) -> Option<&'v Value> {
        self.find(record, &mut |value| Some(value))
    }

    /// Puts another value in the place of the one at a plain path; whether there is one.
    pub(crate) fn put(&self, record: &mut Value, value: Value) -> bool {
        let mut place = record;
        for step in &self.steps {
            let Step::Token(token) = step else {
                return false;
            };
            match child_mut(place, token) {
                Some(inner) => place = inner,
                None => return false,
            }
        }
        *place = value;
        true
    }

    /// Takes the value at a plain path out of the record.
    pub(crate) fn take(&self, record: &mut Value) -> Option<Value> {
        let Some((Step::Token(last), parents)) = self.steps.split_last() else {
            return Some(record.take());
        };
        let mut parent = record;
        for step in parents {
            let Step::Token(token) = step else {
                return None;
            };
            parent = child_mut(parent, token)?;
        }
        match parent {
            Value::Object(members) => members.remove(last),
            Value::Array(_) => child_mut(parent, last).map(Value::take),
            _ => None,
        }
    }
}

impl std::fmt::Display for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.steps.iter().try_for_each(|step| match step {
            Step::Token(token) => write!(f, "/{}", pointer::escape(token)),
            Step::Each => f.write_str("/*"),
        })
    }
}

impl<'de> Deserialize<'de> for Path {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

fn find<'v, T>(
    steps: &[Step],
    value: &'v Value,
    judge: &mut dyn FnMut(&'v Value) -> Option<T>,
) -> Option<T> {
    match steps.split_first() {
        None => judge(value),
        Some((Step::Token(token), rest)) => find(rest, child(value, token)?, judge),
        Some((Step::Each, rest)) => value
            .as_array()?
            .iter()
            .find_map(|element| find(rest, element, judge)),
    }
}

fn child<'v>(value: &'v Value, token: &str) -> Option<&'v Value> {
    match value {
        Value::Object(members) => members.get(token),
        Value::Array(elements) => elements.get(index(token)?),
        _ => None,
    }
}

fn child_mut<'v>(value: &'v mut Value, token: &str) -> Option<&'v mut Value> {
    match value {
        Value::Object(members) => members.get_mut(token),
        Value::Array(elements) => elements.get_mut(index(token)?),
        _ => None,
    }
}

/// An array index as RFC 6901 spells it: no sign, no leading zero.
pub(crate) fn index(token: &str) -> Option<usize> {
    let plain = token == "0" || !token.starts_with(['0', '+']);
    token.parse().ok().filter(|_| plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn all(path: &str, value: &Value) -> Vec<Value> {
        let mut found = Vec::new();
        let path = Path::parse(path).expect("a pointer");
        path.find(value, &mut |value| {
            found.push(value.clone());
            None::<()>
        });
        found
    }

    #[test]
    fn tokens_lead_through_objects_and_arrays() {
        let value = json!({"a/b": [{"m~n": 1}, {"m~n": 2}], "": 3, "x": "text"});
        assert_eq!(all("/a~1b/1/m~0n", &value), [json!(2)]);
        assert_eq!(all("/a~1b/*/m~0n", &value), [json!(1), json!(2)]);
        assert_eq!(all("/", &value), [json!(3)]);
        assert_eq!(all("", &json!(7)), [json!(7)]);
        for nowhere in [
            "/a~1b/01", "/a~1b/+1", "/a~1b/2", "/x/0", "/x/*", "/y", "/*",
        ] {
            assert_eq!(all(nowhere, &value), Vec::<Value>::new(), "{nowhere}");
        }
    }

    #[test]
    fn what_is_no_pointer_is_refused_and_pointers_read_back() {
        assert!(Path::parse("a/b").is_err());
        for text in ["", "/", "/a~1b/*/m~0n", "/0"] {
            assert_eq!(Path::parse(text).expect(text).to_string(), text);
        }
    }

    #[test]
    fn a_value_is_taken_out() {
        let mut value = json!({"a": {"b": 1, "c": [2, 3]}});
        assert_eq!(
            Path::parse("/a/b").expect("plain").take(&mut value),
            Some(json!(1))
        );
        assert_eq!(
            Path::parse("/a/c/0").expect("plain").take(&mut value),
            Some(json!(2))
        );
        assert_eq!(Path::parse("/a/x/0").expect("plain").take(&mut value), None);
        assert_eq!(value, json!({"a": {"c": [null, 3]}}));
    }
}
