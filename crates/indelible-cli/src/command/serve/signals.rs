//! What the operating system tells a server.

use crate::failure::Failure;

/// The signals that a server listens to, from the making of this on.
#[cfg(unix)]
pub struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    pub fn new() -> Result<Self, Failure> {
        use tokio::signal::unix::{SignalKind, signal};
        let of = |kind| signal(kind).map_err(Failure::new);
        Ok(Self {
            terminate: of(SignalKind::terminate())?,
            interrupt: of(SignalKind::interrupt())?,
            hangup: of(SignalKind::hangup())?,
        })
    }

    /// Ready once the process is told to stop, after `stopping`. Until then it does `reload`
    /// whenever it is told to read its settings again.
    pub async fn stop(mut self, reload: impl Fn(), stopping: impl FnOnce()) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => break,
                _ = self.interrupt.recv() => break,
                _ = self.hangup.recv() => reload(),
            }
        }
        tracing::info!("stopping");
        stopping();
    }
}

/// The signals that a server listens to: an interrupt.
#[cfg(not(unix))]
pub struct Signals;

#[cfg(not(unix))]
impl Signals {
    pub fn new() -> Result<Self, Failure> {
        Ok(Self)
    }

    /// Ready once the process is told to stop, after `stopping`. Nothing tells it to read its
    /// settings again.
    pub async fn stop(self, _reload: impl Fn(), stopping: impl FnOnce()) {
        // Where no interrupt can be heard, the process runs until it is ended.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        tracing::info!("stopping");
        stopping();
    }
}
