//! A trail that is open.

use std::sync::Arc;

use futures_util::future::join_all;
use indelible::spool::Options;
use indelible::{
    AnyAudit, Audit, AuditError, AuditEvent, AuditProtocol, Database, Delivering, DeliveryMode,
    Page, Query, Receipt,
};

use crate::failing::Failing;
use crate::plan::{Plan, Settled, Target};

/// A trail that is open, and what stands behind it.
pub(crate) struct Opened {
    place: Place,
    /// What delivers, where more is asked for than `required`.
    delivering: Option<Delivering>,
}

enum Place {
    Database(Box<Database>, Audit),
    Server(AnyAudit),
}

impl Opened {
    pub async fn open(plan: &Plan) -> Result<Self, Failing> {
        let Settled {
            target,
            trail,
            mode,
            settings,
        } = plan.settle()?;
        let folder = settings.delivery.folder.clone();
        let place = match target {
            Target::Database(url) => {
                let database = Database::open(&url, settings).await?;
                let audit = database.trail(trail.clone());
                Place::Database(Box::new(database), audit)
            }
            Target::Server(url) => {
                Place::Server(AnyAudit::open(&url, trail.clone(), settings).await?)
            }
        };
        let delivering = match (&place, mode) {
            (_, DeliveryMode::Required) => None,
            (Place::Database(database, _), _) => Some(database.delivering(trail)?),
            (Place::Server(audit), _) => {
                let mut options = Options::default();
                options.mode = mode;
                options.folder = folder.map(|folder| folder.join(trail.as_str()));
                let opened = Delivering::open_in_order(Arc::new(audit.clone()), trail, options);
                let wrong =
                    |error: indelible::spool::SpoolError| Failing::new("spool", error.to_string());
                Some(opened.map_err(wrong)?)
            }
        };
        Ok(Self { place, delivering })
    }

    pub async fn record(&self, event: AuditEvent) -> Result<Receipt, AuditError> {
        match (&self.delivering, &self.place) {
            (Some(delivering), _) => delivering.record(event).await,
            (None, Place::Database(_, audit)) => audit.record(event).await,
            (None, Place::Server(audit)) => audit.record(event).await,
        }
    }

    /// Each event has its own answer, in the same order.
    pub async fn record_all(&self, events: Vec<AuditEvent>) -> Vec<Result<Receipt, AuditError>> {
        if let (None, Place::Database(_, audit)) = (&self.delivering, &self.place) {
            return audit.record_all(events).await;
        }
        join_all(events.into_iter().map(|event| self.record(event))).await
    }

    pub async fn query(&self, query: Query) -> Result<Page, AuditError> {
        match &self.place {
            Place::Database(_, audit) => audit.query(query).await,
            Place::Server(audit) => audit.query(query).await,
        }
    }

    pub async fn close(&self) -> Result<(), AuditError> {
        if let Some(delivering) = self.delivering.clone() {
            // It waits for its disk and its thread.
            let closed = tokio::task::spawn_blocking(move || delivering.close()).await;
            closed.map_err(|_| AuditError::Closed)?;
        }
        match &self.place {
            Place::Database(database, _) => database.close().await,
            Place::Server(audit) => audit.close().await,
        }
    }
}
