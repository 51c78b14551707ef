//! The keys that a caller may manage: all, or those of the one trail that its own key is for.

use std::time::Duration;

use crate::access::Caller;
use crate::app::App;
use crate::keys::{Key, NewKey, NewLink, Wish};
use crate::problem::Problem;

/// The keys that a caller may manage. It may know no other.
pub struct Managed<'a> {
    app: &'a App,
    caller: &'a Caller,
}

impl<'a> Managed<'a> {
    /// Those of this caller, who may manage keys.
    pub fn of(app: &'a App, caller: &'a Caller) -> Self {
        Self { app, caller }
    }

    /// All of them, those that ended included.
    ///
    /// # Errors
    /// The registry failed.
    pub async fn list(&self) -> Result<Vec<Key>, Problem> {
        let mut keys = self.app.keys().list().await?;
        keys.retain(|key| self.caller.expect_trail(key.trail.as_ref()).is_ok());
        Ok(keys)
    }

    /// The one with this id.
    ///
    /// # Errors
    /// There is none, or it is another's to manage.
    pub async fn get(&self, id: &str) -> Result<Key, Problem> {
        let key = self.app.keys().get(id).await?;
        self.caller.expect_trail(key.trail.as_ref())?;
        Ok(key)
    }

    /// Makes one.
    ///
    /// # Errors
    /// It would be another's to manage; a wish that cannot be met.
    pub async fn create(&self, wish: Wish) -> Result<NewKey, Problem> {
        self.caller.expect_trail(wish.trail.as_ref())?;
        Ok(self.app.keys().create(wish, &self.caller.name()).await?)
    }

    /// Revokes one.
    ///
    /// # Errors
    /// As [`Managed::get`]; it is not revoked.
    pub async fn revoke(&self, id: &str) -> Result<Key, Problem> {
        self.get(id).await?;
        Ok(self.app.keys().revoke(id, &self.caller.name()).await?)
    }

    /// Makes one in the place of another, which ends after `overlap`.
    ///
    /// # Errors
    /// As [`Managed::get`]; the other is as it was.
    pub async fn rotate(&self, id: &str, overlap: Duration) -> Result<NewKey, Problem> {
        self.get(id).await?;
        let by = self.caller.name();
        Ok(self.app.keys().rotate(id, overlap, &by).await?)
    }

    /// Makes a link that opens the console once as one, within `time`.
    ///
    /// # Errors
    /// As [`Managed::get`]; a key that has ended, a time that is too long.
    pub async fn link(&self, id: &str, time: Duration) -> Result<NewLink, Problem> {
        self.get(id).await?;
        let by = self.caller.name();
        Ok(self.app.keys().create_link(id, time, &by).await?)
    }
}
