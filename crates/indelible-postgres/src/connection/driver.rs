//! The thread that moves the bytes of all connections.
//!
//! A store is used from several runtimes: the engine's own thread appends, callers read. A
//! connection lives in the runtime that made it and stands still when that one does, so that all
//! of them are made here.

use futures_util::future::{BoxFuture, FutureExt, pending};
use indelible_core::store::StoreError;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Config, Error};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::unavailable;

/// A runtime on a thread of its own. It ends, and with it every connection, when this is dropped.
pub(crate) struct Driver {
    handle: Handle,
    _stop: oneshot::Sender<()>,
}

impl Driver {
    /// Starts the thread.
    pub(crate) fn start() -> Result<Self, StoreError> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(unavailable)?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        std::thread::Builder::new()
            .name("indelible-postgres".to_owned())
            .spawn(move || {
                // An error says that the driver was dropped, which stops the thread too.
                let _ = runtime.block_on(stopped);
            })
            .map_err(unavailable)?;
        Ok(Self {
            handle,
            _stop: stop,
        })
    }

    /// Where its tasks run.
    pub(crate) fn handle(&self) -> Handle {
        self.handle.clone()
    }
}

/// Makes connections on a driver's thread.
pub(crate) struct Connect {
    pub(crate) driver: Handle,
    pub(crate) tls: MakeRustlsConnect,
}

impl deadpool_postgres::Connect for Connect {
    fn connect(&self, config: &Config) -> BoxFuture<'_, Result<(Client, JoinHandle<()>), Error>> {
        let (config, tls) = (config.clone(), self.tls.clone());
        let connecting = self.driver.spawn(async move {
            let (client, connection) = config.connect(tls).await?;
            // Whoever asked hears of a broken connection by its own answer.
            let task = tokio::spawn(connection.map(drop));
            Ok((client, task))
        });
        Box::pin(async move {
            match connecting.await {
                Ok(connected) => connected,
                // The driver has ended: the time limit of the pool answers.
                Err(_) => pending().await,
            }
        })
    }
}
