//! Links into the console that open it once, as a key: for somebody who is not to hold the key.

use std::time::Duration;

use indelible_core::{AuditAction, AuditError, AuditEvent, Delivery, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use subtle::ConstantTimeEq;

use super::key::{Key, State, hex, id_of};
use super::rows::{sealed, unsealed};
use super::token::Token;
use super::{KeyError, Keys, described, event_id};
use crate::limits::LOGIN_LINK_TIME_MAX;

/// The kind of links in the registry.
const KIND: &str = "login_link";
/// What the seals of their rows are made for.
const ROW: &str = "login-link-row";
/// The record of a link that was made.
const LOGIN_LINK_CREATED: AuditAction = AuditAction::custom("login_link_created");

/// A link that was just made, with its text, which nobody sees again.
#[derive(Debug)]
pub struct NewLink {
    /// What opens, in the form of a key, which it is none of.
    pub token: Token,
    /// What it opens as.
    pub key: Key,
    /// When it ends, used or not.
    pub expires_at: Timestamp,
}

/// Why a link opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkRejection {
    /// There is none of this text, or it was used.
    Unknown,
    /// Its time is over.
    Expired,
    /// Somebody has used it.
    Used,
    /// Its key opens nothing any more.
    KeyEnded,
}

#[derive(Debug, Serialize, Deserialize)]
struct Row {
    key: String,
    sha256: String,
    expires_at: Timestamp,
}

impl Keys {
    /// Makes a link that opens the console once, as this key, within `time`.
    ///
    /// # Errors
    /// [`KeyError`]: an unknown key, one that ended, a time of nothing or beyond
    /// [`LOGIN_LINK_TIME_MAX`].
    pub async fn create_link(
        &self,
        id: &str,
        time: Duration,
        by: &str,
    ) -> Result<NewLink, KeyError> {
        let (key, _) = self.row(id).await?;
        let now = self.now();
        match key.state(now) {
            State::Active => {}
            State::Unsealed | State::Unreadable => return Err(KeyError::Unsealed(id.to_owned())),
            State::Expired | State::Revoked => return Err(KeyError::Ended(id.to_owned())),
        }
        if time.is_zero() || time > LOGIN_LINK_TIME_MAX {
            return Err(KeyError::LinkTime);
        }
        self.sweep_links(now).await?;
        let token = self.fresh_token();
        let digest = token.digest();
        let (link, expires_at) = (id_of(&digest), now.later(time));
        let mut context = described(&key);
        context["link"] = link.clone().into();
        context["link_expires_at"] = json!(expires_at);
        let event = AuditEvent::new(LOGIN_LINK_CREATED, "api_key")
            .user_id(by)
            .resource_id(id)
            .context(context);
        self.engine.record_of_itself(event).await?;
        let row = Row {
            key: key.id.clone(),
            sha256: hex(&digest),
            expires_at,
        };
        // A row is texts and a time, which JSON always holds.
        let value = serde_json::to_value(&row).unwrap_or_default();
        let value = sealed(self.secret().await?, (ROW, &link), value);
        let put = self.registry().put(KIND, &link, None, Some(&value)).await?;
        put.ok_or(KeyError::Busy(link))?;
        Ok(NewLink {
            token,
            key,
            expires_at,
        })
    }

    /// The key that a link opens as, and the link's id; the link stays as it is.
    ///
    /// # Errors
    /// Inside: why it opens nothing. Outside: the registry failed.
    pub async fn link(
        &self,
        token: &Token,
    ) -> Result<Result<(Key, String), LinkRejection>, KeyError> {
        let digest = token.digest();
        let id = id_of(&digest);
        let Some(found) = self.registry().get(KIND, &id).await? else {
            return Ok(Err(LinkRejection::Unknown));
        };
        let (value, is_sealed) = unsealed(self.secret().await?, (ROW, &id), found.value);
        let expected = hex(&digest);
        let fits = |row: &Row| bool::from(row.sha256.as_bytes().ct_eq(expected.as_bytes()));
        let row = serde_json::from_value(value).ok();
        let Some(row) = row.filter(|row: &Row| is_sealed && fits(row)) else {
            return Ok(Err(LinkRejection::Unknown));
        };
        let now = self.now();
        if row.expires_at <= now {
            return Ok(Err(LinkRejection::Expired));
        }
        let key = self.found(&row.key).await?.map(|(key, _)| key);
        let key = key.filter(|key| key.state(now) == State::Active);
        Ok(key.map(|key| (key, id)).ok_or(LinkRejection::KeyEnded))
    }

    /// Uses a link up: `login` is recorded, under an id that the link has only once, so that it
    /// opens nothing again even where its row is put back.
    ///
    /// # Errors
    /// Inside: why it opens nothing. Outside: trail or registry failed.
    pub async fn use_link(
        &self,
        token: &Token,
        login: impl FnOnce(&Key, &str) -> AuditEvent,
    ) -> Result<Result<Key, LinkRejection>, KeyError> {
        let (key, id) = match self.link(token).await? {
            Ok(found) => found,
            Err(rejection) => return Ok(Err(rejection)),
        };
        let login = login(&key, &id).id(event_id("link", &id));
        let is_first = match self.engine.record_of_itself(login).await {
            Ok(receipt) => receipt.delivery != Delivery::Duplicate,
            Err(AuditError::IdConflict { .. }) => false,
            Err(error) => return Err(error.into()),
        };
        self.remove(KIND, &id).await?;
        if !is_first {
            return Ok(Err(LinkRejection::Used));
        }
        self.note_use(&key, self.now()).await;
        Ok(Ok(key))
    }

    /// Removes the rows of links whose time is over.
    async fn sweep_links(&self, now: Timestamp) -> Result<(), KeyError> {
        let is_over = |value: &Value| {
            let row = serde_json::from_value::<Row>(value.clone());
            row.map_or(true, |row| row.expires_at <= now)
        };
        for (id, row) in self.registry().list(KIND).await? {
            if is_over(&row.value) {
                self.remove(KIND, &id).await?;
            }
        }
        Ok(())
    }
}

impl NewLink {
    /// Path and query of its URL.
    pub fn path(&self) -> String {
        // A token is letters, digits and `_`.
        format!("/console/login?link={}", self.token.expose())
    }
}

impl LinkRejection {
    /// Its name in records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown_link",
            Self::Expired => "expired_link",
            Self::Used => "used_link",
            Self::KeyEnded => "ended_key",
        }
    }
}
