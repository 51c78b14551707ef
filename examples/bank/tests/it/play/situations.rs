//! Situations 1 to 5 and 9: what people and jobs do.

use serde_json::json;

use super::{ACCESS_TOKEN, NEW_PASSWORD, Play, WRONG_GUESS};
use crate::expected::Expected;

/// Tokens of the two who stay.
pub struct Tokens {
    pub alice: String,
    pub carol: String,
}

impl Play {
    /// 1: login, success and failure. 4: an administrator suspends a user.
    pub fn people_come(&mut self) -> Tokens {
        let wrong = self.fail_to_log_in("alice", WRONG_GUESS, "invalid_password");
        let unknown = self.fail_to_log_in("mallory", WRONG_GUESS, "unknown_user");
        assert_eq!(wrong, unknown, "the answer does not tell them apart");
        let alice = self.log_in("alice", "correct horse");
        let bob = self.log_in("bob", "battery staple");
        let carol = self.log_in("carol", "paper clip");
        self.be_refused(("GET", "/me/activity"), None, None);
        self.an_id_is_made();

        let suspension = json!({"reason": "fraud review", "days": 30});
        let suspension = || Some(&suspension);
        let suspended = Expected::new("admin_user_suspended", "succeeded")
            .on("user", Some("bob"))
            .by("carol")
            .context(json!({
                "suspended_by": "carol",
                "reason": "fraud review",
                "duration_days": 30,
            }));
        let path = "/admin/users/bob/suspension";
        self.be_refused(("POST", path), Some(("alice", &alice)), suspension());
        self.ask(("POST", path), Some(&carol), suspension(), 204, [suspended]);
        let path = "/admin/users/nobody/suspension";
        self.ask(("POST", path), Some(&carol), suspension(), 404, []);
        // Sessions have ended, and there are no new ones.
        let denied = [Expected::denied(("GET", "/me/activity"), 401)];
        self.ask(("GET", "/me/activity"), Some(&bob), None, 401, denied);
        let refused = self.fail_to_log_in("bob", "battery staple", "suspended");
        assert_eq!(refused, wrong);
        Tokens { alice, carol }
    }

    /// 2: a view of personal data.
    pub fn a_customer_is_shown(&mut self, alice: &str) {
        let viewed = Expected::new("data_viewed", "completed")
            .on("customer", Some("alice"))
            .by("alice")
            .context(json!({
                "data_type": "profile",
                "fields_accessed": ["name", "email", "accounts"],
            }));
        let shown = self.ask(
            ("GET", "/customers/alice"),
            Some(alice),
            None,
            200,
            [viewed],
        );
        assert_eq!(shown["user"], "alice");
        assert!(shown["name"].is_string() && shown["email"].is_string());
        self.be_refused(("GET", "/customers/bob"), Some(("alice", alice)), None);
    }

    /// 3: connections to providers, success and failure.
    pub fn providers_are_connected(&mut self, alice: &str) {
        for (provider, status) in [("open-bank", 201), ("closed-bank", 502)] {
            let entry = |action, outcome| {
                Expected::new(action, outcome)
                    .on("provider", Some(provider))
                    .by("alice")
            };
            let attempted = entry("provider_connection_attempted", "attempted").context(json!({
                "provider_name": provider,
                "connection_method": "token",
                "access_token": "[REDACTED:token]",
            }));
            let ended = match status {
                201 => entry("provider_connected", "succeeded"),
                _ => entry("provider_connection_failed", "failed"),
            };
            let ended = ended.having(json!({"provider_name": provider}));
            let path = format!("/providers/{provider}/connection");
            let body = json!({"access_token": ACCESS_TOKEN});
            let request = ("POST", path.as_str());
            let answer = self.ask(
                request,
                Some(alice),
                Some(&body),
                status,
                [attempted, ended],
            );
            if status == 201 {
                assert_eq!(answer, json!({"provider": provider}));
            }
        }
    }

    /// 5: an automated backup, no user.
    pub fn a_job_backs_up(&mut self, alice: &str) {
        let created = Expected::new("admin_backup_created", "completed")
            .on("system", None)
            .context(json!({
                "backup_type": "nightly",
                "backup_size": "<number>",
                "initiated_by": "scheduler",
            }));
        let request = ("POST", "/jobs/backup");
        self.ask(request, Some("backup-job"), None, 202, [created]);
        self.be_refused(request, Some(("alice", alice)), None);
    }

    /// 9: a password is changed, and a handler of the domain event records it.
    pub fn a_password_is_changed(&mut self, alice: &str) {
        let change = |current: &str| json!({"current": current, "new": NEW_PASSWORD});
        let request = ("PUT", "/me/password");
        let wrong = change(WRONG_GUESS);
        self.be_refused(request, Some(("alice", alice)), Some(&wrong));
        let elsewhere = self.log_in("alice", "correct horse");
        let changed = Expected::new("user_password_changed", "succeeded")
            .on("user", Some("alice"))
            .by("alice")
            .context(json!({
                "initiated_by": "user",
                "method": "self_service",
                "event_id": "<uuid>",
            }));
        self.ask(
            request,
            Some(alice),
            Some(&change("correct horse")),
            204,
            [changed],
        );
        // Whoever was in with the old password is out, but for the one who changed it.
        let looking = ("GET", "/me/activity");
        self.be_refused(looking, None, None);
        let denied = [Expected::denied(looking, 401)];
        self.ask(looking, Some(&elsewhere), None, 401, denied);
        self.ask(looking, Some(alice), None, 200, []);
        self.fail_to_log_in("alice", "correct horse", "invalid_password");
        self.log_in("alice", NEW_PASSWORD);
    }
}
