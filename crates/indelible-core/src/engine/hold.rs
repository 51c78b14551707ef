//! Legal holds: entries that neither go by age nor are erased until two people let them go.
//!
//! The trail says what is held: the entry that places a hold is what holds. The registry says which
//! holds were placed and released through this engine, because whoever may record can make entries
//! that look alike. A hold is over only where both say so; where they differ it is in force.

mod release;

use serde_json::{Value, json};
use uuid::Uuid;

use super::audit::Audit;
use super::erasure::ErasureOrder;
use super::retention::check_by;
use crate::action::AuditAction;
use crate::entry::{Columns, StoredEntry};
use crate::error::AuditError;
use crate::event::AuditEvent;
use crate::filter::Filter;
use crate::part::PartKind;
use crate::query::{Query, QueryError, plan};
use crate::registry::Versioned;
use crate::store::{Find, StoreError};
use crate::time::Timestamp;

/// Says that entries are held.
const PLACED: AuditAction = AuditAction::AUDIT_LEGAL_HOLD_PLACED;
/// Says that they are held no more.
const RELEASED: AuditAction = AuditAction::AUDIT_LEGAL_HOLD_RELEASED;
/// Says that somebody asks for a release.
pub(super) const RELEASE_REQUESTED: AuditAction =
    AuditAction::custom("audit_legal_hold_release_requested");
/// Says that a release was refused.
pub(super) const RELEASE_REFUSED: AuditAction =
    AuditAction::custom("audit_legal_hold_release_refused");
/// The resource type of these entries.
const RESOURCE: &str = "legal_hold";
/// The kind of registry rows of holds; the key is `<trail>/<id>`.
const KIND: &str = "hold";
/// Entries that place holds and are read at once.
const CHUNK: usize = 256;
/// The longest reason and matter, in bytes.
const TEXT_BYTES_MAX: usize = 4096;

/// What is to be held, and why.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HoldOrder {
    /// Which entries: the filters of a question. Without any, all of the trail.
    pub query: Query,
    /// Why.
    pub reason: String,
    /// The matter or authority, as the operator calls it.
    pub matter: Option<String>,
    /// Who places it.
    pub by: String,
}

/// A legal hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Hold {
    /// Its id, which is that of the entry that placed it.
    pub id: Uuid,
    /// What it holds, as pairs of names and values of a question; `None` where the entry does not
    /// tell any more, so that it holds everything.
    pub scope: Option<Vec<(String, String)>>,
    /// Why.
    pub reason: Option<String>,
    /// The matter or authority.
    pub matter: Option<String>,
    /// Who placed it.
    pub placed_by: Option<String>,
    /// When it was recorded.
    pub placed_at: Timestamp,
    /// Where it stands in the trail.
    pub seq: u64,
    /// What became of it.
    pub release: HoldRelease,
    /// Whether the registry knows it. One that it does not know was taken out of there, or was
    /// recorded by somebody who may record and did not place it; it is in force all the same.
    pub is_known: bool,
}

/// How far the release of a hold is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum HoldRelease {
    /// Nobody asked for it.
    None,
    /// Somebody asked, and somebody else is to approve.
    Requested {
        /// Who asked.
        by: String,
    },
    /// It is over.
    Approved {
        /// Who asked.
        by: String,
        /// Who approved.
        approved_by: String,
    },
}

impl Hold {
    /// Whether it holds.
    pub fn is_in_force(&self) -> bool {
        !matches!(self.release, HoldRelease::Approved { .. })
    }
}

/// The holds in force, ready to be asked.
#[derive(Debug, Default)]
pub(super) struct InForce(Vec<(String, Filter, u64)>);

impl InForce {
    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The id of a hold that holds an entry. The entry that places one is held by it.
    pub fn of(&self, entry: &StoredEntry) -> Result<Option<&str>, StoreError> {
        let Self(holds) = self;
        if holds.is_empty() {
            return Ok(None);
        }
        let columns = Columns::derive(entry).map_err(StoreError::unreadable)?;
        for (id, filter, seq) in holds {
            if *seq == entry.seq
                || filter
                    .matches(entry, &columns)
                    .map_err(StoreError::unreadable)?
            {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }
}

/// The holds in force of a trail.
pub(super) async fn in_force(audit: &Audit) -> Result<InForce, AuditError> {
    let holds = audit.holds().await?;
    let holds = holds.iter().filter(|hold| hold.is_in_force());
    let holds = holds.map(|hold| (hold.id.to_string(), audit.filter_of(hold), hold.seq));
    Ok(InForce(holds.collect()))
}

/// An order of erasure with these holds of the trail beside those that it names.
pub(super) fn with_holds(audit: &Audit, order: &ErasureOrder, holds: &[Hold]) -> ErasureOrder {
    let mut order = order.clone();
    let holds = holds.iter().filter(|hold| hold.is_in_force());
    order.holds.extend(holds.map(|hold| audit.filter_of(hold)));
    order
}

impl Audit {
    /// Places a hold: what it names does not go by age and is not erased until it is released.
    ///
    /// # Errors
    /// [`AuditError::Query`] where the order is ill-formed; [`AuditError::Refused`] where the trail
    /// accepts no writes.
    pub async fn place_hold(&self, order: &HoldOrder) -> Result<Hold, AuditError> {
        check_by(&order.by)?;
        check_text("reason", Some(&order.reason))?;
        check_text("matter", order.matter.as_deref())?;
        self.check_may_write().await?;
        let shared = &self.engine.shared;
        let scope = self.scope(&order.query)?;
        let id = shared.door.fresh_id();
        let context = json!({
            "hold_id": id,
            "matter": order.matter,
            "scope_filter": scope,
            "reason": order.reason,
            "placed_by": order.by,
        });
        let event = AuditEvent::new(PLACED, RESOURCE)
            .id(id)
            .user_id(&order.by)
            .resource_id(id.to_string())
            .context(context.clone());
        // What it holds is read from the entry, where redaction may have changed a value.
        let admitted = shared.door.admit(event.clone())?;
        let kept = details(&admitted.new.entry)?;
        if kept.as_ref().map(|kept| &kept["scope_filter"]) != Some(&context["scope_filter"]) {
            let problem = "redaction would change a value of it, so that the hold would not say \
                           what it holds; hold by another field";
            return Err(QueryError::new("filter", problem).into());
        }
        let receipt = self.record_own(event, Vec::new()).await?;
        let row = json!({"state": "placed"});
        let key = self.hold_key(id);
        shared
            .ground
            .registry
            .put(KIND, &key, None, Some(&row))
            .await?;
        let hold = self.hold(id).await?;
        hold.ok_or_else(|| {
            let seq = receipt.seq.unwrap_or(0);
            StoreError::damaged_row(seq, "it is not there after it was recorded").into()
        })
    }

    /// All holds that the trail tells of, the oldest first, and how each of them stands.
    ///
    /// # Errors
    /// [`AuditError::Store`].
    pub async fn holds(&self) -> Result<Vec<Hold>, AuditError> {
        let ground = &self.engine.shared.ground;
        let mut rows = std::collections::HashMap::new();
        for (key, row) in ground.registry.list(KIND).await? {
            rows.insert(key, row);
        }
        let mut holds = Vec::new();
        let mut next = 0;
        loop {
            let entries = ground.store.find(&self.trail, &placed_from(next)).await?;
            let Some(newest) = entries.first() else {
                return Ok(holds);
            };
            next = newest.seq + 1;
            for entry in entries.iter().rev() {
                let row = rows.get(&self.hold_key(entry.id));
                holds.push(self.hold_of(entry, row).await?);
            }
        }
    }

    /// One hold, `None` where the trail tells of none of this id.
    ///
    /// # Errors
    /// [`AuditError::Store`].
    pub async fn hold(&self, id: Uuid) -> Result<Option<Hold>, AuditError> {
        let Some(seq) = self.seq_of(id).await? else {
            return Ok(None);
        };
        let ground = &self.engine.shared.ground;
        let entry = ground.store.entries(&self.trail, seq..seq + 1).await?.pop();
        let Some(entry) = entry.filter(|entry| entry.action == PLACED.as_str()) else {
            return Ok(None);
        };
        let row = ground.registry.get(KIND, &self.hold_key(id)).await?;
        self.hold_of(&entry, row.as_ref()).await.map(Some)
    }

    fn hold_key(&self, id: Uuid) -> String {
        format!("{}/{id}", self.trail)
    }

    /// The filters of a question as an entry keeps them: `name=value`.
    fn scope(&self, query: &Query) -> Result<Vec<String>, QueryError> {
        super::paging::check_no_page(query)?;
        if query.as_of.is_some() {
            return Err(QueryError::new("as_of", "a hold is of what comes, too"));
        }
        // It must be a question at all.
        plan(query, &self.trail, &self.engine.shared.door)?;
        let pairs = query.to_parameters().into_iter();
        Ok(pairs
            .map(|(name, value)| format!("{name}={value}"))
            .collect())
    }

    /// What a hold holds; everything, where that cannot be told.
    fn filter_of(&self, hold: &Hold) -> Filter {
        let Some(scope) = &hold.scope else {
            return Filter::default();
        };
        let pairs = scope.iter().map(|(name, value)| (&**name, &**value));
        let query = Query::from_parameters(pairs, hold.placed_at);
        let plan = query.and_then(|query| plan(&query, &self.trail, &self.engine.shared.door));
        plan.map(|plan| plan.filter).unwrap_or_default()
    }

    async fn hold_of(
        &self,
        entry: &StoredEntry,
        row: Option<&Versioned>,
    ) -> Result<Hold, AuditError> {
        let context = details(entry)?.unwrap_or_default();
        let text = |name: &str| context[name].as_str().map(str::to_owned);
        let pairs = context["scope_filter"].as_array().and_then(|pairs| {
            let pair = |pair: &Value| {
                let (name, value) = pair.as_str()?.split_once('=')?;
                Some((name.to_owned(), value.to_owned()))
            };
            pairs.iter().map(pair).collect::<Option<Vec<_>>>()
        });
        // Bytes that do not give their leaf are not believed: then it holds everything.
        let scope = pairs.filter(|_| self.check_entry(entry).is_ok());
        Ok(Hold {
            id: entry.id,
            scope,
            reason: text("reason"),
            matter: text("matter"),
            placed_by: text("placed_by"),
            placed_at: entry.created_at,
            seq: entry.seq,
            release: match row {
                Some(row) => self.release_of(entry.id, &row.value).await?,
                None => HoldRelease::None,
            },
            is_known: row.is_some(),
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

/// The context of an entry, where it has one.
fn details(entry: &StoredEntry) -> Result<Option<Value>, StoreError> {
    let details = entry
        .body(PartKind::Details)
        .map_err(StoreError::unreadable)?;
    Ok(details.map(|details| details["context"].clone()))
}

fn check_text(field: &'static str, text: Option<&str>) -> Result<(), QueryError> {
    match text.map(str::trim) {
        Some("") => Err(QueryError::new(field, "a hold says why")),
        Some(text) if text.len() > TEXT_BYTES_MAX => {
            let problem = format!("it has up to {TEXT_BYTES_MAX} bytes");
            Err(QueryError::new(field, problem))
        }
        _ => Ok(()),
    }
}
