//! Entries whose outcome says the contrary of their action.

use indelible_core::{Outcome, catalogue::CatalogueAction};

/// How something ended, as far as actions and outcomes have it in common.
#[derive(PartialEq, Eq)]
enum End {
    Open,
    Good,
    Bad,
}

/// Whether an outcome contradicts what its action says: `user_login_failed` that succeeded, an
/// attempt that ended under its own name. Such an entry is a success of nothing.
pub fn contradicts(action: Option<&CatalogueAction>, outcome: Outcome) -> bool {
    action.is_some_and(|action| end(action.stage) != end(outcome))
}

fn end(outcome: Outcome) -> End {
    match outcome {
        Outcome::Attempted => End::Open,
        Outcome::Succeeded | Outcome::Completed => End::Good,
        Outcome::Failed | Outcome::Denied => End::Bad,
    }
}
