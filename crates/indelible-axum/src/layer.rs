//! The layer that gives each request its context.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::extract::ConnectInfo;
use axum::http::header::USER_AGENT;
use axum::http::{HeaderMap, Request, Response};
use indelible_core::{Clock, Entropy, SystemClock, SystemEntropy};
use tower::{Layer, Service};

use crate::client::TrustedProxies;
use crate::context::RequestContext;
use crate::forwarded::text;
use crate::request_id::{RequestId, X_REQUEST_ID};

/// Gives each request a [`RequestContext`], and each response the request's id as `X-Request-Id`
/// where it has none.
#[derive(Clone)]
pub struct RequestContextLayer {
    ground: Arc<Ground>,
}

struct Ground {
    proxies: TrustedProxies,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl RequestContextLayer {
    /// A layer that believes these proxies and makes ids of the system's clock and randomness.
    pub fn new(proxies: TrustedProxies) -> Self {
        Self::with(
            proxies,
            Arc::new(SystemClock::new()),
            Arc::new(SystemEntropy),
        )
    }

    /// A layer that makes ids of this clock and randomness.
    pub fn with(proxies: TrustedProxies, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            ground: Arc::new(Ground {
                proxies,
                clock,
                entropy,
            }),
        }
    }
}

impl<S> Layer<S> for RequestContextLayer {
    type Service = RequestContextService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RequestContextService {
            inner,
            ground: Arc::clone(&self.ground),
        }
    }
}

/// What [`RequestContextLayer`] makes of a service.
#[derive(Clone)]
pub struct RequestContextService<S> {
    inner: S,
    ground: Arc<Ground>,
}

impl<S, B, R> Service<Request<B>> for RequestContextService<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let context = self.ground.context(&request);
        let id = context.id().to_value();
        request.extensions_mut().insert(context);
        let answer = self.inner.call(request);
        Box::pin(async move {
            let mut response = answer.await?;
            if let Some(id) = id {
                response.headers_mut().entry(X_REQUEST_ID).or_insert(id);
            }
            Ok(response)
        })
    }
}

impl Ground {
    fn context<B>(&self, request: &Request<B>) -> RequestContext {
        let headers = request.headers();
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map(|ConnectInfo(address)| address.ip());
        RequestContext::new(
            self.proxies.client(peer, headers),
            user_agent(headers),
            RequestId::of(headers, &*self.clock, &*self.entropy),
        )
    }
}

/// The user agent; of several, all, as RFC 9110 section 5.3 puts lines together.
fn user_agent(headers: &HeaderMap) -> Option<String> {
    let lines: Vec<_> = headers.get_all(USER_AGENT).iter().map(text).collect();
    (!lines.is_empty()).then(|| lines.join(", "))
}
