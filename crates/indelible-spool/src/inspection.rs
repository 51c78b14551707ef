//! A look at a spool from outside, which changes nothing.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use indelible_core::{Timestamp, TrailName};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::error::SpoolError;
use crate::folder;
use crate::line;
use crate::segment;
use crate::spool::{DAMAGED, DEAD_LETTERS};

/// What is in the spools of one trail, whoever uses them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inspection {
    /// The folder.
    pub folder: PathBuf,
    /// Events that wait. Where a process is delivering them, those that it has delivered from a
    /// file that is not done are counted too.
    pub events: u64,
    /// Bytes of the files in which they wait.
    pub bytes: u64,
    /// Since when the oldest of them waits.
    pub waiting_since: Option<Timestamp>,
    /// Events that can never be recorded.
    pub dead: u64,
    /// Lines that could not be read.
    pub damaged: u64,
    /// Events that were given up, and of which the trail does not say so yet.
    pub lost: u64,
    /// Places in which events wait, or which know of lost ones, and which no process holds: nobody
    /// delivers them.
    pub abandoned: u64,
}

/// Looks at the spools of a trail; `None` where the folder is missing.
///
/// # Errors
/// [`SpoolError`] where something there cannot be read.
pub fn inspect(folder: &Path, trail: &TrailName) -> Result<Option<Inspection>, SpoolError> {
    if !folder.exists() {
        return Ok(None);
    }
    let mut seen = Inspection {
        folder: folder.to_owned(),
        events: 0,
        bytes: 0,
        waiting_since: None,
        dead: 0,
        damaged: 0,
        lost: 0,
        abandoned: 0,
    };
    for place in folder::places(folder)? {
        let segments = segment::left_in(&place, trail)?;
        let events: u64 = segments.iter().map(|segment| segment.events).sum();
        seen.events += events;
        seen.bytes += segments.iter().map(|segment| segment.bytes).sum::<u64>();
        let since = segments.iter().filter_map(|segment| segment.since).min();
        seen.waiting_since = seen.waiting_since.into_iter().chain(since).min();
        seen.dead += dead_ids(&place)?.len() as u64;
        seen.damaged += lines_of(&place.join(DAMAGED))?.len() as u64;
        let lost = lost_in(&place)?;
        seen.lost = seen.lost.saturating_add(lost);
        seen.abandoned += u64::from((events > 0 || lost > 0) && !folder::is_held(&place));
    }
    Ok(Some(seen))
}

/// The ids of the events that were set aside in a place.
pub(crate) fn dead_ids(place: &Path) -> Result<HashSet<Uuid>, SpoolError> {
    let id = |line: &Vec<u8>| {
        let letter: Map<String, Value> = line::opened(line)?;
        letter.get("event")?.get("id")?.as_str()?.parse().ok()
    };
    let lines = lines_of(&place.join(DEAD_LETTERS))?;
    Ok(lines.iter().filter_map(id).collect())
}

/// How many events were given up in a place, or in one that it took over, and not recorded as such.
fn lost_in(place: &Path) -> Result<u64, SpoolError> {
    let count = |line: &Vec<u8>| {
        let loss: Map<String, Value> = line::opened(line)?;
        loss.get("context")?.get("lost_count")?.as_u64()
    };
    let mut lost = 0;
    for path in folder::losses_of(place)? {
        // A count is what a file says, and a file may say anything.
        let counts = lines_of(&path)?;
        lost = counts
            .iter()
            .filter_map(count)
            .fold(lost, u64::saturating_add);
    }
    Ok(lost)
}

/// The lines of a file, none where it is missing.
pub(crate) fn lines_of(path: &Path) -> Result<Vec<Vec<u8>>, SpoolError> {
    match std::fs::read(path) {
        Ok(bytes) => {
            let lines = bytes.split(|b| *b == b'\n').map(<[u8]>::to_vec);
            Ok(lines.filter(|line| !line.is_empty()).collect())
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(SpoolError::at(path)(error)),
    }
}
