//! What binds an order that waits to the entry that says that it was asked for: whoever can write
//! the file must not change a word of it unseen.

use hmac::Mac;
use uuid::Uuid;

use super::claim::APPROVED;
use super::{ErasureRequest, REQUESTED};
use crate::engine::audit::Audit;
use crate::engine::erasure::REFUSED;
use crate::engine::hold::details;
use crate::engine::{Author, Sight};
use crate::error::{AuditError, OrderProblem};
use crate::filter::Filter;
use crate::head_key::keyed;
use crate::state::Secret;
use crate::store::Find;

/// What a refusal says where it ends an order.
const DECISIONS: [&str; 4] = ["rejected", "withdrawn", "expired", "unreadable"];
/// What it says where nothing came of an approval, and the order waits again.
pub(super) const NOT_CARRIED_OUT: &str = "not_carried_out";
/// Entries that are read at once.
const CHUNK: usize = 64;

/// The member of the context.
pub(super) const MEMBER: &str = "order_hmac";
const DOMAIN: &[u8] = b"indelible/erasure-order/v1\n";

/// The bond of an order. A plain digest would tell whom it is about to whoever tries all ids.
pub(super) fn of(secret: &Secret, id: Uuid, text: &str) -> String {
    let mut hmac = keyed(secret.expose());
    hmac.update(DOMAIN);
    hmac.update(format!("{id}\n").as_bytes());
    hmac.update(text.as_bytes());
    let bytes = hmac.finalize().into_bytes();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Audit {
    /// Refuses what the trail does not say was asked for: somebody has changed the file, or made an
    /// entry that looks alike.
    pub(super) async fn check_asked(&self, request: &ErasureRequest) -> Result<(), AuditError> {
        let sight = match self.seq_of(request.id).await? {
            Some(seq) => self.sight_for_itself(seq).await?,
            None => None,
        };
        let own = self.own_records().await?;
        let is_untold = |sight: &Sight| own.author(&sight.stored) == Author::Unknown;
        if sight.as_ref().is_some_and(is_untold) {
            return Err(OrderProblem::Untold(request.id).into());
        }
        let is_asked = sight.is_some_and(|sight| {
            let context = sight.entry.context.unwrap_or_default();
            sight.entry.action == REQUESTED.as_str()
                && context[MEMBER] == *request.bond
                && own.author(&sight.stored) == Author::Own
                && self.check_entry(&sight.stored).is_ok()
        });
        if !is_asked {
            return Err(OrderProblem::Unbound(request.id).into());
        }
        match self.is_decided(request.id).await? {
            true => Err(OrderProblem::Decided(request.id).into()),
            false => Ok(()),
        }
    }

    /// Whether the trail has on record that an order was decided about: its file may have been put
    /// back, with an older state directory. An approval of which nothing came was taken back.
    async fn is_decided(&self, id: Uuid) -> Result<bool, AuditError> {
        let Some(asked) = self.seq_of(id).await? else {
            return Ok(false);
        };
        let (own, store) = (self.own_records().await?, &self.engine.shared.ground.store);
        let actions = [APPROVED, REFUSED].map(|action| action.as_str().to_owned());
        let mut find = Find {
            filter: Filter {
                actions: Some(actions.to_vec()),
                ..Filter::default()
            },
            below: u64::MAX,
            from: Some(asked),
            skip: 0,
            limit: CHUNK,
        };
        let mut is_decided = false;
        loop {
            // The newest of a page first, and the oldest page first.
            let entries = store.find(&self.trail, &find).await?;
            for entry in entries.iter().rev() {
                let said = details(entry)?.unwrap_or_default();
                let is_of_it = said["erasure_request"] == id.to_string();
                if !is_of_it || own.author(entry) != Author::Own {
                    continue;
                }
                is_decided = match said["exception"].as_str() {
                    None => entry.action == APPROVED.as_str() || is_decided,
                    Some(NOT_CARRIED_OUT) => false,
                    Some(exception) => DECISIONS.contains(&exception) || is_decided,
                };
            }
            match entries.first() {
                Some(newest) => find.from = Some(newest.seq + 1),
                None => return Ok(is_decided),
            }
        }
    }
}
