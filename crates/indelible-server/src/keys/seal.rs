//! Sealing keys that were made before rows had seals.

use indelible_core::{AuditAction, AuditEvent, AuditProtocol, Entry, Query, TrailName};
use serde_json::json;

use super::key::Key;
use super::{KeyError, Keys, described};

/// What is recorded of it.
const API_KEY_SEALED: AuditAction = AuditAction::custom("api_key_sealed");

impl Keys {
    /// Seals the row of a key that has no good seal, where the trail `system` says that it was
    /// made as it stands there. A sealed key is answered as it is.
    ///
    /// # Errors
    /// [`KeyError::Unmade`] where the trail does not say so; [`KeyError`].
    pub async fn seal(&self, id: &str, by: &str) -> Result<Key, KeyError> {
        let (mut key, version) = self.row(id).await?;
        if key.is_sealed {
            return Ok(key);
        }
        if !self.is_made(&key).await? {
            return Err(KeyError::Unmade(id.to_owned()));
        }
        let event = AuditEvent::new(API_KEY_SEALED, "api_key")
            .user_id(by)
            .resource_id(id)
            .context(described(&key));
        self.engine.record_of_itself(event).await?;
        key.is_sealed = true;
        self.store(&key, Some(version)).await?;
        Ok(key)
    }

    async fn is_made(&self, key: &Key) -> Result<bool, KeyError> {
        let system = self.engine.trail(TrailName::system());
        for action in [AuditAction::API_KEY_CREATED, AuditAction::API_KEY_ROTATED] {
            let query = Query::new().action(action.as_str());
            let query = query.resource_id(key.id.as_str()).limit(1);
            let page = system.query(query).await?;
            if page.entries.first().is_some_and(|made| is_of(made, key)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Whether the record of a making is that of this key: who holds it, what it is for, and no later
/// end than it was made with.
fn is_of(made: &Entry, key: &Key) -> bool {
    let context = made.context.clone().unwrap_or_default();
    let end = context["expires_at"]
        .as_str()
        .and_then(|end| end.parse().ok());
    let ends_in_time = match (end, key.expires_at) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(made), Some(now)) => now <= made,
    };
    ends_in_time
        && context["name"] == json!(key.name)
        && context["scopes"] == json!([key.role])
        && context["trail"] == json!(key.trail)
        && key.sha256.starts_with(&key.id)
}
