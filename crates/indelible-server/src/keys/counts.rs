//! How many keys open, by role.

use indelible_core::Timestamp;
use indelible_evidence::ApiKeys;

use super::{Keys, Role, State};

impl Keys {
    /// The keys that open at `now`; nothing where there are none, or where this host cannot tell.
    pub async fn counts(&self, now: Timestamp) -> Option<ApiKeys> {
        let keys = self.list().await.ok()?;
        let mut counts = ApiKeys::default();
        for key in &keys {
            match key.state(now) {
                State::Unsealed | State::Unreadable => counts.unsealed += 1,
                State::Expired | State::Revoked => {}
                State::Active => {
                    *match key.role {
                        Role::Writer => &mut counts.writers,
                        Role::Reader => &mut counts.readers,
                        Role::Auditor => &mut counts.auditors,
                        Role::Admin => &mut counts.admins,
                    } += 1;
                    counts.of_one_trail += u64::from(key.trail.is_some());
                    match (&key.trail, key.role) {
                        (_, Role::Writer) | (None, Role::Admin) => {}
                        (Some(trail), _) => drop(counts.read_apart.insert(trail.to_string())),
                        (None, _) => counts.readers_of_all += 1,
                    }
                }
            }
        }
        (!keys.is_empty()).then_some(counts)
    }
}
