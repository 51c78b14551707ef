//! Connections: how they are made, lent, limited in time and given back.

mod driver;
mod tls;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use deadpool_postgres::{
    Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime, TimeoutType,
};
use indelible_core::store::StoreError;
use tokio::runtime::Handle;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{CancelToken, Row};
use tokio_postgres_rustls::MakeRustlsConnect;

use driver::{Connect, Driver};

use crate::address::Address;
use crate::error::{PostgresError, refused, unavailable};
use crate::open::Options;

/// A value and its type: statements are sent without asking the server for their types first.
pub(crate) type Param<'a> = (&'a (dyn ToSql + Sync), Type);

/// What greeting and login may take beside the connection itself.
const HANDSHAKE: Duration = Duration::from_secs(5);

/// A pool of connections to one database.
pub(crate) struct Connections {
    pool: Pool,
    driver: Driver,
    tls: MakeRustlsConnect,
    /// How long an answer is waited for.
    patience: Duration,
    /// How long a free connection is waited for.
    queue: Duration,
    /// How long making one may take.
    create_timeout: Duration,
}

/// A connection lent to one task. It goes back when dropped, unless something it was asked is
/// still unanswered: then it is closed and the server is told to stop.
pub(crate) struct Lent {
    object: Option<Object>,
    asked: AtomicUsize,
    cancel: CancelToken,
    driver: Handle,
    tls: MakeRustlsConnect,
    patience: Duration,
}

impl Connections {
    /// A pool that connects when a connection is asked for.
    pub(crate) fn new(address: &Address, options: &Options) -> Result<Self, StoreError> {
        let mut config = address.config().clone();
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(options.connect_timeout);
        }
        // Hosts are tried one after the other, each for so long.
        let each = config.get_connect_timeout().copied();
        let hosts = u32::try_from(config.get_hosts().len())
            .unwrap_or(u32::MAX)
            .max(1);
        let create_timeout = each
            .unwrap_or(options.connect_timeout)
            .saturating_mul(hosts);
        let create_timeout = create_timeout.saturating_add(HANDSHAKE);
        config
            .tcp_user_timeout(options.statement_timeout)
            .keepalives_idle(Duration::from_secs(30));
        if config.get_application_name().is_none() {
            config.application_name(concat!("indelible ", env!("CARGO_PKG_VERSION")));
        }
        let tls = tls::connector(address)?;
        let manager = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let driver = Driver::start()?;
        let connect = Connect {
            driver: driver.handle(),
            tls: tls.clone(),
        };
        let manager = Manager::from_connect(config, connect, manager);
        let pool = Pool::builder(manager)
            .max_size(options.connections.max(2) as usize)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(options.statement_timeout))
            .create_timeout(Some(create_timeout))
            .build()
            .map_err(unavailable)?;
        Ok(Self {
            pool,
            driver,
            tls,
            patience: options.statement_timeout,
            queue: options.statement_timeout,
            create_timeout,
        })
    }

    /// A connection for one task.
    pub(crate) async fn lend(&self) -> Result<Lent, StoreError> {
        let object = self.pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) => refused(error),
            PoolError::Closed => unavailable(PostgresError::Closed),
            PoolError::Timeout(TimeoutType::Create) => {
                unavailable(PostgresError::Silent(self.create_timeout.as_secs()))
            }
            PoolError::Timeout(_) => unavailable(PostgresError::Busy(self.queue.as_secs())),
            other => unavailable(other),
        })?;
        Ok(Lent {
            cancel: object.cancel_token(),
            object: Some(object),
            asked: AtomicUsize::new(0),
            driver: self.driver.handle(),
            tls: self.tls.clone(),
            patience: self.patience,
        })
    }

    /// Where the bytes of the connections are moved; ends with this.
    pub(crate) fn driver(&self) -> Handle {
        self.driver.handle()
    }

    /// Refuses from now on.
    pub(crate) fn close(&self) {
        self.pool.close();
    }
}

impl Lent {
    /// The rows that a statement answers. Statements asked at once (`try_join!`) travel together.
    pub(crate) async fn rows(
        &self,
        sql: &str,
        params: &[Param<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        self.within(self.client()?.query_typed(sql, params))
            .await?
            .map_err(refused)
    }

    /// The number of rows that a statement changed. The outer error is silence.
    pub(crate) async fn execute(
        &self,
        sql: &str,
        params: &[Param<'_>],
    ) -> Result<Result<u64, tokio_postgres::Error>, StoreError> {
        self.within(self.client()?.execute_typed(sql, params)).await
    }

    /// Runs statements without values, one round trip for all. The outer error is silence.
    pub(crate) async fn batch(
        &self,
        sql: &str,
    ) -> Result<Result<(), tokio_postgres::Error>, StoreError> {
        self.within(self.client()?.batch_execute(sql)).await
    }

    /// Gives the connection up: what state it is in is not known.
    pub(crate) fn abandon(mut self) {
        self.detach();
    }

    /// Gives the connection up without a word: what it was asked is still to be done.
    pub(crate) fn forget(mut self) {
        drop(self.object.take().map(Object::take));
    }

    /// Whether something it was asked is unanswered.
    pub(crate) fn is_silent(&self) -> bool {
        self.asked.load(Ordering::Relaxed) > 0
    }

    fn client(&self) -> Result<&Object, StoreError> {
        let closed = || unavailable(PostgresError::Closed);
        self.object.as_ref().ok_or_else(closed)
    }

    /// Waits for an answer, and no longer than the limit: a server that is gone without a word
    /// would be waited for until TCP gives up.
    async fn within<T>(&self, answer: impl Future<Output = T>) -> Result<T, StoreError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let answer = tokio::time::timeout(self.patience, answer)
            .await
            .map_err(|_| unavailable(PostgresError::Silent(self.patience.as_secs())))?;
        self.asked.fetch_sub(1, Ordering::Relaxed);
        Ok(answer)
    }

    fn detach(&mut self) {
        let Some(object) = self.object.take() else {
            return;
        };
        // The next to borrow it would wait behind the old question, or inside its transaction.
        drop(Object::take(object));
        let (cancel, tls) = (self.cancel.clone(), self.tls.clone());
        // Best effort: the server also ends a statement by its own limit.
        drop(
            self.driver
                .spawn(async move { cancel.cancel_query(tls).await }),
        );
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if self.asked.load(Ordering::Relaxed) > 0 {
            self.detach();
        }
    }
}
