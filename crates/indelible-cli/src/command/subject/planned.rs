//! What an erasure would come to, where nothing is to be done.

use indelible::Audit;
use indelible::core::Query;
use indelible::core::engine::{ErasureOrder, Hold};
use indelible::core::entry::{Columns, StoredEntry};
use indelible_evidence::subject::Erasure;

use super::show;
use crate::failure::{Failure, remark};
use crate::progress::Bars;

/// Plans an erasure, and says what `next` would do; where entries are held, that it would not.
pub async fn planned(audit: &Audit, order: &ErasureOrder, next: &str) -> Result<Erasure, Failure> {
    let mut bars = Bars::default();
    let mut progress = |progress| show(&mut bars, progress);
    let plan = audit.plan_erasure(order, &mut progress).await?;
    drop(bars);
    match plan.held.first() {
        None => remark(&format!("nothing was erased; {next}")),
        Some(&first) => {
            let by = match holder(audit, first).await? {
                Some(hold) => format!("#{first} is held by {hold}"),
                None => format!("#{first} is the first"),
            };
            remark(&format!(
                "nothing was erased, and nothing would be: {} of the entries are held ({by}); \
                 `indelible hold list` names the holds",
                plan.held.len()
            ));
        }
    }
    Ok(Erasure::planned(audit.name().clone(), order, plan))
}

/// The id of a hold in force that names an entry, as far as its filter tells.
async fn holder(audit: &Audit, seq: u64) -> Result<Option<String>, Failure> {
    let stored = audit.stored(seq..seq.saturating_add(1)).await?;
    let Some(entry) = stored.first() else {
        return Ok(None);
    };
    let holds = audit.holds().await?;
    let mut in_force = holds.iter().filter(|hold| hold.is_in_force());
    let holder = in_force.find(|hold| hold.seq == seq || names(audit, hold, entry));
    Ok(holder.map(|hold| hold.id.to_string()))
}

/// Whether a hold names an entry. One that does not tell what it holds names all; what cannot be
/// read is no reason to name it.
fn names(audit: &Audit, hold: &Hold, entry: &StoredEntry) -> bool {
    let Some(scope) = &hold.scope else {
        return true;
    };
    let pairs = scope.iter().map(|(name, value)| (&**name, &**value));
    let query = Query::from_parameters(pairs, hold.placed_at).ok();
    let following = query.and_then(|query| audit.following(&query).ok());
    let columns = Columns::derive(entry).ok();
    following
        .zip(columns)
        .is_some_and(|(it, columns)| it.matches(entry, &columns).unwrap_or(false))
}
