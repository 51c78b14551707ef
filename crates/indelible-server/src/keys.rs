//! API keys: made, found, revoked. What is stored is in the database's operational table, and each
//! making and revoking is an event in the trail `system`.

mod cache;
mod counts;
mod ending;
mod first;
mod key;
mod link;
mod role;
mod rows;
mod seal;
mod secret;
mod session;
#[cfg(test)]
mod tests;
mod token;

use std::sync::Arc;

use indelible_core::engine::Engine;
use indelible_core::state::Secret;
use indelible_core::{
    AuditAction, AuditError, AuditEvent, Timestamp, TimestampError, TrailName, span,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::sync::OnceCell;
use uuid::Uuid;

pub use first::First;
pub use key::{Key, KeyLine, NewKey, State};
pub(crate) use key::{hex, id_of};
pub use link::{LinkRejection, NewLink};
pub use role::{Permission, Role, RoleError};
pub use session::{Cookie, Session};
pub use token::Token;

use crate::limits::{LAST_USE_GRAIN, LOGIN_LINK_TIME_MAX};
use cache::{Cache, Seen};

/// What a key shall be.
#[derive(Debug, Clone)]
pub struct Wish {
    /// What its holder is called.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// The one trail that it is for; all where there is none.
    pub trail: Option<TrailName>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

/// Why a key could not be made or revoked.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// There is no such key.
    #[error("there is no key {0}")]
    Unknown(String),
    /// It is no good any more.
    #[error(
        "the key {0} is expired, revoked, or was rotated already: rotate the one that follows it"
    )]
    Ended(String),
    /// Its row has no good seal.
    #[error(
        "the key {0} has no seal of this installation, and opens nothing: revoke it, or, where it \
         was made before keys had seals, `indelible keys seal` it"
    )]
    Unsealed(String),
    /// The trail does not say that it was made so.
    #[error("the trail `system` has no record that the key {0} was made as it stands: revoke it")]
    Unmade(String),
    /// A name of no use.
    #[error(
        "the name of a key is 1 to 100 characters, none of them a control character, and no white \
         space at its ends"
    )]
    Name,
    /// It would be over before it begins.
    #[error("the time at which the key ends is past")]
    Past,
    /// Somebody else changed it at the same time.
    #[error("the key {0} is being changed; try again")]
    Busy(String),
    /// A link would open never, or for too long.
    #[error("a link opens for at most {} h", LOGIN_LINK_TIME_MAX.as_secs() / 3600)]
    LinkTime,
    /// Trail or registry failed.
    #[error(transparent)]
    Audit(#[from] AuditError),
}

impl From<indelible_core::StoreError> for KeyError {
    fn from(error: indelible_core::StoreError) -> Self {
        Self::Audit(error.into())
    }
}

/// Why a token opens nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    /// No key has this text.
    Unknown,
    /// The key's time is over.
    Expired(Box<Key>),
    /// The key was revoked.
    Revoked(Box<Key>),
    /// Its row has no good seal: this installation did not write it so.
    Unsealed,
}

/// The keys of a database.
pub struct Keys {
    engine: Engine,
    cache: Cache,
    secret: OnceCell<Secret>,
}

/// A key that something was begun with which goes on.
pub struct InUse {
    id: String,
    seen: Option<Seen>,
    session: Option<String>,
}

impl InUse {
    /// The key of this id.
    pub fn of(id: String) -> Self {
        Self {
            id,
            seen: None,
            session: None,
        }
    }

    /// The same through a session, with which it ends as well.
    pub fn within(self, session: Option<&Session>) -> Self {
        Self {
            session: session.map(|session| session.id.clone()),
            ..self
        }
    }
}

impl Keys {
    /// The keys of this engine's database.
    pub fn new(engine: Engine) -> Self {
        Self {
            engine,
            cache: Cache::default(),
            secret: OnceCell::new(),
        }
    }

    fn now(&self) -> Timestamp {
        self.engine.ground().clock.now()
    }

    /// Makes a key. Its making is on record before it opens anything.
    ///
    /// # Errors
    /// [`KeyError`].
    pub async fn create(&self, wish: Wish, by: &str) -> Result<NewKey, KeyError> {
        let new = self.fresh(wish, by, self.fresh_token())?;
        let event = AuditEvent::new(AuditAction::API_KEY_CREATED, "api_key")
            .user_id(by)
            .resource_id(new.key.id.as_str())
            .context(described(&new.key));
        self.engine.record_of_itself(event).await?;
        self.store(&new.key, None).await?;
        Ok(new)
    }

    /// The key with this id.
    ///
    /// # Errors
    /// [`KeyError`].
    pub async fn get(&self, id: &str) -> Result<Key, KeyError> {
        self.row(id).await.map(|(key, _)| key)
    }

    /// The key that a token opens with.
    ///
    /// # Errors
    /// Inside: why it opens nothing. Outside: the registry failed.
    pub async fn authenticate(
        &self,
        token: &Token,
    ) -> Result<Result<Arc<Key>, Rejection>, KeyError> {
        let digest = token.digest();
        let Some(Seen { key, .. }) = self.look_up(&id_of(&digest)).await? else {
            return Ok(Err(Rejection::Unknown));
        };
        let expected = hex(&digest);
        if !bool::from(key.sha256.as_bytes().ct_eq(expected.as_bytes())) {
            return Ok(Err(Rejection::Unknown));
        }
        let now = self.now();
        Ok(match key.state(now) {
            State::Active => {
                self.note_use(&key, now).await;
                Ok(key)
            }
            State::Expired => Err(Rejection::Expired(Box::new((*key).clone()))),
            State::Revoked => Err(Rejection::Revoked(Box::new((*key).clone()))),
            State::Unsealed | State::Unreadable => Err(Rejection::Unsealed),
        })
    }

    /// Whether a key still opens, for what was begun with it and goes on. It is known here at
    /// once and of other processes within [`crate::limits::KEY_CACHE_TIME`], and looked up no more
    /// often than that.
    ///
    /// # Errors
    /// The registry failed.
    pub async fn still_opens(&self, in_use: &mut InUse) -> Result<bool, KeyError> {
        let elapsed = self.engine.ground().clock.elapsed();
        let generation = self.cache.generation();
        let is_known = |seen: &Seen| seen.generation == generation && seen.is_fresh(elapsed);
        if !in_use.seen.as_ref().is_some_and(is_known) {
            in_use.seen = self.look_up(&in_use.id).await?;
            if let Some(session) = &in_use.session
                && !self.session_goes_on(session).await?
            {
                return Ok(false);
            }
        }
        let now = self.now();
        let opens = |seen: &Seen| seen.key.state(now) == State::Active;
        Ok(in_use.seen.as_ref().is_some_and(opens))
    }

    async fn look_up(&self, id: &str) -> Result<Option<Seen>, KeyError> {
        let at = self.engine.ground().clock.elapsed();
        if let Some(seen) = self.cache.get(id, at) {
            return Ok(Some(seen));
        }
        let generation = self.cache.generation();
        let Some((key, _)) = self.found(id).await? else {
            return Ok(None);
        };
        let seen = Seen {
            at,
            generation,
            key: Arc::new(key),
        };
        self.cache.remember(&seen);
        Ok(Some(seen))
    }

    /// Writes the time of use, but not with every use. That it could not be written, or somebody
    /// else wrote first, keeps nobody out. Only what was authenticated is written: a row that has
    /// become another meanwhile stays as it is.
    async fn note_use(&self, used: &Key, now: Timestamp) {
        let noted = |used: Timestamp| used > now.earlier(LAST_USE_GRAIN);
        if used.last_used_at.is_some_and(noted) {
            return;
        }
        let Ok((there, version)) = self.row(&used.id).await else {
            return;
        };
        let last_used_at = there.last_used_at;
        let as_used = Key {
            last_used_at,
            ..used.clone()
        };
        if there != as_used || there.state(now) != State::Active {
            return;
        }
        let key = Key {
            last_used_at: Some(now),
            ..there
        };
        if let Err(error) = self.store(&key, Some(version)).await {
            tracing::debug!(key = key.id, %error, "the use of a key was not noted");
        }
    }

    async fn record_once(&self, event: AuditEvent) -> Result<(), KeyError> {
        match self.engine.record_of_itself(event).await {
            Ok(_) | Err(AuditError::IdConflict { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn fresh_token(&self) -> Token {
        Token::generate(&*self.engine.ground().entropy)
    }

    fn fresh(&self, wish: Wish, by: &str, token: Token) -> Result<NewKey, KeyError> {
        let plain = |name: &str| name.trim() == name && !name.contains(char::is_control);
        let length = wish.name.chars().count();
        if !(1..=NAME_CHARS_MAX).contains(&length) || !plain(&wish.name) {
            return Err(KeyError::Name);
        }
        let now = self.now();
        if wish.expires_at.is_some_and(|end| end <= now) {
            return Err(KeyError::Past);
        }
        let digest = token.digest();
        let key = Key {
            id: id_of(&digest),
            name: wish.name,
            role: wish.role,
            trail: wish.trail,
            last_four: token.last_four().to_owned(),
            created_at: now,
            created_by: by.to_owned(),
            expires_at: wish.expires_at,
            revoked_at: None,
            rotated_to: None,
            last_used_at: None,
            sha256: hex(&digest),
            is_sealed: true,
            is_readable: true,
        };
        Ok(NewKey { token, key })
    }
}

/// The instant that a text names as the end of a key: the end of a date, RFC 3339, or a span from
/// `now` on, such as `90d`.
///
/// # Errors
/// It is none of these.
pub fn expiry(text: &str, now: Timestamp) -> Result<Timestamp, TimestampError> {
    match span(text) {
        Some(span) => Ok(now.later(span)),
        None => Timestamp::end_of_day(text).or_else(|_| text.parse()),
    }
}

/// The longest name of a key, in characters.
const NAME_CHARS_MAX: usize = 100;

fn described(key: &Key) -> Value {
    if !key.is_readable {
        return json!({ "key_id": key.id, "fingerprint": key.id, "unreadable": true });
    }
    json!({
        "key_id": key.id,
        "fingerprint": key.id,
        "name": key.name,
        "scopes": [key.role],
        "trail": key.trail,
        "expires_at": key.expires_at,
    })
}

/// The id of what happens to a key once.
fn event_id(what: &str, key: &str) -> Uuid {
    let digest = Sha256::digest(format!("indelible/api-key/v1\n{what}\n{key}\n"));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}
