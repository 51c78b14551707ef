//! The bank as a process.

use std::error::Error;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use bank::{Bank, application};
use indelible::{AnyAudit, TrailName};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .init();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bank: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let settings = bank::settings::Settings::from_environment()?;
    let url = indelible::database_url();
    let trail = indelible::Settings::from_environment()?;
    let audit = AnyAudit::open(&url, TrailName::standard(), trail).await?;

    let bank = Bank::new(Arc::new(audit.clone()), settings.audit_deadline);
    let application = application(bank, settings.proxies);
    // With the address of the peer, without which nothing is known of where a request comes from.
    let service = application.into_make_service_with_connect_info::<SocketAddr>();

    let stop = asked_to_stop()?;
    let listener = TcpListener::bind(settings.listen).await?;
    println!("bank listens on http://{}", listener.local_addr()?);
    axum::serve(listener, service)
        .with_graceful_shutdown(stop)
        .await?;
    // What was taken is on disk, and the trail knows that this was an orderly end.
    audit.close().await?;
    Ok(())
}

/// Ends at SIGTERM or SIGINT.
fn asked_to_stop() -> std::io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
