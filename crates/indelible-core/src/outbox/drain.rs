//! One pass over an outbox, and what is remembered from one to the next.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::draining::Figures;
use super::letter::{Letter, said};
use super::{Outbox, Row, Settled, Settlement};
use crate::backoff::Backoff;
use crate::engine::Engine;
use crate::error::AuditError;
use crate::protocol::{Delivery, Receipt, RecordInOrder};
use crate::store::StoreError;
use crate::trail::TrailName;

/// Rows that are read, recorded and taken out at once.
const ROWS_AT_ONCE: usize = 256;

/// What moves events from one outbox into the trails of an engine. Any number of them, in this
/// process and others, may work on one outbox; see [`crate::outbox`] for why that keeps every
/// promise.
pub struct Drain {
    engine: Engine,
    outbox: Arc<dyn Outbox>,
    /// The trails that took nothing, and when each is tried again.
    stalls: HashMap<TrailName, Stall>,
    /// What keeps rows from being settled, as it was said last.
    hitch: Option<String>,
    pub(super) figures: Arc<Figures>,
}

/// A trail that takes nothing now.
#[derive(Default)]
struct Stall {
    backoff: Backoff,
    /// When it is tried again, by the clock's elapsed time.
    due: Duration,
}

/// What one pass did.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Moved {
    /// Events that were recorded.
    pub recorded: u64,
    /// Events that stood in their trail already: a drain before, or beside, did not come to take
    /// their rows out.
    pub duplicates: u64,
    /// Events that can never be recorded, and whose rows are now marked.
    pub refused: u64,
    /// The trails that could not take all, each with what it met.
    pub held: Vec<(TrailName, AuditError)>,
    /// Rows that are done with and could not be taken out or marked: another transaction holds
    /// them. The next pass begins with them; this one ended where a whole read was such rows.
    pub locked: u64,
    /// Rows that are done with and that the database refused to have taken out or marked. As with
    /// `locked`, others go on.
    pub unsettled: u64,
    /// What it said of the first of those.
    pub problem: Option<String>,
}

impl Moved {
    /// The first thing that kept rows where they are.
    pub fn hitch(&self) -> Option<String> {
        let held = self.held.first();
        held.map(|(trail, error)| format!("trail {trail}: {error}"))
            .or_else(|| hitch(self.locked, self.problem.as_deref()))
    }
}

/// What keeps rows from being settled. Without the count, which changes from pass to pass.
fn hitch(locked: u64, problem: Option<&str>) -> Option<String> {
    let refused = |problem| format!("the outbox refuses to have a row settled: {problem}");
    let held = || "another transaction holds rows of the outbox".to_owned();
    problem.map(refused).or_else(|| (locked > 0).then(held))
}

/// The rows of one trail, and the answers to as many as have one.
type Answered = (TrailName, Vec<i64>, Vec<Result<Receipt, AuditError>>);

impl Drain {
    /// A drain of `outbox` into the trails of `engine`.
    pub fn new(engine: Engine, outbox: Arc<dyn Outbox>) -> Self {
        Self {
            engine,
            outbox,
            stalls: HashMap::new(),
            hitch: None,
            figures: Arc::default(),
        }
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The outbox.
    pub fn outbox(&self) -> &Arc<dyn Outbox> {
        &self.outbox
    }

    /// Moves all that waits when it comes to it. A trail that took nothing is passed over until
    /// its time comes; waits double with each failure, up to half a minute.
    ///
    /// May be given up at any time.
    ///
    /// # Errors
    /// [`AuditError::Store`] where the outbox cannot be read or nothing be taken out, and
    /// [`AuditError::Closed`]. What was recorded stays so.
    pub async fn pass(&mut self) -> Result<Moved, AuditError> {
        let mut moved = Moved::default();
        let now = self.engine.ground().clock.elapsed();
        let not_due = self.stalls.iter().filter(|(_, stall)| stall.due > now);
        let mut passed_over: Vec<_> = not_due.map(|(trail, _)| trail.clone()).collect();
        loop {
            let rows = self.outbox.waiting(&passed_over, ROWS_AT_ONCE).await?;
            if rows.is_empty() {
                return Ok(moved);
            }
            let held = moved.held.len();
            let is_onward = self.move_rows(rows, &mut moved).await?;
            passed_over.extend(moved.held[held..].iter().map(|(trail, _)| trail.clone()));
            if !is_onward && moved.held.len() == held {
                return Ok(moved);
            }
        }
    }

    /// Whether any of the rows is gone from sight: else the same would be read again and again.
    async fn move_rows(&mut self, rows: Vec<Row>, moved: &mut Moved) -> Result<bool, AuditError> {
        let mut settlement = Settlement::default();
        let mut trails: BTreeMap<TrailName, Vec<Letter>> = BTreeMap::new();
        for row in rows {
            let position = row.position;
            match Letter::open(row) {
                Ok(letter) => trails.entry(letter.trail.clone()).or_default().push(letter),
                Err(reason) => refuse(&mut settlement, position, reason),
            }
        }
        let mut tasks = JoinSet::new();
        for (trail, letters) in trails {
            tasks.spawn(record(self.engine.clone(), trail, letters));
        }
        while let Some(answered) = tasks.join_next().await {
            let (trail, positions, answers) = answered.map_err(|error| StoreError::Unknown {
                source: error.into(),
            })?;
            let held = sort(&positions, answers, &mut settlement, moved);
            if matches!(held, Some(AuditError::Closed)) {
                return Err(AuditError::Closed);
            }
            self.remember(trail, held, moved);
        }
        let settled = self.outbox.settle(&settlement).await?;
        self.figures.settled(&settled);
        moved.refused += settled.refused;
        self.say(&settled);
        let done = (settlement.moved.len() + settlement.refused.len()) as u64;
        // What was not found, another drain has settled: that is out of sight, too.
        let is_onward = done > settled.held + settled.failed;
        (moved.locked, moved.unsettled) = (settled.held, settled.failed);
        moved.problem = settled.problem;
        Ok(is_onward)
    }

    /// Logs what keeps rows from being settled, when it begins and when it is over.
    fn say(&mut self, settled: &Settled) {
        let hitch = hitch(settled.held, settled.problem.as_deref());
        if hitch == self.hitch {
            return;
        }
        match &hitch {
            Some(hitch) => tracing::warn!(held = settled.held, failed = settled.failed, "{hitch}"),
            None => tracing::info!("all rows of the outbox can be settled again"),
        }
        self.hitch = hitch;
    }

    /// Keeps in mind how a trail fared.
    fn remember(&mut self, trail: TrailName, held: Option<AuditError>, moved: &mut Moved) {
        let ground = self.engine.ground();
        let Some(error) = held else {
            if self.stalls.remove(&trail).is_some() {
                tracing::info!(%trail, "the trail takes events of the outbox again");
            }
            return;
        };
        if !self.stalls.contains_key(&trail) {
            tracing::warn!(%trail, %error, "the trail takes no events of the outbox now");
        }
        let stall = self.stalls.entry(trail.clone()).or_default();
        stall.due = ground.clock.elapsed() + stall.backoff.next(&*ground.entropy);
        moved.held.push((trail, error));
    }
}

/// Records the events of one trail in their order.
async fn record(engine: Engine, trail: TrailName, letters: Vec<Letter>) -> Answered {
    let positions = letters.iter().map(|letter| letter.position).collect();
    let events = letters.into_iter().map(|letter| letter.event).collect();
    let answers = engine.trail(trail.clone()).record_in_order(events).await;
    (trail, positions, answers)
}

/// Says of each row what becomes of it, and answers why the rest of the trail's must wait.
fn sort(
    positions: &[i64],
    answers: Vec<Result<Receipt, AuditError>>,
    settlement: &mut Settlement,
    moved: &mut Moved,
) -> Option<AuditError> {
    let mut held = None;
    for (position, answer) in positions.iter().zip(answers) {
        match answer {
            Ok(receipt) => {
                match receipt.delivery {
                    Delivery::Duplicate => moved.duplicates += 1,
                    _ => moved.recorded += 1,
                }
                settlement.moved.push(*position);
            }
            Err(error) if error.is_final() => {
                let reason = match &error {
                    AuditError::Invalid(event) => format!("the event: {}", said(event)),
                    other => other.to_string(),
                };
                refuse(settlement, *position, reason);
            }
            Err(error) => {
                held.get_or_insert(error);
            }
        }
    }
    held
}

fn refuse(settlement: &mut Settlement, position: i64, reason: String) {
    // Whatever encoding the outbox's database has, it has these.
    let reason: String = (reason.chars())
        .map(|c| {
            if c.is_ascii() && !c.is_ascii_control() {
                c
            } else {
                '?'
            }
        })
        .collect();
    tracing::error!(
        position,
        reason,
        "an event of the outbox can never be recorded"
    );
    settlement.refused.push((position, reason));
}
