//! Who may do what, and who did: the check before a handler, and the record of what it was.

mod near;
mod origin;
mod rejected;

use std::sync::Arc;

use axum::RequestExt;
use axum::extract::{RawPathParams, Request, State};
use axum::http::{StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use indelible_core::{AuditEvent, TrailName};
use serde_json::{Map, Value, json};

use crate::app::App;
use crate::keys::{Key, Permission};
use crate::problem::{Answer, Kind, Problem};
use crate::tally::Happening;
use near::is_near;
pub use origin::Origin;
pub use rejected::REJECTED;
use rejected::{Refused, identify};

/// What a URL asks of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Nothing.
    Open,
    /// To call from the server's own machine, or else a key for all trails with this permission.
    Near(Permission),
    /// A key with this permission, for the trail in the path.
    Trail(Permission),
    /// A key with this permission. What it is for bounds what it sees.
    Key(Permission),
}

/// Who calls.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The key.
    pub key: Arc<Key>,
    /// Where from, what with, under which id.
    pub origin: Origin,
}

impl Caller {
    /// What the caller is called in events: the key, by its id.
    pub fn name(&self) -> String {
        format!("key:{}", self.key.id)
    }

    /// The same event, with where this caller is.
    pub fn located(&self, mut event: AuditEvent) -> AuditEvent {
        if let Some(address) = self.origin.address() {
            event = event.ip_address(address);
        }
        match self.origin.agent() {
            Some(agent) => event.user_agent(agent),
            None => event,
        }
    }

    /// Refuses what a key of one trail may not do to another, or to all.
    ///
    /// # Errors
    /// [`Kind::Forbidden`].
    pub fn expect_trail(&self, trail: Option<&TrailName>) -> Result<(), Problem> {
        match (&self.key.trail, trail) {
            (None, _) => Ok(()),
            (Some(own), Some(trail)) if own == trail => Ok(()),
            (Some(own), _) => Err(forbidden(format!("the key is for trail {own} alone"))),
        }
    }
}

fn forbidden(detail: String) -> Problem {
    Problem::new(Kind::Forbidden, detail)
}

/// Lets through who may, with the [`Caller`] at hand; records every refusal.
pub async fn check(
    State((app, access)): State<(App, Access)>,
    mut request: Request,
    next: Next,
) -> Response {
    let permission = match access {
        Access::Open => return next.run(request).await,
        Access::Near(_) if is_near(&request, app.proxies()) => return next.run(request).await,
        Access::Near(permission) | Access::Trail(permission) | Access::Key(permission) => {
            permission
        }
    };
    let origin = Origin::of(&request, app.proxies());
    let trail = named_trail(access, &mut request).await;
    let caller = match identify(&app, request.headers()).await {
        Ok(key) => Caller { key, origin },
        Err(Refused::Failed(problem)) => return problem.into_response(),
        Err(Refused::Rejected(rejected)) => {
            note(&app, rejected.happening(&origin, trail.as_deref())).await;
            return rejected.answer();
        }
    };
    let asks = Asks {
        access,
        permission,
        trail,
    };
    admit(&app, asks, caller, request, next).await
}

/// What a request asks of whoever makes it.
pub struct Asks {
    /// What its URL asks.
    pub access: Access,
    /// The permission among it.
    pub permission: Permission,
    /// The trail in the path.
    pub trail: Option<String>,
}

/// Lets a caller who is known through, where it may; records what it looks at, and every refusal.
pub async fn admit(
    app: &App,
    asks: Asks,
    caller: Caller,
    mut request: Request,
    next: Next,
) -> Response {
    let Asks {
        access,
        permission,
        trail,
    } = asks;
    let elapsed = app.engine().ground().clock.elapsed();
    if let Err(wait) = app.pace().take(&caller.key.id, elapsed) {
        note(app, paced(&caller)).await;
        let mut problem = Problem::new(Kind::TooManyRequests, "this key goes too fast");
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        problem.retry_after = Some(u32::try_from(seconds).unwrap_or(u32::MAX));
        return problem.into_response();
    }
    let granted = may(&caller, permission, trail.as_deref()).and_then(|()| match access {
        Access::Near(_) => caller.expect_trail(None),
        _ => Ok(()),
    });
    if let Err(problem) = granted {
        note(app, denied(&caller, permission, trail.as_deref())).await;
        return problem.into_response();
    }
    request.extensions_mut().insert(caller.clone());
    let asked = if permission.looks() {
        Some(asked(&mut request).await)
    } else {
        None
    };
    let response = next.run(request).await;
    let status = response.status();
    if let (Some(asked), Some(trail)) = (asked, &trail)
        && (status.is_success() || status == StatusCode::NOT_FOUND)
        && response.extensions().get::<Noted>().is_none()
        && let Ok(trail) = trail.parse()
    {
        let results = response.extensions().get::<Shown>();
        let results = results.map_or(0, |Shown(results)| *results);
        let looked = looked(&caller, permission, trail, asked, results);
        // What is not on record is not shown.
        if let Err(error) = app.tally().note(looked).await {
            return Problem::from(error).into_response();
        }
    }
    // A handler refuses what only the body says.
    let is_refused = |problem: &Problem| problem.kind.status() == StatusCode::FORBIDDEN;
    if response
        .extensions()
        .get::<Problem>()
        .is_some_and(is_refused)
    {
        note(app, denied(&caller, permission, trail.as_deref())).await;
    }
    response
}

/// How many entries an answer shows, for its record.
#[derive(Debug, Clone, Copy)]
pub struct Shown(pub u64);

/// Says that a handler has put on record itself that somebody looked.
#[derive(Debug, Clone, Copy)]
pub struct Noted;

impl Noted {
    /// This answer, of which that is so.
    pub fn on(answer: Answer) -> Response {
        let mut response = answer.into_response();
        response.extensions_mut().insert(Self);
        response
    }
}

/// What a request asks of a trail: the entry in its path and its parameters.
async fn asked(request: &mut Request) -> Map<String, Value> {
    let mut asked = parameters(request.uri());
    if let Ok(params) = request.extract_parts::<RawPathParams>().await {
        let mut named = params.iter().filter(|(name, _)| *name == "id");
        if let Some((_, id)) = named.next() {
            asked.insert("entry".to_owned(), shortened(id).into());
        }
    }
    asked
}

/// The parameters of a URL, for the record of a look.
pub fn parameters(url: &Uri) -> Map<String, Value> {
    let mut asked = Map::new();
    let query = url.query().unwrap_or_default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        // Of a cursor only that there was one says something.
        let value = if name == "cursor" {
            "…".into()
        } else {
            value
        };
        let place = asked.entry(name.into_owned()).or_insert(Value::Null);
        *place = match std::mem::take(place) {
            Value::Null => value.into(),
            Value::Array(mut values) => {
                values.push(value.into());
                Value::Array(values)
            }
            first => json!([first, value]),
        };
    }
    asked
}

/// The record of a look at a trail, in the trail itself.
pub fn looked(
    caller: &Caller,
    permission: Permission,
    trail: TrailName,
    asked: Map<String, Value>,
    results: u64,
) -> Happening {
    let mut happening = caller.happening("audit_log_accessed", trail, permission);
    happening.details.insert("query".to_owned(), asked.into());
    happening.results = results;
    happening
}

/// The trail in the path, where the URL asks for a permission on it.
pub async fn named_trail(access: Access, request: &mut Request) -> Option<String> {
    if !matches!(access, Access::Trail(_)) {
        return None;
    }
    let params = request.extract_parts::<RawPathParams>().await.ok()?;
    let mut named = params.iter().filter(|(name, _)| *name == "trail");
    named.next().map(|(_, value)| value.to_owned())
}

fn may(caller: &Caller, permission: Permission, trail: Option<&str>) -> Result<(), Problem> {
    let key = &caller.key;
    if !key.role.may(permission) {
        let (role, permission) = (key.role, permission.as_str().replace('_', " "));
        return Err(forbidden(format!(
            "the key's role, {role}, may not {permission}"
        )));
    }
    match trail {
        Some(trail) if !key.covers(trail) => {
            Err(forbidden("the key is for another trail".to_owned()))
        }
        _ => Ok(()),
    }
}

/// The record of what a good key may not do.
fn denied(caller: &Caller, permission: Permission, trail: Option<&str>) -> Happening {
    let action = if permission.looks() {
        "audit_log_access_denied"
    } else {
        "access_denied"
    };
    let mut event = caller.event(action, "audit_log");
    event.insert("resource_id".to_owned(), json!(trail.map(shortened)));
    event.insert(
        "context".to_owned(),
        json!({
            "reason": "role or trail of the key",
            "required_permission": permission.as_str(),
            "role": caller.key.role,
            "key_name": caller.key.name,
        }),
    );
    Happening {
        trail: TrailName::system(),
        group: format!("{}\n{}", caller.key.id, permission.as_str()),
        event,
        details: caller.origin.details(trail),
        results: 0,
        request_id: caller.origin.request_id.clone(),
    }
}

/// The record of a key that went too fast: a flood is to be seen.
fn paced(caller: &Caller) -> Happening {
    let mut event = caller.event("access_denied", "audit_log");
    let context = json!({ "reason": "too many requests", "key_name": caller.key.name });
    event.insert("context".to_owned(), context);
    Happening {
        trail: TrailName::system(),
        group: format!("{}\npace", caller.key.id),
        event,
        details: Map::new(),
        results: 0,
        request_id: caller.origin.request_id.clone(),
    }
}

fn shortened(trail: &str) -> String {
    trail.chars().take(64).collect()
}

/// Records a refusal. That it could not be recorded lets nobody in.
pub async fn note(app: &App, happening: Happening) {
    if let Err(error) = app.tally().note(happening).await {
        tracing::error!(%error, "a refusal was not recorded");
    }
}

impl Caller {
    /// Something that this caller does to a trail, to be recorded there.
    pub fn happening(&self, action: &str, trail: TrailName, permission: Permission) -> Happening {
        let mut event = self.event(action, "audit_log");
        event.insert("resource_id".to_owned(), trail.as_str().into());
        event.insert(
            "context".to_owned(),
            json!({
                "access": permission.as_str(),
                "role": self.key.role,
                "key_name": self.key.name,
            }),
        );
        Happening {
            trail,
            group: format!("{}\n{}", self.key.id, permission.as_str()),
            event,
            details: self.origin.details(None),
            results: 0,
            request_id: self.origin.request_id.clone(),
        }
    }

    /// The fields of an event that say who did it.
    pub fn event(&self, action: &str, resource_type: &str) -> Map<String, Value> {
        let mut event = self.origin.event(action, resource_type);
        event.insert("user_id".to_owned(), self.name().into());
        event
    }
}
