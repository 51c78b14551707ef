//! From a question as asked to a filter and a place in the trail.

use std::net::Ipv6Addr;

use serde_json::{Map, Value};

use super::cursor::{Cursor, filter_digest};
use super::{LIMIT_MAX, LIMIT_STANDARD, Query, QueryError};
use crate::action::AuditAction;
use crate::catalogue;
use crate::door::{Door, TEXT_BYTES_MAX};
use crate::entry::address;
use crate::filter::{AddressFilter, ContextFilter, Filter, UserFilter};
use crate::outcome::Outcome;
use crate::time::Timestamp;
use crate::trail::TrailName;

/// A question ready to be put to a store.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// What an entry must match.
    pub filter: Filter,
    /// The entries of the page.
    pub limit: usize,
    /// The matching entries to pass over.
    pub offset: u64,
    /// The place of the cursor: the seq of the entry after it.
    pub place: Option<u64>,
    /// The tree size asked for.
    pub as_of: Option<u64>,
    digest: [u8; 8],
}

impl Plan {
    /// The cursor of the place before the entry at `seq`: where the page that ends with it goes on
    /// to older ones, and where one goes on to newer ones that begins with the entry before.
    pub fn cursor(&self, seq: u64, as_of: u64) -> String {
        Cursor {
            digest: self.digest,
            place: seq,
            as_of,
        }
        .encode()
    }
}

/// Compiles a question to one trail.
pub(crate) fn plan(query: &Query, trail: &TrailName, door: &Door) -> Result<Plan, QueryError> {
    let filter = filter(query, door)?;
    let digest = filter_digest(trail, query);
    let limit = match query.limit.unwrap_or(LIMIT_STANDARD) {
        limit if limit < 1 => {
            return Err(QueryError::new(
                "limit",
                format!("{limit} is below 1; 1 to 1000 fit"),
            ));
        }
        limit => limit.min(LIMIT_MAX).unsigned_abs() as usize,
    };
    let offset = u64::try_from(query.offset.unwrap_or(0))
        .map_err(|_| QueryError::new("offset", "an offset is 0 or more"))?;
    let mut plan = Plan {
        filter,
        limit,
        offset,
        place: None,
        as_of: query.as_of,
        digest,
    };
    if let Some(text) = &query.cursor {
        if query.offset.is_some() {
            return Err(QueryError::new(
                "offset",
                "a cursor already says where to go on",
            ));
        }
        let cursor = Cursor::decode(text, digest).map_err(|e| QueryError::new("cursor", e))?;
        if query.as_of.is_some_and(|as_of| as_of != cursor.as_of) {
            let problem = format!("the cursor belongs to a page as of {}", cursor.as_of);
            return Err(QueryError::new("as_of", problem));
        }
        plan.place = Some(cursor.place);
        plan.as_of = Some(cursor.as_of);
    }
    Ok(plan)
}

pub(super) fn filter(query: &Query, door: &Door) -> Result<Filter, QueryError> {
    let text = |field: &str, value: &Option<String>| {
        value
            .as_ref()
            .map(|value| vec![door.as_asked(field, value, TEXT_BYTES_MAX)])
    };
    let user = match query.user_id.as_deref() {
        None => None,
        Some("none") => Some(UserFilter::None),
        Some(user) => Some(UserFilter::AnyOf(vec![door.as_asked(
            "user_id",
            user,
            TEXT_BYTES_MAX,
        )])),
    };
    let (earliest, latest) = query.instants()?;
    let filter = Filter {
        user,
        actions: query.actions()?,
        outcome: outcome(query.outcome.as_deref())?,
        resource_type: query.resource_type.as_deref().map(without_nul),
        resource_ids: text("resource_id", &query.resource_id),
        addresses: query
            .ip_address
            .as_deref()
            .map(|text| addresses(&door.as_asked("ip_address", text, TEXT_BYTES_MAX)))
            .transpose()?,
        correlation_ids: text("correlation_id", &query.correlation_id),
        tags: query.tags.iter().map(|tag| without_nul(tag)).collect(),
        context: query
            .context
            .iter()
            .map(|member| context(member, door))
            .collect::<Result<_, _>>()?,
        earliest,
        latest,
    };
    Ok(filter)
}

impl Query {
    /// The actions that are asked for, aliases and what a wildcard stands for included; `None`
    /// where any is.
    ///
    /// # Errors
    /// A text that names none.
    pub fn actions(&self) -> Result<Option<Vec<String>>, QueryError> {
        self.action.as_deref().map(actions).transpose()
    }

    /// The first and the last instant that the dates allow.
    ///
    /// # Errors
    /// A date that is none, an end before the start.
    pub fn instants(&self) -> Result<(Option<Timestamp>, Option<Timestamp>), QueryError> {
        let earliest = self.start_date.as_deref().map(earliest).transpose()?;
        let latest = self.end_date.as_deref().map(latest).transpose()?;
        match (earliest, latest) {
            (Some(earliest), Some(latest)) if earliest > latest => {
                Err(QueryError::new("end_date", "the end lies before the start"))
            }
            instants => Ok(instants),
        }
    }
}

fn actions(text: &str) -> Result<Vec<String>, QueryError> {
    if text.contains('*') {
        let meant = catalogue::expand_wildcard(&text.to_ascii_lowercase());
        if meant.is_empty() {
            let problem = format!("`{text}` stands for no action of the catalogue");
            return Err(QueryError::new("action", problem));
        }
        return Ok(meant.into_iter().map(str::to_owned).collect());
    }
    let action = AuditAction::new(text.to_owned()).map_err(|e| QueryError::new("action", e))?;
    let mut any: Vec<String> = catalogue::synonyms(action.as_ref())
        .into_iter()
        .map(str::to_owned)
        .collect();
    if !any.iter().any(|name| name == action.as_ref()) {
        any.push(action.into());
    }
    Ok(any)
}

fn outcome(text: Option<&str>) -> Result<Option<Outcome>, QueryError> {
    text.map(|text| text.parse().map_err(|e| QueryError::new("outcome", e)))
        .transpose()
}

fn earliest(text: &str) -> Result<Timestamp, QueryError> {
    Timestamp::start_of_day(text)
        .or_else(|_| text.parse())
        .map_err(|e| QueryError::new("start_date", format!("{e}, or a date such as 2026-01-31")))
}

fn latest(text: &str) -> Result<Timestamp, QueryError> {
    Timestamp::end_of_day(text)
        .or_else(|_| text.parse())
        .map_err(|e| QueryError::new("end_date", format!("{e}, or a date such as 2026-01-31")))
}

fn addresses(text: &str) -> Result<AddressFilter, QueryError> {
    if let Some(first) = address(text) {
        return Ok(AddressFilter::Block { first, last: first });
    }
    let Some((start, bits)) = text
        .split_once('/')
        .and_then(|(a, b)| Some((address(a)?, b)))
    else {
        return Ok(AddressFilter::Text(text.to_owned()));
    };
    let (lead, width) = if text.contains(':') {
        (0, 128)
    } else {
        (96, 32)
    };
    let bits: u32 = bits
        .parse()
        .ok()
        .filter(|bits| *bits <= width)
        .ok_or_else(|| QueryError::new("ip_address", format!("a block ends in /0 to /{width}")))?;
    let free = 128 - (lead + bits);
    let mask = if free == 128 { 0 } else { u128::MAX << free };
    let first = u128::from(start) & mask;
    Ok(AddressFilter::Block {
        first: Ipv6Addr::from(first),
        last: Ipv6Addr::from(first | !mask),
    })
}

/// A member of the context and its value, `PATH=VALUE`, as entries have it.
pub(crate) fn context(member: &str, door: &Door) -> Result<ContextFilter, QueryError> {
    let wrong = || {
        let problem = format!("`{member}` is not PATH=VALUE, such as request.method=GET");
        QueryError::new("context", problem)
    };
    let (path, value) = split_member(member).ok_or_else(wrong)?;
    let mut values = vec![without_nul(value)];
    let mut nested = Value::String(value.to_owned());
    for name in path.iter().rev() {
        nested = Value::Object(Map::from_iter([(name.clone(), nested)]));
    }
    if let Some(hashed) = door.hashed_member(nested, &path) {
        values.push(hashed);
    }
    let path = path.iter().map(|name| without_nul(name)).collect();
    Ok(ContextFilter { path, values })
}

/// The text as entries have it.
fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// Splits `path=value`. A path that begins with `/` is a JSON Pointer; else dots separate names.
/// A backslash before `.`, `=` or another backslash takes that character literally.
pub(crate) fn split_member(member: &str) -> Option<(Vec<String>, &str)> {
    let is_pointer = member.starts_with('/');
    let mut path = vec![String::new()];
    let mut chars = member.char_indices().skip(usize::from(is_pointer));
    while let Some((at, char)) = chars.next() {
        match char {
            '=' => {
                let names = path.into_iter();
                let path: Vec<String> = if is_pointer {
                    names
                        .map(|name| name.replace("~1", "/").replace("~0", "~"))
                        .collect()
                } else {
                    names.collect()
                };
                return Some((path, &member[at + 1..]));
            }
            '/' if is_pointer => path.push(String::new()),
            '.' if !is_pointer => path.push(String::new()),
            '\\' => path.last_mut()?.push(chars.next()?.1),
            other => path.last_mut()?.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(text: &str) -> (String, String) {
        match addresses(text) {
            Ok(AddressFilter::Block { first, last }) => (first.to_string(), last.to_string()),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn blocks_of_addresses_have_two_ends() {
        assert_eq!(
            block("10.1.2.3/8"),
            ("::ffff:10.0.0.0".into(), "::ffff:10.255.255.255".into())
        );
        assert_eq!(
            block("10.1.2.3"),
            ("::ffff:10.1.2.3".into(), "::ffff:10.1.2.3".into())
        );
        assert_eq!(
            block("0.0.0.0/0"),
            ("::ffff:0.0.0.0".into(), "::ffff:255.255.255.255".into())
        );
        assert_eq!(
            block("2001:db8::/127"),
            ("2001:db8::".into(), "2001:db8::1".into())
        );
        assert_eq!(block("::/0").0, "::");
        assert!(addresses("10.0.0.0/33").is_err());
        assert!(matches!(
            addresses("s3.example/x"),
            Ok(AddressFilter::Text(_))
        ));
    }

    #[test]
    fn members_are_named_by_dots_or_pointers() {
        let split = |text| split_member(text).map(|(path, value)| (path.join("|"), value));
        assert_eq!(split("a.b=c=d"), Some(("a|b".into(), "c=d")));
        assert_eq!(split("/a.b/c~1d="), Some(("a.b|c/d".into(), "")));
        assert_eq!(split(r"a\.b\=c=1"), Some(("a.b=c".into(), "1")));
        assert_eq!(split("=x"), Some((String::new(), "x")));
        assert_eq!(split("nothing"), None);
    }
}
