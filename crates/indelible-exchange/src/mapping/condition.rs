//! When a rule of a mapping holds.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::path::Path;
use super::text::scalar;

/// Conditions that must all hold; none always hold.
#[derive(Debug, Clone, Default)]
pub(crate) struct Conditions(Vec<Condition>);

/// One condition on the values at a place, or at several: all that is given must hold for one and
/// the same value.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Condition {
    at: Places,
    /// Whether a value other than null, `""`, `[]` and `{}` is there.
    present: Option<bool>,
    equals: Option<Word>,
    any_of: Option<Vec<Word>>,
    starts_with: Option<Words>,
    ends_with: Option<Words>,
    contains: Option<Words>,
}

/// One place or several, by which a source calls the same thing.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Places {
    One(Path),
    Several(Vec<Path>),
}

/// A text, number or boolean, compared as text.
#[derive(Debug, Clone)]
struct Word(String);

/// One text or several, of which one must fit.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Words {
    One(String),
    Several(Vec<String>),
}

impl Conditions {
    pub(crate) fn hold(&self, record: &Value) -> bool {
        self.0.iter().all(|condition| condition.holds(record))
    }
}

impl Condition {
    fn holds(&self, record: &Value) -> bool {
        if let Some(expected) = self.present
            && self.at.any(record, has_content) != expected
        {
            return false;
        }
        if !self.tests_text() {
            return true;
        }
        self.at.any(record, |value| self.fits(value))
    }

    fn tests_text(&self) -> bool {
        self.equals.is_some()
            || self.any_of.is_some()
            || self.starts_with.is_some()
            || self.ends_with.is_some()
            || self.contains.is_some()
    }

    fn fits(&self, value: &Value) -> bool {
        let Some(text) = scalar(value) else {
            return false;
        };
        let text = text.as_ref();
        self.equals.as_ref().is_none_or(|word| word.0 == text)
            && self
                .any_of
                .as_ref()
                .is_none_or(|words| words.iter().any(|word| word.0 == text))
            && self
                .starts_with
                .as_ref()
                .is_none_or(|words| words.any(|word| text.starts_with(word)))
            && self
                .ends_with
                .as_ref()
                .is_none_or(|words| words.any(|word| text.ends_with(word)))
            && self
                .contains
                .as_ref()
                .is_none_or(|words| words.any(|word| text.contains(word)))
    }
}

impl Places {
    fn any(&self, record: &Value, fits: impl Fn(&Value) -> bool) -> bool {
        let at = |path: &Path| {
            path.find(record, &mut |value| fits(value).then_some(()))
                .is_some()
        };
        match self {
            Self::One(path) => at(path),
            Self::Several(paths) => paths.iter().any(at),
        }
    }
}

impl Words {
    fn any(&self, fits: impl Fn(&str) -> bool) -> bool {
        match self {
            Self::One(word) => fits(word),
            Self::Several(words) => words.iter().any(|word| fits(word)),
        }
    }
}

/// Whether the value is something other than null, `""`, `[]` and `{}`.
pub(crate) fn has_content(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(_) | Value::Number(_) => true,
        Value::String(text) => !text.is_empty(),
        Value::Array(elements) => !elements.is_empty(),
        Value::Object(members) => !members.is_empty(),
    }
}

impl<'de> Deserialize<'de> for Conditions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let list = Vec::<Condition>::deserialize(deserializer)?;
        let idle = |condition: &&Condition| condition.present.is_none() && !condition.tests_text();
        if list.iter().find(idle).is_some() {
            return Err(serde::de::Error::custom(
                "a condition needs one of `present`, `equals`, `any_of`, `starts_with`, \
                 `ends_with` and `contains`",
            ));
        }
        Ok(Self(list))
    }
}

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let word = scalar(&value).map(|text| Self(text.into_owned()));
        word.ok_or_else(|| serde::de::Error::custom("a text, number or boolean is needed here"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(Deserialize)]
    struct Holder {
        when: Conditions,
    }

    fn holds(conditions: &str, record: &Value) -> bool {
        let mapping = format!("when = [{conditions}]");
        toml::from_str::<Holder>(&mapping)
            .expect(conditions)
            .when
            .hold(record)
    }

    #[test]
    fn each_kind_holds_and_fails() {
        let record = json!({"code": "Client.AccessDenied", "n": 4625, "yes": true,
            "empty": [], "list": [{"x": "a"}, {"x": "b"}]});
        for condition in [
            r#"{ at = "/code", present = true }"#,
            r#"{ at = "/empty", present = false }"#,
            r#"{ at = "/nowhere", present = false }"#,
            r#"{ at = "/n", equals = 4625 }"#,
            r#"{ at = "/yes", equals = true }"#,
            r#"{ at = "/list/*/x", equals = "b" }"#,
            r#"{ at = "/code", any_of = ["x", "Client.AccessDenied"] }"#,
            r#"{ at = "/code", starts_with = "Client.", ends_with = ["x", "Denied"] }"#,
            r#"{ at = "/code", contains = "Access" }, { at = "/n", equals = "4625" }"#,
            r#"{ at = ["/nowhere", "/n"], present = true, equals = 4625 }"#,
            r#"{ at = ["/nowhere", "/empty"], present = false }"#,
            "",
        ] {
            assert!(holds(condition, &record), "{condition}");
        }
        for condition in [
            r#"{ at = "/code", present = false }"#,
            r#"{ at = "/empty", present = true }"#,
            r#"{ at = "/n", equals = 1 }"#,
            r#"{ at = "/list", equals = "b" }"#,
            r#"{ at = "/nowhere", any_of = ["x"] }"#,
            r#"{ at = "/code", starts_with = "Client.", ends_with = "x" }"#,
            r#"{ at = "/code", contains = "Access" }, { at = "/n", equals = "1" }"#,
            r#"{ at = ["/code", "/n"], starts_with = "Client.", ends_with = "25" }"#,
            r#"{ at = ["/nowhere", "/n"], present = false }"#,
        ] {
            assert!(!holds(condition, &record), "{condition}");
        }
    }

    #[test]
    fn a_condition_without_a_test_is_refused() {
        assert!(toml::from_str::<Holder>(r#"when = [{ at = "/a" }]"#).is_err());
        assert!(toml::from_str::<Holder>(r#"when = [{ at = "/a", equals = [] }]"#).is_err());
    }
}
