//! Refused requests are events too, whoever refused them.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::extract::MatchedPath;
use axum::http::{Method, Request, Response, StatusCode};
use indelible_core::{AuditAction, AuditEvent, AuditProtocol};
use serde_json::json;
use tower::{Layer, Service};

use crate::context::RequestContext;
use crate::recorded::Recorded;
use crate::recorder::{RecordCounts, Recorder};

/// Records each answer of 401 and 403 as an `access_denied` event.
///
/// The answer is the same whatever becomes of the record: it waits for it for a second at most,
/// and a record that fails, or does not get its turn, is counted and logged. A record that takes
/// longer goes on by itself.
///
/// The event names path and method, never the query, in which secrets travel. It carries what
/// [`RequestContext`] knows, so put [`crate::RequestContextLayer`] around this layer. Answers that
/// are [`Recorded`] already, by a [`crate::AuditLayer`] further inside for example, are left alone.
#[derive(Clone)]
pub struct DenialLayer {
    recorder: Arc<Recorder>,
}

impl DenialLayer {
    /// A layer that records with `audit`.
    pub fn new(audit: Arc<dyn AuditProtocol>) -> Self {
        Self {
            recorder: Recorder::new(audit),
        }
    }

    /// What became of the denials so far, for metrics. Those underway are in neither count.
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
            recorder: Arc::clone(&self.recorder),
        }
    }
}

/// What [`DenialLayer`] makes of a service.
#[derive(Clone)]
pub struct DenialService<S> {
    inner: S,
    recorder: Arc<Recorder>,
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
        let recorder = Arc::clone(&self.recorder);
        let answer = self.inner.call(request);
        Box::pin(async move {
            let mut response = answer.await?;
            if !Recorded::is_on(&response)
                && let Some(event) = asked.denied(response.status())
            {
                recorder.record(event).await;
                Recorded::mark(&mut response);
            }
            Ok(response)
        })
    }
}

/// What was asked for, kept while the request itself is on its way.
struct Asked {
    method: Method,
    path: String,
    route: Option<MatchedPath>,
    context: Option<RequestContext>,
}

impl Asked {
    fn of<B>(request: &Request<B>) -> Self {
        Self {
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            route: request.extensions().get().cloned(),
            context: request.extensions().get().cloned(),
        }
    }

    fn denied(self, status: StatusCode) -> Option<AuditEvent> {
        let reason = match status {
            StatusCode::UNAUTHORIZED => "unauthenticated",
            StatusCode::FORBIDDEN => "forbidden",
            _ => return None,
        };
        let event = AuditEvent::new(AuditAction::ACCESS_DENIED, "http_route")
            .resource_id(&*self.path)
            .context(json!({
                "resource": self.route.as_ref().map_or(&*self.path, MatchedPath::as_str),
                "action": self.method.as_str(),
                "reason": reason,
                "status": status.as_u16(),
            }));
        Some(match self.context {
            Some(context) => context.fill(event),
            None => event,
        })
    }
}
