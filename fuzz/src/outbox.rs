//! Rows of an outbox, which any program may have written.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use indelible_core::outbox::{
    Drain, EVENT_BYTES_MAX, Outbox, Refused, Row, Settled, Settlement, Standing,
};
use indelible_core::{AuditEvent, StoreError, TrailName};
use uuid::Uuid;

use crate::memory::{shared_engine, wait};

/// A table of rows in memory.
struct Table {
    waiting: Mutex<BTreeMap<i64, Row>>,
    refused: Mutex<Vec<(i64, String)>>,
}

/// Lines are rows: `<trail> <event>`. Every row is moved or refused with a reason, and the event
/// of each that is moved stands in its trail.
pub fn outbox(input: &[u8]) {
    let rows: Vec<_> = input
        .split(|byte| *byte == b'\n')
        .take(64)
        .zip(1..)
        .collect();
    let rows = rows.into_iter().map(|(line, position)| {
        let space = line.iter().position(|byte| *byte == b' ');
        let (trail, event) = line.split_at(space.unwrap_or(line.len()));
        Row {
            position,
            trail: String::from_utf8_lossy(trail).into_owned(),
            event: Some(event.to_vec()).filter(|event| event.len() <= EVENT_BYTES_MAX),
            queued_at: None,
        }
    });
    let table: BTreeMap<_, _> = rows.map(|row| (row.position, row)).collect();
    let given = table.clone();
    let table = Arc::new(Table {
        waiting: Mutex::new(table),
        refused: Mutex::default(),
    });
    let engine = shared_engine();
    let mut drain = Drain::new(engine.clone(), table.clone());
    let moved = wait(drain.pass()).expect("memory");
    assert!(moved.held.is_empty() && moved.locked == 0, "{moved:?}");
    let refused = table.refused();
    let all = moved.recorded + moved.duplicates + moved.refused;
    assert_eq!(all, given.len() as u64, "{moved:?}");
    assert_eq!(moved.refused, refused.len() as u64);
    assert!(refused.iter().all(|(_, reason)| !reason.is_empty()));
    for (position, row) in given {
        let id = row.event.as_deref().and_then(id_of);
        if refused.iter().any(|(refused, _)| *refused == position) {
            continue;
        }
        let trail: TrailName = row.trail.parse().expect("a moved row names its trail");
        let entry = wait(
            engine
                .trail(trail)
                .entry(id.expect("a moved row names its event")),
        );
        assert!(
            entry.expect("memory").is_some(),
            "a moved event is not there"
        );
    }
}

fn id_of(event: &[u8]) -> Option<Uuid> {
    AuditEvent::from_json(event).ok()?.id
}

impl Table {
    fn refused(&self) -> Vec<(i64, String)> {
        self.refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

#[async_trait]
impl Outbox for Table {
    async fn waiting(&self, passed: &[TrailName], limit: usize) -> Result<Vec<Row>, StoreError> {
        let rows = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let is_wanted = |row: &&Row| !passed.iter().any(|trail| trail.as_str() == row.trail);
        Ok(rows
            .values()
            .filter(is_wanted)
            .take(limit)
            .cloned()
            .collect())
    }

    async fn settle(&self, settlement: &Settlement) -> Result<Settled, StoreError> {
        let mut rows = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let mut take = |position: &i64| rows.remove(position).is_some();
        let moved = settlement.moved.iter().filter(|it| take(it)).count() as u64;
        let marked = settlement
            .refused
            .iter()
            .filter(|(it, _)| take(it))
            .cloned();
        let marked: Vec<_> = marked.collect();
        let settled = Settled {
            moved,
            refused: marked.len() as u64,
            ..Settled::default()
        };
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.extend(marked);
        Ok(settled)
    }

    async fn standing(&self) -> Result<Standing, StoreError> {
        Ok(Standing::default())
    }

    async fn refused(&self, _limit: usize) -> Result<Vec<Refused>, StoreError> {
        Ok(Vec::new())
    }
}
