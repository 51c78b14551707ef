//! Time as measured here.

use std::time::{Duration, Instant};

/// Runs `work` on `count` events and answers events per second.
#[expect(
    clippy::disallowed_methods,
    reason = "measuring is what this program is for"
)]
pub fn rate<T>(count: usize, work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<(f64, T)> {
    let start = Instant::now();
    let result = work()?;
    Ok((count as f64 / start.elapsed().as_secs_f64(), result))
}

/// Time that passes from its start on.
pub struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(
        clippy::disallowed_methods,
        reason = "measuring is what this program is for"
    )]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "measuring is what this program is for"
    )]
    pub fn passed(&self) -> Duration {
        self.0.elapsed()
    }
}
