//! What was given up, until the trail says so itself.

use std::sync::{Mutex, MutexGuard, PoisonError};

use indelible_core::{AuditAction, AuditError, AuditEvent, StoreError, Timestamp};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// What was given up under one policy.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Loss {
    pub policy: String,
    /// The action of the first event that was given up.
    pub action: String,
    /// What the first of them met.
    pub code: String,
    pub count: u64,
    pub first: Timestamp,
    pub last: Timestamp,
    /// The id under which it was tried to record it, where it is not known with what outcome.
    pub id: Option<Uuid>,
}

/// All that was given up and is not recorded as such.
#[derive(Debug, Default)]
pub(crate) struct Losses {
    list: Mutex<Changing>,
}

#[derive(Debug, Default)]
struct Changing {
    losses: Vec<Loss>,
    is_kept: bool,
}

impl Losses {
    pub fn of(kept: &[Map<String, Value>]) -> Self {
        let losses = kept.iter().filter_map(Loss::of_object).collect();
        let changing = Changing {
            losses,
            is_kept: true,
        };
        Self {
            list: Mutex::new(changing),
        }
    }

    fn list(&self) -> MutexGuard<'_, Changing> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more event was given up.
    pub fn add(&self, policy: &str, action: &str, error: &AuditError, now: Timestamp) {
        self.merge(Loss {
            policy: policy.to_owned(),
            action: action.to_owned(),
            code: code(error).to_owned(),
            count: 1,
            first: now,
            last: now,
            id: None,
        });
    }

    fn merge(&self, new: Loss) {
        let mut list = self.list();
        list.is_kept = false;
        let open = |loss: &&mut Loss| loss.id.is_none() && loss.policy == new.policy;
        match list.losses.iter_mut().find(open) {
            Some(loss) => {
                if new.first < loss.first {
                    (loss.first, loss.action, loss.code) = (new.first, new.action, new.code);
                }
                loss.count = loss.count.saturating_add(new.count);
                loss.last = loss.last.max(new.last);
            }
            None => list.losses.push(new),
        }
    }

    /// The first, to be recorded under `id` unless it was tried under another before. It stays in
    /// the list, and nothing is added to it, until it is known what became of it.
    pub fn begin(&self, id: Uuid) -> Option<Loss> {
        let mut list = self.list();
        let first = list.losses.first_mut()?;
        let is_new = first.id.is_none();
        first.id = first.id.or(Some(id));
        let first = first.clone();
        list.is_kept &= !is_new;
        Some(first)
    }

    /// What was begun is dealt with.
    pub fn done(&self, begun: &Loss) {
        let mut list = self.list();
        list.is_kept = false;
        list.losses.retain(|loss| loss.id != begun.id);
    }

    /// What was begun was not recorded: more may be added to it.
    pub fn again(&self, begun: Loss) {
        self.done(&begun);
        self.merge(Loss { id: None, ..begun });
    }

    /// The list, where it changed since it was last kept.
    pub fn changed(&self) -> Option<Vec<Map<String, Value>>> {
        let mut list = self.list();
        if list.is_kept {
            return None;
        }
        list.is_kept = true;
        Some(list.losses.iter().map(Loss::to_object).collect())
    }

    /// The list could not be kept.
    pub fn unkept(&self) {
        self.list().is_kept = false;
    }
}

impl Loss {
    /// The event that says so.
    pub fn event(&self) -> AuditEvent {
        let context = json!({
            "failed_action": self.action,
            "error_code": self.code,
            "policy": self.policy,
            "lost_count": self.count,
            "first_at": self.first.to_string(),
            "last_at": self.last.to_string(),
        });
        let mut event = AuditEvent::new(AuditAction::AUDIT_WRITE_FAILED, "audit_log");
        event.id = self.id;
        event.occurred_at(self.last).context(context)
    }

    fn to_object(&self) -> Map<String, Value> {
        let mut object = self.event().to_object();
        object.retain(|name, _| name == "id" || name == "context");
        object
    }

    fn of_object(object: &Map<String, Value>) -> Option<Self> {
        let context = object.get("context")?.as_object()?;
        let text = |name: &str| context.get(name)?.as_str();
        Some(Self {
            policy: text("policy")?.to_owned(),
            action: text("failed_action")?.to_owned(),
            code: text("error_code")?.to_owned(),
            count: context.get("lost_count")?.as_u64()?,
            first: text("first_at")?.parse().ok()?,
            last: text("last_at")?.parse().ok()?,
            id: match object.get("id") {
                Some(id) => Some(id.as_str()?.parse().ok()?),
                None => None,
            },
        })
    }
}

/// A short name of what an event met, free of anything that a database might say.
fn code(error: &AuditError) -> &'static str {
    match error {
        AuditError::Overloaded => "overloaded",
        AuditError::Unanswered { .. } => "unanswered",
        AuditError::SpoolFull { .. } => "spool_full",
        AuditError::Unspooled { .. } => "unspooled",
        AuditError::Refused { .. } => "refused",
        AuditError::Closed => "closed",
        AuditError::IdConflict { .. } => "id_conflict",
        AuditError::Invalid(_) => "invalid",
        AuditError::Store(error) => match **error {
            StoreError::Unavailable { .. } => "store_unavailable",
            StoreError::Unknown { .. } => "store_unknown",
            _ => "store",
        },
        _ => "failed",
    }
}

/// Whether the trail may have the event although the call answered this.
pub(crate) fn may_be_recorded(error: &AuditError) -> bool {
    match error {
        AuditError::Unanswered { .. } => true,
        AuditError::Store(error) => matches!(**error, StoreError::Unknown { .. }),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    #[test]
    fn losses_of_one_policy_are_summed_until_they_may_be_recorded() {
        let losses = Losses::default();
        for second in 1..=3 {
            losses.add(
                "best_effort",
                "user_login",
                &AuditError::Overloaded,
                at(second),
            );
        }
        losses.add("refuse", "x", &AuditError::Closed, at(9));
        let taken = losses.begin(Uuid::from_u128(1)).expect("there");
        assert_eq!((taken.count, taken.first, taken.last), (3, at(1), at(3)));
        assert_eq!(
            taken.event().context.expect("there")["error_code"],
            "overloaded"
        );
        losses.add("best_effort", "user_login", &AuditError::Overloaded, at(4));
        let again = losses.begin(Uuid::from_u128(2)).expect("there");
        assert_eq!((again.count, again.id), (3, Some(Uuid::from_u128(1))));
        losses.again(again);
        let whole = losses.changed().expect("changed");
        let kept = Losses::of(&whole);
        assert_eq!(kept.changed(), None);
        let counts: Vec<_> =
            std::iter::from_fn(|| kept.begin(Uuid::nil()).inspect(|loss| kept.done(loss)))
                .map(|loss| (loss.policy, loss.count, loss.first))
                .collect();
        let (refused, best) = (
            ("refuse".to_owned(), 1, at(9)),
            ("best_effort".to_owned(), 4, at(1)),
        );
        assert_eq!(counts, [refused, best]);
    }
}
