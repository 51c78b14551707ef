//! The port that applications depend on.

use async_trait::async_trait;
use indelible_merkle::Hash;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::entry::Entry;
use crate::error::AuditError;
use crate::event::AuditEvent;
use crate::query::Query;
use crate::time::Timestamp;
use crate::trail::TrailName;

/// Recording and asking; all that an application needs, whatever stands behind it.
///
/// ```
/// use std::sync::Arc;
/// use indelible_core::{AuditAction, AuditError, AuditEvent, AuditProtocol};
///
/// async fn log_in(audit: Arc<dyn AuditProtocol>, user: &str) -> Result<(), AuditError> {
///     let event = AuditEvent::new(AuditAction::USER_LOGIN_SUCCESS, "session").user_id(user);
///     audit.record(event).await?;
///     Ok(())
/// }
/// ```
#[async_trait]
pub trait AuditProtocol: Send + Sync + 'static {
    /// Records one event. `Ok` means that it is on disk and survives the loss of power.
    ///
    /// The same id with equal content answers with the first receipt again.
    ///
    /// # Errors
    /// [`AuditError`]; after any error but [`AuditError::Store`] of unknown outcome nothing was
    /// recorded. To record again after an error, give the event an id beforehand.
    async fn record(&self, event: AuditEvent) -> Result<Receipt, AuditError>;

    /// The entries that match, newest seq first, at most 1000 of them.
    ///
    /// # Errors
    /// [`AuditError::Query`] names the ill-formed field.
    async fn query(&self, query: Query) -> Result<Page, AuditError>;
}

/// A trail that can be given several events so that their order is kept whatever fails: what a
/// queue in front of a trail needs. Applications need it as little as they need to know of queues.
#[async_trait]
pub trait RecordInOrder: AuditProtocol {
    /// Records the events in the order given, and answers for each in its place. An event that
    /// cannot be taken now holds back all behind it, which get its error; one that is itself to
    /// blame ([`AuditError::is_final`]) holds back nobody.
    async fn record_in_order(&self, events: Vec<AuditEvent>) -> Vec<Result<Receipt, AuditError>>;
}

/// What recording answers: where the event stands, and the hash under which it can be proved.
///
/// ```
/// use indelible_core::{AuditError, AuditEvent, AuditProtocol, Delivery};
///
/// async fn reference(audit: &dyn AuditProtocol, event: AuditEvent) -> Result<String, AuditError> {
///     let receipt = audit.record(event).await?;
///     Ok(match (receipt.delivery, receipt.seq) {
///         (Delivery::Spooled, _) => format!("{}, on its way", receipt.id),
///         (_, Some(seq)) => format!("{} #{seq}", receipt.trail),
///         (_, None) => receipt.id.to_string(),
///     })
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// The trail.
    pub trail: TrailName,
    /// The event's id.
    pub id: Uuid,
    /// Position in the trail; null while spooled.
    pub seq: Option<u64>,
    /// When it was recorded; null while spooled.
    pub created_at: Option<Timestamp>,
    /// The leaf hash; null while spooled.
    #[serde(with = "crate::hex::option")]
    pub leaf_hash: Option<Hash>,
    /// The size of the trail's tree now; null while spooled.
    pub tree_size: Option<u64>,
    /// How it came to be there.
    pub delivery: Delivery,
    /// For a duplicate: whether all given fields were compared and found equal.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub content_checked: Option<bool>,
}

/// How an event came to be where its receipt says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Delivery {
    /// Recorded by this call.
    Recorded,
    /// Was there already.
    Duplicate,
    /// Durable in a local spool, to be recorded later under the same id.
    Spooled,
    /// Not recorded: the caller asked for best effort only, and the trail could not take it.
    Dropped,
}

/// One page of entries, which iterates over them.
///
/// All that match, page by page; what is recorded meanwhile does not move the pages:
///
/// ```
/// use indelible_core::{AuditError, AuditProtocol, Query};
///
/// async fn users(audit: &dyn AuditProtocol) -> Result<Vec<String>, AuditError> {
///     let failed = Query::new().action("user_login_failed").limit(1000);
///     let mut users = Vec::new();
///     let mut page = audit.query(failed.clone()).await?;
///     loop {
///         users.extend(page.iter().filter_map(|entry| entry.user_id.clone()));
///         match page.next_cursor {
///             Some(cursor) => page = audit.query(failed.clone().cursor(cursor)).await?,
///             None => return Ok(users),
///         }
///     }
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Page {
    /// The entries, newest seq first.
    pub entries: Vec<Entry>,
    /// The tree size that the page answers for; later pages by cursor answer for the same.
    pub as_of: u64,
    /// Where the next page begins; null on the last.
    pub next_cursor: Option<String>,
    /// Whether older entries match.
    pub has_more: bool,
    /// The limit that was applied.
    pub limit: usize,
}

impl Page {
    /// The entries, newest seq first.
    pub fn iter(&self) -> std::slice::Iter<'_, Entry> {
        self.entries.iter()
    }
}

impl<'p> IntoIterator for &'p Page {
    type Item = &'p Entry;
    type IntoIter = std::slice::Iter<'p, Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for Page {
    type Item = Entry;
    type IntoIter = std::vec::IntoIter<Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}
