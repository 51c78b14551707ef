//! How sessions end. The trail `system` says that one has ended; its row goes after that. So an
//! end stands where the row is put back.

use indelible_core::{AuditAction, AuditEvent, Timestamp, TrailName};
use serde_json::{Value, json};

use super::{Cookie, KIND, Row, Session};
use crate::keys::{KeyError, Keys, event_id};
use crate::limits::{SESSIONS_ENDED_AT_ONCE, SESSIONS_OF_KEY_MAX};

/// How often a row is removed again that somebody else keeps writing to.
const TRIES_MAX: usize = 8;

impl Keys {
    /// Ends the session of a cookie, and answers which it was, if it was good. `logout` is
    /// recorded, under an id that the session has only once.
    ///
    /// # Errors
    /// [`KeyError`]: it may still open.
    pub async fn end_session(
        &self,
        cookie: &Cookie,
        logout: impl FnOnce(&Session) -> AuditEvent,
    ) -> Result<Option<Session>, KeyError> {
        let Some((session, _)) = self.session(cookie, false).await? else {
            return Ok(None);
        };
        self.end(&session.id, logout(&session)).await?;
        // What was begun in it asks anew whether it goes on.
        self.cache.forget(&session.key.id);
        Ok(Some(session))
    }

    /// Whether it is on record that a session has ended.
    pub(super) async fn has_ended(&self, id: &str) -> Result<bool, KeyError> {
        let store = &self.engine.ground().store;
        let ids = [event_id(END, id)];
        let seqs = store.seqs(&TrailName::system(), &ids).await?;
        Ok(seqs.into_iter().flatten().next().is_some())
    }

    async fn end(&self, id: &str, event: AuditEvent) -> Result<(), KeyError> {
        self.record_once(event.id(event_id(END, id))).await?;
        self.remove(KIND, id).await
    }

    /// Ends a session whose time is over, or whose key had ended before.
    pub(super) async fn time_out(&self, id: &str, row: &Row) -> Result<(), KeyError> {
        if self.has_ended(id).await? {
            return self.remove(KIND, id).await;
        }
        let key = self.look_up(&row.key).await?.map(|seen| seen.key);
        let ends = key.iter().flat_map(|key| [key.revoked_at, key.expires_at]);
        let is_of_key = ends.flatten().any(|end| end < row.end());
        let context = json!({
            "interface": "console",
            "session_id": id,
            "logout_method": if is_of_key { "key_ended" } else { "timeout" },
            "begun_at": row.begun_at,
            "last_seen_at": row.seen_at,
        });
        let event = of_row(AuditAction::USER_LOGOUT, row, context);
        self.end(id, event).await
    }

    /// Removes a row, whatever version it has.
    pub(in crate::keys) async fn remove(&self, kind: &str, id: &str) -> Result<(), KeyError> {
        for _ in 0..TRIES_MAX {
            let Some(row) = self.registry().get(kind, id).await? else {
                return Ok(());
            };
            let removed = self.registry().put(kind, id, Some(row.version), None);
            if removed.await?.is_some() {
                return Ok(());
            }
        }
        Err(KeyError::Busy(id.to_owned()))
    }

    /// Ends sessions that are over, up to [`SESSIONS_ENDED_AT_ONCE`], and those of a key that were
    /// longest without a request where, with the one that has just begun, it has more than it may.
    pub(super) async fn end_what_is_over(
        &self,
        key: &str,
        begun: &str,
        now: Timestamp,
    ) -> Result<(), KeyError> {
        let secret = self.secret().await?;
        let (mut own, mut ended) = (Vec::new(), 0);
        for (id, row) in self.registry().list(KIND).await? {
            match super::read(secret, &id, row.value) {
                Some(row) if row.is_over(now) => {
                    // They open nothing, and the next login ends more of them.
                    ended += 1;
                    if ended <= SESSIONS_ENDED_AT_ONCE {
                        self.time_out(&id, &row).await?;
                    }
                }
                Some(row) if row.key == key && id != begun => own.push((row.seen_at, id, row)),
                Some(_) => {}
                // Nobody logged in with it.
                None => self.remove(KIND, &id).await?,
            }
        }
        own.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        let there = own.len();
        let many = (there + 1).saturating_sub(SESSIONS_OF_KEY_MAX);
        for (_, id, row) in own.into_iter().take(many) {
            let context = json!({
                "interface": "console",
                "session_id": id,
                "eviction_reason": "too many sessions of one key",
                "active_sessions_count": there,
            });
            let event = of_row(AuditAction::SESSION_EVICTED, &row, context);
            self.end(&id, event).await?;
        }
        Ok(())
    }
}

/// What the ids of records of ends are made of.
const END: &str = "session-end";

fn of_row(action: AuditAction, row: &Row, context: Value) -> AuditEvent {
    AuditEvent::new(action, "session")
        .user_id(format!("key:{}", row.key))
        .context(context)
}
