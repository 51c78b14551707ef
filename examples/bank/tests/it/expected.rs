//! What a request has to leave in the trail.

use indelible::Entry;
use serde_json::{Value, json};

use crate::client::{ADDRESS, USER_AGENT};

/// An entry that has to be there.
#[derive(Debug, Clone)]
pub struct Expected {
    action: &'static str,
    outcome: &'static str,
    resource: (&'static str, Option<String>),
    user: Option<&'static str>,
    correlation_id: String,
    context: Context,
}

#[derive(Debug, Clone)]
enum Context {
    /// It is this. `"<number>"` and `"<uuid>"` stand for any.
    Is(Value),
    /// It has these members, and perhaps others.
    Has(Value),
}

impl Expected {
    pub fn new(action: &'static str, outcome: &'static str) -> Self {
        Self {
            action,
            outcome,
            resource: ("", None),
            user: None,
            correlation_id: String::new(),
            context: Context::Is(Value::Null),
        }
    }

    /// A refusal, which the layer of a bank records: by its route, and with what of the path is no
    /// secret.
    pub fn denied((method, path): (&str, &str), status: u16) -> Self {
        let path = path.split('?').next().unwrap_or_default();
        let places: Vec<_> = path.split('/').skip(1).collect();
        let (route, parameters) = match places[..] {
            ["customers", user] => ("/customers/{user}", json!({"user": user})),
            ["accounts", account] => ("/accounts/{account}", json!({"account": account})),
            ["admin", "users", user, "suspension"] => {
                ("/admin/users/{user}/suspension", json!({"user": user}))
            }
            _ => (path, Value::Null),
        };
        let reason = match status {
            401 => "unauthenticated",
            _ => "forbidden",
        };
        let mut context = json!({
            "resource": route,
            "action": method,
            "reason": reason,
            "status": status,
        });
        if !parameters.is_null() {
            context["parameters"] = parameters;
        }
        Self::new("access_denied", "denied")
            .on("http_route", Some(route))
            .context(context)
    }

    pub fn on(mut self, resource_type: &'static str, resource_id: Option<&str>) -> Self {
        self.resource = (resource_type, resource_id.map(str::to_owned));
        self
    }

    pub fn by(mut self, user: &'static str) -> Self {
        self.user = Some(user);
        self
    }

    pub fn of_request(mut self, id: &str) -> Self {
        id.clone_into(&mut self.correlation_id);
        self
    }

    pub fn context(mut self, context: Value) -> Self {
        self.context = Context::Is(context);
        self
    }

    pub fn having(mut self, members: Value) -> Self {
        self.context = Context::Has(members);
        self
    }

    pub fn action(&self) -> &'static str {
        self.action
    }

    pub fn user(&self) -> Option<&'static str> {
        self.user
    }

    /// Panics where `entry` is another one.
    pub fn check(&self, entry: &Entry) {
        let found = json!({
            "action": entry.action,
            "outcome": entry.outcome.as_str(),
            "resource_type": entry.resource_type,
            "resource_id": entry.resource_id,
            "user_id": entry.user_id,
            "on_behalf_of": entry.on_behalf_of,
            "ip_address": entry.ip_address,
            "user_agent": entry.user_agent,
            "correlation_id": entry.correlation_id,
        });
        let (resource_type, resource_id) = &self.resource;
        let expected = json!({
            "action": self.action,
            "outcome": self.outcome,
            "resource_type": resource_type,
            "resource_id": resource_id,
            "user_id": self.user,
            "on_behalf_of": null,
            "ip_address": ADDRESS,
            "user_agent": USER_AGENT,
            "correlation_id": self.correlation_id,
        });
        assert_eq!(found, expected, "entry {}", entry.seq);
        let context = entry.context.clone().unwrap_or_default();
        let is_there = |(name, value): (&String, &Value)| is_like(value, &context[name]);
        let (members, is_whole) = match &self.context {
            Context::Is(members) => (members, true),
            Context::Has(members) => (members, false),
        };
        let count = |object: &Value| object.as_object().map_or(0, serde_json::Map::len);
        let is_fine = members
            .as_object()
            .is_none_or(|all| all.iter().all(is_there))
            && (!is_whole || count(members) == count(&context));
        assert!(is_fine, "entry {}: {context} is not {members}", entry.seq);
    }
}

/// Whether a value is the expected one, or of the expected kind.
fn is_like(expected: &Value, found: &Value) -> bool {
    match expected.as_str() {
        Some("<number>") => found.as_u64().is_some_and(|number| number > 0),
        Some("<uuid>") => found
            .as_str()
            .is_some_and(|id| uuid::Uuid::parse_str(id).is_ok()),
        _ => found == expected,
    }
}
