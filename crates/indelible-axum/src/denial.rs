//! Refused requests are events too, whoever refused them.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::http::{Request, Response, StatusCode};
use indelible_core::{AuditAction, AuditEvent, AuditProtocol};
use serde_json::{Map, Value, json};
use tower::{Layer, Service};

use crate::asked::Asked;
use crate::recorded::Recorded;
use crate::recorder::{RecordCounts, Recorder};

/// Records each answer of 401 and 403 as an `access_denied` event.
///
/// The answer is the same whatever becomes of the record: it waits for it for a second at most,
/// and a record that takes longer goes on by itself. At most 1,024 are under way at once; one more
/// waits for its turn within that second, and is lost after it. What is lost is counted
/// ([`DenialLayer::counts`]) and logged with that count.
///
/// The event names method and route, `/reset/{token}` for example. What was sent in the places of
/// a path may be secret, so that none of it is recorded but the parameters that
/// [`DenialLayer::parameters`] names; the query never is. A refused request to no route has no
/// `resource_id`, unless [`DenialLayer::whole_path`] is asked for. The event carries what
/// [`crate::RequestContext`] knows, so put [`crate::RequestContextLayer`] around this layer.
/// Answers that are [`Recorded`] already, by a [`crate::AuditLayer`] further inside for example,
/// are left alone.
#[derive(Clone)]
pub struct DenialLayer {
    recorder: Arc<Recorder>,
    named: Arc<Named>,
}

/// What of a request's path is recorded beside its route.
#[derive(Clone, Default)]
struct Named {
    parameters: Vec<String>,
    is_whole_path: bool,
}

impl DenialLayer {
    /// A layer that records with `audit`.
    pub fn new(audit: Arc<dyn AuditProtocol>) -> Self {
        Self {
            recorder: Recorder::new(audit),
            named: Arc::default(),
        }
    }

    /// Also records the values of the routes' parameters of these names, as the context's member
    /// `parameters`: which account it was, for example. Name none that holds a secret.
    #[must_use]
    pub fn parameters<T: Into<String>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        let names = names.into_iter().map(Into::into);
        Arc::make_mut(&mut self.named).parameters.extend(names);
        self
    }

    /// Takes the path as it was sent for `resource_id`, in the place of the route: for applications
    /// whose paths hold no secret, such as the token of a link that resets a password. Redaction
    /// finds secrets by their form (keys, card numbers), and a token that has none of them stays.
    #[must_use]
    pub fn whole_path(mut self) -> Self {
        Arc::make_mut(&mut self.named).is_whole_path = true;
        self
    }

    /// What became of the denials so far, for metrics.
    #[must_use]
    pub fn counts(&self) -> RecordCounts {
        self.recorder.counts()
    }
}

impl<S> Layer<S> for DenialLayer {
    type Service = DenialService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        DenialService {
            inner,
            layer: self.clone(),
        }
    }
}

/// What [`DenialLayer`] makes of a service.
#[derive(Clone)]
pub struct DenialService<S> {
    inner: S,
    layer: DenialLayer,
}

impl<S, B, R> Service<Request<B>> for DenialService<S>
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
        let asked = Asked::of(&request);
        let layer = self.layer.clone();
        let answer = self.inner.call(request);
        Box::pin(async move {
            let mut response = answer.await?;
            if !Recorded::is_on(&response)
                && let Some(event) = layer.named.denied(&asked, response.status())
            {
                layer.recorder.record(event).await;
                Recorded::mark(&mut response);
            }
            Ok(response)
        })
    }
}

impl Named {
    fn denied(&self, asked: &Asked, status: StatusCode) -> Option<AuditEvent> {
        let reason = match status {
            StatusCode::UNAUTHORIZED => "unauthenticated",
            StatusCode::FORBIDDEN => "forbidden",
            _ => return None,
        };
        let mut context = json!({
            "resource": asked.route().unwrap_or("no route"),
            "action": asked.method(),
            "reason": reason,
            "status": status.as_u16(),
        });
        let parameters = self.parameters_of(asked);
        if !parameters.is_empty() {
            context["parameters"] = parameters.into();
        }
        let mut event = AuditEvent::new(AuditAction::ACCESS_DENIED, "http_route").context(context);
        let resource = match self.is_whole_path {
            true => Some(asked.path()),
            false => asked.route(),
        };
        event.resource_id = resource.map(str::to_owned);
        Some(asked.fill(event))
    }

    fn parameters_of(&self, asked: &Asked) -> Map<String, Value> {
        let found = self.parameters.iter().filter_map(|name| {
            let value = asked.parameter(name)?;
            Some((name.clone(), value.into()))
        });
        found.collect()
    }
}
