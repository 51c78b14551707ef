//! Actions of the catalogue that say the same as the outcome.

use indelible_core::{Outcome, catalogue};
use serde_json::Value;

use super::Rules;
use super::text::Text;

impl Rules {
    /// The action and where it comes from: where it is to agree with the outcome, the first that
    /// does; where none does or it need not, the first that there is.
    pub(super) fn action(
        &self,
        record: &Value,
        outcome: Option<Outcome>,
    ) -> Option<(String, String)> {
        let text = &self.event.action;
        let agreed = match self.outcome.agree {
            true => agreed(text, record, outcome),
            false => None,
        };
        agreed.or_else(|| text.explain(record))
    }
}

fn agreed(text: &Text, record: &Value, outcome: Option<Outcome>) -> Option<(String, String)> {
    text.find(record, &mut |action, origin| {
        let agreed = agree(&action, outcome)?;
        let from = match agreed == action {
            true => origin.describe(),
            false => format!("{}, by the outcome", origin.describe()),
        };
        Some((agreed, from))
    })
}

/// The action itself where it does not contradict the outcome, else the one that its workflow has
/// for that: `role_assigned` that failed is `role_assignment_failed`.
fn agree(action: &str, outcome: Option<Outcome>) -> Option<String> {
    use Outcome::{Attempted, Completed, Denied, Failed, Succeeded};
    let stage = catalogue::find(action).map(|known| known.stage);
    let (Some(stage), Some(outcome)) = (stage, outcome) else {
        return Some(action.to_owned());
    };
    match (stage, outcome) {
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
            ("api_key_created", Outcome::Denied, None),
            ("secret_accessed", Outcome::Attempted, None),
            ("shop.refunded", Outcome::Failed, Some("shop.refunded")),
        ] {
            assert_eq!(
                agree(action, Some(outcome)).as_deref(),
                agreed,
                "{action} {outcome}"
            );
        }
        assert_eq!(
            agree("role_assigned", None).as_deref(),
            Some("role_assigned")
        );
    }
}
