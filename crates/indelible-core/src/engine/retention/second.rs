//! Who sets a policy is not who runs it, where erasing takes two people: a policy of one day and a
//! run would else erase on one person's word.

use serde_json::{Map, Value, json};

use super::RetentionPolicy;
use super::stated::{self, SET_BY, SetBy, Statement};
use crate::action::AuditAction;
use crate::engine::audit::Audit;
use crate::engine::signatory::Signatory;
use crate::error::AuditError;
use crate::event::AuditEvent;
use crate::outcome::Outcome;

/// Says that a run was refused.
const REFUSED: AuditAction = AuditAction::custom("audit_retention_run_refused");

impl Audit {
    /// Refuses a run of another policy than the one in force, and one that has nobody's second word.
    /// Answers what a removal entry says of who set it.
    pub(super) async fn agreed(
        &self,
        policy: &RetentionPolicy,
        who: &Signatory<'_>,
    ) -> Result<Map<String, Value>, AuditError> {
        let stated = stated::stated(self).await?;
        // Another may have been set since the plan was made, or the entry before this one.
        let Some(Statement { set_by, .. }) = stated.filter(|it| it.policy == *policy) else {
            let problem = "another one was set while this run went on: call it again";
            return Err(self.no_retention(problem));
        };
        if self.engine.shared.options.erasure_approval {
            self.check_second(&set_by, who).await?;
        }
        Ok(said_of(&set_by))
    }

    async fn check_second(&self, set_by: &SetBy, who: &Signatory<'_>) -> Result<(), AuditError> {
        let Some(set) = stated::signatory(set_by) else {
            let problem = "the trail does not say who set it, and who runs it must be somebody \
                           else: set it again";
            return Err(self.no_retention(problem));
        };
        // Redaction may have changed the name of who set it, and so changes this one alike.
        let kept = self.as_kept(&Value::Object(names_setter(who)))?;
        let kept = stated::set_by(&kept);
        let as_kept = stated::signatory(&kept);
        let mut runs = [Some(*who), as_kept].into_iter().flatten();
        if !runs.any(|runs| set.is_same_person(&runs)) {
            return Ok(());
        }
        let mut context = said_of(set_by);
        context.insert("exception".to_owned(), json!("same_person"));
        let event = AuditEvent::new(REFUSED, "audit_log")
            .user_id(who.by)
            .outcome(Outcome::Denied)
            .context(Value::Object(context));
        self.record_own(event, Vec::new()).await?;
        Err(AuditError::SamePerson {
            trail: self.trail.clone(),
            name: who.by.to_owned(),
        })
    }
}

/// What an entry says of who sets a policy.
pub(super) fn names_setter(who: &Signatory<'_>) -> Map<String, Value> {
    said_of(&[Some(who.by), who.name].map(|name| name.map(str::to_owned)))
}

fn said_of(set_by: &SetBy) -> Map<String, Value> {
    let members = SET_BY.iter().zip(set_by);
    let said = members.filter_map(|(member, name)| {
        let name = name.as_ref()?;
        Some(((*member).to_owned(), json!(name)))
    });
    said.collect()
}
