//! Connections: accepting them, how long they may take, and the orderly stop.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use indelible_core::AuditError;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::{ServiceExt, service_fn};

use crate::app::App;
use crate::limits::{CONNECTIONS_MAX, DRAIN_TIME_MAX, HEAD_BYTES_MAX, HEAD_TIME_MAX, TALLY_PACE};
use crate::router;

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
    #[error("{connections} connections were cut off after {} s", DRAIN_TIME_MAX.as_secs())]
    CutOff {
        /// How many.
        connections: usize,
    },
}

/// Answers requests until `stop` is ready; then accepts no more, answers what has begun for as
/// long as [`DRAIN_TIME_MAX`] at most, and returns. The engine is still open then.
///
/// # Errors
/// [`ServeError`].
pub async fn serve(
    listener: TcpListener,
    app: App,
    stop: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let server = Server {
        router: router(app.clone()),
        http: protocol(),
        graceful: GracefulShutdown::new(),
    };
    let settling = tokio::spawn(settle(app.clone()));
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            accepted = accept(&listener, &places) => {
                let (stream, peer, place) = accepted?;
                server.answer(stream, peer, place);
            }
        }
    }
    drop(listener);
    let drained = tokio::time::timeout(DRAIN_TIME_MAX, server.graceful.shutdown()).await;
    settling.abort();
    // An abort that meets a sum half-way leaves it for the next line.
    let _ = settling.await;
    app.settle_all().await?;
    let connections = CONNECTIONS_MAX.saturating_sub(places.available_permits());
    drained.map_err(|_| ServeError::CutOff { connections })
}

/// Records the sums whose minute is over, again and again.
async fn settle(app: App) {
    let mut pace = tokio::time::interval(TALLY_PACE);
    loop {
        pace.tick().await;
        if let Err(error) = app.settle().await {
            tracing::error!(%error, "sums of accesses and refusals were not recorded");
        }
    }
}

/// HTTP/1.1 with the limits on the heads of requests, which hold for idle connections too.
fn protocol() -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME_MAX)
        .max_buf_size(HEAD_BYTES_MAX);
    http
}

struct Server {
    router: Router,
    http: http1::Builder,
    graceful: GracefulShutdown,
}

impl Server {
    /// Answers the requests of a connection in a task of its own.
    fn answer(&self, stream: TcpStream, peer: SocketAddr, place: OwnedSemaphorePermit) {
        let router = self.router.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            router.clone().oneshot(request)
        });
        // Answers are small: none waits for more to go with it.
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(service);
        let connection = self.http.serve_connection(TokioIo::new(stream), service);
        let connection = self.graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "connection ended");
            }
            drop(place);
        });
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
                pause().await;
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

#[expect(
    clippy::disallowed_methods,
    reason = "descriptors come back when other connections end, which nothing announces"
)]
async fn pause() {
    tokio::time::sleep(ACCEPT_PAUSE).await;
}
