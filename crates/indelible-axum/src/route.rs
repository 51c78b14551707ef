//! Chosen routes are recorded with their outcome.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::http::{Request, Response, StatusCode};
use indelible_core::{AuditAction, AuditEvent, AuditProtocol, Outcome, catalogue};
use serde_json::{Map, Value};
use tower::{Layer, Service};

use crate::asked::Asked;
use crate::ended::Ended;
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
/// | below 300, 304 | succeeded | `role_assigned` |
/// | any other below 400: a redirect | attempted | `role_assignment_attempted` |
/// | 401, 403 | denied | `role_assignment_failed`, for the catalogue has no name of its own |
/// | any other | failed | `role_assignment_failed` |
/// | none: the handler panicked, or the client hung up before | attempted | `role_assignment_attempted` |
///
/// A redirect is what both a success and a refusal that leads to the login page look like, so that
/// it proves neither. The handler knows and says so with [`Ended`] in its answer, which counts more
/// than any status; [`AuditLayer::redirect_is`] says it for all redirects of a route.
///
/// Whichever action of a workflow of the catalogue is given, it stands for the workflow; any other
/// action is recorded as it is. What ended without an answer is recorded as attempted, because
/// nobody knows how it ended: it stays visible as unresolved. What becomes of a body after its
/// first line is not looked at.
///
/// The event is the given one with what [`crate::RequestContext`] knows, actor included, and the
/// context members `method`, `route` and `status`: never the path, in which tokens travel, never
/// the query, never a body. Its outcome is always the answer's. The answer is the same whatever becomes of the record, which is delivered as by
/// [`crate::DenialLayer`]: waited for for a second at most, counted and logged where it is lost.
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
    redirect: Outcome,
}

impl AuditLayer {
    /// A layer that records `event` with `audit` for each request.
    pub fn new(audit: Arc<dyn AuditProtocol>, event: AuditEvent) -> Self {
        Self {
            recorder: Recorder::new(audit),
            event: Arc::new(event),
            parameter: None,
            redirect: Outcome::Attempted,
        }
    }

    /// Takes the resource's id from the parameter of this name in the route's path: from
    /// `/users/{user}` the one called `user`. A value that is no UTF-8 stays encoded as it was sent.
    #[must_use]
    pub fn resource_id_from(mut self, parameter: impl Into<Arc<str>>) -> Self {
        self.parameter = Some(parameter.into());
        self
    }

    /// Says how a request ended that is answered with a redirect (other than 304), where its
    /// handler does not say it itself: for routes on which only a success redirects, whatever
    /// stands between this layer and the handler.
    #[must_use]
    pub fn redirect_is(mut self, outcome: Outcome) -> Self {
        self.redirect = outcome;
        self
    }

    /// What became of the events so far, for metrics.
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
    S: Service<Request<B>, Response = Response<R>>,
    S::Future: Send + 'static,
    R: Send,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let mut open = self.layer.open(&request);
        let answer = self.inner.call(request);
        Box::pin(async move {
            let mut response = answer.await?;
            if let Some(event) = open.answered(&response) {
                Arc::clone(&open.layer.recorder).record(event).await;
                Recorded::mark(&mut response);
            }
            Ok(response)
        })
    }
}

impl AuditLayer {
    fn open<B>(&self, request: &Request<B>) -> Open {
        let asked = Asked::of(request);
        let mut event = AuditEvent::clone(&self.event);
        if let Some(name) = &self.parameter {
            let id = asked.parameter(name);
            if id.is_none() {
                tracing::error!(parameter = %name, "the route has no such parameter for a resource's id");
            }
            event.resource_id = id.or(event.resource_id);
        }
        Open {
            layer: self.clone(),
            event: Some(event),
            asked,
        }
    }
}

/// A request on its way. Dropped without an answer, it is recorded as attempted.
struct Open {
    layer: AuditLayer,
    /// What is still to be recorded.
    event: Option<AuditEvent>,
    asked: Asked,
}

impl Open {
    /// The event of this answer, `None` where it is on record.
    fn answered<R>(&mut self, response: &Response<R>) -> Option<AuditEvent> {
        let event = self.event.take()?;
        let outcome = Ended::of(response, self.layer.redirect);
        let is_recorded = Recorded::is_on(response);
        (!is_recorded).then(|| self.told(event, outcome, Some(response.status())))
    }

    fn told(
        &self,
        mut event: AuditEvent,
        outcome: Outcome,
        status: Option<StatusCode>,
    ) -> AuditEvent {
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
        self.asked.fill(event)
    }

    /// What the event's own context does not say itself.
    fn circumstances(&self, mut context: Map<String, Value>, status: Option<StatusCode>) -> Value {
        let mut say = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                context.entry(name).or_insert(value);
            }
        };
        say("method", Some(self.asked.method().into()));
        say("route", self.asked.route().map(Value::from));
        say("status", status.map(|status| status.as_u16().into()));
        context.into()
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(event) = self.event.take() {
            let event = self.told(event, Outcome::Attempted, None);
            // Nobody is left who could wait for it.
            Arc::clone(&self.layer.recorder).begin(event);
        }
    }
}
