//! How much is in an outbox. Rows are counted here and nowhere else.

use indelible_core::outbox::Standing;
use indelible_core::store::StoreError;

use super::table::{cell, moment};
use crate::connection::Connections;

const STANDING: &str = "\
SELECT count(*) FILTER (WHERE refused IS NULL), count(*) FILTER (WHERE refused IS NOT NULL), \
(SELECT queued_at FROM indelible.op_outbox WHERE refused IS NULL ORDER BY position LIMIT 1) \
FROM indelible.op_outbox";

pub(super) async fn standing(connections: &Connections) -> Result<Standing, StoreError> {
    let rows = connections.lend().await?.rows(STANDING, &[]).await?;
    let Some(row) = rows.first() else {
        return Ok(Standing::default());
    };
    let count = |column| cell::<i64>(row, column).map(i64::unsigned_abs);
    Ok(Standing {
        waiting: count(0)?,
        refused: count(1)?,
        waiting_since: moment(row, 2),
    })
}
