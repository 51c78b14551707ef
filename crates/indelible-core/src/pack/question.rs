//! The question in a manifest: a filter as JSON, with all that was resolved.

use std::net::Ipv6Addr;

use serde_json::{Map, Value, json};

use super::line::{Members, texts};
use super::reason::{Judged, malformed};
use super::skeleton::time;
use crate::filter::{AddressFilter, ContextFilter, Filter, UserFilter};

/// The question that a filter asks.
pub(super) fn to_value(filter: &Filter) -> Value {
    let mut question = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        question.extend(value.map(|value| (name.to_owned(), value)));
    };
    let time = |time: crate::time::Timestamp| json!(time.to_string());
    put("action", filter.actions.as_ref().map(|any| json!(any)));
    put("outcome", filter.outcome.map(|outcome| json!(outcome)));
    put(
        "resource_type",
        filter.resource_type.as_ref().map(|kind| json!(kind)),
    );
    put("tag", (!filter.tags.is_empty()).then(|| json!(filter.tags)));
    put("start_date", filter.earliest.map(time));
    put("end_date", filter.latest.map(time));
    put(
        "user_id",
        filter.user.as_ref().map(|user| match user {
            UserFilter::AnyOf(any) => json!(any),
            UserFilter::None => Value::Null,
        }),
    );
    put(
        "ip_address",
        filter.addresses.as_ref().map(|addresses| match addresses {
            AddressFilter::Text(text) => json!({ "text": text }),
            AddressFilter::Block { first, last } => {
                json!({"first": digits(first), "last": digits(last)})
            }
        }),
    );
    put(
        "resource_id",
        filter.resource_ids.as_ref().map(|any| json!(any)),
    );
    put(
        "correlation_id",
        filter.correlation_ids.as_ref().map(|any| json!(any)),
    );
    let member = |member: &ContextFilter| json!({"path": member.path, "values": member.values});
    put(
        "context",
        (!filter.context.is_empty()).then(|| filter.context.iter().map(member).collect()),
    );
    Value::Object(question)
}

/// The filter that a question is.
pub(super) fn read(question: Members) -> Judged<Filter> {
    let mut filter = Filter::default();
    for (name, value) in question.rest() {
        if put(&mut filter, &name, value).is_none() {
            return malformed(format_args!("`{name}` of the question is not of its form"));
        }
    }
    Ok(filter)
}

fn put(filter: &mut Filter, name: &str, value: Value) -> Option<()> {
    match name {
        "action" => filter.actions = Some(some(value)?),
        "outcome" => filter.outcome = Some(value.as_str()?.parse().ok()?),
        "resource_type" => filter.resource_type = Some(value.as_str()?.to_owned()),
        "tag" => filter.tags = some(value)?,
        "start_date" => filter.earliest = Some(time(value.as_str()?)?),
        "end_date" => filter.latest = Some(time(value.as_str()?)?),
        "user_id" if value.is_null() => filter.user = Some(UserFilter::None),
        "user_id" => filter.user = Some(UserFilter::AnyOf(some(value)?)),
        "ip_address" => filter.addresses = Some(addresses(value)?),
        "resource_id" => filter.resource_ids = Some(some(value)?),
        "correlation_id" => filter.correlation_ids = Some(some(value)?),
        "context" => filter.context = context(value)?,
        _ => return None,
    }
    Some(())
}

/// A list of texts that is not empty.
fn some(value: Value) -> Option<Vec<String>> {
    texts(value).filter(|texts| !texts.is_empty())
}

fn addresses(value: Value) -> Option<AddressFilter> {
    let Value::Object(mut map) = value else {
        return None;
    };
    let mut take = |name| match map.remove(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    };
    let (text, first, last) = (take("text"), take("first"), take("last"));
    let filter = match (text, first, last) {
        (Some(text), None, None) => AddressFilter::Text(text),
        (None, Some(first), Some(last)) => AddressFilter::Block {
            first: address(&first)?,
            last: address(&last)?,
        },
        _ => return None,
    };
    map.is_empty().then_some(filter)
}

fn context(value: Value) -> Option<Vec<ContextFilter>> {
    let Value::Array(items) = value else {
        return None;
    };
    let member = |item| {
        let Value::Object(mut map) = item else {
            return None;
        };
        let (path, values) = (some(map.remove("path")?)?, some(map.remove("values")?)?);
        map.is_empty().then_some(ContextFilter { path, values })
    };
    let members: Vec<_> = items.into_iter().map(member).collect::<Option<_>>()?;
    (!members.is_empty()).then_some(members)
}

fn digits(address: &Ipv6Addr) -> String {
    format!("{:032x}", u128::from(*address))
}

fn address(digits: &str) -> Option<Ipv6Addr> {
    let number = u128::from_str_radix(digits, 16).ok()?;
    let address = Ipv6Addr::from(number);
    (self::digits(&address) == digits).then_some(address)
}
