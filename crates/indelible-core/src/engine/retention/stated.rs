//! The policy in force, which the registry and an entry of Indelible's own must state alike.

use serde_json::{Value, json};

use super::{CHANGED, EXPIRED, Kept, POLICY, RetentionPolicy};
use crate::action::AuditAction;
use crate::engine::audit::Audit;
use crate::engine::hold::details;
use crate::engine::included::Tree;
use crate::engine::own::{Author, OwnRecords};
use crate::engine::signatory::Signatory;
use crate::entry::StoredEntry;
use crate::error::AuditError;
use crate::filter::Filter;
use crate::query::QueryError;
use crate::store::Find;

/// Entries that set policies and are read at once.
const CHUNK: usize = 64;

/// The policy in force, `None` where there is none.
pub(super) async fn in_force(audit: &Audit) -> Result<Option<RetentionPolicy>, AuditError> {
    Ok(stated(audit).await?.map(|stated| stated.policy))
}

/// A policy, and who set it: a name, or the id of an API key and what that is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Statement {
    pub policy: RetentionPolicy,
    pub set_by: SetBy,
}

/// As entries say it.
pub(super) type SetBy = [Option<String>; 2];
/// The members of an entry's context that do.
pub(super) const SET_BY: [&str; 2] = ["changed_by", "changed_by_name"];

/// Who set a policy, by the context of an entry that states it.
pub(super) fn set_by(context: &Value) -> SetBy {
    SET_BY.map(|member| context[member].as_str().map(str::to_owned))
}

/// Whom that names; nobody where an earlier build has named a key and not whose it is.
pub(super) fn signatory([by, name]: &SetBy) -> Option<Signatory<'_>> {
    let (by, name) = (by.as_deref()?, name.as_deref());
    Some(Signatory { by, name }).filter(Signatory::is_told)
}

/// The policy in force and who set it, `None` where there is none.
pub(super) async fn stated(audit: &Audit) -> Result<Option<Statement>, AuditError> {
    let registry = &audit.engine.shared.ground.registry;
    let mut stated = Stated::of(audit).await?;
    let Some(row) = registry.get(POLICY, audit.trail.as_str()).await? else {
        return match stated.last(CHANGED).await? {
            None => Ok(None),
            Some(seq) => Err(audit.no_retention(format!(
                "entry {seq} sets one, and the database keeps none: set it again"
            ))),
        };
    };
    let kept: Kept = serde_json::from_value(row.value)
        .map_err(|error| audit.no_retention(format!("it cannot be read: {error}")))?;
    let seq = audit.seq_of(kept.entry).await?;
    let said = match seq {
        Some(seq) => stated.statement(seq).await?,
        None => None,
    };
    let said = said.filter(|said| said.policy == kept.policy);
    let (Some(seq), Some(said)) = (seq, said) else {
        let problem = "the database keeps another one than the trail says was set: set it again";
        return Err(audit.no_retention(problem));
    };
    // An entry that says what went by a policy decides only where none that sets one is left: it may
    // stand behind one that set another.
    let last = match stated.last(CHANGED).await? {
        None => stated.last(EXPIRED).await?,
        set => set,
    };
    let Some(last) = last.filter(|last| *last != seq) else {
        return Ok(Some(said));
    };
    // Who set it last is who has it in force.
    let last_said = stated.statement(last).await?;
    if let Some(last_said) = last_said.filter(|last_said| last_said.policy == kept.policy) {
        return Ok(Some(last_said));
    }
    Err(audit.no_retention(format!(
        "the database keeps the one of entry {seq}, and entry {last} sets another: set it again"
    )))
}

/// Reads what a trail states of its policies.
pub(super) struct Stated<'a> {
    audit: &'a Audit,
    own: OwnRecords,
    tree: Tree,
}

impl<'a> Stated<'a> {
    pub async fn of(audit: &'a Audit) -> Result<Self, AuditError> {
        Ok(Self {
            own: audit.own_records().await?,
            tree: Tree::of(audit),
            audit,
        })
    }

    /// The policy that an entry states which Indelible itself has recorded.
    pub async fn policy(&mut self, seq: u64) -> Result<Option<RetentionPolicy>, AuditError> {
        Ok(self.statement(seq).await?.map(|stated| stated.policy))
    }

    async fn statement(&mut self, seq: u64) -> Result<Option<Statement>, AuditError> {
        let store = &self.audit.engine.shared.ground.store;
        let entry = store.entries(&self.audit.trail, seq..seq + 1).await?.pop();
        let states = |entry: &StoredEntry| {
            let mut actions = [CHANGED, EXPIRED].into_iter();
            actions.any(|action| action.as_str() == entry.action)
        };
        let Some(entry) = entry.filter(states) else {
            return Ok(None);
        };
        if !self.tree.has(&entry).await? {
            return Err(crate::engine::prove::altered(seq));
        }
        match self.own.author(&entry) {
            Author::Own => {}
            Author::Other => return Ok(None),
            Author::Unknown => {
                let problem = format!(
                    "it cannot be told who recorded entry {seq}, which sets it: the secret for \
                     own-records is not at hand"
                );
                return Err(self.audit.no_retention(problem));
            }
        }
        let said = details(&entry)?.unwrap_or_default();
        let policy = serde_json::from_value(said["policy"].clone()).ok();
        Ok(policy.map(|policy| Statement {
            policy,
            set_by: set_by(&said),
        }))
    }

    /// The last entry of an action that states a policy, or may.
    async fn last(&mut self, action: AuditAction) -> Result<Option<u64>, AuditError> {
        let mut find = Find {
            filter: Filter {
                actions: Some(vec![action.as_str().to_owned()]),
                ..Filter::default()
            },
            below: u64::MAX,
            from: None,
            skip: 0,
            limit: CHUNK,
        };
        let store = &self.audit.engine.shared.ground.store;
        loop {
            // The newest first.
            let entries = store.find(&self.audit.trail, &find).await?;
            for entry in &entries {
                // One that was altered since is somebody's who wants it overlooked.
                let is_own = self.own.author(entry) != Author::Other;
                if is_own || !self.tree.has(entry).await? {
                    return Ok(Some(entry.seq));
                }
            }
            match entries.last() {
                Some(oldest) => find.below = oldest.seq,
                None => return Ok(None),
            }
        }
    }
}

/// Refuses a policy that the trail would keep otherwise than it was set, and names the field.
pub(super) fn check_kept(set: &RetentionPolicy, kept: &Value) -> Result<(), QueryError> {
    if json!(set) == *kept {
        return Ok(());
    }
    let problem = "redaction would change it, so that the policy would not be in force: say it in \
                   other words";
    Err(QueryError::new(differing(set, kept), problem))
}

/// The first field that differs.
fn differing(set: &RetentionPolicy, kept: &Value) -> String {
    if kept["legal_basis"] != set.legal_basis {
        return "legal_basis".to_owned();
    }
    for (place, class) in set.classes.iter().enumerate() {
        let kept = &kept["classes"][place];
        if kept["actions"] != json!(class.actions) {
            return format!("classes[{place}].actions");
        }
        if kept["legal_basis"] != json!(class.legal_basis) {
            return format!("classes[{place}].legal_basis");
        }
    }
    "classes".to_owned()
}
