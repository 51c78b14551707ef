//! Taking rows out of an outbox and marking others.

use indelible_core::outbox::{Settled, Settlement};
use indelible_core::store::StoreError;
use tokio_postgres::types::Type;

use crate::connection::{Connections, Lent, Param};
use crate::error::{is_of_a_row, refused, said};

/// $1 positions. Rows that another drain is settling at this moment are its to settle: two that
/// waited for each other in different orders would never end.
const TAKE_OUT: &str = "\
WITH mine AS (SELECT position FROM indelible.op_outbox WHERE position = ANY ($1) \
ORDER BY position FOR UPDATE SKIP LOCKED) \
DELETE FROM indelible.op_outbox AS o USING mine WHERE o.position = mine.position";

/// $1 positions, $2 reasons. As [`TAKE_OUT`].
const REFUSE: &str = "\
WITH mine AS (SELECT position FROM indelible.op_outbox \
WHERE position = ANY ($1) AND refused IS NULL ORDER BY position FOR UPDATE SKIP LOCKED) \
UPDATE indelible.op_outbox AS o SET refused = u.reason \
FROM mine JOIN unnest($1::bigint[], $2::text[]) AS u (position, reason) \
ON u.position = mine.position WHERE o.position = mine.position";

/// $1 positions. Whoever held a row that was passed over may have settled it meanwhile: only what
/// is there still is held.
const STILL_WAITING: &str = "\
SELECT position FROM indelible.op_outbox WHERE position = ANY ($1) AND refused IS NULL";

pub(super) async fn settle(
    connections: &Connections,
    settlement: &Settlement,
) -> Result<Settled, StoreError> {
    let lent = connections.lend().await?;
    let mut settled = Settled::default();
    let moved = &settlement.moved;
    let (refused, reasons): (Vec<i64>, Vec<&str>) = settlement
        .refused
        .iter()
        .map(|(position, reason)| (*position, reason.as_str()))
        .unzip();
    settled.moved = by_parts(&lent, moved, None, &mut settled).await?;
    settled.refused = by_parts(&lent, &refused, Some(&reasons), &mut settled).await?;
    let asked = (moved.len() + refused.len()) as u64;
    if settled.moved + settled.refused + settled.failed < asked {
        let positions = [&moved[..], &refused].concat();
        let parameters: [Param<'_>; 1] = [(&positions, Type::INT8_ARRAY)];
        let there = lent.rows(STILL_WAITING, &parameters).await?;
        settled.held = (there.len() as u64).saturating_sub(settled.failed);
    }
    Ok(settled)
}

/// Takes rows out, or marks them where there are reasons, with as few statements as can be: all
/// with one, and by halves where one of them is to blame, so that it stays behind alone. Answers
/// how many were changed.
async fn by_parts(
    lent: &Lent,
    positions: &[i64],
    reasons: Option<&[&str]>,
    settled: &mut Settled,
) -> Result<u64, StoreError> {
    let mut changed = 0;
    let mut parts: Vec<_> = std::iter::once(0..positions.len()).collect();
    while let Some(part) = parts.pop() {
        if part.is_empty() {
            continue;
        }
        let positions = &positions[part.clone()];
        let done = match reasons.map(|reasons| &reasons[part.clone()]) {
            None => {
                let parameters: [Param<'_>; 1] = [(&positions, Type::INT8_ARRAY)];
                lent.execute(TAKE_OUT, &parameters).await?
            }
            Some(reasons) => {
                let parameters: [Param<'_>; 2] =
                    [(&positions, Type::INT8_ARRAY), (&reasons, Type::TEXT_ARRAY)];
                lent.execute(REFUSE, &parameters).await?
            }
        };
        match done {
            Ok(count) => changed += count,
            Err(error) if !is_of_a_row(&error) => return Err(refused(error)),
            Err(error) if part.len() == 1 => settled.fail(|| said(error).to_string()),
            Err(_) => {
                let middle = part.start + part.len() / 2;
                parts.extend([middle..part.end, part.start..middle]);
            }
        }
    }
    Ok(changed)
}
