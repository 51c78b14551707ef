//! What is read for the page of health: the database's condition and each trail. It costs, so that
//! one look is shown for some seconds, to whoever asks.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use indelible_core::store::Head;
use indelible_core::{AuditError, Timestamp};
use indelible_merkle::{Checkpoint, Note};
use tokio::sync::Mutex;

use crate::app::App;
use crate::checkup::{Check, Verdict, of_server, of_store};
use crate::console::href;
use crate::console::integrity::Outcome;
use crate::console::moment::Moment;
use crate::console::page::grouped;
use crate::limits::{HEALTH_TIME, HEALTH_TRAILS_MAX};
use crate::problem::Problem;
use crate::verification::Noted;

/// What was seen at the last look, and when by the clock that is never set.
#[derive(Default)]
pub struct Looked(Mutex<Option<(Duration, Arc<Look>)>>);

/// What was seen.
pub struct Look {
    /// When.
    pub at: Timestamp,
    /// The database.
    pub database: Vec<Check>,
    /// The trails, by name.
    pub trails: Vec<TrailLook>,
    /// How many more there are.
    pub trails_left_out: usize,
}

/// What was seen of a trail.
pub struct TrailLook {
    /// Its name.
    pub name: String,
    /// Its page of integrity.
    pub url: String,
    /// The number of its entries.
    pub size: String,
    /// Whether it takes new ones.
    pub writes: Check,
    /// When the last one was recorded.
    pub last_entry: Option<Moment>,
    /// How far the checkpoint that is kept outside the database reaches.
    pub mark: Check,
    /// What the last verification came to.
    pub verification: Check,
}

impl TrailLook {
    /// What was looked at of it, in the order of the page.
    pub fn checks(&self) -> [&Check; 3] {
        [&self.writes, &self.mark, &self.verification]
    }

    /// The verdicts on it.
    pub fn verdicts(&self) -> [Verdict; 3] {
        self.checks().map(|check| check.verdict)
    }
}

impl Looked {
    /// What was seen at most [`HEALTH_TIME`] ago. Those who ask while somebody looks wait for that.
    pub async fn at(&self, app: &App) -> Arc<Look> {
        let mut last = self.0.lock().await;
        if let Some((at, look)) = &*last
            && app.elapsed().saturating_sub(*at) < HEALTH_TIME
        {
            return look.clone();
        }
        let look = Arc::new(look(app).await);
        *last = Some((app.elapsed(), look.clone()));
        look
    }
}

async fn look(app: &App) -> Look {
    let at = app.now();
    let mut database = of_database(app).await;
    let mut heads = app.engine().heads().await.unwrap_or_else(|error| {
        database.push(unreadable("trails", error));
        Vec::new()
    });
    let noted = Noted::all(app).await.unwrap_or_else(|error| {
        let detail = Problem::from(error).detail;
        let remedy = "mend what the log names: what verifications came to is not known till then";
        database.push(Check::fail("registry", detail, remedy));
        BTreeMap::new()
    });
    // However many there are, those that were found altered are shown.
    let has_failed = |head: &Head| {
        noted
            .get(head.trail.as_str())
            .is_some_and(Noted::has_failed)
    };
    heads.sort_by_key(|head| !has_failed(head));
    let trails_left_out = heads.len().saturating_sub(HEALTH_TRAILS_MAX);
    let mut trails = Vec::new();
    for head in heads.iter().take(HEALTH_TRAILS_MAX) {
        let noted = noted.get(head.trail.as_str());
        trails.push(of_trail(app, head, noted.unwrap_or(&Noted::Nothing), at).await);
    }
    Look {
        at,
        database,
        trails,
        trails_left_out,
    }
}

async fn of_database(app: &App) -> Vec<Check> {
    let asked = app.now();
    let condition = app.engine().ground().store.condition().await;
    let now = app.now();
    match condition {
        Ok(condition) => {
            let mut checks = of_store(&condition);
            if condition.clock.is_some() {
                // The database looked at its clock between the two.
                let here = (asked.as_micros() + now.as_micros()) / 2;
                checks.extend(of_server(&condition, Timestamp::from_micros(here)));
            }
            checks
        }
        Err(error) => vec![unreadable("store", error.into())],
    }
}

fn unreadable(check: &'static str, error: AuditError) -> Check {
    let detail = Problem::from(error).detail;
    Check::fail(
        check,
        detail,
        "the server's log says more; `indelible doctor` too",
    )
}

async fn of_trail(app: &App, head: &Head, noted: &Noted, now: Timestamp) -> TrailLook {
    let trail = &head.trail;
    let audit = app.trail(trail);
    let last = match head.size.checked_sub(1) {
        Some(seq) => audit.entry_at(seq).await.ok().flatten(),
        None => None,
    };
    TrailLook {
        name: trail.to_string(),
        url: href::of_trail(trail, "integrity"),
        size: grouped(head.size),
        writes: of_writes(audit.check_writable().await),
        last_entry: last.map(|entry| Moment::of(entry.created_at, now)),
        mark: of_mark(app, head),
        verification: of_verification(noted, now),
    }
}

fn of_writes(answer: Result<(), AuditError>) -> Check {
    match answer {
        Ok(()) => Check::ok("writes", "accepted"),
        Err(AuditError::Refused { refusal, .. }) => {
            let detail = format!("refused: {refusal}");
            Check::fail("writes", detail, "the reason says what to do")
        }
        Err(error) => unreadable("writes", error),
    }
}

fn of_mark(app: &App, head: &Head) -> Check {
    match app.engine().ground().state.mark(&head.trail) {
        Ok(mark) => judged(mark.as_deref(), head),
        Err(error) => unreadable("mark", error.into()),
    }
}

/// A mark beside the head that was read before it: the trail may have grown meanwhile, and the
/// mark with it.
fn judged(mark: Option<&str>, head: &Head) -> Check {
    let Some(mark) = mark else {
        let remedy = "the next record makes one; until then an older copy would pass";
        return Check::warn("mark", "none", remedy);
    };
    let checkpoint = Note::parse(mark).ok();
    let checkpoint = checkpoint.and_then(|note| note.text().parse::<Checkpoint>().ok());
    let Some(checkpoint) = checkpoint else {
        return Check::fail("mark", "unreadable", "verify the trail");
    };
    let detail = format!("at {} entries", grouped(checkpoint.size()));
    if checkpoint.size() == head.size && checkpoint.root() != head.root {
        let detail = format!("{detail}, of another history");
        return Check::fail("mark", detail, "verify the trail");
    }
    Check::ok("mark", detail)
}

fn of_verification(noted: &Noted, now: Timestamp) -> Check {
    let outcome = Outcome::of(noted);
    let words = match noted {
        Noted::Last(last) => {
            let ago = Moment::of(last.begun_at, now).ago;
            format!("{}, {ago}", outcome.words())
        }
        _ => outcome.words().to_owned(),
    };
    match outcome {
        Outcome::Good => Check::ok("verification", words),
        Outcome::Warned => Check::warn("verification", words, "its page says which"),
        Outcome::Failed => Check::fail("verification", words, "its page says what, and what to do"),
        Outcome::Unknown => Check::warn("verification", words, "verify it from its page"),
    }
}

#[cfg(test)]
mod tests {
    use indelible_core::TrailName;
    use indelible_merkle::{Frontier, SigningKey, leaf_hash};

    use super::*;

    #[test]
    fn a_mark_of_another_history_is_a_failure_and_a_newer_one_is_not() {
        let key = SigningKey::from_seed("site.example/shop", [7; 32]).expect("a key");
        let mut frontier = Frontier::default();
        frontier.push(leaf_hash(b"x"), &mut |_, _| {});
        let head = Head {
            trail: TrailName::standard(),
            size: 1,
            root: frontier.root(),
            frontier,
            key: key.verifier_key(),
            incarnation: 1,
            incarnation_start: 0,
            mac: [0; 32],
        };
        let mark = |size, root| {
            let checkpoint = Checkpoint::new(key.name(), size, root).expect("a checkpoint");
            checkpoint.sign(&[&key]).expect("signed").to_string()
        };
        let other = leaf_hash(b"y");
        for (mark, verdict) in [
            (Some(mark(1, head.root)), Verdict::Ok),
            (Some(mark(2, other)), Verdict::Ok),
            (Some(mark(1, other)), Verdict::Fail),
            (Some("nonsense".to_owned()), Verdict::Fail),
            (None, Verdict::Warn),
        ] {
            assert_eq!(judged(mark.as_deref(), &head).verdict, verdict, "{mark:?}");
        }
    }
}
