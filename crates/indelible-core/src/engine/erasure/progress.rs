//! How far a database is with the register.

use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::register::Line;
use crate::engine::Ground;
use crate::engine::rest::Rest;
use crate::error::AuditError;
use crate::store::StoreError;
use crate::time::Timestamp;
use crate::trail::TrailName;

/// The kind of registry rows that say it, by trail.
const KIND: &str = "erasure";

/// The row.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Row {
    /// How many lines of the register were recorded and blanked.
    applied: usize,
    /// The ids of those of them that were not blanked, since entries that they name are held.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    held: Vec<Uuid>,
    /// The id of the last of them: which register it was.
    last: Option<Uuid>,
    /// How many of them were purged.
    purged: usize,
    /// Whether what other registers had blanked is still to be purged, wherever it was.
    whole: bool,
    /// How long the purge is left alone where it has failed.
    #[serde(flatten)]
    rest: Rest,
}

/// The register, and how far this database is with it.
pub(super) struct Progress {
    /// Its lines.
    pub texts: Vec<String>,
    row: Row,
    /// The lines that the row has as held, by place.
    held: Vec<(usize, Uuid)>,
    /// Whether the row speaks of another register.
    is_foreign: bool,
    /// The version of the row, where there is one.
    version: Option<u64>,
}

impl Progress {
    pub async fn read(ground: &Ground, trail: &TrailName) -> Result<Self, AuditError> {
        // The row first: lines that come meanwhile are pending.
        let (mut row, version) = stored(ground, trail).await?;
        let texts = ground.state.erasures(trail)?;
        let last = match row.applied.checked_sub(1) {
            Some(place) => texts.get(place).map(|text| Line::id_of(text)).transpose()?,
            None => None,
        };
        // A count alone would take the orders of another state directory for done.
        let is_foreign = version.is_some() && (row.last.is_none() || row.last != last);
        if is_foreign {
            row = Row {
                whole: row.whole || row.purged < row.applied,
                ..Row::default()
            };
        }
        row.purged = row.purged.min(row.applied);
        let held = places_of(&row.held, &texts)?;
        Ok(Self {
            texts,
            row,
            held,
            is_foreign,
            version,
        })
    }

    /// The lines that this database is not known to be done with, those that are held first.
    pub fn pending(&self) -> Vec<&str> {
        let places = self.pending_places().into_iter();
        places.map(|place| self.text(place)).collect()
    }

    /// Where they stand in the register.
    pub fn pending_places(&self) -> Vec<usize> {
        let held = self.held.iter().map(|(place, _)| *place);
        held.chain(self.row.applied..self.texts.len()).collect()
    }

    /// The line at a place, which is one of the register.
    pub fn text(&self, place: usize) -> &str {
        self.texts.get(place).map_or("", String::as_str)
    }

    /// How many of those that are pending were held when somebody last looked.
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// The lines that were blanked, and of which the bytes may still be in the files.
    pub fn unpurged(&self) -> &[String] {
        let unpurged = self.row.purged..self.row.applied;
        self.texts.get(unpurged).unwrap_or_default()
    }

    /// Whether all of the trail must be purged, since nobody here knows where it was erased.
    pub fn is_whole_unpurged(&self) -> bool {
        self.row.whole
    }

    /// Whether the row speaks of another register than the one at hand.
    pub fn is_foreign(&self) -> bool {
        self.is_foreign
    }

    /// Whether anything is left to be done.
    pub fn is_done(&self) -> bool {
        self.pending().is_empty() && self.unpurged().is_empty() && !self.row.whole
    }

    /// Whether a purge that failed is to be left alone now, and until when.
    pub fn rests_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.row.rest.until(now)
    }

    /// Says, before anything of this register is blanked beside the row of another one, that there
    /// will be something to purge: whoever comes after a cut finds it blanked and would not know.
    pub async fn claim(&mut self, ground: &Ground, trail: &TrailName) -> Result<(), AuditError> {
        if !self.is_foreign || self.pending().is_empty() {
            return Ok(());
        }
        let row = Row {
            whole: true,
            ..self.row.clone()
        };
        self.write(ground, trail, &row).await.map(drop)
    }

    /// Says, before anything of the line at a place is blanked, that there will be something to
    /// purge: whoever comes after a cut may find the line held again, and would not know.
    pub async fn owe(
        &mut self,
        ground: &Ground,
        trail: &TrailName,
        place: usize,
    ) -> Result<(), AuditError> {
        // Of one that is new, or that was blanked before and not purged, the row says so as it is.
        if place >= self.row.purged {
            return Ok(());
        }
        self.row.purged = place;
        let row = self.row.clone();
        let mut is_said = self.write(ground, trail, &row).await?;
        while !is_said {
            // Another process has written it, maybe of another register.
            let (mut row, version) = stored(ground, trail).await?;
            row.whole = true;
            is_said = put(ground, trail, version, &row).await?.is_some();
        }
        Ok(())
    }

    /// All lines are blanked but those of these ids, which are held, of some of them a beginning;
    /// where nothing was there to be blanked, there is nothing to purge.
    pub async fn blanked(
        &mut self,
        ground: &Ground,
        trail: &TrailName,
        is_purged: bool,
        held: Vec<Uuid>,
        begun: &[Uuid],
    ) -> Result<(), AuditError> {
        // What was held, and is blanked now, may stand before lines that were purged long ago.
        let is_blanked = |id: &Uuid| !held.contains(id) || begun.contains(id);
        let mut held_before = self.held.iter();
        if let Some((first, _)) = held_before.find(|(_, id)| is_blanked(id)) {
            self.row.purged = self.row.purged.min(*first);
        }
        self.row.held = held;
        self.held = places_of(&self.row.held, &self.texts)?;
        self.row.applied = self.texts.len();
        self.row.last = self
            .texts
            .last()
            .map(|text| Line::id_of(text))
            .transpose()?;
        if is_purged {
            self.row.purged = self.row.applied;
        }
        let row = self.row.clone();
        self.write(ground, trail, &row).await.map(drop)
    }

    /// The bytes are gone.
    pub async fn purged(&mut self, ground: &Ground, trail: &TrailName) -> Result<(), AuditError> {
        self.row.purged = self.row.applied;
        (self.row.whole, self.row.rest) = (false, Rest::default());
        let row = self.row.clone();
        self.write(ground, trail, &row).await.map(drop)
    }

    /// The bytes are still there.
    pub async fn failed(&mut self, ground: &Ground, trail: &TrailName) -> Result<(), AuditError> {
        self.row.rest.lengthen(ground.clock.now());
        let row = self.row.clone();
        self.write(ground, trail, &row).await.map(drop)
    }

    /// Writes the row, unless another process has: of two that have done it, one has said so, and
    /// what the other one did is found done. Whether it did.
    async fn write(
        &mut self,
        ground: &Ground,
        trail: &TrailName,
        row: &Row,
    ) -> Result<bool, AuditError> {
        let written = put(ground, trail, self.version, row).await?;
        self.version = written.or(self.version);
        Ok(written.is_some())
    }
}

/// The row of a trail as it stands, and its version where there is one.
async fn stored(ground: &Ground, trail: &TrailName) -> Result<(Row, Option<u64>), StoreError> {
    let there = ground.registry.get(KIND, trail.as_str()).await?;
    let version = there.as_ref().map(|there| there.version);
    let row = there.and_then(|there| serde_json::from_value(there.value).ok());
    Ok((row.unwrap_or_default(), version))
}

/// Writes a row where it has this version, and answers with which one it was written.
async fn put(
    ground: &Ground,
    trail: &TrailName,
    version: Option<u64>,
    row: &Row,
) -> Result<Option<u64>, StoreError> {
    let (registry, row) = (&ground.registry, json!(row));
    registry
        .put(KIND, trail.as_str(), version, Some(&row))
        .await
}

/// Where the lines of these ids stand.
fn places_of(ids: &[Uuid], texts: &[String]) -> Result<Vec<(usize, Uuid)>, StoreError> {
    let mut places = Vec::with_capacity(ids.len());
    if ids.is_empty() {
        return Ok(places);
    }
    for (place, text) in texts.iter().enumerate() {
        let id = Line::id_of(text)?;
        if ids.contains(&id) {
            places.push((place, id));
        }
    }
    Ok(places)
}

/// An order is not in the register that has just kept it.
pub(super) fn lost(id: Uuid) -> AuditError {
    let problem = format!("the line {id} was kept, and is not there");
    StoreError::Corrupt {
        what: "the erasure register in the state directory".to_owned(),
        seq: None,
        problem,
    }
    .into()
}
