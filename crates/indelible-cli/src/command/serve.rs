//! `indelible serve`

mod demo;

use clap::{Args, ValueEnum};
use indelible_server::App;
use indelible_server::limits::KEY_REQUESTS_PER_SECOND;
use tokio::net::TcpListener;
use tracing::Level;

use crate::failure::{Failure, Status};
use crate::session::{Access, Opened, Session};

/// Serves the trails over HTTP until it is told to stop
///
/// The first start on a database prints `admin key: …`, once: with it, `indelible keys` or the API
/// makes the others.
///
/// On SIGTERM or SIGINT it accepts no more, answers what has begun, records the orderly stop and
/// ends. What was acknowledged is on disk at any time. It says what it does on standard error, one
/// JSON object per line.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  indelible serve
  indelible serve --demo
  indelible serve --listen 0.0.0.0:8080 --database postgres://app@db/audit")]
pub struct Serve {
    /// The address and port to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7878")]
    listen: String,
    /// Fills the trail `demo`, where it is empty, with a day of events
    #[arg(long)]
    demo: bool,
    /// Requests of one key in a second; twice as many are taken at once
    #[arg(long, value_name = "COUNT", default_value_t = KEY_REQUESTS_PER_SECOND)]
    rate: u32,
    /// How much is said on standard error
    #[arg(long, value_enum, value_name = "LEVEL", default_value_t)]
    log: Log,
}

/// How much is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Log {
    /// What failed
    Error,
    /// What was refused, too
    Warn,
    /// Every request
    #[default]
    Info,
    /// Every connection that ended early
    Debug,
}

impl Log {
    fn level(self) -> Level {
        match self {
            Self::Error => Level::ERROR,
            Self::Warn => Level::WARN,
            Self::Info => Level::INFO,
            Self::Debug => Level::DEBUG,
        }
    }
}

impl Serve {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        let log = tracing_subscriber::fmt().json().flatten_event(true);
        let log = log.with_max_level(self.log.level()).with_target(false);
        log.with_writer(std::io::stderr).init();
        // Both before anything is written: a port that is taken is no reason to record a start.
        let stop = stop()?;
        let listener = TcpListener::bind(&self.listen).await;
        let listener = listener.map_err(|error| {
            let listen = &self.listen;
            Failure::new(format!("nothing can listen on {listen}: {error}"))
        })?;
        let opened = session.open(Access::Serve).await?;
        let served = self.serve(session, &opened, listener, stop).await;
        opened.close(served).await
    }

    async fn serve(
        &self,
        session: &Session,
        opened: &Opened,
        listener: TcpListener,
        stop: impl Future<Output = ()>,
    ) -> Result<Status, Failure> {
        let address = listener.local_addr().map_err(Failure::new)?;
        let app = App::with_pace(opened.database.engine().clone(), self.rate);
        if let Some(first) = app.keys().first().await? {
            let key = first.token.expose();
            session.output.say(&format!("admin key: {key}"))?;
        }
        if self.demo {
            let trail = demo::TRAIL.parse().map_err(Failure::new)?;
            let filled = demo::fill(&opened.database.trail(trail), session.now()).await?;
            if let Some(count) = filled {
                let trail = demo::TRAIL;
                session
                    .output
                    .say(&format!("trail {trail} holds a day of {count} events"))?;
            }
        }
        session
            .output
            .say(&format!("listening on http://{address}"))?;
        indelible_server::serve(listener, app, stop)
            .await
            .map_err(Failure::new)?;
        Ok(Status::Fine)
    }
}

/// Ready once the process is told to stop.
#[cfg(unix)]
fn stop() -> Result<impl Future<Output = ()>, Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::new)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::new)?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
    })
}

/// Ready once the process is told to stop.
#[cfg(not(unix))]
fn stop() -> Result<impl Future<Output = ()>, Failure> {
    Ok(async {
        // Where no interrupt can be heard, the process runs until it is ended.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        tracing::info!("stopping");
    })
}
