//! `indelible serve`

mod demo;
mod descriptors;
mod log;
mod notice;
mod signals;

use clap::Args;
use indelible::outbox::Draining;
use indelible_evidence::review::RuleSet;
use indelible_server::limits::CONNECTIONS_MAX;
use indelible_server::{App, Door, Tls};
use tokio::net::TcpListener;

use crate::command::report::Around;
use crate::command::review::rules;
use crate::failure::{Failure, Status};
use crate::session::{Access, Opened, Session};
use crate::settings::{ServerFlags, ServerSettings};
use log::Log;
use signals::Signals;

/// Serves the trails over HTTP until it is told to stop
///
/// The first start on a database prints `admin key: …`, once: with it, `indelible keys` or the API
/// makes the others.
///
/// Events that applications put into the outbox of the database within their own transactions
/// are moved into their trails.
///
/// On SIGTERM or SIGINT it accepts no more, answers what has begun, records the orderly stop and
/// ends. What was acknowledged is on disk at any time. On SIGHUP it reads its certificate and the
/// level of its log again.
/// It says what it does on standard error, one JSON object per line.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  indelible serve
  indelible serve --demo
  indelible serve --listen 0.0.0.0:8080 --database postgres://app@db/audit
  indelible serve --config /etc/indelible/indelible.toml --check-config")]
pub struct Serve {
    #[command(flatten)]
    flags: ServerFlags,
    /// Reads the settings and the certificate, says what is wrong with them, and ends
    #[arg(long)]
    check_config: bool,
}

impl Serve {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        let settings = session.server_settings(&self.flags)?;
        let tls = tls(&settings.server)?;
        let rules = rules(settings.review_rules.as_deref())?;
        if self.check_config {
            let file = settings
                .file
                .as_deref()
                .map(|path| path.display().to_string());
            let file = file.as_deref().unwrap_or("no file was read");
            session
                .output
                .say(&format!("the settings are good: {file}"))?;
            return Ok(Status::Fine);
        }
        let log = Log::begin(&settings.server);
        // All before anything is written: a port that is taken is no reason to record a start.
        let signals = Signals::new()?;
        let listener = listen(&settings.server.listen).await?;
        let metrics = match &settings.server.metrics_listen {
            Some(address) => Some(listen(address).await?),
            None => None,
        };
        let trail = settings.trail.clone();
        let opened = session.open_trail(Access::Serve, settings, trail).await?;
        let server = Server {
            listener,
            metrics,
            tls,
            rules,
            signals,
            log,
            flags: self.flags,
        };
        let served = server.run(session, &opened).await;
        opened.close(served).await
    }
}

fn tls(settings: &ServerSettings) -> Result<Option<Tls>, Failure> {
    let read = |files: &crate::settings::TlsFiles| Tls::read(&files.cert, &files.key);
    let tls = settings.tls.as_ref().map(read).transpose();
    tls.map_err(|error| Failure::usage(format!("TLS: {error}")))
}

async fn listen(address: &str) -> Result<TcpListener, Failure> {
    let problem = |error| Failure::new(format!("nothing can listen on {address}: {error}"));
    TcpListener::bind(address).await.map_err(problem)
}

fn reload_certificate(tls: Option<&Tls>) {
    match tls.map(Tls::reload) {
        None => {}
        Some(Ok(())) => tracing::info!("the certificate was read again"),
        Some(Err(error)) => tracing::error!(%error, "the certificate stays the old one"),
    }
}

/// What is ready before the database is opened.
struct Server {
    listener: TcpListener,
    metrics: Option<TcpListener>,
    tls: Option<Tls>,
    rules: RuleSet,
    signals: Signals,
    log: Log,
    flags: ServerFlags,
}

impl Server {
    async fn run(self, session: &Session, opened: &Opened) -> Result<Status, Failure> {
        let settings = &opened.settings.server;
        let app = App::with(
            opened.database.engine().clone(),
            settings.rate,
            settings.trusted_proxies.clone(),
        );
        app.review_by(self.rules);
        let around = Around::of(opened);
        app.surrounded_by(move || around.look().map_err(|failure| failure.message().into()));
        if let Some(first) = app.keys().first().await? {
            let key = first.key.token.expose();
            session.output.say(&format!("admin key: {key}"))?;
            if let Err(error) = app.keys().first_was_said(&first).await {
                tracing::warn!(%error, "the next start says the admin key again");
            }
        }
        if settings.demo {
            fill_demo(session, opened).await?;
        }
        let draining = drain(opened, &app)?;
        let address = self.listener.local_addr().map_err(Failure::new)?;
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let wished = settings.connections_max.unwrap_or(CONNECTIONS_MAX);
        let most = descriptors::connections().map_or(wished, |most| most.min(wished));
        if most < wished {
            tracing::warn!(
                most,
                wished,
                "the limit on open files allows fewer connections"
            );
        }
        let door = Door::from(self.listener).tls(self.tls.clone());
        let door = door.connections_max(most);
        if let Some(listener) = self.metrics {
            let door = Door::from(listener).for_operators(app.clone());
            // It answers until the process ends: whoever watches it sees the stop.
            let forever = std::future::pending();
            tokio::spawn(indelible_server::serve(door, app.clone(), forever));
        }
        let watching = indelible_server::watch(app.clone(), settings.verification.0);
        let watching = tokio::spawn(watching);
        session
            .output
            .say(&format!("listening on {scheme}://{address}"))?;
        let socket = session.notify_socket();
        notice::tell(socket, "READY=1");
        if let (Some(socket), Some(silence)) = (socket, session.watchdog()) {
            tokio::spawn(notice::live(socket.to_owned(), silence));
        }
        let (log, flags, tls) = (self.log, self.flags, self.tls);
        let reload = || {
            log.reload(session.server_settings(&flags));
            reload_certificate(tls.as_ref());
        };
        let stop = self
            .signals
            .stop(reload, || notice::tell(socket, "STOPPING=1"));
        let served = indelible_server::serve(door, app, stop).await;
        watching.abort();
        // It has let go of the engine when this is over.
        let _ = watching.await;
        if let Some(draining) = draining {
            draining.stop().await;
        }
        served.map_err(Failure::new)?;
        Ok(Status::Fine)
    }
}

/// Drains the database's own outbox, where it has one and the settings do not say otherwise.
fn drain(opened: &Opened, app: &App) -> Result<Option<Draining>, Failure> {
    let (outbox, interval) = (opened.database.outbox(), opened.settings.server.outbox.0);
    let (Some(outbox), Some(interval)) = (outbox, interval) else {
        return Ok(None);
    };
    let draining = opened.database.drain(outbox).start(interval)?;
    app.watch_outbox(draining.watch());
    Ok(Some(draining))
}

async fn fill_demo(session: &Session, opened: &Opened) -> Result<(), Failure> {
    let trail = demo::TRAIL.parse().map_err(Failure::new)?;
    let filled = demo::fill(&opened.database.trail(trail), session.now()).await?;
    if let Some(count) = filled {
        let trail = demo::TRAIL;
        session
            .output
            .say(&format!("trail {trail} holds a day of {count} events"))?;
    }
    Ok(())
}
