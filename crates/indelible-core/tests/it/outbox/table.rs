//! An outbox in memory, whose transactions come into sight when the test says.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use async_trait::async_trait;
use indelible_core::outbox::{Outbox, Refused, Row, Settled, Settlement, Standing};
use indelible_core::{StoreError, TrailName};
use tokio::sync::Notify;

#[derive(Default)]
pub struct Table {
    rows: Mutex<Vec<(Row, Option<String>)>>,
    next: AtomicU64,
    settles_to_fail: AtomicU64,
    /// Whether somebody else's transaction holds all rows.
    is_locked: AtomicBool,
    /// The position of a row that nobody may change.
    stuck_at: AtomicI64,
    /// Whether another drain settles everything just before this one comes to it.
    is_raced: AtomicBool,
    /// Whether the next read panics.
    is_broken: AtomicBool,
    settled: Notify,
    broke: Notify,
}

impl Table {
    /// Positions for rows that are not in sight yet.
    pub fn positions_for(&self, count: usize) -> Vec<i64> {
        let first = self.next.fetch_add(count as u64, Ordering::SeqCst);
        (1..=count as u64).map(|n| (first + n) as i64).collect()
    }

    /// Brings the rows of a transaction into sight.
    pub fn show(&self, added: Vec<(i64, &str, String)>) {
        let mut rows = self.rows.lock().expect("unpoisoned");
        for (position, trail, event) in added {
            let row = Row {
                position,
                trail: trail.to_owned(),
                event: Some(event.into_bytes()),
                queued_at: None,
            };
            rows.push((row, None));
        }
        rows.sort_by_key(|(row, _)| row.position);
    }

    /// A transaction of these rows, committed at once.
    pub fn commit(&self, rows: Vec<(&str, String)>) {
        let positions = self.positions_for(rows.len());
        let rows = positions.into_iter().zip(rows);
        self.show(
            rows.map(|(at, (trail, event))| (at, trail, event))
                .collect(),
        );
    }

    pub fn fail_settles(&self, count: u64) {
        self.settles_to_fail.store(count, Ordering::SeqCst);
    }

    pub fn lock(&self, is_locked: bool) {
        self.is_locked.store(is_locked, Ordering::SeqCst);
    }

    pub fn stick(&self, position: i64) {
        self.stuck_at.store(position, Ordering::SeqCst);
    }

    pub fn race(&self) {
        self.is_raced.store(true, Ordering::SeqCst);
    }

    /// Lets the next read panic, and waits until it does.
    pub async fn breaks(&self) {
        let broke = self.broke.notified();
        self.is_broken.store(true, Ordering::SeqCst);
        broke.await;
    }

    pub fn positions(&self) -> Vec<i64> {
        let rows = self.rows.lock().expect("unpoisoned");
        rows.iter().map(|(row, _)| row.position).collect()
    }

    pub fn reasons(&self) -> Vec<String> {
        let rows = self.rows.lock().expect("unpoisoned");
        rows.iter()
            .filter_map(|(_, reason)| reason.clone())
            .collect()
    }

    /// Waits until nothing is in it.
    pub async fn emptied(&self) {
        loop {
            let settled = self.settled.notified();
            if self.positions().is_empty() {
                return;
            }
            settled.await;
        }
    }
}

#[async_trait]
impl Outbox for Table {
    async fn waiting(
        &self,
        passed_over: &[TrailName],
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        if self.is_broken.load(Ordering::SeqCst) {
            self.broke.notify_waiters();
            panic!("planned");
        }
        let rows = self.rows.lock().expect("unpoisoned");
        let wanted = rows.iter().filter(|(row, refused)| {
            refused.is_none() && !passed_over.iter().any(|trail| trail.as_str() == row.trail)
        });
        Ok(wanted.map(|(row, _)| row.clone()).take(limit).collect())
    }

    async fn settle(&self, settlement: &Settlement) -> Result<Settled, StoreError> {
        let fails = self
            .settles_to_fail
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                left.checked_sub(1)
            });
        if fails.is_ok() {
            let source = "planned".into();
            return Err(StoreError::Unknown { source });
        }
        if self.is_locked.load(Ordering::SeqCst) {
            return Ok(Settled {
                held: (settlement.moved.len() + settlement.refused.len()) as u64,
                ..Settled::default()
            });
        }
        let stuck_at = self.stuck_at.load(Ordering::SeqCst);
        let mut settled = Settled::default();
        let mut rows = self.rows.lock().expect("unpoisoned");
        let before = rows.len();
        rows.retain(|(row, _)| {
            row.position == stuck_at || !settlement.moved.contains(&row.position)
        });
        settled.moved = (before - rows.len()) as u64;
        let refused = settlement.refused.iter().map(|(at, _)| at);
        if settlement
            .moved
            .iter()
            .chain(refused)
            .any(|at| *at == stuck_at)
        {
            settled.fail(|| "planned".to_owned());
        }
        for (row, refused) in rows.iter_mut() {
            let found = settlement
                .refused
                .iter()
                .find(|(at, _)| *at == row.position);
            if row.position == stuck_at {
                continue;
            }
            if let (Some((_, reason)), None) = (found, &refused) {
                *refused = Some(reason.clone());
                settled.refused += 1;
            }
        }
        drop(rows);
        self.settled.notify_waiters();
        match self.is_raced.load(Ordering::SeqCst) {
            true => Ok(Settled::default()),
            false => Ok(settled),
        }
    }

    async fn standing(&self) -> Result<Standing, StoreError> {
        let rows = self.rows.lock().expect("unpoisoned");
        let refused = rows.iter().filter(|(_, refused)| refused.is_some()).count() as u64;
        Ok(Standing {
            waiting: rows.len() as u64 - refused,
            waiting_since: None,
            refused,
        })
    }

    async fn refused(&self, limit: usize) -> Result<Vec<Refused>, StoreError> {
        let rows = self.rows.lock().expect("unpoisoned");
        let refused = rows.iter().filter_map(|(row, reason)| {
            Some(Refused {
                position: row.position,
                trail: row.trail.parse().ok(),
                queued_at: row.queued_at,
                reason: reason.clone()?,
            })
        });
        Ok(refused.take(limit).collect())
    }
}
