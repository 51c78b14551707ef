//! What waits in the database to be moved into the trails.

use indelible::{Database, Timestamp};
use indelible_server::checkup::of_outbox;

use super::Checkup;

impl Checkup {
    /// The database's own outbox; no word where there is none.
    pub(super) async fn outbox(&mut self, database: &Database, now: Timestamp) {
        let Some(outbox) = database.outbox() else {
            return;
        };
        match outbox.standing().await {
            Ok(standing) => self.checks.push(of_outbox(&standing, now)),
            Err(error) => self.fail("outbox", error.to_string(), "mend what the message names"),
        }
    }
}
