//! Sessions of the console: what a browser holds in the place of a key.
//!
//! A session is as good as its key: it ends with it, and besides after
//! [`SESSION_IDLE_MAX`] without a request, after [`SESSION_TIME_MAX`] in any case, and when its
//! holder leaves. Its cookie is another one every [`SESSION_RENEWAL`], so that one that was seen
//! somewhere opens nothing for long. The database keeps the SHA-256 of the cookie, under a seal.

use std::fmt;
use std::sync::Arc;

use indelible_core::state::Secret;
use indelible_core::{Entropy, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::key::{Key, State, hex};
use super::rows::{sealed, unsealed};
use super::{KeyError, Keys};
use crate::limits::{
    SESSION_IDLE_MAX, SESSION_RENEWAL, SESSION_RENEWAL_GRACE, SESSION_TIME_MAX, SESSION_USE_GRAIN,
    SESSIONS_OF_KEY_MAX,
};

/// The kind of sessions in the registry.
const KIND: &str = "session";
/// What the seals of their rows are made for.
const ROW: &str = "session-row";
/// Characters of a session's id.
const ID_CHARS: usize = 16;
/// Characters of the secret half of a cookie.
const SECRET_CHARS: usize = 64;
/// How often a row is removed again that somebody else keeps writing to.
const TRIES_MAX: usize = 8;

/// What a browser holds: a session's id, which is no secret, and a secret. It is never stored, and
/// wiped from memory when dropped.
pub struct Cookie(Zeroizing<String>);

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

impl Keys {
    /// Begins a session of a key.
    ///
    /// # Errors
    /// [`KeyError`].
    pub async fn begin_session(&self, key: &Key) -> Result<Cookie, KeyError> {
        let now = self.now();
        self.end_what_is_over(&key.id, now).await?;
        let entropy = &*self.engine.ground().entropy;
        let cookie = Cookie::begin(entropy);
        let row = Row {
            key: key.id.clone(),
            sha256: cookie.digest(),
            before: None,
            begun_at: now,
            renewed_at: now,
            seen_at: now,
        };
        self.put_session(cookie.id(), &row, None).await?;
        Ok(cookie)
    }

    /// The session of a cookie, and the cookie that takes the place of this one, where it is
    /// time. `None` where it opens nothing.
    ///
    /// # Errors
    /// [`KeyError`].
    pub async fn session(
        &self,
        cookie: &Cookie,
    ) -> Result<Option<(Session, Option<Cookie>)>, KeyError> {
        let now = self.now();
        let Some((row, version)) = self.session_row(cookie.id()).await? else {
            return Ok(None);
        };
        if row.is_over(now) || !row.is_of(&cookie.digest(), now) {
            return Ok(None);
        }
        let key = self.look_up(&row.key).await?.map(|seen| seen.key);
        let Some(key) = key.filter(|key| key.state(now) == State::Active) else {
            return Ok(None);
        };
        let id = cookie.id().to_owned();
        let renewed = self.use_session(&id, row, version, now).await;
        Ok(Some((Session { id, key }, renewed)))
    }

    /// Whether a session goes on, of which something was begun that does.
    ///
    /// # Errors
    /// [`KeyError`].
    pub async fn session_goes_on(&self, id: &str) -> Result<bool, KeyError> {
        let now = self.now();
        let row = self.session_row(id).await?;
        Ok(row.is_some_and(|(row, _)| !row.is_over(now)))
    }

    /// Ends the session of a cookie, and answers which it was, if it was good.
    ///
    /// # Errors
    /// [`KeyError`]: it may still open.
    pub async fn end_session(&self, cookie: &Cookie) -> Result<Option<Session>, KeyError> {
        let Some((session, _)) = self.session(cookie).await? else {
            return Ok(None);
        };
        self.remove(KIND, &session.id).await?;
        // What was begun in it asks anew whether it goes on.
        self.cache.forget(&session.key.id);
        Ok(Some(session))
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
    ) -> Option<Cookie> {
        let is_due = row.renewed_at <= now.earlier(SESSION_RENEWAL);
        if !is_due && row.seen_at > now.earlier(SESSION_USE_GRAIN) {
            return None;
        }
        let mut used = Row {
            seen_at: now,
            ..row
        };
        let renewed = is_due.then(|| {
            let cookie = Cookie::follow(id, &*self.engine.ground().entropy);
            let before = std::mem::replace(&mut used.sha256, cookie.digest());
            used.before = Some((before, now.later(SESSION_RENEWAL_GRACE)));
            used.renewed_at = now;
            cookie
        });
        self.put_session(id, &used, Some(version)).await.ok()?;
        renewed
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

    /// Removes a row, whatever version it has.
    pub(super) async fn remove(&self, kind: &str, id: &str) -> Result<(), KeyError> {
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

    /// Removes the sessions that are over, and the oldest of a key that has as many as it may.
    async fn end_what_is_over(&self, key: &str, now: Timestamp) -> Result<(), KeyError> {
        let secret = self.secret().await?;
        let (mut over, mut own) = (Vec::new(), Vec::new());
        for (id, row) in self.registry().list(KIND).await? {
            match read(secret, &id, row.value) {
                Some(row) if !row.is_over(now) && row.key != key => {}
                Some(row) if !row.is_over(now) => own.push((row.seen_at, id)),
                _ => over.push(id),
            }
        }
        own.sort();
        let many = (own.len() + 1).saturating_sub(SESSIONS_OF_KEY_MAX);
        over.extend(own.into_iter().take(many).map(|(_, id)| id));
        for id in over {
            self.remove(KIND, &id).await?;
        }
        Ok(())
    }
}

fn read(secret: &Secret, id: &str, value: Value) -> Option<Row> {
    let (value, is_sealed) = unsealed(secret, (ROW, id), value);
    let row = serde_json::from_value(value).ok()?;
    is_sealed.then_some(row)
}

impl Row {
    fn is_over(&self, now: Timestamp) -> bool {
        self.seen_at <= now.earlier(SESSION_IDLE_MAX)
            || self.begun_at <= now.earlier(SESSION_TIME_MAX)
    }

    fn is_of(&self, digest: &str, now: Timestamp) -> bool {
        let is = |stored: &str| bool::from(stored.as_bytes().ct_eq(digest.as_bytes()));
        let before = self.before.as_ref();
        is(&self.sha256) || before.is_some_and(|(before, until)| is(before) && now < *until)
    }
}

impl Cookie {
    fn begin(entropy: &dyn Entropy) -> Self {
        let mut id = [0; ID_CHARS / 2];
        entropy.fill(&mut id);
        Self::follow(&hex(&id), entropy)
    }

    fn follow(id: &str, entropy: &dyn Entropy) -> Self {
        let mut secret = Zeroizing::new([0; SECRET_CHARS / 2]);
        entropy.fill(&mut *secret);
        let secret = Zeroizing::new(hex(&*secret));
        Self(Zeroizing::new(format!("{id}{}", *secret)))
    }

    /// Reads one; `None` where the text is none.
    pub fn read(text: &str) -> Option<Self> {
        let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let fits = text.len() == ID_CHARS + SECRET_CHARS && text.bytes().all(is_hex);
        fits.then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The text, for the browser alone.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The session's id.
    pub fn id(&self) -> &str {
        &self.0[..ID_CHARS]
    }

    fn digest(&self) -> String {
        hex(&Sha256::digest(self.0.as_bytes()))
    }
}

impl fmt::Debug for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cookie({}…)", self.id())
    }
}
