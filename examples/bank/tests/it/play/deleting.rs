//! Situation 10: a deletion, on record before it happens, that goes on when recording fails.

use serde_json::json;

use super::{NEW_PASSWORD, Play};
use crate::expected::Expected;
use crate::place::Place;

/// The account that is deleted while nothing can be recorded.
pub const UNRECORDED: &str = "acc-2";

impl Play {
    pub fn accounts_are_deleted(&mut self, alice: &str) {
        let context = json!({
            "deletion_type": "account",
            "data_scope": ["account"],
            "requested_by": "alice",
        });
        let entry = |action, outcome| {
            Expected::new(action, outcome)
                .on("account", Some("acc-1"))
                .by("alice")
                .context(context.clone())
        };
        let both = [
            entry("data_deletion_attempted", "attempted"),
            entry("data_deleted", "succeeded"),
        ];
        self.ask(("DELETE", "/accounts/acc-1"), Some(alice), None, 204, both);
        // It is gone, and was never asked for again.
        for path in ["/accounts/acc-1", "/accounts/acc-9"] {
            self.ask(("DELETE", path), Some(alice), None, 404, []);
        }
        self.be_refused(("DELETE", "/accounts/acc-3"), Some(("alice", alice)), None);
    }

    /// With another connection that has the database to itself: nothing is recorded, and the
    /// account goes all the same. No answer waits longer than the bank's deadline, which fails the
    /// client.
    pub async fn an_account_is_deleted_unrecorded(&mut self, alice: &str, place: &Place) {
        let held = place.hold().await;
        let path = format!("/accounts/{UNRECORDED}");
        let both = ["data_deletion_attempted", "data_deleted"];
        self.ask_in_vain(("DELETE", path.as_str()), Some(alice), None, 204, &both);
        // A refusal stands; what may not happen unrecorded does not happen.
        let activity = ("GET", "/me/activity");
        self.ask_in_vain(activity, None, None, 401, &["access_denied"]);
        let customer = ("GET", "/customers/alice");
        self.ask_in_vain(customer, Some(alice), None, 503, &["data_viewed"]);
        let login = json!({"user": "alice", "password": NEW_PASSWORD});
        let success = &["user_login_success"];
        self.ask_in_vain(("POST", "/login"), None, Some(&login), 503, success);
        held.release().await;
        // The next one is recorded as if nothing had been, and shows that the account is gone.
        let viewed = Expected::new("data_viewed", "completed")
            .on("customer", Some("alice"))
            .by("alice")
            .having(json!({"data_type": "profile"}));
        let shown = self.ask(
            ("GET", "/customers/alice"),
            Some(alice),
            None,
            200,
            [viewed],
        );
        assert_eq!(shown["accounts"], json!([]));
    }
}
