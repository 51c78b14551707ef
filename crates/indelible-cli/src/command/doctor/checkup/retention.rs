//! What goes by age, and what is held.

use indelible::core::engine::{Hold, HoldStanding, RetentionState};
use indelible::core::store::Head;
use indelible::{Audit, Timestamp, TrailName};

use super::Checkup;
use crate::session::Opened;

const CHECK: &str = "retention";
const RUN: &str = "`indelible retention run`, as a role that may remove";
const GO_ON: &str = "a server that was started since goes on with it, beside all else; without one \
                     `indelible retention run`, as a role that may remove";

impl Checkup {
    /// Policies and holds of all trails that have some.
    pub(super) async fn retention(&mut self, opened: &Opened, heads: &[Head], now: Timestamp) {
        for head in heads {
            let audit = opened.database.engine().trail(head.trail.clone());
            let holds = match audit.holds().await {
                Ok(holds) => holds,
                Err(error) => {
                    self.fail(CHECK, error.to_string(), "`indelible verify` says more");
                    continue;
                }
            };
            self.of_trail(&audit, &holds, now).await;
        }
    }

    async fn of_trail(&mut self, audit: &Audit, holds: &[Hold], now: Timestamp) {
        let trail = audit.name();
        let state = match audit.retention_state(now).await {
            Ok(state) => state,
            Err(error) => {
                return self.fail(CHECK, error.to_string(), "`indelible retention set`");
            }
        };
        let in_force = holds.iter().filter(|hold| hold.is_in_force()).count();
        let RetentionState {
            policy,
            first_kept,
            is_overdue,
            is_unfinished,
        } = state;
        if is_unfinished {
            let detail = format!("{trail}: what was recorded as removed is not gone yet");
            self.warn(CHECK, detail, GO_ON);
        } else if is_overdue {
            let detail =
                format!("{trail}: entries from #{first_kept} on are older than its policy");
            self.warn(CHECK, detail, RUN);
        }
        self.odd_holds(trail, holds);
        if policy.is_some() || in_force > 0 || first_kept > 0 {
            let policy = match policy.and_then(|policy| policy.maximum_days) {
                Some(days) => format!("entries go after {days} days"),
                None => "entries are kept for ever".to_owned(),
            };
            let detail =
                format!("{trail}: {policy}, begins at #{first_kept}, {in_force} holds in force");
            self.ok(CHECK, detail);
        }
    }

    /// Holds of which the trail and the registry do not say the same.
    fn odd_holds(&mut self, trail: &TrailName, holds: &[Hold]) {
        let unlisted = |hold: &&Hold| hold.is_in_force() && !hold.is_known;
        let odd = [
            (
                HoldStanding::Own,
                "are in force by its entries and not in the registry",
            ),
            (
                HoldStanding::Missing,
                "are in the registry and have no entry: they hold everything",
            ),
            (
                HoldStanding::Registered,
                "are in force by the registry: their entries carry no code that can be checked",
            ),
            (
                HoldStanding::Unsure,
                "are in force: it cannot be told who recorded them",
            ),
            (
                HoldStanding::Foreign,
                "were recorded by somebody else, and hold nothing",
            ),
        ];
        for (standing, what) in odd {
            let of = holds.iter().filter(|hold| hold.standing == standing);
            let count = match standing {
                HoldStanding::Own => of.filter(unlisted).count(),
                _ => of.count(),
            };
            if count > 0 {
                let detail = format!("{trail}: {count} holds {what}");
                self.warn(CHECK, detail, "`indelible hold list` names them");
            }
        }
    }
}
