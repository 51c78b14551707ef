//! What binds an order that waits to the entry that says that it was asked for: whoever can write
//! the file must not change a word of it unseen.

use hmac::Mac;
use uuid::Uuid;

use super::{ErasureRequest, REQUESTED};
use crate::engine::Author;
use crate::engine::audit::Audit;
use crate::error::{AuditError, OrderProblem};
use crate::head_key::keyed;
use crate::state::Secret;

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
        let is_asked = sight.is_some_and(|sight| {
            let context = sight.entry.context.unwrap_or_default();
            sight.entry.action == REQUESTED.as_str()
                && context[MEMBER] == *request.bond
                && own.author(&sight.stored) == Author::Own
                && self.check_entry(&sight.stored).is_ok()
        });
        match is_asked {
            true => Ok(()),
            false => Err(OrderProblem::Unbound(request.id).into()),
        }
    }
}
