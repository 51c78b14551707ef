//! How a mapping makes a text out of a record: pointers with fallbacks, templates, small changes.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use indelible_core::json::canonical;
use serde::de::{Error, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::path::Path;
use super::template::Template;
use super::transform::Transform;

/// An expression whose value is a text that is not empty, or nothing.
#[derive(Debug, Clone)]
pub(crate) enum Text {
    /// The first text, number or boolean at a place.
    At(Path),
    /// The first alternative that has a value.
    Any(Vec<Text>),
    /// A table: a source, then changes to what it gives.
    Made(Box<Made>),
}

/// The table form of [`Text`]: exactly one of `from`, `template` and `value`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Made {
    /// Where the text comes from.
    from: Option<Text>,
    /// Literal text with `{name}` for each of `parts`; without a value if one of them has none.
    template: Option<Template>,
    /// A literal text.
    value: Option<String>,
    /// What the names in the template stand for.
    #[serde(default)]
    parts: BTreeMap<String, Text>,
    /// All values of `from` with this between them, instead of the first.
    join: Option<String>,
    /// Changes, one after the other.
    #[serde(default)]
    apply: Vec<Transform>,
    /// The text when there is no other.
    default: Option<String>,
}

impl Text {
    /// The text that the record gives; never an empty one.
    pub(crate) fn read(&self, record: &Value) -> Option<String> {
        match self {
            Self::At(path) => path.find(record, &mut |value| scalar(value).map(Cow::into_owned)),
            Self::Any(alternatives) => alternatives.iter().find_map(|text| text.read(record)),
            Self::Made(made) => made.read(record),
        }
    }

    /// Where a text was looked for and an array or object found, and that value.
    pub(crate) fn unusable<'v>(&self, record: &'v Value) -> Option<(&Path, &'v Value)> {
        match self {
            Self::At(path) => {
                let value = path.find(record, &mut |value| {
                    (value.is_array() || value.is_object()).then_some(value)
                })?;
                Some((path, value))
            }
            Self::Any(alternatives) => alternatives.iter().find_map(|text| text.unusable(record)),
            Self::Made(made) => made.from.as_ref()?.unusable(record),
        }
    }

    /// All texts, where `read` gives the first.
    fn read_all(&self, record: &Value, all: &mut Vec<String>) {
        match self {
            Self::At(path) => {
                path.find(record, &mut |value| {
                    all.extend(scalar(value).map(Cow::into_owned));
                    None::<()>
                });
            }
            Self::Any(alternatives) => {
                alternatives
                    .iter()
                    .for_each(|text| text.read_all(record, all));
            }
            Self::Made(made) => all.extend(made.read(record)),
        }
    }
}

impl Made {
    fn read(&self, record: &Value) -> Option<String> {
        let source = self.source(record).and_then(|mut text| {
            for change in &self.apply {
                text = change.apply(text)?;
            }
            Some(text)
        });
        source
            .filter(|text| !text.is_empty())
            .or_else(|| self.default.clone())
    }

    fn source(&self, record: &Value) -> Option<String> {
        if let Some(template) = &self.template {
            return template.fill(|name| self.parts.get(name)?.read(record));
        }
        match (&self.from, &self.join) {
            (Some(from), Some(separator)) => {
                let mut all = Vec::new();
                from.read_all(record, &mut all);
                Some(all.join(separator))
            }
            (Some(from), None) => from.read(record),
            (None, _) => self.value.clone(),
        }
    }

    fn checked(self) -> Result<Self, String> {
        let sources = [
            self.from.is_some(),
            self.template.is_some(),
            self.value.is_some(),
        ];
        if sources.into_iter().filter(|given| *given).count() != 1 {
            return Err("exactly one of `from`, `template` and `value` is given".to_owned());
        }
        let named: Vec<&str> = self.template.iter().flat_map(Template::names).collect();
        if let Some(name) = named.iter().find(|name| !self.parts.contains_key(**name)) {
            return Err(format!(
                "the template names `{name}`, which is not in `parts`"
            ));
        }
        if let Some(name) = self
            .parts
            .keys()
            .find(|name| !named.contains(&name.as_str()))
        {
            return Err(format!("`{name}` in `parts` is not in the template"));
        }
        if self.join.is_some() && self.from.is_none() {
            return Err("`join` needs `from`".to_owned());
        }
        Ok(self)
    }
}

/// A text that is not empty, a number or a boolean, as text.
pub(crate) fn scalar(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => {
            Some(text.as_str().into()).filter(|text: &Cow<str>| !text.is_empty())
        }
        Value::Number(_) | Value::Bool(_) => Some(canonical::to_string(value).into()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON Pointer, a list of alternatives, or a table with `from` or `template`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Text, E> {
        Path::parse(text).map(Text::At).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Text, A::Error> {
        let mut alternatives = Vec::new();
        while let Some(text) = list.next_element()? {
            alternatives.push(text);
        }
        if alternatives.is_empty() {
            return Err(A::Error::custom("a list of alternatives has at least one"));
        }
        Ok(Text::Any(alternatives))
    }

    fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<Text, A::Error> {
        let made = Made::deserialize(MapAccessDeserializer::new(table))?;
        made.checked()
            .map(|made| Text::Made(Box::new(made)))
            .map_err(A::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(Deserialize)]
    struct Holder {
        text: Text,
    }

    fn read(mapping: &str, record: &Value) -> Option<String> {
        toml::from_str::<Holder>(mapping)
            .expect(mapping)
            .text
            .read(record)
    }

    #[test]
    fn the_first_place_with_a_text_wins() {
        let record = json!({"a": "", "b": null, "c": {"d": 1}, "e": 17, "f": true, "g": "x"});
        assert_eq!(
            read(r#"text = ["/a", "/b", "/c", "/nowhere", "/g"]"#, &record).unwrap(),
            "x"
        );
        assert_eq!(read(r#"text = "/e""#, &record).unwrap(), "17");
        assert_eq!(read(r#"text = "/f""#, &record).unwrap(), "true");
        assert_eq!(read(r#"text = ["/a", "/b", "/c"]"#, &record), None);
        assert_eq!(
            read(r#"text = { from = "/a", default = "none" }"#, &record).unwrap(),
            "none"
        );
    }

    #[test]
    fn templates_need_all_their_parts() {
        let mapping = r#"text = { template = "aws.{s}.{n}", parts = { s = "/s", n = "/n" } }"#;
        assert_eq!(
            read(mapping, &json!({"s": "iam", "n": "Get"})).unwrap(),
            "aws.iam.Get"
        );
        assert_eq!(read(mapping, &json!({"s": "iam"})), None);
    }

    #[test]
    fn all_values_are_joined_and_then_changed() {
        let mapping = r#"text = { from = ["/a/*/id", "/b"], join = ",", apply = ["upper"] }"#;
        let record = json!({"a": [{"id": "x"}, {}, {"id": 2}], "b": "z"});
        assert_eq!(read(mapping, &record).unwrap(), "X,2,Z");
        assert_eq!(read(mapping, &json!({})), None);
    }

    #[test]
    fn ill_formed_tables_say_why() {
        for (mapping, reason) in [
            ("text = 1", "a JSON Pointer, a list"),
            ("text = []", "at least one"),
            ("text = \"a\"", "begins with `/`"),
            ("text = { from = \"/a\", value = \"b\" }", "exactly one of"),
            (
                "text = { join = \",\", value = \"b\" }",
                "`join` needs `from`",
            ),
            ("text = { template = \"{a}\" }", "names `a`"),
            (
                "text = { template = \"a\", parts = { b = \"/b\" } }",
                "not in the template",
            ),
            (
                "text = { from = \"/a\", lower = true }",
                "unknown field `lower`",
            ),
            (
                "text = { from = \"/a\", apply = [\"shout\"] }",
                "unknown variant `shout`",
            ),
        ] {
            let error = toml::from_str::<Holder>(mapping)
                .err()
                .expect(mapping)
                .to_string();
            assert!(error.contains(reason), "{mapping}: {error}");
        }
    }
}
