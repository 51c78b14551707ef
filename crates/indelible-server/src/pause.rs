//! The passing of time, where that itself is what is meant: a pace, a patience, what nothing
//! announces. No result depends on it.

use std::time::Duration;

use tokio::time::Sleep;

/// Ends after `time`.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the server waits for time to pass"
)]
pub fn pause(time: Duration) -> Sleep {
    tokio::time::sleep(time)
}
