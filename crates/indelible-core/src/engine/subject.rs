//! Persons in a trail: where they are named, found in one pass over it.

use std::collections::HashMap;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::audit::Audit;
use crate::door::{Door, TEXT_BYTES_MAX, USER_AGENT_BYTES_MAX};
use crate::entry::{StoredEntry, Unreadable};
use crate::error::AuditError;
use crate::filter::ContextFilter;
use crate::part::PartKind;
use crate::query::{QueryError, member};
use crate::state::Secret;
use crate::store::StoreError;

/// Persons, and by what they are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subjects {
    /// Ids as they stand in `user_id`, `on_behalf_of` or `resource_id`.
    pub ids: Vec<String>,
    /// Further places, each `PATH=VALUE`: a member of the context (`context.email=a@b.example`),
    /// or `ip_address`, `user_agent` or `correlation_id`.
    pub also: Vec<String>,
    /// Parts that count as the person's wherever one of them is, beside the part in which the
    /// person is named.
    pub widen: Vec<PartKind>,
}

/// An entry in which one of the persons is named.
#[derive(Debug, Clone, PartialEq)]
pub struct Sighting<'a> {
    /// The entry.
    pub entry: &'a StoredEntry,
    /// The parts that are the person's and are there, sorted by name.
    pub parts: Vec<PartKind>,
    /// The ids that it names, of those that were asked for.
    pub ids: Vec<&'a str>,
}

/// Entries that are read at once.
const CHUNK_ENTRIES: u64 = 1024;

impl Audit {
    /// Goes over the whole trail once and calls `each` with every entry in which one of the persons
    /// is named, oldest first. `progress` is told how many entries of how many were looked at.
    /// Answers the size of the trail that was looked at.
    ///
    /// # Errors
    /// [`AuditError::Query`] where nobody is named or a place is ill-formed;
    /// [`AuditError::Store`].
    pub async fn sightings(
        &self,
        subjects: &Subjects,
        each: &mut (dyn FnMut(Sighting<'_>) + Send),
        progress: &mut (dyn FnMut(u64, u64) + Send),
    ) -> Result<u64, AuditError> {
        let shared = &self.engine.shared;
        let search = Search::of(subjects, &shared.door)?;
        let size = self.head().await?.map_or(0, |head| head.size);
        let mut first = 0;
        while first < size {
            let end = size.min(first + CHUNK_ENTRIES);
            let chunk = shared.ground.store.entries(&self.trail, first..end).await?;
            for entry in &chunk {
                if let Some(sighting) = search.look(entry).map_err(StoreError::unreadable)? {
                    each(sighting);
                }
            }
            first = end;
            progress(first, size);
        }
        Ok(size)
    }
}

/// What is looked for in each entry.
struct Search {
    /// The ids by the text that entries have of them.
    ids: HashMap<String, String>,
    also: Vec<(PartKind, ContextFilter)>,
    widen: Vec<PartKind>,
}

impl Search {
    fn of(subjects: &Subjects, door: &Door) -> Result<Self, QueryError> {
        if subjects.ids.is_empty() && subjects.also.is_empty() {
            return Err(QueryError::new("id", "nobody is named"));
        }
        if subjects.ids.iter().any(String::is_empty) {
            return Err(QueryError::new("id", "an empty id is nobody's"));
        }
        let ids = subjects.ids.iter();
        let also = subjects.also.iter();
        Ok(Self {
            ids: ids
                .map(|id| (door.as_asked("user_id", id, TEXT_BYTES_MAX), id.clone()))
                .collect(),
            also: also
                .map(|place| self::place(place, door))
                .collect::<Result<_, _>>()?,
            widen: subjects.widen.clone(),
        })
    }

    fn look<'a>(&'a self, entry: &'a StoredEntry) -> Result<Option<Sighting<'a>>, Unreadable> {
        let (mut parts, mut ids) = (Vec::new(), Vec::new());
        for kind in PartKind::ALL {
            let fields: &[&str] = match kind {
                PartKind::Actor => &["user_id", "on_behalf_of"],
                PartKind::Target => &["resource_id"],
                PartKind::Details => &[],
            };
            let mut places = self.also.iter().filter(|(of, _)| *of == kind).peekable();
            if fields.is_empty() && places.peek().is_none() {
                continue;
            }
            let Some(body) = entry.body(kind)? else {
                continue;
            };
            let named = fields.iter().filter_map(|field| body.get(field)?.as_str());
            let before = ids.len();
            ids.extend(named.filter_map(|id| self.ids.get(id)).map(String::as_str));
            if ids.len() > before || places.any(|(_, place)| place.matches(&body)) {
                parts.push(kind);
            }
        }
        if parts.is_empty() {
            return Ok(None);
        }
        parts.extend(&self.widen);
        parts.retain(|kind| entry.parts.get(*kind).is_some());
        parts.sort_by_key(|kind| kind.as_str());
        parts.dedup();
        ids.sort_unstable();
        ids.dedup();
        Ok(Some(Sighting { entry, parts, ids }))
    }
}

/// A place beside the ids, and the part that it lies in. Paths lead from the part's body.
fn place(text: &str, door: &Door) -> Result<(PartKind, ContextFilter), QueryError> {
    let wrong = |_: QueryError| {
        let problem = format!(
            "`{text}` is not PATH=VALUE, such as context.email=a@b.example, ip_address=…, \
             user_agent=… or correlation_id=…"
        );
        QueryError::new("also", problem)
    };
    if let Some(member) = text.strip_prefix("context.") {
        let mut filter = self::member(member, door).map_err(wrong)?;
        filter.path.insert(0, "context".to_owned());
        return Ok((PartKind::Details, filter));
    }
    let (field, value) = text.split_once('=').unwrap_or((text, ""));
    let (kind, max) = match field {
        "ip_address" => (PartKind::Actor, TEXT_BYTES_MAX),
        "user_agent" => (PartKind::Actor, USER_AGENT_BYTES_MAX),
        "correlation_id" => (PartKind::Details, TEXT_BYTES_MAX),
        _ => return Err(wrong(QueryError::new("also", "it is no place"))),
    };
    if value.is_empty() {
        return Err(wrong(QueryError::new("also", "it has no value")));
    }
    let filter = ContextFilter {
        path: vec![field.to_owned()],
        values: vec![door.as_asked(field, value, max)],
    };
    Ok((kind, filter))
}

impl Subjects {
    /// What stands for each of them in the trail once they are erased: a digest under the
    /// installation's own secret, so that who has it can find the record of an erasure by the id,
    /// and nobody else can guess whose it was.
    pub fn refs(&self, secret: &Secret) -> Vec<String> {
        let all = self.ids.iter().chain(&self.also);
        let mut refs: Vec<_> = all.map(|text| reference(secret, text)).collect();
        refs.sort_unstable();
        refs.dedup();
        refs
    }
}

/// HMAC-SHA-256 of a domain and an id, as lower-case hex.
fn reference(secret: &Secret, text: &str) -> String {
    let hmac = Hmac::<Sha256>::new_from_slice(secret.expose());
    let mut hmac = hmac.expect("a key of any length fits HMAC");
    hmac.update(b"indelible/subject/v1\n");
    hmac.update(text.as_bytes());
    let bytes = hmac.finalize().into_bytes();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
