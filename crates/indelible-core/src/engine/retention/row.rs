//! How far retention is in a trail, as the registry has it.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::engine::Shared;
use crate::engine::rest::Rest;
use crate::error::AuditError;
use crate::store::StoreError;
use crate::trail::TrailName;

/// The kind of registry rows that say it.
pub(in crate::engine) const KIND: &str = "retention";

/// The row of a trail.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Row {
    /// Where the removal entries begin that are not known to be carried out.
    pub done: u64,
    /// Whether one of them was recorded, or is about to be.
    pub is_begun: bool,
    /// Whether nothing of what they blanked is left in the database's files.
    pub is_purged: bool,
    /// How long the purge is left alone where it has failed.
    #[serde(flatten)]
    pub rest: Rest,
}

/// The row as it was read, or written.
pub(super) struct Known {
    pub row: Row,
    version: u64,
}

impl Known {
    /// The row of a trail, `None` where nothing was ever to be removed of it.
    pub async fn of(shared: &Shared, trail: &TrailName) -> Result<Option<Self>, StoreError> {
        let there = shared.ground.registry.get(KIND, trail.as_str()).await?;
        Ok(there.map(|there| Self {
            row: serde_json::from_value(there.value).unwrap_or_default(),
            version: there.version,
        }))
    }

    /// Writes a row in the place of this one. Of two that do it, one has said so.
    pub async fn put(
        self,
        shared: &Shared,
        trail: &TrailName,
        row: &Row,
    ) -> Result<(), AuditError> {
        if self.row != *row {
            put(shared, trail, Some(self.version), row).await?;
        }
        Ok(())
    }
}

/// Notes that something is about to be recorded and done, so that the next start looks for it.
/// Whoever has read the row before cannot say any more that all is done.
pub(super) async fn begin(shared: &Shared, trail: &TrailName) -> Result<(), AuditError> {
    change(shared, trail, |row| {
        if !row.is_begun {
            (row.is_begun, row.is_purged) = (true, true);
            row.rest = Rest::default();
        }
    })
    .await
    .map(drop)
}

/// Notes that something is about to be blanked: whoever comes after a cut finds it blanked, and
/// would not know that it is to be purged.
pub(super) async fn owe(shared: &Shared, trail: &TrailName) -> Result<Known, AuditError> {
    change(shared, trail, |row| {
        (row.is_begun, row.is_purged) = (true, false);
    })
    .await
}

/// Whether something was begun that is not done.
pub(super) async fn is_begun(shared: &Shared, trail: &TrailName) -> Result<bool, AuditError> {
    let known = Known::of(shared, trail).await?;
    Ok(known.is_some_and(|known| known.row.is_begun))
}

/// Changes the row, and its version in any case, whoever else writes it meanwhile.
async fn change(
    shared: &Shared,
    trail: &TrailName,
    change: impl Fn(&mut Row) + Send,
) -> Result<Known, AuditError> {
    loop {
        let known = Known::of(shared, trail).await?;
        let version = known.as_ref().map(|known| known.version);
        let mut row = known.map(|known| known.row).unwrap_or_default();
        change(&mut row);
        if let Some(version) = put(shared, trail, version, &row).await? {
            return Ok(Known { row, version });
        }
    }
}

/// Writes the row where it has this version, and answers with which one it was written.
async fn put(
    shared: &Shared,
    trail: &TrailName,
    version: Option<u64>,
    row: &Row,
) -> Result<Option<u64>, StoreError> {
    let (registry, row) = (&shared.ground.registry, json!(row));
    registry
        .put(KIND, trail.as_str(), version, Some(&row))
        .await
}
