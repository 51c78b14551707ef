//! What is refused for its form, by each bank with the same status.

use serde_json::json;

use super::Play;
use crate::client::{Ask, Body};
use crate::expected::Expected;

const JSON: Option<&str> = Some("application/json");
const WHOLE: &[u8] = br#"{"current": "a", "new": "b", "user": "alice", "password": "c"}"#;

/// Status, type and content of bodies that are not what is expected.
const BODIES: &[(u16, Option<&str>, &[u8])] = &[
    (415, None, WHOLE),
    (415, Some("text/plain"), WHOLE),
    (415, Some("application/x-www-form-urlencoded"), b"user=a"),
    (400, JSON, b""),
    (400, JSON, br#"{"current": "#),
    (400, JSON, br#"{"user": "a", "password": "b", }"#),
    (400, JSON, b"{\"user\": \"\xff\"}"),
    (400, JSON, br#"{"user": "\ud800", "current": "\ud800"}"#),
    (422, JSON, b"null"),
    (422, JSON, br#"["alice", "correct horse"]"#),
    (422, JSON, br#"{"user": "alice"}"#),
    (422, Some("application/json; charset=utf-8"), b"{}"),
    (422, Some("Application/vnd.bank+JSON"), b"{}"),
    (
        422,
        JSON,
        br#"{"user": 1, "password": "b", "current": 1, "new": "b"}"#,
    ),
];

impl Play {
    /// Who asks is known before the body is looked at, and a body that is refused is not recorded.
    pub fn bodies_are_refused(&mut self, alice: &str, carol: &str) {
        for (status, content_type, bytes) in BODIES {
            let body = Body::Bytes(*content_type, bytes);
            let password = ("PUT", "/me/password");
            let denied = Expected::denied(password, 401);
            self.ask(password, None, body, 401, [denied]);
            self.ask(password, Some(alice), body, *status, []);
            self.ask(("POST", "/login"), None, body, *status, []);
            let suspension = ("POST", "/admin/users/bob/suspension");
            self.be_refused(suspension, Some(("alice", alice)), body);
            self.ask(suspension, Some(carol), body, *status, []);
        }
        for days in [json!(-1), json!(1.5), json!("30"), json!(1_u64 << 32)] {
            let body = json!({"reason": "fraud review", "days": days});
            let suspension = ("POST", "/admin/users/bob/suspension");
            self.ask(suspension, Some(carol), Body::Json(&body), 422, []);
        }
    }

    /// What there is not, and what is not done there.
    pub fn nothing_is_there(&mut self, alice: &str) {
        for (request, status) in [
            (("GET", "/nowhere"), 404),
            (("GET", "/"), 404),
            (("GET", "/openapi.json"), 404),
            (("GET", "/docs"), 404),
            (("GET", "/me/activity/"), 404),
            (("POST", "/me/activity"), 405),
            (("DELETE", "/accounts/acc-%FF"), 404),
        ] {
            self.ask(request, Some(alice), Body::None, status, []);
        }
        let body = json!({"access_token": "t"});
        let request = ("POST", "/providers/p%FF/connection");
        self.ask(request, Some(alice), Body::Json(&body), 404, []);
    }

    /// A request without an id gets one, and its entry has the same.
    pub fn an_id_is_made(&mut self) {
        let request = ("GET", "/me/activity");
        let answer = self.client.ask(Ask {
            method: request.0,
            path: request.1,
            token: None,
            id: None,
            body: Body::None,
        });
        assert_eq!(answer.status, 401);
        assert!(!answer.id.is_empty());
        let denied = Expected::denied(request, 401).of_request(&answer.id);
        self.expected.push(denied);
    }
}
