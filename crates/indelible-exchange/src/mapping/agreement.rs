//! Actions of the catalogue that say the same as the outcome.

use indelible_core::{Outcome, catalogue};
use serde_json::Value;

use super::Rules;
use super::text::Origin;

/// An outcome, and whether the record says it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told {
    pub(super) outcome: Option<Outcome>,
    /// Whether nothing in the record does: it is the mapping's `otherwise`.
    pub(super) assumed: bool,
}

impl Rules {
    /// What the record says by our names or by a rule, else what the mapping assumes.
    pub(super) fn outcome_told(&self, record: &Value) -> Told {
        let rules = &self.outcome;
        let given = rules.from.as_ref();
        let given = given.and_then(|from| from.read(record)?.parse().ok());
        let said = given.or_else(|| {
            let case = rules.rule.iter().find(|case| case.when.hold(record));
            case.map(|case| case.is)
        });
        Told {
            outcome: said.or(rules.otherwise),
            assumed: said.is_none(),
        }
    }

    /// The action: where it is to agree with the outcome, the first that does; where none does or
    /// it need not, the first that there is.
    pub(super) fn action(&self, record: &Value, told: Told) -> Option<String> {
        self.chosen(record, told, |action, _, _| action)
    }

    /// Where the action comes from.
    pub(super) fn action_source(&self, record: &Value, told: Told) -> Option<String> {
        self.chosen(record, told, |_, origin, by_outcome| match by_outcome {
            true => format!("{}, by the outcome", origin.describe()),
            false => origin.describe(),
        })
    }

    /// What `make` gives for the action, where it is from, and whether the outcome changed it.
    fn chosen<T>(
        &self,
        record: &Value,
        told: Told,
        make: impl Fn(String, &Origin<'_>, bool) -> T,
    ) -> Option<T> {
        let text = &self.event.action;
        let agreed = match self.outcome.agree {
            true => text.find(record, &mut |action, origin| {
                let agreed = agree(&action, told)?;
                let by_outcome = agreed != action;
                Some(make(agreed, origin, by_outcome))
            }),
            false => None,
        };
        let any = || {
            text.find(record, &mut |action, origin| {
                Some(make(action, origin, false))
            })
        };
        agreed.or_else(any)
    }

    /// The outcome beside this action: one that says failed or denied knows more than `otherwise`.
    pub(super) fn outcome_beside(&self, action: &str, told: Told) -> Option<Outcome> {
        let stage = catalogue::find(action).map(|known| known.stage);
        match stage {
            Some(stage) if self.outcome.agree && told.assumed && is_refusal(stage) => Some(stage),
            _ => told.outcome,
        }
    }
}

fn is_refusal(stage: Outcome) -> bool {
    matches!(stage, Outcome::Failed | Outcome::Denied)
}

/// The action itself where it does not contradict the outcome, else the one that its workflow has
/// for that: `role_assigned` that failed is `role_assignment_failed`. One that says failed or
/// denied has none beside a success that the record tells.
fn agree(action: &str, told: Told) -> Option<String> {
    use Outcome::{Attempted, Completed, Denied, Failed, Succeeded};
    let stage = catalogue::find(action).map(|known| known.stage);
    let (Some(stage), Some(outcome)) = (stage, told.outcome) else {
        return Some(action.to_owned());
    };
    match (stage, outcome) {
        (Failed | Denied, _) if told.assumed => return Some(action.to_owned()),
        (Failed | Denied, Succeeded | Completed) => return None,
        (_, Succeeded | Completed) => return Some(action.to_owned()),
        (Failed | Denied, Failed | Denied) | (Attempted, Attempted) => {
            return Some(action.to_owned());
        }
        _ => {}
    }
    let workflow = catalogue::workflow_of(action)?;
    workflow.action(outcome).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(outcome: Outcome, assumed: bool) -> Told {
        Told {
            outcome: Some(outcome),
            assumed,
        }
    }

    #[test]
    fn an_action_agrees_with_its_outcome_or_gives_way() {
        for (action, outcome, agreed) in [
            ("role_assigned", Outcome::Succeeded, Some("role_assigned")),
            ("role_assigned", Outcome::Completed, Some("role_assigned")),
            (
                "role_assigned",
                Outcome::Failed,
                Some("role_assignment_failed"),
            ),
            (
                "role_assigned",
                Outcome::Denied,
                Some("role_assignment_failed"),
            ),
            (
                "role_assigned",
                Outcome::Attempted,
                Some("role_assignment_attempted"),
            ),
            ("access_granted", Outcome::Denied, Some("access_denied")),
            (
                "user_login_failed",
                Outcome::Denied,
                Some("user_login_failed"),
            ),
            ("user_login_failed", Outcome::Succeeded, None),
            ("access_denied", Outcome::Completed, None),
            ("api_key_created", Outcome::Denied, None),
            ("secret_accessed", Outcome::Attempted, None),
            ("shop.refunded", Outcome::Failed, Some("shop.refunded")),
        ] {
            assert_eq!(
                agree(action, told(outcome, false)).as_deref(),
                agreed,
                "{action} {outcome}"
            );
        }
        let nothing = Told {
            outcome: None,
            assumed: true,
        };
        assert_eq!(
            agree("role_assigned", nothing).as_deref(),
            Some("role_assigned")
        );
    }

    #[test]
    fn a_refusal_says_more_than_what_is_assumed() {
        for (action, assumed, outcome, beside) in [
            ("user_login_failed", true, "succeeded", Outcome::Failed),
            ("access_denied", true, "completed", Outcome::Denied),
            ("role_assigned", true, "completed", Outcome::Completed),
            ("shop.refunded", true, "succeeded", Outcome::Succeeded),
            ("user_login_failed", false, "succeeded", Outcome::Succeeded),
        ] {
            let rules: Rules = toml::from_str(&format!(
                "format = 1\nname = \"x\"\n[event]\naction = \"/a\"\nresource_type = \"/t\"\n\
                 [outcome]\nagree = true\notherwise = \"{outcome}\"\n"
            ))
            .expect("a mapping");
            let told = told(outcome.parse().expect("an outcome"), assumed);
            assert_eq!(rules.outcome_beside(action, told), Some(beside), "{action}");
            let kept = assumed.then(|| action.to_owned());
            assert_eq!(agree(action, told), kept, "{action}");
        }
    }
}
