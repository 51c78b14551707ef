//! Refused requests are events too, whoever refused them.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::MatchedPath;
use axum::http::{Method, Request, Response, StatusCode};
use indelible_core::{AuditAction, AuditError, AuditEvent, AuditProtocol};
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::{Layer, Service};

use crate::context::RequestContext;

/// Records each answer of 401 and 403 as an `access_denied` event.
///
/// The answer is the same whatever becomes of the record: it waits for it for a second at most,
/// and a record that fails, or does not get its turn, is counted and logged. A record that takes
/// longer goes on by itself.
///
/// The event names path and method, never the query, in which secrets travel. It carries what
/// [`RequestContext`] knows, so put [`crate::RequestContextLayer`] around this layer.
#[derive(Clone)]
pub struct DenialLayer {
    recorder: Arc<Recorder>,
}

/// How many denials were recorded and how many were lost since the layer was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct DenialCounts {
    /// Those recorded.
    pub recorded: u64,
    /// Those of which no record was acknowledged.
    pub lost: u64,
}

/// Denials on their way to the trail at once; one more is lost, so that a store that hangs does
/// not take the server's memory.
const UNDERWAY_MAX: usize = 1024;

/// How long an answer waits for its record.
const PATIENCE: Duration = Duration::from_secs(1);

struct Recorder {
    audit: Arc<dyn AuditProtocol>,
    turns: Arc<Semaphore>,
    recorded: AtomicU64,
    lost: AtomicU64,
}

impl DenialLayer {
    /// A layer that records with `audit`.
    pub fn new(audit: Arc<dyn AuditProtocol>) -> Self {
        Self {
            recorder: Arc::new(Recorder {
                audit,
                turns: Arc::new(Semaphore::new(UNDERWAY_MAX)),
                recorded: AtomicU64::new(0),
                lost: AtomicU64::new(0),
            }),
        }
    }

    /// What became of the denials so far, for metrics. Those underway are in neither count.
    #[must_use]
    pub fn counts(&self) -> DenialCounts {
        DenialCounts {
            recorded: self.recorder.recorded.load(Ordering::Relaxed),
            lost: self.recorder.lost.load(Ordering::Relaxed),
        }
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
            let response = answer.await?;
            if let Some(event) = asked.denied(response.status()) {
                recorder.record(event).await;
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

impl Recorder {
    /// Records in a task of its own, which goes on when the client is gone, and waits a while for
    /// it.
    async fn record(self: Arc<Self>, event: AuditEvent) {
        let Ok(turn) = Arc::clone(&self.turns).try_acquire_owned() else {
            self.lose("too many denials are being recorded");
            return;
        };
        let underway = Underway {
            recorder: self,
            _turn: turn,
            is_settled: false,
        };
        let task = tokio::spawn(async move {
            let recorded = underway.recorder.audit.record(event).await;
            underway.settle(recorded.map(drop));
        });
        // Whether it ended in time or not, it is counted where it ends.
        let _ = tokio::time::timeout(PATIENCE, task).await;
    }

    fn lose(&self, error: impl std::fmt::Display) {
        self.lost.fetch_add(1, Ordering::Relaxed);
        tracing::error!(%error, "an access_denied event was not recorded");
    }
}

/// A denial on its way to the trail, counted whatever ends it, a panic or the end of the runtime
/// included.
struct Underway {
    recorder: Arc<Recorder>,
    _turn: OwnedSemaphorePermit,
    is_settled: bool,
}

impl Underway {
    fn settle(mut self, recorded: Result<(), AuditError>) {
        self.is_settled = true;
        match recorded {
            Ok(()) => {
                self.recorder.recorded.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) => self.recorder.lose(error),
        }
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        if !self.is_settled {
            self.recorder.lose("recording it ended without an answer");
        }
    }
}
