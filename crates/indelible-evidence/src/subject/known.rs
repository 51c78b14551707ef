//! What is known about a person: when, what was done, why, and by whom.

mod writing;

use std::collections::{HashMap, VecDeque};

use indelible_core::engine::{Audit, Sighting, Subjects};
use indelible_core::entry::Unreadable;
use indelible_core::part::PartKind;
use indelible_core::{AuditError, Entry, Outcome, StoreError, Timestamp, TrailName};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

pub use writing::KnownWriter;

/// Whom to look for.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// The person's id.
    pub id: String,
    /// Further places, each `PATH=VALUE`.
    pub also: Vec<String>,
    /// Whether others who acted are shown by name.
    pub names: bool,
}

/// How much of what is known is listed: the newest of it, and all is counted.
#[derive(Debug, Clone, Copy)]
pub struct Listed {
    /// Entries at most.
    pub entries: usize,
    /// Bytes of them at most; the newest entry is listed however long it is.
    pub bytes: usize,
    /// Only entries before this one, where it is given.
    pub before: Option<u64>,
}

impl Listed {
    /// All of it.
    pub const ALL: Self = Self {
        entries: usize::MAX,
        bytes: usize::MAX,
        before: None,
    };
}

/// What is known about a person. Its JSON is what a [`KnownWriter`] writes.
#[derive(Debug)]
pub struct Known {
    /// The trail.
    pub trail: TrailName,
    /// The person's id.
    pub id: String,
    /// The entries that name the person and are listed, the oldest first.
    pub entries: Vec<KnownLine>,
    /// The size of the trail that was looked at.
    pub as_of: u64,
    /// How many entries name the person.
    pub total: u64,
    /// Whether older ones than the first that is listed do.
    pub truncated: bool,
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

/// Looks for a person in the whole trail. Of what names them no more is held than is listed.
/// `progress` is told how many entries were looked at.
///
/// # Errors
/// As [`Audit::sightings`].
pub async fn known(
    audit: &Audit,
    wanted: &Wanted,
    listed: Listed,
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<Known, AuditError> {
    let mut newest = Newest {
        listed,
        lines: VecDeque::new(),
        bytes: 0,
        total: 0,
        truncated: false,
    };
    let as_of = look(audit, wanted, &mut |line| newest.add(line), progress).await?;
    let mut staff = Staff::of(wanted);
    let entries = newest.lines.into_iter().map(|line| staff.masked(line));
    Ok(Known {
        trail: audit.name().clone(),
        id: wanted.id.clone(),
        entries: entries.collect(),
        as_of,
        total: newest.total,
        truncated: newest.truncated,
    })
}

/// The same, all of it and nothing held: `each` is given one entry after the other, the oldest
/// first. Answers the size of the trail that was looked at.
///
/// # Errors
/// As [`Audit::sightings`].
pub async fn each_known(
    audit: &Audit,
    wanted: &Wanted,
    each: &mut (dyn FnMut(KnownLine) + Send),
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<u64, AuditError> {
    let mut staff = Staff::of(wanted);
    look(
        audit,
        wanted,
        &mut |line| each(staff.masked(line)),
        progress,
    )
    .await
}

/// Gives `each` every entry that names the person, with who acted by name.
async fn look(
    audit: &Audit,
    wanted: &Wanted,
    each: &mut (dyn FnMut(KnownLine) + Send),
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<u64, AuditError> {
    let subjects = Subjects {
        ids: vec![wanted.id.clone()],
        also: wanted.also.clone(),
        widen: Vec::new(),
    };
    let mut unreadable: Option<Unreadable> = None;
    let mut each = |sighting: Sighting<'_>| {
        if sighting.parts.is_empty() {
            return;
        }
        match sighting.entry.clone().open(audit.name()) {
            Ok(entry) => each(KnownLine::of(entry, sighting.parts, &wanted.id)),
            Err(error) => drop(unreadable.get_or_insert(error)),
        };
    };
    let as_of = audit
        .sightings(&subjects, &mut each, &mut |done, _| progress(done))
        .await?;
    match unreadable {
        Some(unreadable) => Err(StoreError::unreadable(unreadable).into()),
        None => Ok(as_of),
    }
}

/// The newest entries, as many as are listed.
struct Newest {
    listed: Listed,
    lines: VecDeque<KnownLine>,
    bytes: usize,
    total: u64,
    truncated: bool,
}

impl Newest {
    fn add(&mut self, line: KnownLine) {
        self.total += 1;
        if self.listed.before.is_some_and(|before| line.seq >= before) {
            return;
        }
        self.bytes += line.bytes();
        self.lines.push_back(line);
        let Listed { entries, bytes, .. } = self.listed;
        while self.lines.len() > entries || self.bytes > bytes && self.lines.len() > 1 {
            let gone = self.lines.pop_front();
            self.bytes -= gone.map_or(0, |line| line.bytes());
            self.truncated = true;
        }
    }
}

/// Others who acted, by the order in which they come.
struct Staff<'w> {
    wanted: &'w Wanted,
    others: HashMap<String, usize>,
}

impl<'w> Staff<'w> {
    fn of(wanted: &'w Wanted) -> Self {
        let others = HashMap::new();
        Self { wanted, others }
    }

    /// The same line, with who acted as the person may see it.
    fn masked(&mut self, mut line: KnownLine) -> KnownLine {
        line.by = line.by.map(|user| match self.wanted {
            Wanted { names: true, .. } => user,
            Wanted { id, .. } if *id == user => user,
            _ => {
                let next = self.others.len() + 1;
                format!("staff-{}", self.others.entry(user).or_insert(next))
            }
        });
        line
    }
}

impl KnownLine {
    fn of(entry: Entry, named_in: Vec<PartKind>, person: &str) -> Self {
        // Of whoever acted on behalf of the person they are the other's.
        let acted = entry.user_id.as_ref().is_none_or(|user| user == person);
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
        Self {
            seq: entry.seq,
            id: entry.id,
            occurred_at: entry.occurred_at,
            action: entry.action,
            outcome: entry.outcome,
            resource_type: entry.resource_type,
            by: entry.user_id,
            purpose,
            recipient,
            ip_address: entry.ip_address.filter(|_| is_own),
            user_agent: entry.user_agent.filter(|_| is_own),
            named_in,
        }
    }

    /// About as many as it takes.
    fn bytes(&self) -> usize {
        const REST: usize = 512;
        let texts = [
            &self.by,
            &self.purpose,
            &self.recipient,
            &self.ip_address,
            &self.user_agent,
        ];
        let texts = texts.into_iter().flatten().map(String::len).sum::<usize>();
        REST + self.action.len() + self.resource_type.len() + texts
    }
}
