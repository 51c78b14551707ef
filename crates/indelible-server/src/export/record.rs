//! The chain of custody: what left the trail, by whom, and whether it left whole.

use indelible_core::engine::PackSource;
use indelible_core::{AuditError, Query, TrailName};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::access::Caller;
use crate::app::App;
use crate::keys::{Permission, hex};
use crate::seats::Seat;
use crate::tally::Happening;

/// What is recorded of an export: at its end that it is complete, with count and digest; where it
/// is cut off, that it failed.
pub struct Record {
    app: App,
    caller: Caller,
    /// Given back when the export ends.
    _seat: Seat,
    trail: TrailName,
    query: Query,
    format: &'static str,
    as_of: u64,
    entries: u64,
    newest: Option<u64>,
    oldest: Option<u64>,
    /// What is said of packs alone.
    of_pack: Vec<(&'static str, Value)>,
    digest: Sha256,
    is_recorded: bool,
}

impl Record {
    /// An export that begins.
    pub fn new(
        app: App,
        (caller, seat): (Caller, Seat),
        trail: TrailName,
        query: Query,
        format: &'static str,
        as_of: u64,
    ) -> Self {
        Self {
            app,
            caller,
            _seat: seat,
            trail,
            query,
            format,
            as_of,
            entries: 0,
            newest: None,
            oldest: None,
            of_pack: Vec::new(),
            digest: Sha256::new(),
            is_recorded: false,
        }
    }

    /// Counts an entry. They come newest first.
    pub fn count(&mut self, seq: u64) {
        self.entries += 1;
        self.newest.get_or_insert(seq);
        self.oldest = Some(seq);
    }

    /// Says what a pack is and what it has reached. Its skeletons are counted beside the entries
    /// it opens: a complete one shows those of entries that do not match.
    pub fn covers(&mut self, source: &PackSource) {
        let range = source.range().first..source.position();
        self.of_pack = vec![
            ("coverage", json!(source.coverage().as_str())),
            ("from", json!(range.start)),
            ("without", json!(source.without())),
            ("skeleton_count", json!(source.entries())),
        ];
        self.entries = source.opened();
        self.oldest = Some(range.start).filter(|_| !range.is_empty());
        self.newest = range.end.checked_sub(1).filter(|_| !range.is_empty());
    }

    /// Adds to the digest of the whole.
    pub fn hash(&mut self, text: &[u8]) {
        self.digest.update(text);
    }

    /// Records that it is complete.
    ///
    /// # Errors
    /// Those of recording.
    pub async fn complete(&mut self) -> Result<(), AuditError> {
        self.is_recorded = true;
        let mut happening = self.happening("audit_log_exported");
        let digest = hex(&self.digest.clone().finalize());
        happening.details.insert("sha256".to_owned(), digest.into());
        self.app.tally().note(happening).await
    }

    fn happening(&self, action: &str) -> Happening {
        let (caller, trail) = (&self.caller, self.trail.clone());
        let mut happening = caller.happening(action, trail, Permission::Export);
        happening.results = self.entries;
        let filters = self.query.to_parameters().into_iter();
        let filters = filters.filter(|(name, _)| *name != "limit");
        let filters: Vec<String> = filters
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let facts = [
            ("export_format", json!(self.format)),
            ("filters", json!(filters)),
            ("as_of", json!(self.as_of)),
            ("record_count", json!(self.entries)),
            ("first_sequence", json!(self.oldest)),
            ("last_sequence", json!(self.newest)),
        ];
        let facts = facts.into_iter().chain(self.of_pack.iter().cloned());
        let own = |(name, value): (&str, Value)| (name.to_owned(), value);
        happening.details.extend(facts.map(own));
        happening
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        // Whoever takes an export away in part has it in part.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        if self.is_recorded {
            return;
        }
        let (app, happening) = (self.app.clone(), self.happening("audit_log_export_failed"));
        let working = self.app.work();
        runtime.spawn(async move {
            let _working = working;
            if let Err(error) = app.tally().note(happening).await {
                tracing::error!(%error, "an export that was cut off was not recorded");
            }
        });
    }
}
