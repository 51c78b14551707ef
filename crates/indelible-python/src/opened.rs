//! A trail that is open.

use futures_util::future::join_all;
use indelible::{
    AnyAudit, AuditError, AuditEvent, AuditProtocol, DeliveringAudit, DeliveryMode, Page, Query,
    Receipt,
};

use crate::failing::Failing;
use crate::plan::{Plan, Settled, Target};

/// A trail that is open, and what stands behind it.
pub(crate) enum Opened {
    Required(AnyAudit),
    /// More is asked for than `required`.
    Delivering(DeliveringAudit),
}

impl Opened {
    pub async fn open(plan: &Plan) -> Result<Self, Failing> {
        let Settled {
            target,
            trail,
            mode,
            settings,
        } = plan.settle()?;
        let is_required = mode == DeliveryMode::Required;
        Ok(match target {
            Target::Database(url) if is_required => {
                Self::Required(AnyAudit::at(&url, trail, settings).await?)
            }
            Target::Server(url) if is_required => {
                Self::Required(AnyAudit::open(&url, trail, settings).await?)
            }
            Target::Database(url) => {
                Self::Delivering(DeliveringAudit::at(&url, trail, settings).await?)
            }
            Target::Server(url) => {
                Self::Delivering(indelible::deliver_with(&url, trail, settings).await?)
            }
        })
    }

    pub async fn record(&self, event: AuditEvent) -> Result<Receipt, AuditError> {
        match self {
            Self::Required(audit) => audit.record(event).await,
            Self::Delivering(audit) => audit.record(event).await,
        }
    }

    /// Each event has its own answer, in the same order.
    pub async fn record_all(&self, events: Vec<AuditEvent>) -> Vec<Result<Receipt, AuditError>> {
        match self {
            Self::Required(audit) => audit.record_all(events).await,
            Self::Delivering(audit) => {
                join_all(events.into_iter().map(|event| audit.record(event))).await
            }
        }
    }

    pub async fn query(&self, query: Query) -> Result<Page, AuditError> {
        match self {
            Self::Required(audit) => audit.query(query).await,
            Self::Delivering(audit) => audit.query(query).await,
        }
    }

    pub async fn close(&self) -> Result<(), AuditError> {
        match self {
            Self::Required(audit) => audit.close().await,
            Self::Delivering(audit) => audit.close().await,
        }
    }
}
