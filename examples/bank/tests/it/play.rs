//! A play: requests to a bank, what they are answered, and what they have to leave in the trail.

mod bodies;
mod deleting;
mod reading;
mod situations;

pub use deleting::UNRECORDED;

use serde_json::{Value, json};

use crate::client::{Answer, Ask, Body, Client};
use crate::expected::Expected;

/// What must be nowhere: what people log in with, and what a provider would open its door to.
pub const SECRETS: &[&str] = &[
    "correct horse",
    "battery staple",
    "paper clip",
    "wrong guess of the player",
    "horse of another colour",
    "tok-7f3a91c4d2e85b60aa17",
];
const WRONG_GUESS: &str = SECRETS[3];
const NEW_PASSWORD: &str = SECRETS[4];
const ACCESS_TOKEN: &str = SECRETS[5];

/// A play that goes on.
pub struct Play {
    pub client: Client,
    /// What is in the trail by now.
    pub expected: Vec<Expected>,
    /// Requests that were answered while nothing could be recorded, and what may come late of each.
    pub late: Vec<(String, &'static str)>,
    /// Sessions' tokens, which must be in no store and no log.
    pub tokens: Vec<String>,
    requests: usize,
}

impl Play {
    pub fn new(url: &str) -> Self {
        Self {
            client: Client::of(url),
            expected: Vec::new(),
            late: Vec::new(),
            tokens: Vec::new(),
            requests: 0,
        }
    }

    /// Asks, under an id of its own, and expects this status and these entries.
    fn ask<'b>(
        &mut self,
        request: (&str, &str),
        token: Option<&str>,
        body: impl Into<Body<'b>>,
        status: u16,
        entries: impl IntoIterator<Item = Expected>,
    ) -> Value {
        self.requests += 1;
        let id = format!("play-{}", self.requests);
        let answer = self.ask_as(&id, request, token, body.into(), status);
        let entries = entries.into_iter().map(|entry| entry.of_request(&id));
        self.expected.extend(entries);
        answer
    }

    /// Asks while nothing can be recorded, and expects this status; these entries may come late.
    fn ask_in_vain<'b>(
        &mut self,
        request: (&str, &str),
        token: Option<&str>,
        body: impl Into<Body<'b>>,
        status: u16,
        actions: &[&'static str],
    ) {
        self.requests += 1;
        let id = format!("late-{}", self.requests);
        self.ask_as(&id, request, token, body.into(), status);
        let late = actions.iter().map(|action| (id.clone(), *action));
        self.late.extend(late);
    }

    fn ask_as(
        &mut self,
        id: &str,
        (method, path): (&str, &str),
        token: Option<&str>,
        body: Body<'_>,
        status: u16,
    ) -> Value {
        let ask = Ask {
            method,
            path,
            token,
            id: Some(id),
            body,
        };
        let answer = self.client.ask(ask);
        let Answer { body, .. } = &answer;
        assert_eq!(answer.status, status, "{method} {path}: {body}");
        assert_eq!(answer.id, id);
        if status >= 400 {
            assert!(body["error"].is_string(), "{method} {path}: {body}");
        }
        let has_body = !matches!(status, 202 | 204);
        assert_eq!(answer.has_body, has_body, "{method} {path}: {body}");
        answer.body
    }

    /// Logs in and answers the session's token.
    fn log_in(&mut self, user: &'static str, password: &str) -> String {
        let entry = Expected::new("user_login_success", "succeeded")
            .on("session", None)
            .by(user)
            .context(json!({"method": "password"}));
        let body = json!({"user": user, "password": password});
        let answer = self.ask(("POST", "/login"), None, Some(&body), 200, [entry]);
        let token = answer["token"].as_str().expect("a token").to_owned();
        self.tokens.push(token.clone());
        token
    }

    /// Fails to log in for this reason, which the answer does not tell.
    fn fail_to_log_in(&mut self, user: &'static str, password: &str, reason: &str) -> Value {
        let entry = Expected::new("user_login_failed", "failed")
            .on("session", None)
            .by(user)
            .context(json!({"method": "password", "reason": reason}));
        let body = json!({"user": user, "password": password});
        self.ask(("POST", "/login"), None, Some(&body), 401, [entry])
    }

    /// Is refused, which is on record.
    fn be_refused<'b>(
        &mut self,
        request: (&str, &str),
        who: Option<(&'static str, &str)>,
        body: impl Into<Body<'b>>,
    ) {
        match who {
            None => self.ask(request, None, body, 401, [Expected::denied(request, 401)]),
            Some((user, token)) => {
                let denied = Expected::denied(request, 403).by(user);
                self.ask(request, Some(token), body, 403, [denied])
            }
        };
    }
}
