//! How keys end before their time: revoked, or in favour of another.
//!
//! The trail `system` says that a key has ended, and when; its row follows. So an end is one
//! record, which is there or not, and stands whatever becomes of the row: somebody else's write
//! at the same moment, an older row that is put back, a registry that fails.

use std::time::Duration;

use indelible_core::entry::StoredEntry;
use indelible_core::{AuditAction, AuditError, AuditEvent, Timestamp, TrailName};

use super::key::{Key, NewKey, State};
use super::{KeyError, Keys, Wish, described, event_id};

/// The record of a key that another one took the place of.
const API_KEY_SUPERSEDED: AuditAction = AuditAction::custom("api_key_superseded");
/// How often a row is read again that somebody else keeps writing to.
const TRIES_MAX: usize = 8;

/// An end, by the name that its record has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Revoked,
    Rotated,
}

impl End {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::Rotated => "rotated",
        }
    }
}

impl Keys {
    /// Revokes a key. It opens nothing from now on, here at once and in other processes within
    /// [`crate::limits::KEY_CACHE_TIME`]. A key that is revoked already is answered as it is.
    ///
    /// # Errors
    /// [`KeyError`]: it is not revoked.
    pub async fn revoke(&self, id: &str, by: &str) -> Result<Key, KeyError> {
        let (key, _) = self.row(id).await?;
        // Under an id of its own, so that none is recorded twice.
        let event = AuditEvent::new(AuditAction::API_KEY_REVOKED, "api_key")
            .id(event_id(End::Revoked.as_str(), id))
            .user_id(by)
            .resource_id(id)
            .context(described(&key));
        self.record_once(event).await?;
        self.cache.forget(id);
        let at = key.revoked_at.unwrap_or_else(|| self.now());
        Ok(self.follow(id).await.unwrap_or_else(|_| key.revoked(at)))
    }

    /// Makes a key that takes the place of another, which ends after `overlap`.
    ///
    /// # Errors
    /// [`KeyError`]: the old key is as it was, and the new one opens nothing. Where the database
    /// failed half-way and cannot say, `rotated_to` of the old key names the one to be rotated.
    pub async fn rotate(&self, id: &str, overlap: Duration, by: &str) -> Result<NewKey, KeyError> {
        let (old, _) = self.row(id).await?;
        let now = self.now();
        if matches!(old.state(now), State::Unsealed | State::Unreadable) {
            return Err(KeyError::Unsealed(id.to_owned()));
        }
        if old.state(now) != State::Active || old.rotated_to.is_some() {
            return Err(KeyError::Ended(id.to_owned()));
        }
        let wish = Wish {
            name: old.name.clone(),
            role: old.role,
            trail: old.trail.clone(),
            expires_at: old.expires_at,
        };
        let new = self.fresh(wish, by, self.fresh_token())?;
        let mut context = described(&new.key);
        context["old_key_id"] = id.into();
        context["new_key_id"] = new.key.id.clone().into();
        context["overlap_seconds"] = overlap.as_secs().into();
        let event = AuditEvent::new(AuditAction::API_KEY_ROTATED, "api_key")
            .user_id(by)
            .resource_id(new.key.id.as_str())
            .context(context);
        self.engine.record_of_itself(event).await?;
        let mut done = self.store(&new.key, None).await;
        if done.is_ok() {
            done = self.supersede(&old, &new.key, now.later(overlap), by).await;
        }
        if let Err(error) = done {
            // It may be done all the same, and only the answer was lost.
            let (there, _) = self.row(id).await?;
            if there.rotated_to.as_ref() != Some(&new.key.id) {
                // Nobody has its text.
                let is_revoked = self.revoke(&new.key.id, by).await.is_ok();
                tracing::warn!(key = new.key.id, is_revoked, %error, "a rotation was not done");
                return Err(error);
            }
        }
        let _ = self.follow(id).await;
        Ok(new)
    }

    /// Records that a key ends in favour of another. Of several at once one does.
    async fn supersede(
        &self,
        old: &Key,
        new: &Key,
        end: Timestamp,
        by: &str,
    ) -> Result<(), KeyError> {
        let end = old.expires_at.map_or(end, |before| before.min(end));
        let mut context = described(old);
        context["expires_at"] = end.to_string().into();
        context["new_key_id"] = new.id.as_str().into();
        let event = AuditEvent::new(API_KEY_SUPERSEDED, "api_key")
            .id(event_id(End::Rotated.as_str(), &old.id))
            .user_id(by)
            .resource_id(old.id.as_str())
            .context(context);
        match self.engine.record_of_itself(event).await {
            Ok(_) => {
                self.cache.forget(&old.id);
                Ok(())
            }
            Err(AuditError::IdConflict { .. }) => Err(KeyError::Ended(old.id.clone())),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes into the row of a key what the trail says of its end. The end stands without it.
    async fn follow(&self, id: &str) -> Result<Key, KeyError> {
        let mut written = Err(KeyError::Busy(id.to_owned()));
        for _ in 0..TRIES_MAX {
            let (mut key, version) = self.row(id).await?;
            if let Some(at) = key.revoked_at {
                key = key.revoked(at);
            }
            written = self.store(&key, Some(version)).await.map(|()| key);
            if !matches!(written, Err(KeyError::Busy(_))) {
                break;
            }
        }
        if let Err(error) = &written {
            tracing::warn!(key = id, %error, "the row of a key that has ended does not say so");
        }
        written
    }

    /// Takes keys for ended whose ends stand in the trail, whatever their rows say.
    pub(super) async fn look_for_ends(&self, keys: &mut [Key]) -> Result<(), KeyError> {
        let mut asked = Vec::new();
        for (place, key) in keys.iter().enumerate() {
            if key.revoked_at.is_none() {
                asked.push((place, End::Revoked));
            }
            // What a row without a good seal says of itself is not believed.
            if key.rotated_to.is_none() || !key.is_sealed {
                asked.push((place, End::Rotated));
            }
        }
        let id = |(place, end): &(usize, End)| event_id(end.as_str(), &keys[*place].id);
        let ids: Vec<_> = asked.iter().map(id).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let store = &self.engine.ground().store;
        let system = TrailName::system();
        let seqs = store.seqs(&system, &ids).await?;
        for ((place, end), seq) in asked.into_iter().zip(seqs) {
            if let Some(seq) = seq {
                let entry = store.entries(&system, seq..seq + 1).await?.pop();
                keys[place].ended(end, entry);
            }
        }
        Ok(())
    }
}

impl Key {
    /// Takes over what the record of its end says. Where nothing of it is left to be read, the
    /// key ended when it was recorded.
    fn ended(&mut self, end: End, record: Option<StoredEntry>) {
        let recorded_at = record
            .as_ref()
            .map_or(self.created_at, |record| record.created_at);
        if end == End::Revoked {
            self.revoked_at = Some(recorded_at);
            return;
        }
        let opened = record.and_then(|record| record.open(&TrailName::system()).ok());
        let context = opened.and_then(|entry| entry.context).unwrap_or_default();
        let said = context["expires_at"].as_str();
        let said = said.and_then(|end| end.parse().ok()).unwrap_or(recorded_at);
        self.expires_at = Some(self.expires_at.map_or(said, |own| own.min(said)));
        self.rotated_to = context["new_key_id"].as_str().map(str::to_owned);
    }
}
