//! What waits in the database to be moved into the trails.

use indelible::outbox::Standing;
use indelible::{Database, Timestamp};

use super::{Checkup, age};

/// An event that waits longer has met no drain, or a trail that takes nothing.
const SECONDS_MAX: i64 = 300;

impl Checkup {
    /// The database's own outbox; no word where there is none.
    pub(super) async fn outbox(&mut self, database: &Database, now: Timestamp) {
        let Some(outbox) = database.outbox() else {
            return;
        };
        match outbox.standing().await {
            Ok(standing) => self.standing(&standing, now),
            Err(error) => self.fail("outbox", error.to_string(), "mend what the message names"),
        }
    }

    fn standing(&mut self, standing: &Standing, now: Timestamp) {
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
            self.warn("outbox", detail, remedy);
        } else if standing.refused > 0 {
            self.warn("outbox", detail, "`indelible outbox status` says why");
        } else {
            self.ok("outbox", detail);
        }
    }
}
