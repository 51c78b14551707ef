//! A trail that is delivered to from the first call on, whether it can be reached or not.

mod late;

use std::ops::Deref;
use std::sync::Arc;

use async_trait::async_trait;
use indelible_core::{AuditError, AuditEvent, AuditProtocol, Page, Query, Receipt, TrailName};
use indelible_spool::{Delivering, DeliveryMode};

use crate::database::{Database, Settings};
use crate::error::ConnectError;
use crate::outside::Outside;
use crate::url::DatabaseUrl;
use late::Late;

/// Opens the trail `default` at `url`, and answers the handle that delivers as the environment
/// says ([`Settings::from_environment`]); [`crate::AnyAudit`] has the URLs.
///
/// ```
/// use indelible::core::Delivery;
/// use indelible::{AuditAction, AuditEvent, AuditProtocol, DeliveryMode};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let audit = indelible::deliver("memory:").await?;
/// let view = AuditEvent::new(AuditAction::DATA_VIEWED, "statement").user_id("u-17");
/// let receipt = audit.record_with(view, DeliveryMode::BestEffort).await?;
/// assert_eq!(receipt.delivery, Delivery::Recorded);
/// audit.close().await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Those of [`deliver_with`].
pub async fn deliver(url: &str) -> Result<DeliveringAudit, ConnectError> {
    deliver_with(url, TrailName::standard(), Settings::from_environment()?).await
}

/// Opens the trail of this name at `url`, and answers the handle that delivers as
/// [`Settings::delivery`] say, or as a call chooses.
///
/// A database that is away does not keep the program from starting, unless delivery is
/// [`DeliveryMode::Required`] or this host has never opened the database before: events are
/// spooled or counted as lost as they are later on, and the database is opened as soon as it
/// answers. A server is not asked before the first call anyway.
///
/// # Errors
/// [`ConnectError`].
pub async fn deliver_with(
    url: &str,
    trail: TrailName,
    settings: Settings,
) -> Result<DeliveringAudit, ConnectError> {
    #[cfg(feature = "client")]
    if let Some(server) = crate::server::open(url, &trail, &settings)? {
        let standard = || crate::server::spools(url, &settings);
        let folder = settings.delivery.folder.clone().or_else(standard);
        let delivering = settings
            .delivery
            .open(Arc::new(server), trail, folder, &settings)?;
        return Ok(DeliveringAudit {
            delivering,
            place: Place::Server,
        });
    }
    DeliveringAudit::at(&url.parse()?, trail, settings).await
}

/// What [`deliver`] answers: a [`Delivering`] whose trail is closed with it.
#[derive(Clone)]
pub struct DeliveringAudit {
    delivering: Delivering,
    place: Place,
}

#[derive(Clone)]
enum Place {
    Here(Box<Database>),
    Late(Arc<Late>),
    #[cfg(feature = "client")]
    Server,
}

impl DeliveringAudit {
    /// As [`deliver_with`], for a database, whatever its name looks like.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn at(
        url: &DatabaseUrl,
        trail: TrailName,
        settings: Settings,
    ) -> Result<Self, ConnectError> {
        let error = match Database::open(url, settings.clone()).await {
            Ok(database) => {
                let delivering = database.delivering(trail)?;
                return Ok(Self {
                    delivering,
                    place: Place::Here(Box::new(database)),
                });
            }
            Err(error) => error,
        };
        let is_required = settings.delivery.mode == DeliveryMode::Required;
        let state_dir = match Outside::of(url, &settings)? {
            outside if error.is_passing() && !is_required => outside.known_state_dir()?,
            _ => None,
        };
        let Some(state_dir) = state_dir else {
            return Err(error);
        };
        tracing::warn!(%url, %error, "the database is away; it is opened as soon as it answers");
        let standard = state_dir.join("spool");
        let folder = settings.delivery.folder.clone().unwrap_or(standard);
        let late = Arc::new(Late::new(url.clone(), settings.clone(), trail.clone()));
        let delivering = settings
            .delivery
            .open(late.clone(), trail, Some(folder), &settings)?;
        Ok(Self {
            delivering,
            place: Place::Late(late),
        })
    }

    /// Takes no more events, lets go of the spool, waits for the events that the trail has taken,
    /// and releases the database. What is spooled is delivered by whoever opens the folder next.
    ///
    /// # Errors
    /// The first failure met.
    pub async fn close(&self) -> Result<(), AuditError> {
        self.delivering.close();
        match &self.place {
            Place::Here(database) => database.close().await,
            Place::Late(late) => late.close().await,
            #[cfg(feature = "client")]
            Place::Server => Ok(()),
        }
    }
}

impl Deref for DeliveringAudit {
    type Target = Delivering;

    fn deref(&self) -> &Delivering {
        &self.delivering
    }
}

#[async_trait]
impl AuditProtocol for DeliveringAudit {
    async fn record(&self, event: AuditEvent) -> Result<Receipt, AuditError> {
        self.delivering.record(event).await
    }

    async fn query(&self, query: Query) -> Result<Page, AuditError> {
        self.delivering.query(query).await
    }
}
