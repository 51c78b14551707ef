//! The small changes that a mapping may make to a text.

use std::collections::BTreeMap;

use serde::Deserialize;

/// One change to a text. What does not apply leaves the text as it is, but for `map`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Transform {
    /// ASCII letters in lower case.
    Lower,
    /// ASCII letters in upper case.
    Upper,
    /// White space at both ends taken off.
    Trim,
    /// This beginning taken off.
    StripPrefix(String),
    /// This end taken off.
    StripSuffix(String),
    /// What stands before the first of these.
    Before(String),
    /// What stands before the last of these.
    BeforeLast(String),
    /// What stands after the first of these.
    After(String),
    /// What stands after the last of these.
    AfterLast(String),
    /// Every one of the first replaced by the second.
    Replace(String, String),
    /// The text's own entry in a table; nothing where it has none.
    Map(BTreeMap<String, String>),
    /// Nothing where the text is one of these, by which the source says that there is none.
    Absent(Vec<String>),
}

impl Transform {
    /// Its name, as in mapping files.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Lower => "lower",
            Self::Upper => "upper",
            Self::Trim => "trim",
            Self::StripPrefix(_) => "strip_prefix",
            Self::StripSuffix(_) => "strip_suffix",
            Self::Before(_) => "before",
            Self::BeforeLast(_) => "before_last",
            Self::After(_) => "after",
            Self::AfterLast(_) => "after_last",
            Self::Replace(..) => "replace",
            Self::Map(_) => "map",
            Self::Absent(_) => "absent",
        }
    }

    pub(crate) fn apply(&self, text: String) -> Option<String> {
        let part = match self {
            Self::Lower => return Some(text.to_ascii_lowercase()),
            Self::Upper => return Some(text.to_ascii_uppercase()),
            Self::Replace(from, to) => return Some(text.replace(from.as_str(), to)),
            Self::Map(table) => return table.get(&text).cloned(),
            Self::Absent(words) => return (!words.contains(&text)).then_some(text),
            Self::Trim => Some(text.trim()),
            Self::StripPrefix(prefix) => text.strip_prefix(prefix.as_str()),
            Self::StripSuffix(suffix) => text.strip_suffix(suffix.as_str()),
            Self::Before(mark) => text.split_once(mark.as_str()).map(|(before, _)| before),
            Self::BeforeLast(mark) => text.rsplit_once(mark.as_str()).map(|(before, _)| before),
            Self::After(mark) => text.split_once(mark.as_str()).map(|(_, after)| after),
            Self::AfterLast(mark) => text.rsplit_once(mark.as_str()).map(|(_, after)| after),
        };
        match part {
            Some(part) => Some(part.to_owned()),
            None => Some(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(change: &str, text: &str) -> Option<String> {
        #[derive(Deserialize)]
        struct Holder {
            change: Transform,
        }
        let mapping = format!("change = {change}");
        toml::from_str::<Holder>(&mapping)
            .expect(change)
            .change
            .apply(text.to_owned())
    }

    #[test]
    fn each_change_does_what_its_name_says() {
        for (change, text, changed) in [
            ("\"lower\"", "AbÉ", "abÉ"),
            ("\"upper\"", "abé", "ABé"),
            ("\"trim\"", " a b\t", "a b"),
            ("{ strip_prefix = \"a.\" }", "a.a.b", "a.b"),
            ("{ strip_suffix = \".com\" }", "x.com", "x"),
            ("{ strip_suffix = \".com\" }", "x.org", "x.org"),
            ("{ before = \"/\" }", "a/b/c", "a"),
            ("{ before = \"/\" }", "abc", "abc"),
            ("{ before_last = \"/\" }", "a/b/c", "a/b"),
            ("{ after = \"/\" }", "a/b/c", "b/c"),
            ("{ after_last = \"/\" }", "a/b/c", "c"),
            ("{ replace = [\"::\", \".\"] }", "A::B::C", "A.B.C"),
            ("{ map = { \"1\" = \"one\" } }", "1", "one"),
        ] {
            assert_eq!(
                apply(change, text).as_deref(),
                Some(changed),
                "{change} of {text}"
            );
        }
        assert_eq!(apply("{ map = { a = \"b\" } }", "c"), None);
        assert_eq!(apply("{ absent = [\"-\", \"?\"] }", "?"), None);
        assert_eq!(apply("{ absent = [\"-\"] }", "--").as_deref(), Some("--"));
    }
}
