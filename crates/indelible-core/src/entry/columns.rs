//! The values that stores index beside the skeleton's own columns: projections of the parts.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use serde::Deserialize;

use super::StoredEntry;
use super::view::Unreadable;
use crate::part::{PartKind, PerPart};

/// What of the parts is indexed. Every value is derived from the stored bytes of the parts, so
/// that verification can derive it again and compare.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Columns {
    /// Who acted.
    pub user_id: Option<String>,
    /// For whom the actor acted.
    pub on_behalf_of: Option<String>,
    /// The client's address, where the text parses as one; IPv4 as IPv4-mapped IPv6.
    pub ip_address: Option<Ipv6Addr>,
    /// The resource acted upon.
    pub resource_id: Option<String>,
    /// What links the entry to others.
    pub correlation_id: Option<String>,
}

#[derive(Deserialize)]
struct Actor {
    user_id: Option<String>,
    on_behalf_of: Option<String>,
    ip_address: Option<String>,
}

#[derive(Deserialize)]
struct Target {
    resource_id: Option<String>,
}

#[derive(Deserialize)]
struct Details {
    correlation_id: Option<String>,
}

impl Columns {
    /// The columns that the stored parts of `entry` give.
    ///
    /// # Errors
    /// [`Unreadable`] when a stored body is no JSON of its part's form.
    pub fn derive(entry: &StoredEntry) -> Result<Self, Unreadable> {
        Self::of_bodies(entry.bodies()).map_err(|error| unreadable(entry, error))
    }

    /// The same of the stored bodies alone.
    ///
    /// # Errors
    /// The part whose body is no JSON of its form, and why it is none.
    pub fn of_bodies(
        bodies: PerPart<Option<&[u8]>>,
    ) -> Result<Self, (PartKind, serde_json::Error)> {
        let mut columns = Self::default();
        if let Some(actor) = read::<Actor>(&bodies, PartKind::Actor)? {
            columns.ip_address = actor.ip_address.as_deref().and_then(address);
            columns.user_id = actor.user_id;
            columns.on_behalf_of = actor.on_behalf_of;
        }
        if let Some(target) = read::<Target>(&bodies, PartKind::Target)? {
            columns.resource_id = target.resource_id;
        }
        if let Some(details) = read::<Details>(&bodies, PartKind::Details)? {
            columns.correlation_id = details.correlation_id;
        }
        Ok(columns)
    }
}

fn read<'b, T: Deserialize<'b>>(
    bodies: &PerPart<Option<&'b [u8]>>,
    kind: PartKind,
) -> Result<Option<T>, (PartKind, serde_json::Error)> {
    let body = bodies.get(kind).map(|body| match str::from_utf8(body) {
        // Looked at once as a whole, which is less to do than string by string.
        Ok(text) => serde_json::from_str(text),
        Err(_) => serde_json::from_slice(body),
    });
    body.transpose().map_err(|error| (kind, error))
}

/// The address that `text` spells, IPv4 as IPv4-mapped IPv6; `None` for anything else.
pub fn address(text: &str) -> Option<Ipv6Addr> {
    Some(match text.parse::<IpAddr>().ok()? {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    })
}

pub(super) fn body<'a, T: Deserialize<'a>>(
    entry: &'a StoredEntry,
    kind: PartKind,
) -> Result<Option<T>, Unreadable> {
    read(&entry.bodies(), kind).map_err(|error| unreadable(entry, error))
}

fn unreadable(entry: &StoredEntry, (part, source): (PartKind, serde_json::Error)) -> Unreadable {
    Unreadable {
        seq: entry.seq,
        part,
        source: Arc::new(source),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_parses_whole_is_an_address() {
        for text in ["1.2.3.4", "::1", "::ffff:1.2.3.4", "2001:db8::7"] {
            assert!(address(text).is_some(), "{text}");
        }
        assert_eq!(address("1.2.3.4"), address("::ffff:1.2.3.4"));
        for text in [
            "",
            "unknown",
            "1.2.3.4:99",
            "[::1]",
            "999.1.1.1",
            "01.2.3.4",
            "a.example",
        ] {
            assert!(address(text).is_none(), "{text}");
        }
    }
}
