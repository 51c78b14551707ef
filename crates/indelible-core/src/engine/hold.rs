//! Legal holds: entries that neither go by age nor are erased until two people let them go.
//!
//! The trail says what is held: the entry that places a hold is what holds, where it carries the
//! code of this installation ([`super::own`]), because whoever may record can make entries that look
//! alike. The registry says the same a second time. A hold is over only where both say so; where
//! they differ, or something cannot be told, it is in force.

mod accounted;
mod in_force;
mod release;
mod standing;
mod watch;

use serde_json::{Value, json};
use uuid::Uuid;

use super::audit::Audit;
use super::retention::check_by;
use crate::action::AuditAction;
use crate::entry::StoredEntry;
use crate::error::AuditError;
use crate::event::AuditEvent;
use crate::filter::Filter;
use crate::part::PartKind;
use crate::query::{Query, QueryError, plan};
use crate::store::StoreError;
use crate::time::Timestamp;

pub(super) use in_force::InForce;
pub use standing::HoldStanding;
use standing::Looking;
pub(super) use watch::Watch;

/// Says that entries are held.
const PLACED: AuditAction = AuditAction::AUDIT_LEGAL_HOLD_PLACED;
/// Says that they are held no more.
const RELEASED: AuditAction = AuditAction::AUDIT_LEGAL_HOLD_RELEASED;
/// Says that somebody asks for a release.
const RELEASE_REQUESTED: AuditAction = AuditAction::custom("audit_legal_hold_release_requested");
/// Says that a release was refused.
const RELEASE_REFUSED: AuditAction = AuditAction::custom("audit_legal_hold_release_refused");
/// The resource type of these entries.
const RESOURCE: &str = "legal_hold";
/// The kind of registry rows of holds; the key is `<trail>/<id>`.
pub(super) const KIND: &str = "hold";
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
    /// Where it stands in the trail; where that has no entry of it, where the registry says.
    pub seq: u64,
    /// What became of it.
    pub release: HoldRelease,
    /// Whether the registry knows it.
    pub is_known: bool,
    /// What it rests on.
    pub standing: HoldStanding,
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
        let is_over = matches!(self.release, HoldRelease::Approved { .. });
        self.standing != HoldStanding::Foreign && !is_over
    }
}

/// The holds in force of a trail, in the order of it.
pub(super) async fn held(audit: &Audit) -> Result<Vec<Hold>, AuditError> {
    let mut holds = audit.holds().await?;
    holds.retain(Hold::is_in_force);
    Ok(holds)
}

/// The same, ready to be asked.
pub(super) async fn in_force(audit: &Audit) -> Result<InForce, AuditError> {
    Ok(InForce::over(audit, &held(audit).await?))
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
        let row = json!({"state": "placed", "seq": receipt.seq});
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

    /// All holds that the trail or the registry tells of, the oldest first, and how each of them
    /// stands; of those that somebody else recorded the first thousand.
    ///
    /// # Errors
    /// [`AuditError::Store`]; [`AuditError::State`] where the secret of own records cannot be read.
    pub async fn holds(&self) -> Result<Vec<Hold>, AuditError> {
        Looking::at(self).await?.all().await
    }

    /// One hold, `None` where neither the trail nor the registry tells of one of this id.
    ///
    /// # Errors
    /// As [`Audit::holds`].
    pub async fn hold(&self, id: Uuid) -> Result<Option<Hold>, AuditError> {
        let row = self
            .engine
            .shared
            .ground
            .registry
            .get(KIND, &self.hold_key(id))
            .await?;
        Looking::at(self).await?.one(id, row.as_ref()).await
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
}

/// The context of an entry, where it has one.
pub(super) fn details(entry: &StoredEntry) -> Result<Option<Value>, StoreError> {
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
