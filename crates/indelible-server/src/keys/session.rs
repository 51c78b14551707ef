//! Sessions of the console: what a browser holds in the place of a key.
//!
//! A session is as good as its key: it ends with it, and besides after
//! [`SESSION_IDLE_MAX`] without a request, after [`SESSION_TIME_MAX`] in any case, and when its
//! holder leaves. Its cookie is another one every [`SESSION_RENEWAL`], so that one that was seen
//! somewhere opens nothing for long. The database keeps the SHA-256 of the cookie, under a seal.

mod cookie;
mod ending;

use std::sync::Arc;

use indelible_core::Timestamp;
use indelible_core::state::Secret;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use subtle::ConstantTimeEq;

use super::key::{Key, State};
use super::rows::{sealed, unsealed};
use super::secret::Derived;
use super::{KeyError, Keys};
use crate::limits::{
    SESSION_IDLE_MAX, SESSION_RENEWAL, SESSION_RENEWAL_GRACE, SESSION_TIME_MAX, SESSION_USE_GRAIN,
};
pub use cookie::Cookie;

/// The kind of sessions in the registry.
const KIND: &str = "session";
/// What the seals of their rows are made for.
const ROW: &str = "session-row";

/// A session that is good.
#[derive(Debug, Clone)]
pub struct Session {
    /// What it is called in events; it opens nothing.
    pub id: String,
    /// Whose it is.
    pub key: Arc<Key>,
}

/// What is stored of a session.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Row {
    key: String,
    sha256: String,
    /// The cookie before, and until when it still opens.
    before: Option<(String, Timestamp)>,
    begun_at: Timestamp,
    renewed_at: Timestamp,
    seen_at: Timestamp,
}

/// Which of a session's cookies one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    Present,
    Before,
}

impl Keys {
    /// The cookie of a session that is yet to begin.
    pub fn fresh_cookie(&self) -> Cookie {
        Cookie::begin(&*self.engine.ground().entropy)
    }

    /// Begins the session of this cookie, as this key. One more than
    /// [`crate::limits::SESSIONS_OF_KEY_MAX`] ends the one that was longest without a request.
    ///
    /// # Errors
    /// [`KeyError`].
    pub async fn begin_session(&self, key: &Key, cookie: &Cookie) -> Result<(), KeyError> {
        let now = self.now();
        let row = Row {
            key: key.id.clone(),
            sha256: cookie.digest(),
            before: None,
            begun_at: now,
            renewed_at: now,
            seen_at: now,
        };
        let id = cookie.id();
        self.put_session(id, &row, None).await?;
        // Counted once it is there: of those who begin at once the last one counts all.
        let ended = self.end_what_is_over(&key.id, id, now).await;
        if ended.is_err() {
            // Nobody is handed its cookie.
            self.remove(KIND, id).await?;
        }
        ended
    }

    /// The session of a cookie, and the cookie that takes the place of this one, where it is
    /// time. `None` where it opens nothing. What its holder did not ask for does not prolong it.
    ///
    /// # Errors
    /// [`KeyError`].
    pub async fn session(
        &self,
        cookie: &Cookie,
        is_asked_for: bool,
    ) -> Result<Option<(Session, Option<Cookie>)>, KeyError> {
        let now = self.now();
        let id = cookie.id().to_owned();
        let Some((row, version)) = self.session_row(&id).await? else {
            return Ok(None);
        };
        let Some(fit) = row.fit(&cookie.digest(), now) else {
            return Ok(None);
        };
        if row.is_over(now) {
            self.time_out(&id, &row).await?;
            return Ok(None);
        }
        let read = tokio::try_join!(self.has_ended(&id), self.look_up(&row.key))?;
        let (false, seen) = read else {
            return Ok(None);
        };
        let key = seen.map(|seen| seen.key);
        let Some(key) = key.filter(|key| key.state(now) == State::Active) else {
            return Ok(None);
        };
        let present = match fit {
            _ if !is_asked_for => None,
            Fit::Present => self.use_session(&id, row, version, now).await?,
            // The answer that held the present one may have been lost on its way.
            Fit::Before => Some(row.renewed(self.secret().await?, &id)),
        };
        Ok(Some((Session { id, key }, present)))
    }

    /// Whether a session goes on, of which something was begun that does.
    ///
    /// # Errors
    /// [`KeyError`].
    pub async fn session_goes_on(&self, id: &str) -> Result<bool, KeyError> {
        let now = self.now();
        let row = self.session_row(id).await?;
        Ok(row.is_some_and(|(row, _)| !row.is_over(now)) && !self.has_ended(id).await?)
    }

    async fn session_row(&self, id: &str) -> Result<Option<(Row, u64)>, KeyError> {
        let Some(found) = self.registry().get(KIND, id).await? else {
            return Ok(None);
        };
        let row = read(self.secret().await?, id, found.value);
        Ok(row.map(|row| (row, found.version)))
    }

    /// Notes that the session is in use, and gives it another cookie where it is time. That it
    /// could not be done, or another request did it first, ends nothing.
    async fn use_session(
        &self,
        id: &str,
        row: Row,
        version: u64,
        now: Timestamp,
    ) -> Result<Option<Cookie>, KeyError> {
        let is_due = row.renewed_at <= now.earlier(SESSION_RENEWAL);
        if !is_due && row.seen_at > now.earlier(SESSION_USE_GRAIN) {
            return Ok(None);
        }
        let mut used = Row {
            seen_at: now,
            ..row
        };
        let mut renewed = None;
        if is_due {
            used.renewed_at = now;
            let cookie = used.renewed(self.secret().await?, id);
            let before = std::mem::replace(&mut used.sha256, cookie.digest());
            used.before = Some((before, now.later(SESSION_RENEWAL_GRACE)));
            renewed = Some(cookie);
        }
        let put = self.put_session(id, &used, Some(version)).await;
        Ok(put.ok().and(renewed))
    }

    async fn put_session(&self, id: &str, row: &Row, version: Option<u64>) -> Result<(), KeyError> {
        // A row is texts and times, which JSON always holds.
        let value = serde_json::to_value(row).unwrap_or_default();
        let value = sealed(self.secret().await?, (ROW, id), value);
        let put = self.registry().put(KIND, id, version, Some(&value));
        put.await?
            .map(|_| ())
            .ok_or_else(|| KeyError::Busy(id.to_owned()))
    }
}

fn read(secret: &Secret, id: &str, value: Value) -> Option<Row> {
    let (value, is_sealed) = unsealed(secret, (ROW, id), value);
    let row = serde_json::from_value(value).ok()?;
    is_sealed.then_some(row)
}

impl Row {
    /// When it is over unless it is used again.
    fn end(&self) -> Timestamp {
        let idle = self.seen_at.later(SESSION_IDLE_MAX);
        idle.min(self.begun_at.later(SESSION_TIME_MAX))
    }

    fn is_over(&self, now: Timestamp) -> bool {
        self.end() <= now
    }

    fn fit(&self, digest: &str, now: Timestamp) -> Option<Fit> {
        let is = |stored: &str| bool::from(stored.as_bytes().ct_eq(digest.as_bytes()));
        if is(&self.sha256) {
            return Some(Fit::Present);
        }
        let (before, until) = self.before.as_ref()?;
        (is(before) && now < *until).then_some(Fit::Before)
    }

    /// The cookie that was made at its last renewal. Only the installation's secret makes it, and
    /// it is the same each time: two requests at once are given one.
    fn renewed(&self, secret: &Secret, id: &str) -> Cookie {
        let seed = format!("{id}\n{}", self.renewed_at);
        Cookie::follow(id, &Derived::of(secret.clone(), "session-cookie", &seed))
    }
}
