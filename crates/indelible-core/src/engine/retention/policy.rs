//! How long the entries of a trail are kept, and on what ground.

use serde::{Deserialize, Serialize};

use crate::action::AuditAction;
use crate::part::PartKind;
use crate::query::QueryError;

/// How long the entries of one trail are kept.
///
/// Days are counted from `created_at`, each of 24 hours. Without a maximum entries are kept for
/// ever.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetentionPolicy {
    /// Nothing goes that is younger: what a law or a contract asks for at least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_days: Option<u32>,
    /// Entries that are older go, whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum_days: Option<u32>,
    /// The law, contract or decision that the policy follows.
    pub legal_basis: String,
    /// Entries of which parts go earlier.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<RetentionClass>,
}

/// Entries of which parts go before the entries do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetentionClass {
    /// The actions, as stored; `user_*` is every action that begins so, `*` every one.
    pub actions: Vec<String>,
    /// After how many days the parts go.
    pub after_days: u32,
    /// The parts that go.
    pub parts: Vec<PartKind>,
    /// What asks for it, where it is not the ground of the whole policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legal_basis: Option<String>,
}

/// A hundred years: more is "for ever".
const DAYS_MAX: u32 = 36_525;
const BASIS_BYTES_MAX: usize = 1024;
/// The longest that a policy says, in bytes as it is encoded: an entry that sets one has it and the
/// one before, and keeps none of its members where they do not fit.
pub(super) const BYTES_MAX: usize = 24 * 1024;
const CLASSES_MAX: usize = 50;
const ACTIONS_MAX: usize = 100;

impl RetentionPolicy {
    /// Checks that a policy can be kept.
    ///
    /// # Errors
    /// Names the first field that is ill-formed or contradicts another one.
    pub fn check(&self) -> Result<(), QueryError> {
        check_basis("legal_basis", &self.legal_basis)?;
        if self.minimum_days.is_none() && self.maximum_days.is_none() && self.classes.is_empty() {
            let problem = "a policy says how long something is kept: minimum_days, maximum_days \
                           or classes";
            return Err(QueryError::new("maximum_days", problem));
        }
        for (field, days) in [
            ("minimum_days", self.minimum_days),
            ("maximum_days", self.maximum_days),
        ] {
            if let Some(days) = days {
                check_days(field.to_owned(), days)?;
            }
        }
        if let (Some(minimum), Some(maximum)) = (self.minimum_days, self.maximum_days)
            && minimum > maximum
        {
            let problem = format!(
                "{maximum} days are less than the {minimum} for which the entries must be kept \
                 (minimum_days)"
            );
            return Err(QueryError::new("maximum_days", problem));
        }
        if self.classes.len() > CLASSES_MAX {
            let problem = format!("a policy has up to {CLASSES_MAX} classes");
            return Err(QueryError::new("classes", problem));
        }
        let mut classes = self.classes.iter().enumerate();
        classes.try_for_each(|(place, class)| self.check_class(place, class))?;
        let bytes = serde_json::json!(self).to_string().len();
        if bytes > BYTES_MAX {
            let problem = format!(
                "the policy takes {bytes} bytes in the trail; up to {BYTES_MAX} stay whole"
            );
            return Err(QueryError::new("classes", problem));
        }
        Ok(())
    }

    fn check_class(&self, place: usize, class: &RetentionClass) -> Result<(), QueryError> {
        let field = |name: &str| format!("classes[{place}].{name}");
        check_days(field("after_days"), class.after_days)?;
        let after = class.after_days;
        if let Some(minimum) = self.minimum_days.filter(|minimum| after < *minimum) {
            let problem = format!(
                "{after} days are less than the {minimum} for which the entries must be kept \
                 (minimum_days)"
            );
            return Err(QueryError::new(field("after_days"), problem));
        }
        if let Some(maximum) = self.maximum_days.filter(|maximum| after >= *maximum) {
            let problem = format!(
                "after {maximum} days the entries themselves are gone (maximum_days): a class goes \
                 before that"
            );
            return Err(QueryError::new(field("after_days"), problem));
        }
        if class.actions.is_empty() || class.actions.len() > ACTIONS_MAX {
            let problem = format!("a class has 1 to {ACTIONS_MAX} actions");
            return Err(QueryError::new(field("actions"), problem));
        }
        for action in &class.actions {
            let name = action.strip_suffix('*').unwrap_or(action);
            if (!name.is_empty() || action.is_empty())
                && let Err(error) = AuditAction::new(name.to_owned())
            {
                return Err(QueryError::new(field("actions"), error));
            }
        }
        let mut parts = class.parts.clone();
        parts.sort_by_key(|part| part.as_str());
        parts.dedup();
        if parts.is_empty() || parts.len() != class.parts.len() {
            let problem = "a class names the parts that go: actor, details, target, each once";
            return Err(QueryError::new(field("parts"), problem));
        }
        match &class.legal_basis {
            Some(basis) => check_basis(&field("legal_basis"), basis),
            None => Ok(()),
        }
    }
}

impl RetentionClass {
    /// Whether entries of an action are of the class.
    pub fn is_of(&self, action: &str) -> bool {
        self.actions
            .iter()
            .any(|wanted| match wanted.strip_suffix('*') {
                Some(begin) => action.starts_with(begin),
                None => action == wanted,
            })
    }
}

fn check_days(field: String, days: u32) -> Result<(), QueryError> {
    if (1..=DAYS_MAX).contains(&days) {
        return Ok(());
    }
    let problem = format!("{days} is no number of days from 1 to {DAYS_MAX}");
    Err(QueryError::new(field, problem))
}

fn check_basis(field: &str, basis: &str) -> Result<(), QueryError> {
    let problem = match basis.trim() {
        "" => "a policy has a ground: the law, contract or decision that it follows".to_owned(),
        text if text.len() > BASIS_BYTES_MAX => format!("it has up to {BASIS_BYTES_MAX} bytes"),
        _ => return Ok(()),
    };
    Err(QueryError::new(field.to_owned(), problem))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(minimum: u32, maximum: u32, after: u32) -> RetentionPolicy {
        RetentionPolicy {
            minimum_days: Some(minimum),
            maximum_days: Some(maximum),
            legal_basis: "PCI DSS 10.5.1".to_owned(),
            classes: vec![RetentionClass {
                actions: vec!["user_*".to_owned()],
                after_days: after,
                parts: vec![PartKind::Actor],
                legal_basis: None,
            }],
        }
    }

    fn field(policy: &RetentionPolicy) -> String {
        let error = policy.check().expect_err("it is refused");
        error.field().to_owned()
    }

    #[test]
    fn sys_34_a_policy_that_contradicts_itself_is_refused_by_field() {
        policy(365, 730, 400).check().expect("it is fine");
        policy(365, 365, 1).check().expect_err("before the minimum");
        assert_eq!(field(&policy(366, 365, 1)), "maximum_days");
        assert_eq!(field(&policy(365, 730, 364)), "classes[0].after_days");
        assert_eq!(field(&policy(365, 730, 730)), "classes[0].after_days");
        assert_eq!(field(&policy(0, 730, 10)), "minimum_days");
        assert_eq!(field(&policy(1, u32::MAX, 10)), "maximum_days");
        let with = |change: fn(&mut RetentionPolicy)| {
            let mut policy = policy(365, 730, 400);
            change(&mut policy);
            field(&policy)
        };
        assert_eq!(with(|p| p.legal_basis = " ".to_owned()), "legal_basis");
        assert_eq!(with(|p| p.classes[0].parts.clear()), "classes[0].parts");
        assert_eq!(with(|p| p.classes[0].actions.clear()), "classes[0].actions");
        let ill = |p: &mut RetentionPolicy| p.classes[0].actions = vec!["a b*".to_owned()];
        assert_eq!(with(ill), "classes[0].actions");
        assert_eq!(
            field(&RetentionPolicy {
                legal_basis: "x".to_owned(),
                ..Default::default()
            }),
            "maximum_days"
        );
    }

    #[test]
    fn a_star_stands_for_every_end() {
        let class = |action: &str| RetentionClass {
            actions: vec!["exact".to_owned(), action.to_owned()],
            ..RetentionClass::default()
        };
        assert!(class("user_*").is_of("user_login"));
        assert!(class("user_*").is_of("exact"));
        assert!(!class("user_*").is_of("exactly"));
        assert!(!class("user_").is_of("user_login"));
        assert!(class("*").is_of("anything"));
    }
}
