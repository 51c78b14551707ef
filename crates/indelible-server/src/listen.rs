//! Connections: accepting them, how long they may take, and the orderly stop.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use indelible_core::AuditError;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tower::ServiceExt;

use crate::app::{App, Working};
use crate::console::OverTls;
use crate::errand::Errand;
use crate::limits::{
    CONNECTIONS_MAX, DRAIN_TIME_MAX, FLUSH_TIME_MAX, HEAD_BYTES_MAX, HEAD_TIME_MAX, TALLY_PACE,
    WRITE_PAUSE_MAX,
};
use crate::patience::Patient;
use crate::pause::pause;
use crate::router::{operator_router, router};
use crate::tls::Tls;

/// Why the server ended otherwise than it was told to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The listener failed.
    #[error("the listener failed: {0}")]
    Listener(#[from] io::Error),
    /// What was summed up could not be recorded.
    #[error("the sums of accesses and refusals were not recorded: {0}")]
    Unsettled(#[from] AuditError),
    /// Requests were cut off because they took too long to be answered.
    #[error("{requests} requests were cut off after {} s", DRAIN_TIME_MAX.as_secs())]
    CutOff {
        /// How many.
        requests: usize,
    },
}

/// How long connections may take.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// For agreeing on TLS; for the head of a request, which begins where the answer before it
    /// ends, so that it holds for idle connections too.
    pub head: Duration,
    /// With bytes waiting for the client, none of which it takes, and none coming from it.
    pub write_pause: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            head: HEAD_TIME_MAX,
            write_pause: WRITE_PAUSE_MAX,
        }
    }
}

/// Where connections come in.
pub struct Door {
    listener: TcpListener,
    router: Option<Router>,
    tls: Option<Tls>,
    times: Times,
    connections_max: usize,
}

impl From<TcpListener> for Door {
    fn from(listener: TcpListener) -> Self {
        Self {
            listener,
            router: None,
            tls: None,
            times: Times::default(),
            connections_max: CONNECTIONS_MAX,
        }
    }
}

impl Door {
    /// The same with TLS before everything else.
    #[must_use]
    pub fn tls(self, tls: Option<Tls>) -> Self {
        Self { tls, ..self }
    }

    /// The same with other limits on time.
    #[must_use]
    pub fn times(self, times: Times) -> Self {
        Self { times, ..self }
    }

    /// The same with at most so many connections open at once; more wait to be accepted.
    #[must_use]
    pub fn connections_max(self, connections_max: usize) -> Self {
        Self {
            connections_max,
            ..self
        }
    }

    /// The same for `/metrics` and `/healthz` alone, whoever asks.
    #[must_use]
    pub fn for_operators(self, app: App) -> Self {
        let router = Some(operator_router(app));
        Self { router, ..self }
    }
}

/// Answers requests until `stop` is ready; then accepts no more, answers what has begun for as
/// long as [`DRAIN_TIME_MAX`] at most, and returns. The engine is still open then.
///
/// # Errors
/// [`ServeError`].
pub async fn serve(
    door: impl Into<Door>,
    app: App,
    stop: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let Door {
        listener,
        router: own,
        tls,
        times,
        connections_max,
    } = door.into();
    let places = Arc::new(Semaphore::new(connections_max));
    if own.is_none() {
        app.results_room().probe();
    }
    // Operators' own listener leaves the sums to the main one.
    let settling = own.is_none().then(|| tokio::spawn(settle(app.clone())));
    let server = Server {
        router: own.unwrap_or_else(|| router(app.clone())),
        tls,
        times,
        http: protocol(times),
        app: app.clone(),
        graceful: GracefulShutdown::new(),
    };
    tokio::pin!(stop);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = &mut stop => break,
            Some(_) = connections.join_next() => {}
            accepted = accept(&listener, &places) => {
                let (stream, peer, place) = accepted?;
                connections.spawn(server.answer(stream, peer, place));
            }
        }
    }
    drop(listener);
    app.stop();
    let closing = server.graceful.shutdown();
    tokio::pin!(closing);
    let mut is_closed = false;
    let drained = tokio::time::timeout(DRAIN_TIME_MAX, async {
        tokio::select! {
            () = &mut closing => is_closed = true,
            () = app.rest() => {}
        }
        // What was begun for clients that are gone.
        app.rest().await;
    });
    let drained = drained.await;
    let requests = app.at_work();
    if !is_closed {
        // Whoever has asked nothing whole by now keeps nobody waiting.
        let _ = tokio::time::timeout(FLUSH_TIME_MAX, &mut closing).await;
    }
    connections.shutdown().await;
    // What was cut off is recorded as such.
    let _ = tokio::time::timeout(FLUSH_TIME_MAX, app.rest()).await;
    if let Some(settling) = settling {
        settling.abort();
        // An abort that meets a sum half-way leaves it for the next line.
        let _ = settling.await;
        app.settle_all().await?;
    }
    drained.map_err(|_| ServeError::CutOff { requests })?;
    Ok(())
}

/// Records the sums whose minute is over, and ends orders that waited too long, again and again.
async fn settle(app: App) {
    let mut pace = tokio::time::interval(TALLY_PACE);
    loop {
        pace.tick().await;
        if let Err(error) = app.settle().await {
            tracing::error!(%error, "sums of accesses and refusals were not recorded");
        }
    }
}

/// HTTP/1.1 with the limits on the heads of requests.
fn protocol(times: Times) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(times.head)
        .max_buf_size(HEAD_BYTES_MAX);
    http
}

struct Server {
    router: Router,
    tls: Option<Tls>,
    times: Times,
    http: http1::Builder,
    app: App,
    graceful: GracefulShutdown,
}

impl Server {
    /// Answers the requests of a connection.
    fn answer(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        place: OwnedSemaphorePermit,
    ) -> impl Future<Output = ()> + use<> {
        let (router, app, place) = (self.router.clone(), self.app.clone(), Arc::new(place));
        let is_over_tls = self.tls.is_some();
        let service = service_fn(move |request: Request<Incoming>| {
            // Until the last of the answer is on its way.
            let working = app.work();
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            if is_over_tls {
                request.extensions_mut().insert(OverTls);
            }
            let answered = router.clone().oneshot(request);
            let answering = async move {
                let answer = answered.await?;
                Ok::<_, Infallible>(answer.map(|body| attended(body, working)))
            };
            Errand::new(answering, app.clone(), place.clone())
        });
        // Answers are small: none waits for more to go with it.
        let _ = stream.set_nodelay(true);
        let (http, watcher) = (self.http.clone(), self.graceful.watcher());
        let (tls, times) = (self.tls.clone(), self.times);
        let stalled = self.app.counters().stalled().clone();
        let stream = Patient::new(stream, times.write_pause, stalled);
        let open = Open::new(self.app.clone());
        async move {
            match tls {
                None => converse(&http, watcher, stream, service).await,
                Some(tls) => match tls.accept(stream, times.head).await {
                    Ok(stream) => converse(&http, watcher, stream, service).await,
                    Err(error) => tracing::debug!(%error, "no TLS was agreed on"),
                },
            }
            drop(open);
        }
    }
}

/// A body that is being worked at until it is gone.
fn attended(body: Body, working: Working) -> Body {
    Body::new(body.map_frame(move |frame| {
        let _ = &working;
        frame
    }))
}

/// A connection, counted while it is open.
struct Open(App);

impl Open {
    fn new(app: App) -> Self {
        app.counters().opened();
        Self(app)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.counters().ended();
    }
}

/// Answers the requests of a connection until it ends.
async fn converse<S>(
    http: &http1::Builder,
    watcher: Watcher,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    service: S,
) where
    S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible> + Send + 'static,
    S::Future: Send,
{
    let connection = http.serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, "connection ended");
    }
}

/// The next connection, once there is a place for it.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = places.clone().acquire_owned().await;
    let place = place.map_err(io::Error::other)?;
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return Ok((stream, peer, place)),
            Err(error) if is_of_the_client(&error) => {}
            Err(error) => {
                tracing::error!(%error, "no connection could be accepted");
                pause(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Whether a connection was gone before it was accepted.
fn is_of_the_client(error: &io::Error) -> bool {
    use io::ErrorKind as K;
    matches!(
        error.kind(),
        K::ConnectionRefused | K::ConnectionAborted | K::ConnectionReset | K::Interrupted
    )
}

/// How long the server waits where the system has no descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(250);
