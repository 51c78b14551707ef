//! How a mapping makes a text out of a record: pointers with fallbacks, templates, small changes.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use indelible_core::json::canonical;
use serde::de::{Error, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::condition::Conditions;
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

/// What becomes of a text that was found, and where it comes from.
pub(super) type Judge<'j, T> = dyn FnMut(String, &Origin<'_>) -> Option<T> + 'j;

/// Where a text comes from.
pub(super) enum Origin<'o> {
    /// A place in the record.
    Path(&'o Path),
    /// A template, filled with these parts of this record.
    Template(&'o BTreeMap<String, Text>, &'o Value),
    /// All that these places give.
    Joined(&'o Text),
    /// The mapping itself.
    Literal,
    /// The mapping itself, for want of another.
    Default,
    /// Another text, changed.
    Changed(&'o Origin<'o>, &'o [Transform]),
}

impl Origin<'_> {
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Path(path) => path.to_string(),
            Self::Template(parts, record) => {
                let parts = parts.iter().filter_map(|(name, text)| {
                    let (_, origin) = text.explain(record)?;
                    Some(format!("{name} = {origin}"))
                });
                format!("template: {}", parts.collect::<Vec<_>>().join("; "))
            }
            Self::Joined(from) => match from {
                Text::At(path) => format!("all of {path}"),
                _ => "all of several places".to_owned(),
            },
            Self::Literal => "the mapping".to_owned(),
            Self::Default => "default".to_owned(),
            Self::Changed(origin, changes) => {
                let changes: Vec<&str> = changes.iter().map(Transform::name).collect();
                format!("{}, {}", origin.describe(), changes.join(", "))
            }
        }
    }
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
    /// There is no text, not even the default, unless these hold.
    #[serde(default)]
    when: Conditions,
}

impl Text {
    /// The text that the record gives; never an empty one.
    pub(crate) fn read(&self, record: &Value) -> Option<String> {
        self.find(record, &mut |text, _| Some(text))
    }

    /// The text that the record gives, and where it comes from.
    pub(crate) fn explain(&self, record: &Value) -> Option<(String, String)> {
        self.find(record, &mut |text, origin| Some((text, origin.describe())))
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
            Self::Made(made) if !made.when.hold(record) => None,
            Self::Made(made) => made.from.as_ref()?.unusable(record),
        }
    }

    /// The first answer other than `None` that `judge` gives to a text, in the order in which
    /// they are tried; no text is empty.
    pub(super) fn find<T>(&self, record: &Value, judge: &mut Judge<'_, T>) -> Option<T> {
        match self {
            Self::At(path) => path.find(record, &mut |value| {
                judge(scalar(value)?.into_owned(), &Origin::Path(path))
            }),
            Self::Any(alternatives) => alternatives
                .iter()
                .find_map(|text| text.find(record, judge)),
            Self::Made(made) => made.find(record, judge),
        }
    }
}

impl Made {
    fn find<T>(&self, record: &Value, judge: &mut Judge<'_, T>) -> Option<T> {
        if !self.when.hold(record) {
            return None;
        }
        let mut changed = |mut text: String, origin: &Origin<'_>| {
            for change in &self.apply {
                text = change.apply(text)?;
            }
            if text.is_empty() {
                return None;
            }
            match self.apply.as_slice() {
                [] => judge(text, origin),
                changes => judge(text, &Origin::Changed(origin, changes)),
            }
        };
        let found = if let Some(template) = &self.template {
            let text = template.fill(|name| self.parts.get(name)?.read(record));
            text.and_then(|text| changed(text, &Origin::Template(&self.parts, record)))
        } else {
            match (&self.from, &self.join) {
                (Some(from), Some(separator)) => {
                    let mut all = Vec::new();
                    from.find(record, &mut |text, _| {
                        all.push(text);
                        None::<()>
                    });
                    changed(all.join(separator), &Origin::Joined(from))
                }
                (Some(from), None) => from.find(record, &mut changed),
                (None, _) => self
                    .value
                    .clone()
                    .and_then(|text| changed(text, &Origin::Literal)),
            }
        };
        found.or_else(|| judge(self.default.clone()?, &Origin::Default))
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
    fn a_text_under_a_condition_is_there_only_where_it_holds() {
        let mapping = r#"text = [{ value = "no", when = [{ at = "/ok", equals = false }] },
            { from = "/name", default = "none", when = [{ at = "/name", present = true }] }, "/x"]"#;
        assert_eq!(read(mapping, &json!({"ok": false, "x": 1})).unwrap(), "no");
        assert_eq!(read(mapping, &json!({"name": "a", "x": 1})).unwrap(), "a");
        assert_eq!(read(mapping, &json!({"ok": true, "x": 1})).unwrap(), "1");
    }

    #[test]
    fn the_first_value_that_the_changes_leave_something_of_wins() {
        let record = json!({"a": "-", "b": ["?", "x"], "c": "y"});
        let mapping = r#"text = { from = ["/a", "/b/*", "/c"], apply = [{ absent = ["-", "?"] }],
            default = "d" }"#;
        assert_eq!(read(mapping, &record).unwrap(), "x");
        assert_eq!(read(mapping, &json!({"a": "-"})).unwrap(), "d");
    }

    #[test]
    fn a_text_says_where_it_comes_from() {
        let record = json!({"a": "X", "b": ["y", "z"], "n": {"m": 1}});
        let explained = |mapping: &str| {
            let text = toml::from_str::<Holder>(mapping).expect(mapping).text;
            text.explain(&record).expect(mapping)
        };
        let owned = |text: &str, origin: &str| (text.to_owned(), origin.to_owned());
        for (mapping, text, origin) in [
            (r#"["/x", "/a"]"#, "X", "/a"),
            (
                r#"{ from = "/a", apply = ["lower", { before = "-" }] }"#,
                "x",
                "/a, lower, before",
            ),
            (
                r#"{ template = "{p}.{q}", parts = { p = "/n/m", q = { from = "/x", default = "d" } } }"#,
                "1.d",
                "template: p = /n/m; q = default",
            ),
            (r#"{ from = "/b/*", join = "+" }"#, "y+z", "all of /b/*"),
            (r#"{ value = "v" }"#, "v", "the mapping"),
        ] {
            assert_eq!(explained(&format!("text = {mapping}")), owned(text, origin));
        }
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
