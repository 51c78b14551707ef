//! What waits in a database to be moved into the trails.

use indelible_core::Timestamp;
use indelible_core::outbox::Standing;

use super::{Check, age};

/// An event that waits longer has met no drain, or a trail that takes nothing.
const SECONDS_MAX: i64 = 300;

/// How much waits in an outbox, judged.
pub fn of_outbox(standing: &Standing, now: Timestamp) -> Check {
    let mut detail = match (standing.waiting, standing.waiting_since) {
        (0, _) => "nothing waits".to_owned(),
        (count, Some(since)) if since > now => {
            format!("{count} events wait, the oldest came by a clock ahead of this one")
        }
        (count, Some(since)) => {
            let since = age(now, since);
            format!("{count} events wait, the oldest came {since}")
        }
        (count, None) => format!("{count} events wait"),
    };
    if standing.refused > 0 {
        detail += &format!("; {} can never be recorded", standing.refused);
    }
    // A time that nobody can read, or that is yet to come, is no sign of health.
    let seconds = |since: Timestamp| (now.as_micros() - since.as_micros()).abs() / 1_000_000;
    let is_old = (standing.waiting_since).is_none_or(|since| seconds(since) > SECONDS_MAX);
    if standing.waiting > 0 && is_old {
        let remedy = "`indelible outbox drain` moves them now and says what holds them; \
                      `indelible serve` does it all the time";
        Check::warn("outbox", detail, remedy)
    } else if standing.refused > 0 {
        Check::warn("outbox", detail, "`indelible outbox status` says why")
    } else {
        Check::ok("outbox", detail)
    }
}
