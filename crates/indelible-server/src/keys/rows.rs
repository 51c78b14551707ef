//! The rows of keys in the registry, each under a seal that the installation's secret makes.
//!
//! Whoever may write the registry and has not the secret, as the database role of a writer, can
//! neither make a key nor change one: a row whose seal does not fit opens nothing. A row can still
//! be put back as it was once; that a key has ended is therefore read in the trail `system` too.

use hmac::Mac;
use indelible_core::state::{Purpose, Secret};
use indelible_core::{Registry, Versioned};
use serde_json::Value;

use super::key::{Key, hex};
use super::secret::mac;
use super::{KeyError, Keys};

/// The kind of keys in the registry.
const KIND: &str = "api_key";
/// The member of a row that holds its seal.
const SEAL: &str = "seal";

impl Keys {
    pub(super) fn registry(&self) -> &dyn Registry {
        &*self.engine.ground().registry
    }

    /// The installation's secret for API keys.
    pub(super) async fn secret(&self) -> Result<&Secret, KeyError> {
        let secret = || self.engine.secret(Purpose::ApiKeys);
        Ok(self.secret.get_or_try_init(secret).await?)
    }

    /// All keys, by id, those that ended and those whose rows are not as this installation wrote
    /// them included: one bad row hides no other.
    ///
    /// # Errors
    /// [`KeyError::Audit`], also where the installation's secret is not at hand.
    pub async fn list(&self) -> Result<Vec<Key>, KeyError> {
        let secret = self.secret().await?;
        let rows = self.registry().list(KIND).await?;
        let read = |(id, row): (String, Versioned)| read(secret, &id, row.value);
        let mut keys: Vec<_> = rows.into_iter().map(read).collect();
        self.look_for_ends(&mut keys).await?;
        Ok(keys)
    }

    /// The key with this id, if there is one.
    pub(super) async fn found(&self, id: &str) -> Result<Option<(Key, u64)>, KeyError> {
        let Some(row) = self.registry().get(KIND, id).await? else {
            return Ok(None);
        };
        let mut key = read(self.secret().await?, id, row.value);
        self.look_for_ends(std::slice::from_mut(&mut key)).await?;
        Ok(Some((key, row.version)))
    }

    /// The key with this id and the version of its row.
    pub(super) async fn row(&self, id: &str) -> Result<(Key, u64), KeyError> {
        let unknown = || KeyError::Unknown(id.chars().take(64).collect());
        self.found(id).await?.ok_or_else(unknown)
    }

    /// Writes the row of a key, under a new seal. Whoever means to seal what had no good seal says
    /// so by [`Key::is_sealed`].
    ///
    /// # Errors
    /// [`KeyError::Unsealed`], with nothing written: a seal says that this installation wrote the
    /// row so. [`KeyError::Busy`] where another version stands there.
    pub(super) async fn store(&self, key: &Key, version: Option<u64>) -> Result<(), KeyError> {
        if !key.is_sealed {
            return Err(KeyError::Unsealed(key.id.clone()));
        }
        // A key is texts and times, which JSON always holds.
        let value = serde_json::to_value(key).unwrap_or_default();
        let value = sealed(self.secret().await?, (ROW, &key.id), value);
        let stored = self.registry().put(KIND, &key.id, version, Some(&value));
        let stored = stored.await;
        // Of one whose answer was lost, too: it may be there.
        self.cache.forget(&key.id);
        stored?
            .map(|_| ())
            .ok_or_else(|| KeyError::Busy(key.id.clone()))
    }
}

impl Keys {
    /// Another row of the registry, of this kind, at this key, under the installation's seal.
    ///
    /// # Errors
    /// The installation's secret is not at hand.
    pub(crate) async fn sealed(&self, of: (&str, &str), value: Value) -> Result<Value, KeyError> {
        Ok(sealed(self.secret().await?, of, value))
    }

    /// Such a row without its seal, and whether that fits.
    ///
    /// # Errors
    /// As [`Keys::sealed`].
    pub(crate) async fn unsealed(
        &self,
        of: (&str, &str),
        value: Value,
    ) -> Result<(Value, bool), KeyError> {
        Ok(unsealed(self.secret().await?, of, value))
    }
}

/// What the seals of keys' rows are made for.
const ROW: &str = "api-key-row";

/// A row under a new seal: one of this kind, with this id.
pub fn sealed(secret: &Secret, of: (&str, &str), mut value: Value) -> Value {
    let seal = seal_of(secret, of, &value);
    value[SEAL] = hex(&seal.finalize().into_bytes()).into();
    value
}

/// A row without its seal, and whether that fits.
pub fn unsealed(secret: &Secret, of: (&str, &str), mut value: Value) -> (Value, bool) {
    let seal = value.as_object_mut().and_then(|row| row.remove(SEAL));
    let seal = seal.as_ref().and_then(Value::as_str).and_then(bytes);
    // Compared in constant time.
    let fits = |seal: Vec<u8>| seal_of(secret, of, &value).verify_slice(&seal).is_ok();
    let is_sealed = seal.is_some_and(fits);
    (value, is_sealed)
}

/// HMAC-SHA-256 over the id and the canonical text of a row.
fn seal_of(secret: &Secret, (kind, id): (&str, &str), value: &Value) -> hmac::Hmac<sha2::Sha256> {
    let mut hmac = mac(secret, kind);
    // Objects are in order of their names.
    hmac.update(format!("{id}\n{value}\n").as_bytes());
    hmac
}

fn read(secret: &Secret, id: &str, value: Value) -> Key {
    let (value, is_sealed) = unsealed(secret, (ROW, id), value);
    match serde_json::from_value::<Key>(value) {
        Ok(key) => Key {
            is_sealed: is_sealed && key.id == id,
            is_readable: true,
            // What it says of itself is not believed before its seal is.
            id: id.to_owned(),
            ..key
        },
        Err(error) => {
            tracing::error!(key = id, %error, "the row of a key is none of a key");
            Key::unreadable(id)
        }
    }
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    if !hex.len().is_multiple_of(2) || !hex.is_ascii() {
        return None;
    }
    let pairs = (0..hex.len()).step_by(2);
    pairs
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).ok())
        .collect()
}
