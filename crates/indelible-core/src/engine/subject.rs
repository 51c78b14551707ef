//! Persons in a trail: where they are named, found in one pass over it.

mod own;

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
    /// Whether the details would be among them if this were not Indelible's own record, which keeps
    /// them. There may be no other part then.
    pub keeps_details: bool,
    /// The ids that it names, of those that were asked for.
    pub ids: Vec<&'a str>,
    /// Whether the actor part is among them and holds the `user_id` of somebody else.
    pub names_another: bool,
}

/// Bytes of an id that are shown where it is too long.
const SHOWN_BYTES: usize = 32;
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
        self.check_shown()?;
        let shared = &self.engine.shared;
        let search = Search::of(subjects, &shared.door, self.trail.is_system())?;
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
    asked: own::Asked,
    in_system: bool,
}

impl Search {
    fn of(subjects: &Subjects, door: &Door, in_system: bool) -> Result<Self, QueryError> {
        if subjects.ids.is_empty() && subjects.also.is_empty() {
            return Err(QueryError::new("id", "nobody is named"));
        }
        if subjects.ids.iter().any(String::is_empty) {
            return Err(QueryError::new("id", "an empty id is nobody's"));
        }
        if let Some(id) = subjects.ids.iter().find(|id| id.len() > TEXT_BYTES_MAX) {
            let start = &id[..id.floor_char_boundary(SHOWN_BYTES)];
            let problem = format!(
                "`{start}…` has {} bytes; no entry holds an id of more than {TEXT_BYTES_MAX}",
                id.len()
            );
            return Err(QueryError::new("id", problem));
        }
        let ids = subjects.ids.iter();
        let ids: HashMap<String, String> = ids
            .map(|id| (door.as_asked("user_id", id, TEXT_BYTES_MAX), id.clone()))
            .collect();
        let also = subjects.also.iter().map(|place| self::place(place, door));
        let also: Vec<_> = also.collect::<Result<_, _>>()?;
        Ok(Self {
            asked: own::Asked::of(&ids, &also),
            ids,
            also,
            widen: subjects.widen.clone(),
            in_system,
        })
    }

    fn look<'a>(&'a self, entry: &'a StoredEntry) -> Result<Option<Sighting<'a>>, Unreadable> {
        let (mut parts, mut ids) = (Vec::new(), Vec::new());
        let (mut actor, mut keeps_details) = (None, false);
        // What Indelible says of its own doing must stay, or nobody could tell what it did.
        let is_own = own::is_own(&entry.action, self.in_system);
        for kind in PartKind::ALL {
            let fields: &[&str] = match kind {
                PartKind::Actor => &["user_id", "on_behalf_of"],
                PartKind::Target => &["resource_id"],
                PartKind::Details => &[],
            };
            let is_details = kind == PartKind::Details;
            let is_look = is_details && own::is_look(&entry.action);
            let mut places = self.also.iter().filter(|(of, _)| *of == kind).peekable();
            if fields.is_empty() && places.peek().is_none() && !is_look {
                continue;
            }
            let Some(body) = entry.body(kind)? else {
                continue;
            };
            let named = fields.iter().filter_map(|field| body.get(field)?.as_str());
            let before = ids.len();
            ids.extend(named.filter_map(|id| self.ids.get(id)).map(String::as_str));
            let was_asked = is_look && self.asked.look(&body, &mut |id| ids.push(id));
            if was_asked || ids.len() > before || places.any(|(_, place)| place.matches(&body)) {
                // The record of a look says whom it was about, which goes.
                match is_details && is_own && !is_look {
                    true => keeps_details = true,
                    false => parts.push(kind),
                }
            }
            if kind == PartKind::Actor {
                actor = Some(body);
            }
        }
        if parts.is_empty() && !keeps_details {
            return Ok(None);
        }
        let widen = self.widen.iter().filter(|_| !parts.is_empty());
        let (kept, widen): (Vec<PartKind>, Vec<_>) =
            widen.partition(|kind| is_own && **kind == PartKind::Details);
        keeps_details |= !kept.is_empty() && entry.parts.get(PartKind::Details).is_some();
        parts.extend(widen);
        parts.retain(|kind| entry.parts.get(*kind).is_some());
        parts.sort_by_key(|kind| kind.as_str());
        parts.dedup();
        ids.sort_unstable();
        ids.dedup();
        let user = actor
            .as_ref()
            .and_then(|actor| actor.get("user_id")?.as_str());
        let is_another = |user: &str| !self.ids.contains_key(user);
        Ok(Some(Sighting {
            entry,
            names_another: parts.contains(&PartKind::Actor) && user.is_some_and(is_another),
            keeps_details: keeps_details && !parts.contains(&PartKind::Details),
            parts,
            ids,
        }))
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
    let too_long = |max: usize| {
        let problem = format!("its value has more than {max} bytes, as none that is stored has");
        QueryError::new("also", problem)
    };
    if let Some(member) = text.strip_prefix("context.") {
        let mut filter = self::member(member, door).map_err(wrong)?;
        // It would be everybody of whom nothing is known there.
        if filter
            .values
            .iter()
            .any(|value| matches!(value.trim(), "" | "null"))
        {
            return Err(QueryError::new("also", nobody(text)));
        }
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
    if value.trim().is_empty() {
        return Err(QueryError::new("also", nobody(text)));
    }
    if value.len() > max {
        return Err(too_long(max));
    }
    let filter = ContextFilter {
        path: vec![field.to_owned()],
        values: vec![door.as_asked(field, value, max)],
    };
    Ok((kind, filter))
}

/// Why a place without a value is none.
fn nobody(text: &str) -> String {
    format!(
        "`--also {text}` names nobody: a value that is empty or null would take everybody of whom \
         nothing is known there"
    )
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
