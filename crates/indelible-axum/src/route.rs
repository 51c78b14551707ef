//! Chosen routes are recorded with their outcome.

use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::extract::{FromRequestParts, MatchedPath, RawPathParams};
use axum::http::request::Parts;
use axum::http::{Method, Request, Response, StatusCode};
use indelible_core::{AuditAction, AuditEvent, AuditProtocol, Outcome, catalogue};
use serde_json::{Map, Value};
use tower::{Layer, Service};

use crate::context::RequestContext;
use crate::recorded::Recorded;
use crate::recorder::{RecordCounts, Recorder};

/// Records every request to the routes that it is put around, with its outcome.
///
/// ```
/// use std::sync::Arc;
/// use axum::Router;
/// use axum::routing::put;
/// use indelible_axum::AuditLayer;
/// use indelible_core::{AuditAction, AuditEvent, AuditProtocol};
///
/// async fn assign_role() { /* … */ }
///
/// fn roles(audit: Arc<dyn AuditProtocol>) -> Router {
///     let event = AuditEvent::new(AuditAction::ROLE_ASSIGNED, "user").tag("actor.privileged");
///     let audited = AuditLayer::new(audit, event).resource_id_from("user");
///     Router::new().route("/users/{user}/role", put(assign_role).route_layer(audited))
/// }
/// ```
///
/// | the answer | outcome | `role_assigned` becomes |
/// |---|---|---|
/// | below 400 | succeeded | `role_assigned` |
/// | 401, 403 | denied | `role_assignment_failed`, for the catalogue has no name of its own |
/// | any other | failed | `role_assignment_failed` |
/// | none: the handler panicked, or the client hung up before | attempted | `role_assignment_attempted` |
///
/// Whichever action of a workflow of the catalogue is given, it stands for the workflow; any other
/// action is recorded as it is. What ended without an answer is recorded as attempted, because
/// nobody knows how it ended: it stays visible as unresolved. What becomes of a body after its
/// first line is not looked at.
///
/// The event is the given one with what [`RequestContext`] knows, actor included, and the context
/// members `method`, `route` and `status`: never the query, never a body. Its outcome is always
/// the answer's. The answer is the same whatever becomes of the record, which is delivered as by
/// [`crate::DenialLayer`]: waited for for a second at most, counted and logged where it fails.
///
/// An answer is recorded once: what is [`Recorded`] already is left alone, and what this layer
/// records a [`crate::DenialLayer`] around it does not. A refusal that comes from further outside
/// never gets here, and is the other layer's.
///
/// Put it on routes with `route_layer`; with `layer` requests to no route are recorded, too.
#[derive(Clone)]
pub struct AuditLayer {
    recorder: Arc<Recorder>,
    event: Arc<AuditEvent>,
    parameter: Option<Arc<str>>,
}

impl AuditLayer {
    /// A layer that records `event` with `audit` for each request.
    pub fn new(audit: Arc<dyn AuditProtocol>, event: AuditEvent) -> Self {
        Self {
            recorder: Recorder::new(audit),
            event: Arc::new(event),
            parameter: None,
        }
    }

    /// Takes the resource's id from the parameter of this name in the route's path: from
    /// `/users/{user}` the one called `user`.
    #[must_use]
    pub fn resource_id_from(mut self, parameter: impl Into<Arc<str>>) -> Self {
        self.parameter = Some(parameter.into());
        self
    }

    /// What became of the events so far, for metrics. Those underway are in neither count.
    #[must_use]
    pub fn counts(&self) -> RecordCounts {
        self.recorder.counts()
    }
}

impl<S> Layer<S> for AuditLayer {
    type Service = AuditService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        AuditService {
            inner,
            layer: self.clone(),
        }
    }
}

/// What [`AuditLayer`] makes of a service.
#[derive(Clone)]
pub struct AuditService<S> {
    inner: S,
    layer: AuditLayer,
}

impl<S, B, R> Service<Request<B>> for AuditService<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    B: Send + 'static,
    R: Send,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The service that was ready, and not its clone, answers.
        let clone = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, clone);
        let layer = self.layer.clone();
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            let mut asked = layer.asked(&mut parts).await;
            let mut response = inner.call(Request::from_parts(parts, body)).await?;
            if let Some(event) = asked.answered(&response) {
                layer.recorder.record(event).await;
                Recorded::mark(&mut response);
            }
            Ok(response)
        })
    }
}

impl AuditLayer {
    async fn asked(&self, parts: &mut Parts) -> Asked {
        let mut event = AuditEvent::clone(&self.event);
        if let Some(parameter) = &self.parameter {
            let id = path_parameter(parts, parameter).await;
            if id.is_none() {
                tracing::error!(%parameter, "the route has no such parameter for a resource's id");
            }
            event.resource_id = id.or(event.resource_id);
        }
        Asked {
            recorder: Arc::clone(&self.recorder),
            event: Some(event),
            method: parts.method.clone(),
            route: parts.extensions.get().cloned(),
            context: parts.extensions.get().cloned(),
        }
    }
}

async fn path_parameter(parts: &mut Parts, name: &str) -> Option<String> {
    let parameters = RawPathParams::from_request_parts(parts, &()).await.ok()?;
    let named = parameters.iter().find(|(own, _)| *own == name);
    named.map(|(_, value)| value.to_owned())
}

/// A request on its way. Dropped without an answer, it is recorded as attempted.
struct Asked {
    recorder: Arc<Recorder>,
    /// What is still to be recorded.
    event: Option<AuditEvent>,
    method: Method,
    route: Option<MatchedPath>,
    context: Option<RequestContext>,
}

impl Asked {
    /// The event of this answer, `None` where it is on record.
    fn answered<R>(&mut self, response: &Response<R>) -> Option<AuditEvent> {
        let event = self.event.take()?;
        let is_recorded = Recorded::is_on(response);
        (!is_recorded).then(|| self.told(event, Some(response.status())))
    }

    fn told(&self, mut event: AuditEvent, status: Option<StatusCode>) -> AuditEvent {
        let outcome = status.map_or(Outcome::Attempted, outcome_of);
        if let Some(workflow) = catalogue::workflow_of(event.action.as_str())
            && let Some(action) = workflow.action(outcome)
        {
            event.action = AuditAction::custom(action);
        }
        event.outcome = Some(outcome);
        event.context = Some(match event.context {
            None | Some(Value::Null) => self.circumstances(Map::new(), status),
            Some(Value::Object(own)) => self.circumstances(own, status),
            // For the door to refuse.
            Some(other) => other,
        });
        match &self.context {
            Some(context) => context.fill(event),
            None => event,
        }
    }

    /// What the event's own context does not say itself.
    fn circumstances(&self, mut context: Map<String, Value>, status: Option<StatusCode>) -> Value {
        let mut say = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                context.entry(name).or_insert(value);
            }
        };
        let route = self.route.as_ref().map(MatchedPath::as_str);
        say("method", Some(self.method.as_str().into()));
        say("route", route.map(Value::from));
        say("status", status.map(|status| status.as_u16().into()));
        context.into()
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        if let Some(event) = self.event.take() {
            let event = self.told(event, None);
            // Nobody is left who could wait for it.
            drop(Arc::clone(&self.recorder).begin(event));
        }
    }
}

fn outcome_of(status: StatusCode) -> Outcome {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Outcome::Denied,
        status if status.as_u16() < 400 => Outcome::Succeeded,
        _ => Outcome::Failed,
    }
}
