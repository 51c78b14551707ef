//! Waiting for what a browser does in its own time.

use std::time::Duration;

use anyhow::{Error, Result, anyhow};

/// What has not come by then does not come.
const WITHIN: Duration = Duration::from_secs(30);
/// Between two looks, in which the browser gets on.
const BETWEEN: Duration = Duration::from_millis(15);

/// Looks again and again until there is an answer. An error is no answer yet: a page on its way
/// to another one answers nothing.
///
/// # Errors
/// There is none within 30 s: the last error, if there was one.
pub(crate) async fn until<T>(mut look: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    let mut last: Option<Error> = None;
    let looking = async {
        loop {
            match look().await {
                Ok(Some(answer)) => return answer,
                Ok(None) => last = None,
                Err(error) => last = Some(error),
            }
            pause().await;
        }
    };
    match tokio::time::timeout(WITHIN, looking).await {
        Ok(answer) => Ok(answer),
        Err(_) => Err(last.unwrap_or_else(|| anyhow!("nothing within {} s", WITHIN.as_secs()))),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the driver tells nothing by itself: it has to be asked again"
)]
async fn pause() {
    tokio::time::sleep(BETWEEN).await;
}
