//! What the store says of its own condition.

use super::reading::Trail;
use super::report::{FindingKind, Findings};
use crate::store::StoreError;

/// Reports guards that do not stand and rows that belong to nothing, of whatever trail: where
/// evidence could be altered or left out unseen, no trail is as it was recorded for certain.
pub(super) async fn look(trail: Trail<'_>, findings: &mut Findings) -> Result<(), StoreError> {
    let condition = match trail.store.condition().await {
        Ok(condition) => condition,
        Err(StoreError::Corrupt { what, problem, .. }) => {
            let detail = format!("{what} cannot be read: {problem}");
            findings.push(None, FindingKind::GuardsAltered, detail);
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    for guard in condition.missing_guards {
        let detail = format!("of what guards the database, {guard}");
        findings.push(None, FindingKind::GuardsAltered, detail);
    }
    for stray in condition.stray_rows {
        findings.push(None, FindingKind::RowsStray, stray);
    }
    Ok(())
}
