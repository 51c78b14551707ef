//! Situations 6 to 8: what people read of the trail.

use serde_json::Value;

use super::Play;
use crate::expected::Expected;

impl Play {
    /// 6: "my activity" of the last 30 days, newest first.
    pub fn alice_looks_at_herself(&mut self, alice: &str) {
        let answer = self.ask(("GET", "/me/activity"), Some(alice), None, 200, []);
        let own = self
            .expected
            .iter()
            .filter(|entry| entry.user() == Some("alice"));
        let own: Vec<_> = own.map(Expected::action).rev().collect();
        let entries = entries(&answer);
        assert_eq!(actions(entries), own);
        assert!(entries.iter().all(|entry| entry["user_id"] == "alice"));
    }

    /// 7: failed logins of the last 24 hours, for administrators only.
    pub fn carol_looks_for_failed_logins(&mut self, alice: &str, carol: &str) {
        let request = ("GET", "/admin/failed-logins");
        self.be_refused(request, Some(("alice", alice)), None);
        let accessed = Expected::new("audit_log_accessed", "completed")
            .on("audit_log", None)
            .by("carol")
            .having(serde_json::json!({}));
        let answer = self.ask(request, Some(carol), None, 200, [accessed]);
        let is_failed = |entry: &&Expected| entry.action() == "user_login_failed";
        let failed = self.expected.iter().filter(is_failed);
        let failed: Vec<_> = failed.map(Expected::user).rev().collect();
        let entries = entries(&answer);
        let users: Vec<_> = entries
            .iter()
            .map(|entry| entry["user_id"].as_str())
            .collect();
        assert_eq!(users, failed);
        for entry in entries {
            assert_eq!(entry["action"], "user_login_failed");
            assert_eq!(entry["trail"], "default");
            assert!(
                entry["seq"].is_u64() && entry["leaf_hash"].is_string(),
                "{entry}"
            );
        }
    }

    /// 8: the events of providers, page by page.
    pub fn carol_turns_pages(&mut self, alice: &str, carol: &str) {
        let all = [
            "provider_connection_failed",
            "provider_connection_attempted",
            "provider_connected",
            "provider_connection_attempted",
        ];
        for (query, page, size, seen, has_more) in [
            ("?page=1&page_size=3", 1, 3, &all[..3], true),
            ("?page=2&page_size=3", 2, 3, &all[3..], false),
            ("?page=1&page_size=4", 1, 4, &all[..], false),
            ("?page=3&page_size=3", 3, 3, &[], false),
            ("", 1, 20, &all[..], false),
        ] {
            let path = format!("/providers/events{query}");
            let answer = self.ask(("GET", path.as_str()), Some(carol), None, 200, []);
            assert_eq!(actions(entries(&answer)), seen, "{query}");
            assert_eq!(answer["page"], page);
            assert_eq!(answer["page_size"], size);
            assert_eq!(answer["has_more"], has_more, "{query}");
        }
        for query in [
            "page=0",
            "page=-1",
            "page=x",
            "page_size=0",
            "page_size=101",
            "page=%FF",
            "page=%ED%A0%80",
        ] {
            let path = format!("/providers/events?{query}");
            self.ask(("GET", path.as_str()), Some(carol), None, 422, []);
        }
        let path = "/providers/events?page=1&page_size=3";
        self.be_refused(("GET", path), Some(("alice", alice)), None);
    }
}

fn entries(answer: &Value) -> &[Value] {
    answer["entries"].as_array().expect("a list")
}

fn actions(entries: &[Value]) -> Vec<&str> {
    let actions = entries.iter().map(|entry| entry["action"].as_str());
    actions.map(Option::unwrap_or_default).collect()
}
