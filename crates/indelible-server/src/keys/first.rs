//! The first key: made and said once, whatever is cut short.
//!
//! Until it was said, the registry keeps a seed from which the installation's secret makes the
//! key: whoever comes after a start that failed half-way makes, and says, the same one. Then the
//! seed goes, and with it the way to make the key again.
//!
//! That it was said stands in the trail `system`, and the row of the seed is sealed: whoever
//! may write the registry has no key said, by putting the seed back or by taking the row away.

use indelible_core::{AuditAction, AuditEvent, AuditProtocol, Query, TrailName};
use serde_json::{Value, json};

use super::rows::{sealed, unsealed};
use super::secret::Derived;
use super::{KeyError, Keys, NewKey, Role, State, Token, Wish, described, event_id};

/// The kind and key of the row that tells how far that is.
const FIRST: &str = "api_key_first";
const ADMIN: &str = "admin";
/// What the seal of that row is made for.
const ROW: &str = "api-key-first-row";
/// The record that it was said.
const API_KEY_DISCLOSED: AuditAction = AuditAction::custom("api_key_disclosed");
/// The name under which the id of that record is made.
const SAID: &str = "first-said";

/// A first key that is to be said, and the row to be changed when it was.
pub struct First {
    /// The key.
    pub key: NewKey,
    version: u64,
}

impl Keys {
    /// The admin key of a server that starts for the first time on this database; nothing where
    /// it was said, or another process is about to. When it has been said,
    /// [`Keys::first_was_said`] must be told: until then it is answered again, the same key.
    ///
    /// # Errors
    /// [`KeyError`]; the next start has the same key.
    pub async fn first(&self) -> Result<Option<First>, KeyError> {
        // Without it no key opens: a server says so before anybody calls.
        self.secret().await?;
        if self.was_said().await? {
            return Ok(None);
        }
        let there = self.registry().get(FIRST, ADMIN).await?;
        let seed = match &there {
            Some(row) => self.seed(row.value.clone()).await?,
            None => None,
        };
        let seed = match seed {
            Some(seed) => seed,
            // From before that was recorded; or the row is not as this installation wrote it.
            None if self.was_made().await? => return Ok(None),
            None if there.is_some() && !self.list().await?.is_empty() => return Ok(None),
            // A first start, or one that was cut short before seeds were kept.
            None => self.fresh_seed(),
        };
        let version = there.map(|row| row.version);
        // Of several that are at it, the one that comes last says it.
        let Some(version) = self.put_seed(version, &seed).await? else {
            return Ok(None);
        };
        let Some(key) = self.make_first(&seed).await? else {
            self.forget_seed(version).await?;
            return Ok(None);
        };
        let version = self.put_seed(Some(version), &seed).await?;
        Ok(version.map(|version| First { key, version }))
    }

    /// Forgets how the first key was made.
    ///
    /// # Errors
    /// [`KeyError::Audit`]; the next start says the same key again.
    pub async fn first_was_said(&self, first: &First) -> Result<(), KeyError> {
        let key = &first.key.key;
        let event = AuditEvent::new(API_KEY_DISCLOSED, "api_key")
            .id(event_id(SAID, ADMIN))
            .user_id(BY)
            .resource_id(key.id.as_str())
            .context(described(key));
        self.record_once(event).await?;
        self.forget_seed(first.version).await
    }

    /// Whether it is on record that the first key was said.
    async fn was_said(&self) -> Result<bool, KeyError> {
        let store = &self.engine.ground().store;
        let said = event_id(SAID, ADMIN);
        let seqs = store.seqs(&TrailName::system(), &[said]).await?;
        Ok(seqs.into_iter().flatten().next().is_some())
    }

    /// Whether it is on record that a first key was made.
    async fn was_made(&self) -> Result<bool, KeyError> {
        let system = self.engine.trail(TrailName::system());
        let query = Query::new().action(AuditAction::API_KEY_CREATED.as_str());
        let page = system.query(query.user_id(BY).limit(1)).await?;
        Ok(!page.entries.is_empty())
    }

    /// The seed that a row keeps, where this installation wrote it.
    async fn seed(&self, row: Value) -> Result<Option<String>, KeyError> {
        let (row, is_sealed) = unsealed(self.secret().await?, (ROW, ADMIN), row);
        let seed = row["seed"].as_str().filter(|_| is_sealed);
        Ok(seed.map(str::to_owned))
    }

    async fn put(&self, version: Option<u64>, value: Value) -> Result<Option<u64>, KeyError> {
        let value = sealed(self.secret().await?, (ROW, ADMIN), value);
        let put = self.registry().put(FIRST, ADMIN, version, Some(&value));
        Ok(put.await?)
    }

    async fn forget_seed(&self, version: u64) -> Result<(), KeyError> {
        let value = json!({ "said_at": self.now() });
        // Whoever changed it since is about to say the same key.
        self.put(Some(version), value).await?;
        Ok(())
    }

    async fn put_seed(&self, version: Option<u64>, seed: &str) -> Result<Option<u64>, KeyError> {
        let value = json!({ "seed": seed, "at": self.now() });
        self.put(version, value).await
    }

    fn fresh_seed(&self) -> String {
        let mut seed = [0; 16];
        self.engine.ground().entropy.fill(&mut seed);
        super::hex(&seed)
    }

    /// The key of this seed, on record and stored; nothing where it is no good any more.
    async fn make_first(&self, seed: &str) -> Result<Option<NewKey>, KeyError> {
        let wish = Wish {
            name: "first admin".to_owned(),
            role: Role::Admin,
            trail: None,
            expires_at: None,
        };
        let secret = self.secret().await?.clone();
        let token = Token::generate(&Derived::of(secret, "first-api-key", seed));
        let mut new = self.fresh(wish, BY, token)?;
        let event = AuditEvent::new(AuditAction::API_KEY_CREATED, "api_key")
            .id(event_id("first", &new.key.id))
            .user_id(BY)
            .resource_id(new.key.id.as_str())
            .context(described(&new.key));
        self.record_once(event).await?;
        match self.store(&new.key, None).await {
            Ok(()) => {}
            Err(KeyError::Busy(_)) => new.key = self.get(&new.key.id).await?,
            Err(error) => return Err(error),
        }
        let is_good = new.key.state(self.now()) == State::Active;
        Ok(is_good.then_some(new))
    }
}

/// Who makes it, in its record.
const BY: &str = "first start";
