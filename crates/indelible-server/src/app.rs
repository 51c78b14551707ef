//! What every request is answered from.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use indelible_axum::TrustedProxies;
use indelible_core::engine::{Audit, Engine};
use indelible_core::outbox::Watch;
use indelible_core::store::BoxError;
use indelible_core::{AuditError, Timestamp, TrailName};
use indelible_evidence::Surroundings;
use indelible_evidence::review::RuleSet;
use tokio::sync::{Mutex, MutexGuard, Semaphore, watch};

use crate::console::{Counted, Looked};
use crate::counters::Counters;
use crate::erasures::Erasures;
use crate::health::Readiness;
use crate::ingest::{Budget, Room};
use crate::keys::Keys;
use crate::limits::{
    DECISION_TURNS, EXPORTS_MAX, EXPORTS_OF_KEY_MAX, KEY_REQUESTS_PER_SECOND, LOGINS_PER_SECOND,
    PACKS_MAX, PACKS_OF_KEY_MAX, UNPACKINGS_MAX,
};
use crate::pace::Pace;
use crate::retention::Runs;
use crate::seats::Seats;
use crate::tail::Tails;
use crate::tally::Tally;
use crate::verification::Verifications;

/// An open engine behind HTTP. Clones share everything.
#[derive(Clone)]
pub struct App {
    shared: Arc<Shared>,
}

/// What looks at what is around the engine.
type Look = Box<dyn Fn() -> Result<Surroundings, BoxError> + Send + Sync>;

struct Shared {
    engine: Engine,
    keys: Keys,
    tally: Tally,
    pace: Pace,
    logins: Pace,
    proxies: TrustedProxies,
    verifications: Verifications,
    retention_runs: Runs,
    erasures: Erasures,
    unpackings: Arc<Semaphore>,
    counters: Counters,
    readiness: Readiness,
    tails: Tails,
    results_room: Room,
    budget: Budget,
    exports: Seats,
    packs: Seats,
    outbox: OnceLock<Watch>,
    review_rules: OnceLock<RuleSet>,
    surroundings: OnceLock<Look>,
    /// Turns at deciding about a trail.
    decisions: Vec<Mutex<()>>,
    counted: Counted,
    looked: Looked,
    /// When it began, by the clock that is never set.
    begun: Duration,
    /// Each piece of work in progress holds a receiver, which learns of the stop.
    working: watch::Sender<bool>,
}

impl App {
    /// Serves this engine. Whoever opened it closes it, after [`crate::serve`] has returned.
    pub fn new(engine: Engine) -> Self {
        Self::with(engine, KEY_REQUESTS_PER_SECOND, TrustedProxies::none())
    }

    /// As [`App::new`], with so many requests a second for each key, and behind these proxies.
    pub fn with(engine: Engine, requests_per_second: u32, proxies: TrustedProxies) -> Self {
        Self {
            shared: Arc::new(Shared {
                keys: Keys::new(engine.clone()),
                pace: Pace::new(requests_per_second),
                logins: Pace::new(LOGINS_PER_SECOND),
                proxies,
                tally: Tally::new(engine.clone()),
                begun: engine.ground().clock.elapsed(),
                engine,
                verifications: Verifications::new(),
                retention_runs: Runs::default(),
                erasures: Erasures::new(),
                unpackings: Arc::new(Semaphore::new(UNPACKINGS_MAX)),
                counters: Counters::default(),
                readiness: Readiness::default(),
                tails: Tails::new(),
                results_room: Room::new(),
                budget: Budget::new(),
                exports: Seats::new("exports", EXPORTS_MAX, EXPORTS_OF_KEY_MAX),
                packs: Seats::new("packs of a control", PACKS_MAX, PACKS_OF_KEY_MAX),
                outbox: OnceLock::new(),
                review_rules: OnceLock::new(),
                surroundings: OnceLock::new(),
                decisions: (0..DECISION_TURNS).map(|_| Mutex::new(())).collect(),
                counted: Counted::default(),
                looked: Looked::default(),
                working: watch::Sender::new(false),
            }),
        }
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.shared.engine
    }

    /// The proxies whose word on a client's address is believed.
    pub fn proxies(&self) -> &TrustedProxies {
        &self.shared.proxies
    }

    /// The API keys.
    pub fn keys(&self) -> &Keys {
        &self.shared.keys
    }

    /// Shows in the metrics what a drain of the outbox does. The first one stays.
    pub fn watch_outbox(&self, watch: Watch) {
        // There is one drain of a database's own outbox in one server.
        let _ = self.shared.outbox.set(watch);
    }

    pub(crate) fn outbox(&self) -> Option<&Watch> {
        self.shared.outbox.get()
    }

    /// Reviews by these rules, and not by those that ship. The first ones stay.
    pub fn review_by(&self, rules: RuleSet) {
        // Whoever serves says it once, before anything is asked.
        let _ = self.shared.review_rules.set(rules);
    }

    pub(crate) fn review_rules(&self) -> &RuleSet {
        self.shared.review_rules.get_or_init(RuleSet::standard)
    }

    /// Asks this of what only whoever serves knows, whenever the installation is measured. The
    /// first one stays.
    pub fn surrounded_by(
        &self,
        look: impl Fn() -> Result<Surroundings, BoxError> + Send + Sync + 'static,
    ) {
        // As the rules of reviews.
        let _ = self.shared.surroundings.set(Box::new(look));
    }

    pub(crate) fn surroundings(&self) -> Result<Surroundings, BoxError> {
        let look = self.shared.surroundings.get();
        look.map_or_else(|| Ok(Surroundings::default()), |look| look())
    }

    /// The turn at deciding about a trail, until what this answers is dropped.
    pub(crate) async fn deciding(&self, trail: &TrailName) -> MutexGuard<'_, ()> {
        let turns = &self.shared.decisions;
        let place = crc32fast::hash(trail.as_str().as_bytes()) as usize % turns.len();
        turns[place].lock().await
    }

    /// Records the sums of accesses and refusals whose minute is over, and forgets orders of erasure
    /// that nobody has decided about in time.
    ///
    /// # Errors
    /// The first failure met; what could not be recorded is tried again the next time.
    pub async fn settle(&self) -> Result<(), AuditError> {
        // Sums that are over wait for nothing else.
        let settled = self.shared.tally.settle().await;
        self.shared.engine.expire_erasure_requests().await;
        settled
    }

    /// Records all that was summed up, before the engine is closed.
    ///
    /// # Errors
    /// As [`App::settle`].
    pub async fn settle_all(&self) -> Result<(), AuditError> {
        self.shared.tally.settle_all().await
    }

    pub(crate) fn pace(&self) -> &Pace {
        &self.shared.pace
    }

    /// How often a key may log in.
    pub(crate) fn logins(&self) -> &Pace {
        &self.shared.logins
    }

    pub(crate) fn tally(&self) -> &Tally {
        &self.shared.tally
    }

    pub(crate) fn trail(&self, name: &TrailName) -> Audit {
        self.shared.engine.trail(name.clone())
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.shared.engine.ground().clock.now()
    }

    /// What the clock that is never set says.
    pub(crate) fn elapsed(&self) -> Duration {
        self.shared.engine.ground().clock.elapsed()
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.shared.counters
    }

    /// Turns at unpacking large bodies.
    pub(crate) fn unpackings(&self) -> &Arc<Semaphore> {
        &self.shared.unpackings
    }

    pub(crate) fn readiness(&self) -> &Readiness {
        &self.shared.readiness
    }

    pub(crate) fn verifications(&self) -> &Verifications {
        &self.shared.verifications
    }

    pub(crate) fn retention_runs(&self) -> &Runs {
        &self.shared.retention_runs
    }

    pub(crate) fn erasures(&self) -> &Erasures {
        &self.shared.erasures
    }

    pub(crate) fn results_room(&self) -> &Room {
        &self.shared.results_room
    }

    /// The seats for packs of controls.
    pub(crate) fn packs(&self) -> &Seats {
        &self.shared.packs
    }

    /// The seats for exports.
    pub(crate) fn exports(&self) -> &Seats {
        &self.shared.exports
    }

    /// The memory for bodies.
    pub(crate) fn budget(&self) -> &Budget {
        &self.shared.budget
    }

    /// Tells all work that the server stops.
    pub(crate) fn stop(&self) {
        self.shared.working.send_replace(true);
        // A stream of entries has no end of its own.
        self.shared.tails.end();
    }

    /// Work that an orderly stop waits for, until what this answers is dropped.
    pub(crate) fn work(&self) -> Working {
        Working(self.shared.working.subscribe())
    }

    /// How much is at work.
    pub(crate) fn at_work(&self) -> usize {
        self.shared.working.receiver_count()
    }

    /// Waits until nothing is at work.
    pub(crate) async fn rest(&self) {
        self.shared.working.closed().await;
    }

    /// The counts that pages show.
    pub(crate) fn counted(&self) -> &Counted {
        &self.shared.counted
    }

    /// What the page of health saw last.
    pub(crate) fn looked(&self) -> &Looked {
        &self.shared.looked
    }

    /// When this began to serve, by the clock that is never set.
    pub(crate) fn begun(&self) -> Duration {
        self.shared.begun
    }

    pub(crate) fn tails(&self) -> &Tails {
        &self.shared.tails
    }
}

/// Work in progress, which an orderly stop waits for.
pub(crate) struct Working(watch::Receiver<bool>);

impl Working {
    /// Ready once the server stops.
    pub(crate) async fn told_to_stop(&mut self) {
        // Without a sender there is nothing that could stop.
        let _ = self.0.wait_for(|is_stopping| *is_stopping).await;
    }
}
