//! How an event was made of a record: field by field, where each value comes from.

use indelible_core::Outcome;
use serde_json::Value;

use super::text::Text;
use super::{ContextRule, Mapping, Rules};

/// Where the value of one field comes from.
pub(crate) struct FieldSource {
    pub(crate) field: &'static str,
    pub(crate) from: String,
}

impl Mapping {
    /// Where the fields of the record's event come from; those that have no value are left out.
    pub(crate) fn sources(&self, record: &Value) -> Vec<FieldSource> {
        let rules = &*self.rules;
        let (resource_type, resource_id) = rules.resource_source(record);
        let event = &rules.event;
        let told = rules.outcome_told(record);
        let action = rules.action(record, told);
        let outcome = match &action {
            Some(action) if rules.outcome_beside(action, told) != told.outcome => {
                Some("the action".to_owned())
            }
            _ => rules.outcome_source(record),
        };
        let text = |text: Option<&Text>| Some(text?.explain(record)?.1);
        let given = [
            ("id", rules.key_source(record)),
            ("occurred_at", rules.time_source(record)),
            ("action", rules.action_source(record, told)),
            ("outcome", outcome),
            ("resource_type", resource_type),
            ("resource_id", resource_id),
            ("user_id", text(event.user_id.as_ref())),
            ("on_behalf_of", text(event.on_behalf_of.as_ref())),
            ("ip_address", text(event.ip_address.as_ref())),
            ("user_agent", text(event.user_agent.as_ref())),
            ("correlation_id", text(event.correlation_id.as_ref())),
            ("tags", rules.tags_source(record)),
            ("context", Some(rules.context_source())),
        ];
        let there = |(field, from): (&'static str, Option<String>)| {
            from.map(|from| FieldSource { field, from })
        };
        given.into_iter().filter_map(there).collect()
    }
}

impl Rules {
    fn key_source(&self, record: &Value) -> Option<String> {
        let key = self.key.as_ref().and_then(|key| key.from.explain(record));
        Some(match key {
            Some((_, from)) => format!("key: {from}"),
            None => "no key: the record and how often it occurred before".to_owned(),
        })
    }

    fn time_source(&self, record: &Value) -> Option<String> {
        let time = self.time.as_ref()?;
        let read = time.from.find(record, &mut |text, origin| {
            let format = time.formats.iter().find(|format| format.takes(&text))?;
            Some(format!("{}, read as {}", origin.describe(), format.name()))
        });
        let unread = || {
            Some(format!(
                "{}, which no format reads",
                time.from.explain(record)?.1
            ))
        };
        read.or_else(unread)
    }

    fn resource_source(&self, record: &Value) -> (Option<String>, Option<String>) {
        let standard = || Some(self.event.resource_type.explain(record)?.1);
        for (place, rule) in self.resource.iter().enumerate() {
            if !rule.when.hold(record) {
                continue;
            }
            let explain = |scope: &Value| {
                let (_, id) = rule.id.explain(scope)?;
                let kind = rule.kind.as_ref().and_then(|kind| kind.explain(scope));
                Some((kind.map(|(_, from)| from), id))
            };
            let found = match &rule.each {
                Some(each) => each.find(record, &mut |element| explain(element)),
                None => explain(record),
            };
            if let Some((kind, id)) = found {
                let within = rule.each.as_ref();
                let within = within.map_or_else(String::new, |each| format!(" in {each}"));
                let of_rule = |from: String| format!("resource rule {}: {from}{within}", place + 1);
                return (kind.map(of_rule).or_else(standard), Some(of_rule(id)));
            }
        }
        let id = self.event.resource_id.as_ref();
        (standard(), id.and_then(|id| Some(id.explain(record)?.1)))
    }

    fn outcome_source(&self, record: &Value) -> Option<String> {
        let rules = &self.outcome;
        let given = rules.from.as_ref().and_then(|from| from.explain(record));
        if let Some((text, from)) = given
            && text.parse::<Outcome>().is_ok()
        {
            return Some(from);
        }
        let case = rules.rule.iter().position(|case| case.when.hold(record));
        match case {
            Some(place) => Some(format!("outcome rule {}", place + 1)),
            None => rules.otherwise.map(|_| "otherwise".to_owned()),
        }
    }

    fn tags_source(&self, record: &Value) -> Option<String> {
        let rules = &self.tags;
        let from = rules
            .from
            .as_ref()
            .filter(|from| from.first(record).is_some());
        let mut sources: Vec<String> = from.map(ToString::to_string).into_iter().collect();
        let holding = rules
            .rule
            .iter()
            .enumerate()
            .filter(|(_, rule)| rule.when.hold(record));
        sources.extend(holding.map(|(place, _)| format!("tag rule {}", place + 1)));
        (!sources.is_empty()).then(|| sources.join(", "))
    }

    fn context_source(&self) -> String {
        match &self.event.context {
            ContextRule::Record => "the whole record".to_owned(),
            ContextRule::At(path) => path.to_string(),
            ContextRule::Without(_) => "the record without some places".to_owned(),
            ContextRule::Only(_) => "some places of the record".to_owned(),
        }
    }
}
