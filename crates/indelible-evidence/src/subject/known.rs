//! What is known about a person: when, what was done, why, and by whom.

use std::collections::HashMap;

use indelible_core::engine::{Audit, Sighting, Subjects};
use indelible_core::entry::Unreadable;
use indelible_core::part::PartKind;
use indelible_core::{AuditError, Entry, Outcome, StoreError, Timestamp, TrailName};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

/// What is known about a person. Its JSON is its `Serialize`.
#[derive(Debug, Serialize)]
pub struct Known {
    /// The trail.
    pub trail: TrailName,
    /// The person's id.
    pub id: String,
    /// The size of the trail that was looked at.
    pub as_of: u64,
    /// The entries that name the person.
    pub entries: Vec<KnownLine>,
}

/// One entry as the person may see it.
#[derive(Debug, Serialize)]
pub struct KnownLine {
    /// Its place in the trail.
    pub seq: u64,
    /// Its id.
    pub id: Uuid,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// What was done.
    pub action: String,
    /// How it ended.
    pub outcome: Outcome,
    /// What it was done to.
    pub resource_type: String,
    /// In which parts the person is named.
    pub named_in: Vec<PartKind>,
    /// Who did it; others than the person as `staff-1`, `staff-2`, …
    pub by: Option<String>,
    /// The context's `purpose`, else its `reason`.
    pub purpose: Option<String>,
    /// The context's `recipient`.
    pub recipient: Option<String>,
    /// Where the person was; of others it is not shown.
    pub ip_address: Option<String>,
    /// What the person used; of others it is not shown.
    pub user_agent: Option<String>,
}

/// Looks for a person, by an id and in further places `PATH=VALUE`, in the whole trail; with
/// `names`, who acted is shown by name. `progress` is told how many entries were looked at.
///
/// # Errors
/// As [`Audit::sightings`].
pub async fn known(
    audit: &Audit,
    (id, also): (&str, Vec<String>),
    names: bool,
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<Known, AuditError> {
    let subjects = Subjects {
        ids: vec![id.to_owned()],
        also,
        widen: Vec::new(),
    };
    let mut lines = Lines {
        own: id.to_owned(),
        names,
        staff: HashMap::new(),
        lines: Vec::new(),
    };
    let mut unreadable: Option<Unreadable> = None;
    let mut each = |sighting: Sighting<'_>| {
        if sighting.parts.is_empty() {
            return;
        }
        match sighting.entry.open(audit.name()) {
            Ok(entry) => lines.add(entry, sighting.parts),
            Err(error) => drop(unreadable.get_or_insert(error)),
        };
    };
    let as_of = audit
        .sightings(&subjects, &mut each, &mut |done, _| progress(done))
        .await?;
    if let Some(unreadable) = unreadable {
        return Err(StoreError::unreadable(unreadable).into());
    }
    Ok(Known {
        trail: audit.name().clone(),
        id: id.to_owned(),
        as_of,
        entries: lines.lines,
    })
}

/// What is shown, in the making.
struct Lines {
    /// The person, who is shown by name.
    own: String,
    names: bool,
    /// Others who acted, by the order in which they come.
    staff: HashMap<String, usize>,
    lines: Vec<KnownLine>,
}

impl Lines {
    fn add(&mut self, entry: Entry, named_in: Vec<PartKind>) {
        // Of whoever acted on behalf of the person they are the other's.
        let acted = entry.user_id.as_ref().is_none_or(|user| *user == self.own);
        let is_own = acted && named_in.contains(&PartKind::Actor);
        let text = |name: &str| {
            let value = entry.context.as_ref()?.get(name)?;
            value.as_str().map(str::to_owned).or_else(|| match value {
                Value::Null => None,
                other => Some(other.to_string()),
            })
        };
        let (purpose, recipient) = (
            text("purpose").or_else(|| text("reason")),
            text("recipient"),
        );
        let by = entry.user_id.map(|user| self.shown(user));
        self.lines.push(KnownLine {
            seq: entry.seq,
            id: entry.id,
            occurred_at: entry.occurred_at,
            action: entry.action,
            outcome: entry.outcome,
            resource_type: entry.resource_type,
            by,
            purpose,
            recipient,
            ip_address: entry.ip_address.filter(|_| is_own),
            user_agent: entry.user_agent.filter(|_| is_own),
            named_in,
        });
    }

    fn shown(&mut self, user: String) -> String {
        if self.names || user == self.own {
            return user;
        }
        let next = self.staff.len() + 1;
        format!("staff-{}", self.staff.entry(user).or_insert(next))
    }
}
