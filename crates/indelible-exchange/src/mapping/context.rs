//! What of a record becomes the event's context.

use std::fmt;

use indelible_core::json::NESTING_MAX;
use serde::de::{Error, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::path::{Path, Step};

/// What of a record becomes the event's context; the whole of it unless the mapping says other.
#[derive(Debug, Clone, Default)]
pub(crate) enum ContextRule {
    /// The whole record.
    #[default]
    Record,
    /// The value at one place.
    At(Path),
    /// The record without what stands at these places.
    Without(Vec<Path>),
    /// What stands at these places, each where it stood in the record.
    Only(Vec<Path>),
}

impl ContextRule {
    /// How deep a record may be nested, such that the context is nested at most [`NESTING_MAX`].
    pub(crate) fn nesting_max(&self) -> u8 {
        match self {
            Self::At(path) => {
                NESTING_MAX.saturating_add(u8::try_from(path.steps().len()).unwrap_or(0))
            }
            Self::Record | Self::Without(_) | Self::Only(_) => NESTING_MAX,
        }
    }

    /// Takes the context out of the record.
    pub(crate) fn take(&self, mut record: Value) -> Option<Value> {
        match self {
            Self::Record => Some(record),
            Self::At(path) => path.take(&mut record),
            Self::Without(paths) => {
                for path in paths {
                    path.take(&mut record);
                }
                Some(record)
            }
            Self::Only(paths) => {
                let mut context = Map::new();
                for path in paths {
                    if let Some(value) = path.take(&mut record) {
                        put(&mut context, path.steps(), value);
                    }
                }
                Some(Value::Object(context))
            }
        }
    }
}

/// Puts the value where the steps lead, making objects on the way.
fn put(context: &mut Map<String, Value>, steps: &[Step], value: Value) {
    let Some((Step::Token(token), rest)) = steps.split_first() else {
        return;
    };
    if rest.is_empty() {
        context.insert(token.clone(), value);
        return;
    }
    let inner = context
        .entry(token)
        .or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(inner) = inner {
        put(inner, rest, value);
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    at: Option<Path>,
    without: Option<Vec<Path>>,
    only: Option<Vec<Path>>,
}

impl<'de> Deserialize<'de> for ContextRule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RuleVisitor)
    }
}

struct RuleVisitor;

impl<'de> Visitor<'de> for RuleVisitor {
    type Value = ContextRule;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`\"record\"` or a table with one of `at`, `without` and `only`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<ContextRule, E> {
        match text {
            "record" => Ok(ContextRule::Record),
            _ => Err(E::custom("the context is `\"record\"` or a table")),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<ContextRule, A::Error> {
        let rule = match Table::deserialize(MapAccessDeserializer::new(table))? {
            Table {
                at: Some(path),
                without: None,
                only: None,
            } => ContextRule::At(path),
            Table {
                at: None,
                without: Some(paths),
                only: None,
            } => ContextRule::Without(paths),
            Table {
                at: None,
                without: None,
                only: Some(paths),
            } => ContextRule::Only(paths),
            _ => {
                return Err(A::Error::custom(
                    "one of `at`, `without` and `only` is given",
                ));
            }
        };
        let plain = match &rule {
            ContextRule::Record => true,
            ContextRule::At(path) => path.is_plain(),
            ContextRule::Without(paths) | ContextRule::Only(paths) => paths
                .iter()
                .all(|path| path.is_plain() && !path.steps().is_empty()),
        };
        if plain {
            Ok(rule)
        } else {
            Err(A::Error::custom("`*` and `\"\"` cannot stand here"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn taken(rule: &str) -> Option<Value> {
        #[derive(Deserialize)]
        struct Holder {
            context: ContextRule,
        }
        let holder: Holder = toml::from_str(&format!("context = {rule}")).expect(rule);
        holder
            .context
            .take(json!({"a": {"b": 1, "c": 2}, "d": [3]}))
    }

    #[test]
    fn each_rule_takes_its_share() {
        let whole = json!({"a": {"b": 1, "c": 2}, "d": [3]});
        assert_eq!(taken("\"record\""), Some(whole));
        assert_eq!(taken("{ at = \"/a\" }"), Some(json!({"b": 1, "c": 2})));
        assert_eq!(taken("{ at = \"/x\" }"), None);
        assert_eq!(
            taken("{ without = [\"/a/b\", \"/x\"] }"),
            Some(json!({"a": {"c": 2}, "d": [3]}))
        );
        assert_eq!(
            taken("{ only = [\"/a/c\", \"/x\"] }"),
            Some(json!({"a": {"c": 2}}))
        );
    }
}
