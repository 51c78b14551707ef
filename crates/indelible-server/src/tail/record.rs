//! What a stream showed, on record while it goes on and when it has ended.

use std::time::Duration;

use indelible_core::TrailName;
use serde_json::{Map, Value};

use crate::access::{Caller, looked};
use crate::app::App;
use crate::keys::Permission;
use crate::limits::TALLY_TIME;
use crate::problem::Problem;
use crate::tally::Happening;

/// How many entries a stream has shown and no record says yet. What is left of them when it ends
/// is recorded then; an orderly stop waits for that.
pub struct Record {
    app: App,
    caller: Caller,
    trail: TrailName,
    asked: Map<String, Value>,
    /// When it was recorded last.
    at: Duration,
    shown: u64,
    /// Whether any of them was more than the record of a look. Else a stream without filters
    /// would have something to record each minute, for ever: that it showed what it recorded.
    is_news: bool,
}

/// The action of such a record.
const LOOKED: &str = "audit_log_accessed";

impl Record {
    /// Of a stream that begins.
    pub fn new(app: App, caller: Caller, trail: TrailName, asked: Map<String, Value>) -> Self {
        Self {
            at: app.engine().ground().clock.elapsed(),
            app,
            caller,
            trail,
            asked,
            shown: 0,
            is_news: false,
        }
    }

    /// Counts an entry of this action.
    pub fn count(&mut self, action: &str) {
        self.shown += 1;
        self.is_news |= action != LOOKED;
    }

    /// Records what was shown in the last [`TALLY_TIME`], where it is over.
    ///
    /// # Errors
    /// Those of recording; nothing more may be shown then.
    pub async fn settle(&mut self) -> Result<(), Problem> {
        let elapsed = self.app.engine().ground().clock.elapsed();
        if !self.is_news || elapsed.saturating_sub(self.at) < TALLY_TIME {
            return Ok(());
        }
        self.app.tally().note(self.happening()).await?;
        (self.at, self.shown, self.is_news) = (elapsed, 0, false);
        Ok(())
    }

    fn happening(&self) -> Happening {
        let (trail, asked) = (self.trail.clone(), self.asked.clone());
        looked(&self.caller, Permission::Read, trail, asked, self.shown)
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        if self.shown == 0 {
            return;
        }
        let (app, happening) = (self.app.clone(), self.happening());
        let working = app.work();
        runtime.spawn(async move {
            if let Err(error) = app.tally().note(happening).await {
                tracing::error!(%error, "what a stream showed was not recorded");
            }
            drop(working);
        });
    }
}
