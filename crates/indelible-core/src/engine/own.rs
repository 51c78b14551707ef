//! What Indelible itself records in a trail and acts on later, told from entries that look alike.
//!
//! Whoever may record can record an event of any action: a hold, a decision about a finding, a
//! policy. Nothing is refused for its content, so that our own exports can be imported again. What
//! Indelible says itself carries a code that only the holder of the installation's secret makes,
//! and nothing is done for an entry without it. `docs/decisions/0018-own-records.md`.

use hmac::{Hmac, Mac};
use serde_json::{Map, Value};
use sha2::Sha256;
use uuid::Uuid;

use super::audit::Audit;
use super::erasure;
use super::secrets::Kept;
use crate::entry::{Erasure, StoredEntry};
use crate::error::AuditError;
use crate::event::AuditEvent;
use crate::head_key::keyed;
use crate::json::canonical;
use crate::outcome::Outcome;
use crate::part::PartKind;
use crate::protocol::Receipt;
use crate::query::QueryError;
use crate::state::{Purpose, Secret};
use crate::time::Timestamp;
use crate::trail::TrailName;

/// The member of the context that holds the code.
pub const OWN_CODE: &str = "own_code";

const DOMAIN: &[u8] = b"indelible/own-record/v1\n";
/// Of rows of the registry.
const ROW_DOMAIN: &[u8] = b"indelible/own-row/v1\n";
/// The longest time between the id of an own entry, which is fresh, and its place in the trail. One
/// that was recorded later was kept by somebody until retention had set its id free.
const FRESH_MICROS: u64 = 60 * 60 * 1_000_000;
/// Hexadecimal digits of a code.
const CODE_DIGITS: usize = 64;

/// What Indelible says of its keeping of a trail, in that trail: its details are kept for as long
/// as the entry is. No other action is its own there: applications and imports have records of
/// their own that begin with `audit_`.
const KEEPING: [&str; 25] = [
    "audit_archive_restored",
    "audit_finding_assigned",
    "audit_finding_raised",
    "audit_finding_resolved",
    "audit_integrity_failed",
    "audit_integrity_verified",
    "audit_key_rotated",
    "audit_legal_hold_placed",
    "audit_legal_hold_release_refused",
    "audit_legal_hold_release_requested",
    "audit_legal_hold_released",
    "audit_records_expired",
    "audit_report_generated",
    "audit_retention_policy_changed",
    "audit_retention_run_refused",
    "audit_review_completed",
    "audit_review_missed",
    "audit_review_started",
    "audit_subject_erased",
    "audit_subject_erasure_approved",
    "audit_subject_erasure_refused",
    "audit_subject_erasure_requested",
    "audit_trail_copy_abandoned",
    "audit_trail_copy_started",
    "audit_trail_succeeded",
];

/// That a program is wired to a trail: a record of Indelible's own that says nothing of its keeping.
const SELF_CHECKED: &str = "audit_self_checked";

/// Those that something is done for later, and that carry the code therefore.
const ACTED_ON: [&str; 15] = [
    "audit_archive_restored",
    "audit_finding_assigned",
    "audit_finding_raised",
    "audit_finding_resolved",
    "audit_legal_hold_placed",
    "audit_legal_hold_release_requested",
    "audit_legal_hold_released",
    "audit_records_expired",
    "audit_retention_policy_changed",
    "audit_review_completed",
    "audit_review_missed",
    "audit_review_started",
    "audit_subject_erasure_approved",
    "audit_subject_erasure_refused",
    "audit_subject_erasure_requested",
];

/// Whether an entry of this action says how a trail is kept.
pub(super) fn is_keeping(action: &str) -> bool {
    KEEPING.contains(&action)
}

/// The actions that Indelible itself records, beside those that the catalogue has anyway. Whoever may
/// record can record one: [`OwnRecords`] tells who did.
pub fn own_actions() -> impl Iterator<Item = &'static str> {
    KEEPING.into_iter().chain([SELF_CHECKED])
}

/// Who recorded an entry that looks like one of Indelible's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Author {
    /// Indelible itself, of this installation and for this trail.
    Own,
    /// Somebody else: an application, an import, whoever may record.
    Other,
    /// It cannot be told: the secret is not at hand, or the part with the code is not there.
    Unknown,
}

/// Tells the own records of one trail from others.
pub struct OwnRecords {
    trail: TrailName,
    secret: Option<Secret>,
}

impl OwnRecords {
    /// Who recorded an entry: a code counts only where the entry was recorded when its id was made.
    /// Says nothing of whether it is as it was recorded: [`Audit::check_entry`].
    pub fn author(&self, entry: &StoredEntry) -> Author {
        let is_gone = entry.part_hashes.details.is_some() && entry.parts.details.is_none();
        if is_gone {
            return Author::Unknown;
        }
        let details = entry.body(PartKind::Details).ok().flatten();
        let context = details.and_then(|mut it| it.get_mut("context").map(Value::take));
        let Some(Value::Object(mut context)) = context else {
            return Author::Other;
        };
        let code = context.remove(OWN_CODE);
        let code = code.as_ref().and_then(Value::as_str).and_then(bytes);
        match (code, &self.secret) {
            (None, _) => Author::Other,
            (Some(_), _) if !is_fresh(entry) => Author::Other,
            (Some(_), None) => Author::Unknown,
            (Some(code), Some(secret)) => {
                let StoredEntry {
                    id,
                    action,
                    outcome,
                    resource_type,
                    ..
                } = entry;
                let skeleton = (*id, &**action, *outcome, &**resource_type);
                let made = code_of(secret, &self.trail, skeleton, &context);
                match made.verify_slice(&code) {
                    Ok(()) => Author::Own,
                    Err(_) => Author::Other,
                }
            }
        }
    }

    /// Whether an entry may be taken at its word: Indelible itself has recorded it, or nothing is done
    /// for any of its action.
    pub fn may_be_believed(&self, entry: &StoredEntry) -> bool {
        !ACTED_ON.contains(&&*entry.action) || self.author(entry) == Author::Own
    }

    /// Whether the secret is at hand, without which nothing can be told.
    pub(super) fn can_tell(&self) -> bool {
        self.secret.is_some()
    }

    /// Whether Indelible has written a row of the registry as it stands.
    pub(super) fn wrote(&self, of: (&str, &str), row: &Value) -> bool {
        let mut row = row.clone();
        let code = row.as_object_mut().and_then(|row| row.remove(OWN_CODE));
        let code = code.as_ref().and_then(Value::as_str).and_then(bytes);
        match (&self.secret, code) {
            (Some(secret), Some(code)) => code_of_row(secret, of, &row).verify_slice(&code).is_ok(),
            _ => false,
        }
    }
}

impl Audit {
    /// A row of the registry of this kind, at this key, under the code.
    pub(super) async fn coded_row(
        &self,
        of: (&str, &str),
        mut row: Value,
    ) -> Result<Value, AuditError> {
        let secret = self.engine.secret(Purpose::OwnRecords).await?;
        let made = code_of_row(&secret, of, &row);
        row[OWN_CODE] = hex(&made.finalize().into_bytes()).into();
        Ok(row)
    }

    /// What tells the own records of this trail from others.
    ///
    /// # Errors
    /// [`AuditError::State`], [`AuditError::Store`].
    pub async fn own_records(&self) -> Result<OwnRecords, AuditError> {
        let (trail, purpose) = (self.trail.clone(), Purpose::OwnRecords);
        // With another secret than the database's nothing can be told.
        let secret = match self.engine.kept_secret(purpose).await? {
            Kept::Same => self.engine.ground().state.kept_secret(purpose)?,
            Kept::Missing | Kept::Other => None,
        };
        Ok(OwnRecords { trail, secret })
    }

    /// Records what Indelible itself says of this trail, under its code where something is done for
    /// it later; also in the trail `system`. Not for what callers hand in.
    ///
    /// # Errors
    /// [`AuditError::OtherSecret`] where the secret is not that of the database;
    /// [`AuditError::Query`] where it is too long for an entry; those of
    /// [`crate::AuditProtocol::record`].
    pub async fn record_of_own(&self, event: AuditEvent) -> Result<Receipt, AuditError> {
        self.check_not_read_only()?;
        self.record_own(event, Vec::new()).await
    }

    /// The same, with what it erases.
    pub(super) async fn record_own(
        &self,
        event: AuditEvent,
        erases: Vec<Erasure>,
    ) -> Result<Receipt, AuditError> {
        let event = match ACTED_ON.contains(&event.action.as_ref()) {
            true => self.coded(event).await?,
            false => event,
        };
        erasure::record(&self.engine.shared, &self.trail, event, erases).await
    }

    /// The event as it is stored, with the code of that.
    ///
    /// # Errors
    /// [`AuditError::Query`] where it is too long for an entry, or the rules of redaction would take
    /// its code away: recorded so, it would count for nothing.
    async fn coded(&self, mut event: AuditEvent) -> Result<AuditEvent, AuditError> {
        let secret = self.engine.secret(Purpose::OwnRecords).await?;
        let door = &self.engine.shared.door;
        if let Some(Value::Object(context)) = &mut event.context {
            context.remove(OWN_CODE);
        }
        // Redaction and cuts come first: the code is of what is kept.
        let mut event = door.prepare(event)?;
        let mut context = match event.context.take() {
            Some(Value::Object(context)) => context,
            _ => Map::new(),
        };
        let skeleton = (
            event.id.unwrap_or_default(),
            event.action.as_ref(),
            event.outcome.unwrap_or_else(|| event.action.outcome()),
            &*event.resource_type,
        );
        let made = code_of(&secret, &self.trail, skeleton, &context);
        context.insert(
            OWN_CODE.to_owned(),
            hex(&made.finalize().into_bytes()).into(),
        );
        event.context = Some(Value::Object(context));
        let kept = door.admit(event.clone())?.new.entry;
        let own = OwnRecords {
            trail: self.trail.clone(),
            secret: Some(secret),
        };
        if own.author(&kept) != Author::Own {
            let problem = "what it says is too long for an entry, or redaction takes its code away";
            return Err(QueryError::new("context", problem).into());
        }
        Ok(event)
    }
}

/// Whether an entry was recorded when its id was made.
fn is_fresh(entry: &StoredEntry) -> bool {
    let made = time_of(entry.id);
    made.is_some_and(|made| {
        let since = entry.created_at.as_micros().abs_diff(made.as_micros());
        since <= FRESH_MICROS
    })
}

/// When an id was made, as it says itself.
pub(super) fn time_of(id: Uuid) -> Option<Timestamp> {
    let millis = (id.get_version_num() == 7).then(|| i64::try_from(id.as_u128() >> 80))?;
    Some(Timestamp::from_micros(millis.ok()? * 1_000))
}

/// The code of an entry that says this.
fn code_of(
    secret: &Secret,
    trail: &TrailName,
    (id, action, outcome, resource_type): (Uuid, &str, Outcome, &str),
    context: &Map<String, Value>,
) -> Hmac<Sha256> {
    let mut hmac = keyed(secret.expose());
    hmac.update(DOMAIN);
    hmac.update(format!("{trail}\n{id}\n{action}\n{outcome}\n{resource_type}\n").as_bytes());
    let mut said = Vec::new();
    canonical::write_object(context, &mut said);
    hmac.update(&said);
    hmac
}

/// The code of a row of the registry, of this kind, at this key.
fn code_of_row(secret: &Secret, (kind, key): (&str, &str), row: &Value) -> Hmac<Sha256> {
    let mut hmac = keyed(secret.expose());
    hmac.update(ROW_DOMAIN);
    hmac.update(format!("{kind}\n{key}\n").as_bytes());
    hmac.update(&canonical::to_vec(row));
    hmac
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(text: &str) -> Option<[u8; CODE_DIGITS / 2]> {
    Secret::from_hex(text).map(|code| *code.expose())
}
