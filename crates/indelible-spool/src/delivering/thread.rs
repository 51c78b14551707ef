//! The thread on which a drain runs.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;

use crate::drain::{Drain, Flush};
use crate::error::SpoolError;

/// The drain's thread, whose runtime also times the patience of callers.
pub(super) struct Thread {
    runtime: tokio::runtime::Handle,
    flushes: Mutex<Option<mpsc::UnboundedSender<Flush>>>,
    handle: Mutex<Option<std::thread::JoinHandle<()>>>,
}

impl Thread {
    pub fn start(drain: Drain) -> Result<Self, SpoolError> {
        let at = SpoolError::at(std::path::Path::new("indelible-delivery"));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(&at)?;
        let (flushes, asked) = mpsc::unbounded_channel();
        let own = runtime.handle().clone();
        let handle = std::thread::Builder::new()
            .name("indelible-delivery".to_owned())
            .spawn(move || runtime.block_on(drain.run(asked)))
            .map_err(&at)?;
        Ok(Self {
            runtime: own,
            flushes: Mutex::new(Some(flushes)),
            handle: Mutex::new(Some(handle)),
        })
    }

    pub fn flush(&self, answer: Flush) {
        let flushes = self.flushes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flushes) = &*flushes {
            // A thread that is gone drops the answer.
            let _ = flushes.send(answer);
        }
    }

    /// Ends after `patience`, or never once the thread is gone.
    pub fn timer(&self, patience: Duration) -> impl Future<Output = ()> + use<> {
        let timer = Timer(self.runtime.spawn(pass(patience)));
        async move {
            let mut timer = timer;
            if (&mut timer.0).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    pub fn stop(&self) {
        let flushes = &self.flushes;
        drop(
            flushes
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        let handle = self
            .handle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(handle) = handle
            && handle.thread().id() != std::thread::current().id()
        {
            // A drain that panicked has nothing more to say.
            let _ = handle.join();
        }
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A timer that is given up with whoever waits for it.
struct Timer(tokio::task::JoinHandle<()>);

impl Drop for Timer {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the patience of a caller: what it waits for may never come"
)]
async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}
