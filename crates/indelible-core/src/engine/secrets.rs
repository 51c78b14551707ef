//! The secrets beside the signing key, and what the database knows of them: a fingerprint of
//! each, so that a host which has another one, or none, is found out before it is used.

use serde_json::json;
use sha2::{Digest, Sha256};

use super::{Engine, Ground};
use crate::error::AuditError;
use crate::state::{Purpose, Secret};
use crate::store::StoreError;

/// The kind of registry rows that hold the fingerprints, by purpose.
const KIND: &str = "secret";

/// How the secret at hand stands to the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It is the one whose fingerprint the database has, or neither of the two knows of one.
    Same,
    /// The database has a fingerprint, and there is no secret.
    Missing,
    /// It is another one.
    Other,
}

impl Engine {
    /// A secret of the installation, made when it is asked for first. Where nothing may be
    /// written and there is none, one that ends with this engine.
    ///
    /// # Errors
    /// [`AuditError::OtherSecret`] where the database was written with another one;
    /// [`AuditError::State`], [`AuditError::Store`].
    pub async fn secret(&self, purpose: Purpose) -> Result<Secret, AuditError> {
        let (ground, read_only) = (&self.shared.ground, self.shared.options.read_only);
        let kept = self.kept_secret(purpose).await?;
        // Who only reads makes no hash with it, but may tell ids that would be made.
        if kept != Kept::Same && !(read_only && purpose == Purpose::Redaction) {
            return Err(other(ground, purpose, kept));
        }
        let mut fresh = [0; 32];
        ground.entropy.fill(&mut fresh);
        let fresh = Secret::new(fresh);
        if read_only {
            return Ok(ground.state.kept_secret(purpose)?.unwrap_or(fresh));
        }
        let secret = ground.state.secret(purpose, fresh)?;
        let value = json!({ "fingerprint": fingerprint(purpose, &secret) });
        let key = purpose.as_str();
        ground.registry.put(KIND, key, None, Some(&value)).await?;
        // Of several hosts that make one at once, one is first.
        match self.kept_secret(purpose).await? {
            Kept::Same => Ok(secret),
            kept => Err(other(ground, purpose, kept)),
        }
    }

    /// How the secret at hand stands to the database.
    ///
    /// # Errors
    /// [`AuditError::State`], [`AuditError::Store`].
    pub async fn kept_secret(&self, purpose: Purpose) -> Result<Kept, AuditError> {
        let ground = &self.shared.ground;
        let row = ground.registry.get(KIND, purpose.as_str()).await?;
        let Some(row) = row else {
            return Ok(Kept::Same);
        };
        Ok(match ground.state.kept_secret(purpose)? {
            None => Kept::Missing,
            Some(secret) if row.value["fingerprint"] == fingerprint(purpose, &secret) => Kept::Same,
            Some(_) => Kept::Other,
        })
    }
}

/// Puts the fingerprints of one database into another of the same installation.
pub(super) async fn copy_fingerprints(from: &Ground, to: &Ground) -> Result<(), StoreError> {
    for (key, row) in from.registry.list(KIND).await? {
        to.registry.put(KIND, &key, None, Some(&row.value)).await?;
    }
    Ok(())
}

/// One way, and another for each purpose.
fn fingerprint(purpose: Purpose, secret: &Secret) -> String {
    let mut digest = Sha256::new();
    digest.update(format!(
        "indelible/secret-fingerprint/v1\n{}\n",
        purpose.as_str()
    ));
    digest.update(secret.expose());
    let bytes = digest.finalize();
    bytes.iter().take(16).map(|b| format!("{b:02x}")).collect()
}

fn other(ground: &Ground, purpose: Purpose, kept: Kept) -> AuditError {
    AuditError::OtherSecret {
        purpose: purpose.as_str(),
        fault: if kept == Kept::Missing {
            "there is none"
        } else {
            "its fingerprint differs"
        },
        place: ground.state.place(),
    }
}
