//! A trail wherever its URL says that it is.

use std::sync::Arc;

use async_trait::async_trait;
use indelible_core::engine::Audit;
use indelible_core::{
    AuditError, AuditEvent, AuditProtocol, Page, Query, Receipt, RecordInOrder, TrailName,
};

use crate::database::{Database, Settings};
use crate::error::ConnectError;
use crate::url::DatabaseUrl;

/// One trail, in a database of this process or behind a server.
///
/// | url | where |
/// |---|---|
/// | `memory:`, `sqlite:PATH`, `postgres://…` | as [`crate::connect`] has them |
/// | `http://HOST:PORT`, `https://HOST` | behind `indelible serve`; needs the feature `client` |
///
/// The key for a server is never part of its URL: `INDELIBLE__CLIENT__KEY`, or the file that
/// `INDELIBLE__CLIENT__KEY_FILE` names. The server is trusted under the verifier key in
/// `INDELIBLE__CLIENT__VERIFIER_KEY`, else at its first use; what is known of it is kept below
/// `$XDG_STATE_HOME/indelible/servers`.
#[derive(Clone)]
pub struct AnyAudit(Place);

#[derive(Clone)]
enum Place {
    Here(Box<Database>, Audit),
    #[cfg(feature = "client")]
    Server(indelible_client::HttpAudit),
}

impl AnyAudit {
    /// Opens the trail of this name at `url`.
    ///
    /// # Errors
    /// [`ConnectError`] where the URL is none of these or what it names cannot be opened. A
    /// server is not asked yet.
    pub async fn open(
        url: &str,
        trail: TrailName,
        settings: Settings,
    ) -> Result<Self, ConnectError> {
        #[cfg(feature = "client")]
        if let Some(server) = crate::server::open(url, &trail, &settings)? {
            return Ok(Self(Place::Server(server)));
        }
        Self::at(&url.parse()?, trail, settings).await
    }

    /// Opens the trail of this name in a database, whatever the database's name looks like.
    ///
    /// # Errors
    /// [`ConnectError`] where the database cannot be opened.
    pub async fn at(
        url: &DatabaseUrl,
        trail: TrailName,
        settings: Settings,
    ) -> Result<Self, ConnectError> {
        let database = Database::open(url, settings).await?;
        let audit = database.trail(trail);
        Ok(Self(Place::Here(Box::new(database), audit)))
    }

    /// Records many events, in few commits or requests, and answers for each in its place.
    pub async fn record_all(&self, events: Vec<AuditEvent>) -> Vec<Result<Receipt, AuditError>> {
        match &self.0 {
            Place::Here(_, audit) => audit.record_all(events).await,
            #[cfg(feature = "client")]
            Place::Server(audit) => audit.record_all(events).await,
        }
    }

    /// Takes no more events, waits for those taken, and releases the database. Nothing needs to be
    /// released of a server.
    ///
    /// # Errors
    /// The first failure met.
    pub async fn close(&self) -> Result<(), AuditError> {
        match &self.0 {
            Place::Here(database, _) => database.close().await,
            #[cfg(feature = "client")]
            Place::Server(_) => Ok(()),
        }
    }
}

#[async_trait]
impl AuditProtocol for AnyAudit {
    async fn record(&self, event: AuditEvent) -> Result<Receipt, AuditError> {
        match &self.0 {
            Place::Here(_, audit) => audit.record(event).await,
            #[cfg(feature = "client")]
            Place::Server(audit) => audit.record(event).await,
        }
    }

    async fn query(&self, query: Query) -> Result<Page, AuditError> {
        match &self.0 {
            Place::Here(_, audit) => audit.query(query).await,
            #[cfg(feature = "client")]
            Place::Server(audit) => audit.query(query).await,
        }
    }
}

#[async_trait]
impl RecordInOrder for AnyAudit {
    async fn record_in_order(&self, events: Vec<AuditEvent>) -> Vec<Result<Receipt, AuditError>> {
        match &self.0 {
            Place::Here(_, audit) => audit.record_in_order(events).await,
            #[cfg(feature = "client")]
            Place::Server(audit) => audit.record_in_order(events).await,
        }
    }
}

/// Opens the trail `default` at `url`, whatever stands behind it: an application that keeps only
/// this moves from memory to a file, to PostgreSQL and to a server by another URL. Settings come
/// from the environment; [`AnyAudit`] has the URLs, and can be closed.
///
/// ```
/// use std::sync::Arc;
/// use indelible::{AuditAction, AuditEvent, AuditProtocol};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let audit: Arc<dyn AuditProtocol> = indelible::connect_protocol("memory:").await?;
/// let event = AuditEvent::new(AuditAction::USER_LOGIN_FAILED, "session").user_id("u-17");
/// assert_eq!(audit.record(event).await?.seq, Some(0));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`ConnectError`].
pub async fn connect_protocol(url: &str) -> Result<Arc<dyn AuditProtocol>, ConnectError> {
    let settings = Settings::from_environment()?;
    let audit = AnyAudit::open(url, TrailName::standard(), settings).await?;
    Ok(Arc::new(audit))
}
