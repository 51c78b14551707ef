//! The first key: made and said once, whatever is cut short.
//!
//! Until it was said, the registry keeps a seed from which the installation's secret makes the
//! key: whoever comes after a start that failed half-way makes, and says, the same one. Then the
//! seed goes, and with it the way to make the key again.

use indelible_core::{AuditAction, AuditEvent};
use serde_json::json;

use super::secret::Derived;
use super::{KeyError, Keys, NewKey, Role, State, Token, Wish, described, event_id};
/// The kind and key of the row that tells how far that is.
const FIRST: &str = "api_key_first";
const ADMIN: &str = "admin";

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
        let there = self.registry().get(FIRST, ADMIN).await?;
        let seed = match &there {
            None => self.fresh_seed(),
            Some(row) => match row.value["seed"].as_str() {
                Some(seed) => seed.to_owned(),
                // One that was cut short before seeds were kept.
                None if self.list().await?.is_empty() => self.fresh_seed(),
                None => return Ok(None),
            },
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
        self.forget_seed(first.version).await
    }

    async fn forget_seed(&self, version: u64) -> Result<(), KeyError> {
        let value = json!({ "said_at": self.now() });
        // Whoever changed it since is about to say the same key.
        self.registry()
            .put(FIRST, ADMIN, Some(version), Some(&value))
            .await?;
        Ok(())
    }

    async fn put_seed(&self, version: Option<u64>, seed: &str) -> Result<Option<u64>, KeyError> {
        let value = json!({ "seed": seed, "at": self.now() });
        let put = self.registry().put(FIRST, ADMIN, version, Some(&value));
        Ok(put.await?)
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
        let token = Token::generate(&Derived::of(self.secret().await?.clone(), seed));
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
