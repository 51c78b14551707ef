//! How much is in an outbox. Rows are counted here and nowhere else.

use indelible_core::outbox::Standing;
use indelible_core::store::StoreError;
use rusqlite::Connection;

use super::table::lossy;
use crate::error::refused;

const STANDING: &str = "\
SELECT count(*) FILTER (WHERE refused IS NULL), count(*) FILTER (WHERE refused IS NOT NULL), \
(SELECT queued_at FROM op_outbox WHERE refused IS NULL ORDER BY position LIMIT 1) FROM op_outbox";

pub(super) fn standing(db: &Connection) -> Result<Standing, StoreError> {
    let mut statement = db.prepare_cached(STANDING).map_err(refused)?;
    let row = |row: &rusqlite::Row<'_>| {
        let since = row.get_ref(2)?.as_bytes_or_null()?;
        Ok(Standing {
            waiting: row.get(0)?,
            refused: row.get(1)?,
            waiting_since: since.and_then(|text| lossy(text).parse().ok()),
        })
    };
    statement.query_row([], row).map_err(refused)
}
