//! The partitions of entries, one a month, made ahead of time.
//!
//! They are made when the database is migrated, whenever it is opened for writing, and, in a
//! process that runs for months, in the background: never by whoever writes. What month it is is
//! told by the database and by the entries, no clock is read here. Where making them fails nothing
//! else does: entries of a month without a partition go to the default one.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use indelible_core::Timestamp;
use indelible_core::store::StoreError;
use tokio::sync::watch;
use tokio_postgres::types::Type;

use crate::address::Address;
use crate::connection::{Connections, Lent, Param};
use crate::open::{Options, one};
use crate::placement::Month;
use crate::row::{Bound, Day, Moment, cell};
use crate::store::PostgresStore;

/// The partition of the months that have none of their own.
pub(crate) const DEFAULT: &str = "entry_default";

/// Makes the present month and three more.
pub(crate) const MAKE: &str = "SELECT make_partitions FROM indelible.make_partitions(3)";

/// The months that have a partition, rising.
const MONTHS: &str = "\
SELECT pg_catalog.make_date(pg_catalog.substr(c.relname::text, 8, 4)::integer, pg_catalog.substr(c.relname::text, 13, 2)::integer, 1) \
FROM pg_catalog.pg_inherits AS i \
JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid \
JOIN pg_catalog.pg_class AS p ON p.oid = i.inhparent \
JOIN pg_catalog.pg_namespace AS n ON n.oid = p.relnamespace \
WHERE n.nspname = 'indelible' AND p.relname = 'entry' \
AND c.relname ~ '^entry_y[0-9]{4}m(0[1-9]|1[0-2])$' ORDER BY 1";

/// After a try so many commits are let pass before the next one. A trail whose clock is years
/// ahead would otherwise ask with each of its commits.
const COMMITS_BETWEEN_TRIES: u64 = 1000;

/// What a store knows of the partitions ahead.
pub(crate) struct Partitions {
    shared: Arc<Shared>,
}

struct Shared {
    /// The first day of the last month prepared.
    last: AtomicI64,
    /// Commits to let pass.
    pause: AtomicU64,
    /// Whether they are being made; nothing begins once it is closed.
    state: watch::Sender<State>,
    problem: Mutex<Option<String>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Idle,
    Making,
    Ended,
}

impl Default for Partitions {
    fn default() -> Self {
        let shared = Shared {
            last: AtomicI64::new(i64::MIN),
            pause: AtomicU64::new(0),
            state: watch::Sender::new(State::Idle),
            problem: Mutex::default(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }
}

impl Partitions {
    /// Makes what is missing now. A failure is kept for [`Self::problem`] and stops nobody: a
    /// writer that may not make partitions can still write.
    ///
    /// # Errors
    /// None.
    pub(crate) async fn make_ahead(&self, store: &PostgresStore) -> Result<(), StoreError> {
        self.shared.make(&store.connections).await;
        Ok(())
    }

    /// A commit has written entries of this month: where the partitions end soon after it, more
    /// are made in the background. Costs two loads otherwise, and waits for nothing.
    pub(crate) fn committed(&self, store: &PostgresStore, month: Month) {
        let shared = &self.shared;
        if month.next().next().first_day().0 <= shared.last.load(Ordering::Relaxed) {
            return;
        }
        let less = |pause: u64| pause.checked_sub(1);
        let paused = shared
            .pause
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        let begins = |state: &mut State| {
            let idle = *state == State::Idle;
            if idle {
                *state = State::Making;
            }
            idle
        };
        if paused.is_err() && shared.state.send_if_modified(begins) {
            shared.pause.store(COMMITS_BETWEEN_TRIES, Ordering::Relaxed);
            self.spawn(store.address.clone());
        }
    }

    /// Why the last try made nothing, if it failed.
    pub(crate) fn problem(&self) -> Option<String> {
        self.shared.lock().clone()
    }

    /// Waits for what is being made; nothing more is begun.
    pub(crate) async fn ended(&self) {
        let mut states = self.shared.state.subscribe();
        // An error would say that the sender is gone: it is part of this.
        let _ = states.wait_for(|state| *state != State::Making).await;
        self.shared.state.send_replace(State::Ended);
    }

    /// On a thread of its own: the runtime of whoever commits may stand still or end meanwhile.
    fn spawn(&self, address: Address) {
        let shared = Arc::clone(&self.shared);
        let work = move || {
            let done = Making(shared);
            if let Err(error) = done.0.run(&address) {
                *done.0.lock() = Some(error.to_string());
            }
        };
        let thread = std::thread::Builder::new().name("indelible-partitions".to_owned());
        if let Err(error) = thread.spawn(work) {
            *self.shared.lock() = Some(error.to_string());
            drop(Making(Arc::clone(&self.shared)));
        }
    }
}

/// Ends the making when dropped, by a panic too.
struct Making(Arc<Shared>);

impl Drop for Making {
    fn drop(&mut self) {
        self.0.state.send_if_modified(|state| {
            let making = *state == State::Making;
            if making {
                *state = State::Idle;
            }
            making
        });
    }
}

impl Shared {
    /// With a connection of its own: the writers need theirs.
    fn run(&self, address: &Address) -> Result<(), StoreError> {
        let connections = Connections::new(address, &Options::default())?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(crate::error::unavailable)?;
        runtime.block_on(self.make(&connections));
        Ok(())
    }

    async fn make(&self, connections: &Connections) {
        let made = match connections.lend().await {
            Ok(lent) => make(&lent).await,
            Err(error) => (None, Err(error)),
        };
        if let (Some(last), _) = made {
            self.last.store(last.first_day().0, Ordering::Relaxed);
        }
        *self.lock() = made.1.err().map(|error| chain(&error));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.problem.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes what is missing; answers the last month there is, made now or before.
async fn make(lent: &Lent) -> (Option<Month>, Result<(), StoreError>) {
    let made = lent.rows(MAKE, &[]).await.map(drop);
    match months(lent).await {
        Ok(months) => (months.last().copied(), made),
        Err(error) => (None, made.and(Err(error))),
    }
}

/// The months that have a partition, rising.
pub(crate) async fn months(lent: &Lent) -> Result<Vec<Month>, StoreError> {
    let rows = lent.rows(MONTHS, &[]).await?;
    let month = |row| cell(row, 0, "the partitions", None).map(|day: Day| Month::of_day(day.0));
    rows.iter().map(month).collect()
}

/// The name of a month's partition.
pub(crate) fn name(month: Month) -> String {
    format!("entry_y{}", label(month).replace('-', "m"))
}

/// Times that belong to none of some months.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Gap {
    pub(crate) from: Bound,
    /// The first moment after it.
    pub(crate) to: Bound,
}

/// What lies before, between and after rising months.
pub(crate) fn gaps(months: &[Month]) -> Vec<Gap> {
    let least = Bound(Timestamp::from_micros(i64::MIN).as_micros());
    let most = Bound(Timestamp::from_micros(i64::MAX).as_micros());
    let begins = months.iter().map(|month| month.begin()).chain([most]);
    let ends = months.iter().map(|month| month.next().begin());
    let gaps = [least].into_iter().chain(ends).zip(begins);
    gaps.filter(|(from, to)| from < to)
        .map(|(from, to)| Gap { from, to })
        .collect()
}

/// A month as `2027-02`.
pub(crate) fn label(month: Month) -> String {
    let mut text = Timestamp::from_micros(month.begin().0).to_string();
    text.truncate("2027-02".len());
    text
}

/// The last month made, and what is wrong with the partitions.
pub(crate) async fn ahead(
    store: &PostgresStore,
    lent: &Lent,
) -> Result<(Option<String>, Option<String>), StoreError> {
    let months = months(lent).await?;
    let today: Day = one(lent, "SELECT (now() AT TIME ZONE 'UTC')::date").await?;
    let next = Month::of_day(today.0).next();
    let mut problems = Vec::new();
    if !months.contains(&next) {
        let why = store.partitions.problem();
        problems.push(format!(
            "{} has no partition{}: SELECT indelible.make_partitions(3), as a member of \
             indelible_writer",
            label(next),
            why.map(|why| format!(" ({why})")).unwrap_or_default()
        ));
    }
    // Each of these goes to the default partition alone.
    for Gap { from, to } in gaps(&months) {
        let sql = "SELECT e.created_at FROM indelible.entry AS e \
                   WHERE e.created_at >= $1 AND e.created_at < $2 LIMIT 1";
        let params: [Param<'_>; 2] = [(&from, Type::TIMESTAMPTZ), (&to, Type::TIMESTAMPTZ)];
        if let Some(row) = lent.rows(sql, &params).await?.first() {
            let time: Moment = cell(row, 0, "an entry", None)?;
            problems.push(format!(
                "entries of {} lie in the default partition: they are read and proved as all \
                 others, retention does not drop them with a month",
                label(Month::of(time.0))
            ));
            break;
        }
    }
    let problem = (!problems.is_empty()).then(|| problems.join("; "));
    Ok((months.last().map(|month| label(*month)), problem))
}

/// An error with what it says of its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn month(day: &str) -> Month {
        Month::of(day.parse().expect("a time"))
    }

    #[test]
    fn gaps_are_what_no_month_has() {
        let [may, june, august] = ["2026-05", "2026-06", "2026-08"]
            .map(|month| self::month(&format!("{month}-15T00:00:00Z")));
        assert_eq!(label(may), "2026-05");
        let found = gaps(&[may, june, august]);
        let ends: Vec<_> = found.iter().map(|gap| (gap.from, gap.to)).collect();
        let least = Bound(Timestamp::from_micros(i64::MIN).as_micros());
        let most = Bound(Timestamp::from_micros(i64::MAX).as_micros());
        let between = (june.next().begin(), august.begin());
        assert_eq!(
            ends,
            [(least, may.begin()), between, (august.next().begin(), most)]
        );
        assert_eq!(
            gaps(&[]),
            [Gap {
                from: least,
                to: most
            }]
        );
    }
}
