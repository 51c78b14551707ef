//! Waiting between attempts.

use std::time::Duration;

use async_trait::async_trait;

/// How the client waits between two attempts.
#[async_trait]
pub trait Pause: Send + Sync + 'static {
    /// Waits so long.
    async fn pause(&self, time: Duration);
}

/// Waits by the clock of the runtime.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemPause;

#[async_trait]
impl Pause for SystemPause {
    #[expect(
        clippy::disallowed_methods,
        reason = "a backoff, which a server's Retry-After may name: there is nothing to wait for \
                  but time"
    )]
    async fn pause(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}
