//! What holds rest on: the entries that place them, the codes of these, and the registry.

use std::collections::BTreeMap;

use serde_json::Value;
use uuid::Uuid;

use super::{Hold, HoldRelease, KIND, PLACED, RESOURCE, details};
use crate::engine::audit::Audit;
use crate::engine::included::Tree;
use crate::engine::own::{Author, OWN_CODE, OwnRecords, time_of};
use crate::entry::StoredEntry;
use crate::error::AuditError;
use crate::filter::Filter;
use crate::registry::Versioned;
use crate::store::Find;
use crate::time::Timestamp;

/// What a hold rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HoldStanding {
    /// Its entry, which carries the code of this installation.
    Own,
    /// The registry, and an entry without a code that can be checked.
    Registered,
    /// It cannot be told who recorded its entry, or that it is over: bytes are missing or altered,
    /// or the secret that tells is not at hand. It is in force.
    Unsure,
    /// The registry alone: the trail has no entry of it. It holds everything until it is released.
    Missing,
    /// An entry that somebody else recorded, or recorded again after the hold was over. It holds
    /// nothing.
    Foreign,
}

impl HoldStanding {
    /// What is wrong with it, in words; `None` where nothing is.
    pub const fn problem(self) -> Option<&'static str> {
        match self {
            Self::Own => None,
            Self::Registered => Some(
                "its entry carries no code that can be checked; the registry knows it, and it is in \
                 force",
            ),
            Self::Unsure => Some(
                "it cannot be told who recorded its entry, or that it is over: the entry is altered, \
                 or a code cannot be checked here. It is in force",
            ),
            Self::Missing => Some(
                "the registry knows it, and the trail has no entry of it: it holds everything, until \
                 it is released. `indelible verify` says what is missing",
            ),
            Self::Foreign => Some(
                "somebody else recorded it: it carries no code of this installation, or the hold was \
                 over before, and holds nothing. If it is meant, place one",
            ),
        }
    }
}

/// Entries that place holds and are read at once.
const CHUNK: usize = 256;
/// Holds of others that are listed: whoever may record can make any number.
const FOREIGN_MAX: usize = 1_000;

/// What is needed to tell how holds of a trail stand.
pub(super) struct Looking<'a> {
    pub audit: &'a Audit,
    pub own: OwnRecords,
    pub tree: Tree,
}

/// The holds of a trail as they were looked at.
#[derive(Default)]
pub(super) struct Seen {
    pub holds: Vec<Hold>,
    /// How many of others were met.
    foreign: usize,
    /// Where the next look begins.
    next: u64,
    /// The versions of the registry's rows by the ids of the holds; `None` before the first look.
    versions: Option<BTreeMap<Uuid, u64>>,
}

impl Seen {
    fn add(&mut self, hold: Hold) {
        let is_foreign = hold.standing == HoldStanding::Foreign;
        self.foreign += usize::from(is_foreign);
        if !is_foreign || self.foreign <= FOREIGN_MAX {
            self.holds.push(hold);
        }
    }
}

impl<'a> Looking<'a> {
    pub async fn at(audit: &'a Audit) -> Result<Self, AuditError> {
        Ok(Self {
            own: audit.own_records().await?,
            tree: Tree::of(audit),
            audit,
        })
    }

    pub async fn all(mut self) -> Result<Vec<Hold>, AuditError> {
        let mut seen = Seen::default();
        self.go_on(&mut seen).await?;
        seen.holds.sort_by_key(|hold| hold.seq);
        Ok(seen.holds)
    }

    /// Judges what came since the last look; all anew where a row of the registry is another one.
    /// Answers whether anything did.
    pub async fn go_on(&mut self, seen: &mut Seen) -> Result<bool, AuditError> {
        let mut rows = self.rows().await?;
        let versions = rows.iter().map(|(id, row)| (*id, row.version)).collect();
        let is_new = seen.versions.as_ref() != Some(&versions);
        if is_new {
            *seen = Seen {
                versions: Some(versions),
                ..Seen::default()
            };
        }
        let store = &self.audit.engine.shared.ground.store;
        let mut is_more = is_new;
        loop {
            let find = placed_from(seen.next);
            let entries = store.find(&self.audit.trail, &find).await?;
            let Some(newest) = entries.first() else { break };
            (seen.next, is_more) = (newest.seq + 1, true);
            for entry in entries.iter().rev() {
                let row = rows.remove(&entry.id);
                if row.is_some() && !is_new {
                    // Until now the registry alone knew it.
                    seen.holds.retain(|hold| hold.id != entry.id);
                }
                seen.add(self.hold_of(entry, row.as_ref()).await?);
            }
        }
        // What no index found: an index row is missing, or the entry.
        for (id, row) in rows.into_iter().filter(|_| is_new) {
            seen.holds.extend(self.one(id, Some(&row)).await?);
        }
        Ok(is_more)
    }

    /// The registry's rows of the trail, by the ids of the holds.
    async fn rows(&self) -> Result<BTreeMap<Uuid, Versioned>, AuditError> {
        let registry = &self.audit.engine.shared.ground.registry;
        let rows = registry.list(KIND).await?.into_iter();
        let of_trail = rows.filter_map(|(key, row)| {
            let (trail, id) = key.split_once('/')?;
            let id = (trail == self.audit.trail.as_str()).then(|| id.parse().ok());
            Some((id??, row))
        });
        Ok(of_trail.collect())
    }

    pub async fn one(
        &mut self,
        id: Uuid,
        row: Option<&Versioned>,
    ) -> Result<Option<Hold>, AuditError> {
        if let Some(entry) = self.entry(id, PLACED.as_str()).await? {
            return self.hold_of(&entry, row).await.map(Some);
        }
        let Some(row) = row else { return Ok(None) };
        // One that is over goes with its entries.
        if self.says_over(id, row) {
            return Ok(None);
        }
        let is_untold = !self.own.can_tell() && row.value[OWN_CODE].is_string();
        Ok(Some(Hold {
            id,
            scope: None,
            reason: None,
            matter: None,
            placed_by: None,
            placed_at: time_of(id).unwrap_or(Timestamp::from_micros(0)),
            seq: row.value["seq"].as_u64().unwrap_or(0),
            release: self.release_of(id, &row.value).await?,
            is_known: true,
            standing: match is_untold {
                true => HoldStanding::Unsure,
                false => HoldStanding::Missing,
            },
        }))
    }

    /// Whether Indelible itself has written in the registry that a hold is over.
    fn says_over(&self, id: Uuid, row: &Versioned) -> bool {
        let of = (KIND, &*self.audit.hold_key(id));
        row.value["state"] == "released" && self.own.wrote(of, &row.value)
    }

    /// The entry of an id, where it has this action.
    pub async fn entry(&self, id: Uuid, action: &str) -> Result<Option<StoredEntry>, AuditError> {
        let Some(seq) = self.audit.seq_of(id).await? else {
            return Ok(None);
        };
        let store = &self.audit.engine.shared.ground.store;
        let entry = store.entries(&self.audit.trail, seq..seq + 1).await?.pop();
        Ok(entry.filter(|entry| entry.id == id && entry.action == action))
    }

    async fn hold_of(
        &mut self,
        entry: &StoredEntry,
        row: Option<&Versioned>,
    ) -> Result<Hold, AuditError> {
        let is_whole = self.audit.check_entry(entry).is_ok();
        let author = self.own.author(entry);
        // The code says that it is as it was recorded; without it the tree does.
        let is_own = is_whole && author == Author::Own;
        let is_sound = is_own || is_whole && self.tree.has(entry).await?;
        let release = match row {
            Some(row) => self.release_of(entry.id, &row.value).await?,
            None => HoldRelease::None,
        };
        // The entries that say so went with that of the hold, which somebody recorded again.
        let is_again = !matches!(release, HoldRelease::Approved { .. })
            && row.is_some_and(|row| self.says_over(entry.id, row));
        let standing = match row {
            _ if is_again => HoldStanding::Foreign,
            _ if is_own => HoldStanding::Own,
            Some(_) => HoldStanding::Registered,
            None if author == Author::Other && is_sound => HoldStanding::Foreign,
            None => HoldStanding::Unsure,
        };
        let context = match is_whole {
            true => details(entry)?.unwrap_or_default(),
            false => Value::Null,
        };
        let text = |name: &str| context[name].as_str().map(str::to_owned);
        let pairs = context["scope_filter"].as_array().and_then(|pairs| {
            let pair = |pair: &Value| {
                let (name, value) = pair.as_str()?.split_once('=')?;
                Some((name.to_owned(), value.to_owned()))
            };
            pairs.iter().map(pair).collect::<Option<Vec<_>>>()
        });
        Ok(Hold {
            id: entry.id,
            // What is not believed holds everything.
            scope: pairs.filter(|_| is_sound),
            reason: text("reason"),
            matter: text("matter"),
            placed_by: text("placed_by"),
            placed_at: entry.created_at,
            seq: entry.seq,
            release,
            is_known: row.is_some(),
            standing,
        })
    }
}

/// The question for the entries that place holds from a seq on.
fn placed_from(seq: u64) -> Find {
    Find {
        filter: Filter {
            actions: Some(vec![PLACED.as_str().to_owned()]),
            resource_type: Some(RESOURCE.to_owned()),
            ..Filter::default()
        },
        below: u64::MAX,
        from: Some(seq),
        skip: 0,
        limit: CHUNK,
    }
}
