//! What erasures came to, as long as the server runs: a little of each, of few trails.

use std::sync::{Arc, Mutex};

use indelible_core::{Clock, Timestamp, TrailName};
use indelible_evidence::subject::Erasure;
use serde::Serialize;

use super::{Board, Running, lock};
use crate::problem::Problem;

/// Entries and places that are kept of one erasure.
const LISTED_MAX: usize = 20;
/// Bytes that are kept of one text.
const TEXT_MAX: usize = 1024;
const CUT_SHORT: &str = "it was cut short by a fault of the server; what was begun is finished by the \
                         next erasure, or the next start";

/// An erasure that ended.
#[derive(Debug, Clone, Serialize)]
pub struct Ended {
    /// Who ordered or approved it.
    pub by: String,
    /// What the key is called.
    pub key_name: String,
    /// When it began.
    pub begun_at: Timestamp,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// What it came to.
    pub came: Came,
}

/// What an erasure came to.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Came {
    /// It was done.
    Done(Done),
    /// It was not, for this reason.
    Failed(String),
}

/// What is said of an erasure that was done, without whom it was about.
#[derive(Debug, Clone, Serialize)]
pub struct Done {
    /// How many persons and places were named.
    pub subjects: usize,
    /// How many of them the trail names nowhere.
    pub unknown: usize,
    /// Entries of which something went.
    pub entries: u64,
    /// Parts that went.
    pub erased: u64,
    /// The first of the entries that say so.
    pub recorded: Vec<u64>,
    /// How many entries say so.
    pub recorded_in_all: usize,
    /// Orders that wait for a hold.
    pub held_back: u64,
    /// Why bytes are still in the database's files.
    pub unpurged: Option<String>,
    /// Where copies may still stand, the first of them.
    pub leftovers: Vec<String>,
}

/// An erasure that runs, of which it is kept what it comes to: that it was cut short, where nobody
/// has said what.
pub(super) struct Ending {
    board: Arc<Mutex<Board>>,
    clock: Arc<dyn Clock>,
    running: Running,
    came: Came,
}

impl Ending {
    pub fn new(board: Arc<Mutex<Board>>, clock: Arc<dyn Clock>, running: Running) -> Self {
        Self {
            board,
            clock,
            running,
            came: Came::Failed(CUT_SHORT.to_owned()),
        }
    }

    /// Says what it came to.
    pub fn came(mut self, came: Came) {
        self.came = came;
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        let running = &self.running;
        let took = self.clock.elapsed().saturating_sub(running.begun);
        let ended = Ended {
            by: running.by.clone(),
            key_name: running.key_name.clone(),
            begun_at: running.begun_at,
            took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            came: self.came.clone(),
        };
        lock(&self.board).keep(running.trail.clone(), ended);
    }
}

impl Came {
    pub(super) fn of(trail: &TrailName, erased: &Result<Erasure, Problem>) -> Self {
        match erased {
            Ok(erasure) => {
                tracing::info!(%trail, parts = erasure.erased, "erased");
                Self::Done(Done::of(erasure))
            }
            Err(problem) => {
                let why = problem.internal.as_deref().unwrap_or_default();
                tracing::warn!(%trail, kind = ?problem.kind, why, "an erasure was not done");
                Self::Failed(told(problem))
            }
        }
    }
}

/// What is told of it afterwards to whoever may erase. The text of a problem with a field may repeat
/// what the order says there, and so whom it is about.
fn told(problem: &Problem) -> String {
    match &problem.field {
        Some(field) => shortened(&format!("{}: {field}", problem.kind.title())),
        None => shortened(&problem.detail),
    }
}

impl Done {
    fn of(erasure: &Erasure) -> Self {
        let leftovers = erasure.leftovers.iter().take(LISTED_MAX);
        Self {
            subjects: erasure.subjects,
            unknown: erasure.unknown.len(),
            entries: erasure.entries,
            erased: erasure.erased,
            recorded: erasure.recorded.iter().copied().take(LISTED_MAX).collect(),
            recorded_in_all: erasure.recorded.len(),
            held_back: erasure.held_back,
            unpurged: erasure.unpurged.as_deref().map(shortened),
            leftovers: leftovers.map(|text| shortened(text)).collect(),
        }
    }
}

fn shortened(text: &str) -> String {
    let end = text.floor_char_boundary(TEXT_MAX);
    let more = if end < text.len() { "…" } else { "" };
    format!("{}{more}", &text[..end])
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::limits::ERASURES_KEPT_MAX;
    use crate::problem::Kind;

    struct Still;

    impl Clock for Still {
        fn now(&self) -> Timestamp {
            Timestamp::from_micros(0)
        }

        fn elapsed(&self) -> Duration {
            Duration::from_secs(7)
        }
    }

    fn begin(board: &Arc<Mutex<Board>>, trail: &str, at: i64) -> Ending {
        let running = Running {
            trail: trail.parse().expect("a name"),
            by: "key:1".to_owned(),
            key_name: "desk".to_owned(),
            begun_at: Timestamp::from_micros(at),
            begun: Duration::ZERO,
            step: "searching",
            done: 0,
            all: 0,
        };
        Ending::new(board.clone(), Arc::new(Still), running)
    }

    fn last(board: &Arc<Mutex<Board>>, trail: &str) -> Option<Ended> {
        let trail = trail.parse().expect("a name");
        lock(board).last.get(&trail).cloned()
    }

    #[test]
    fn one_that_panics_is_the_last_one_all_the_same() {
        let board = Arc::default();
        begin(&board, "shop", 1).came(Came::Failed("held".to_owned()));
        let came = |ended: Option<Ended>| match ended.map(|it| it.came) {
            Some(Came::Failed(why)) => why,
            other => panic!("{other:?}"),
        };
        assert_eq!(came(last(&board, "shop")), "held");
        let ending = begin(&board, "shop", 2);
        let fails = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
            let _ending = ending;
            panic!("of the test");
        }));
        assert!(fails.is_err());
        assert!(came(last(&board, "shop")).starts_with("it was cut short"));
        assert_eq!(last(&board, "shop").map(|it| it.took_ms), Some(7000));
    }

    #[test]
    fn what_an_order_says_is_not_repeated_where_it_is_refused() {
        let of_field = Problem::new(
            Kind::InvalidBody,
            "`email=ada@shop.example` is not PATH=VALUE",
        )
        .at("also");
        let trail = "shop".parse().expect("a name");
        let Came::Failed(why) = Came::of(&trail, &Err(of_field)) else {
            panic!("it failed");
        };
        assert!(why.ends_with(": also") && !why.contains("ada"), "{why}");
        let stopped = Problem::new(
            Kind::Stopping,
            "what was begun is finished by its next start",
        );
        let Came::Failed(why) = Came::of(&trail, &Err(stopped)) else {
            panic!("it failed");
        };
        assert_eq!(why, "what was begun is finished by its next start");
    }

    #[test]
    fn little_is_kept_of_few() {
        let board = Arc::default();
        for n in 0..=ERASURES_KEPT_MAX {
            let at = i64::try_from(n).expect("a small number");
            begin(&board, &format!("t{n}"), at).came(Came::Failed(String::new()));
        }
        assert_eq!(lock(&board).last.len(), ERASURES_KEPT_MAX);
        assert!(last(&board, "t0").is_none() && last(&board, "t1").is_some());
        assert_eq!(
            shortened(&"ä".repeat(TEXT_MAX)).chars().count(),
            TEXT_MAX / 2 + 1
        );
        assert_eq!(shortened("short"), "short");
    }
}
