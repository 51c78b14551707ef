//! What happens again and again, recorded so that it floods no trail and nothing goes uncounted:
//! the first time at once, repeats as one sum a minute.
//!
//! A sum is durable before what it counts is answered: the registry holds a bound that the count
//! never passes, raised in growing steps. An orderly end records exact counts. After an unclean one
//! another process records the bound, as the most that there can have been.

mod bounded;
mod places;
mod sum;
#[cfg(test)]
mod tests;

use indelible_core::engine::Engine;
use indelible_core::{AuditError, AuditEvent, StoreError, Timestamp, TrailName, Versioned};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::limits::TALLY_GRACE;
use places::{Of, Place, Places};
use sum::Sum;

/// The kind of sums in the registry.
const KIND: &str = "tally";

/// Something that happened.
#[derive(Debug, Clone)]
pub struct Happening {
    /// The trail that it is recorded in.
    pub trail: TrailName,
    /// What makes it the same as another of its action in this trail.
    pub group: String,
    /// What is recorded of it, in the fields of an event; its sum says the same.
    pub event: Map<String, Value>,
    /// What is its own, for the context: in a sum, one of a list. Of any length: it is cut to
    /// [`crate::limits::DETAILS_BYTES_MAX`].
    pub details: Map<String, Value>,
    /// How many entries it showed.
    pub results: u64,
    /// The id of the request, which the record at once names.
    pub request_id: String,
}

/// The sums of this process.
pub struct Tally {
    engine: Engine,
    places: Places,
}

impl Tally {
    /// Sums over this engine.
    pub fn new(engine: Engine) -> Self {
        Self {
            engine,
            places: Places::default(),
        }
    }

    /// Records what happened, or counts it. It is durable when this returns.
    ///
    /// # Errors
    /// Those of recording.
    pub async fn note(&self, mut happening: Happening) -> Result<(), AuditError> {
        happening.details = bounded::bounded(happening.details);
        let (place, of) = self.place(&mut happening).await?;
        let mut sum = place.lock().await;
        let clock = &self.engine.ground().clock;
        let (now, elapsed) = (clock.now(), clock.elapsed());
        if let Some(over) = sum.as_mut().filter(|sum| sum.is_over(elapsed)) {
            self.record_sum(over).await?;
            *sum = None;
        }
        if let Some(sum) = &mut *sum {
            sum.repeat(&happening, now);
            return self.write_down(sum).await;
        }
        let event = first(&happening);
        self.record(&happening.trail, event).await?;
        match of {
            Of::One => {}
            Of::Absent => drop(happening.event.remove("resource_id")),
            Of::Several => strip(&mut happening.event),
        }
        let ground = self.engine.ground();
        let row = indelible_core::uuid_v7(now, &*ground.entropy);
        *sum = Some(Sum::begin(row, happening, of, (now, elapsed)));
        Ok(())
    }

    /// Records what happened in an entry of its own, however much else is summed up meanwhile. It is
    /// durable when this returns.
    ///
    /// # Errors
    /// Those of recording.
    pub async fn record_apart(&self, mut happening: Happening) -> Result<(), AuditError> {
        happening.details = bounded::bounded(happening.details);
        self.record(&happening.trail, first(&happening)).await
    }

    /// Records the sums whose minute is over, and those that another process left behind.
    ///
    /// # Errors
    /// The first failure met; what could not be recorded is tried again the next time.
    pub async fn settle(&self) -> Result<(), AuditError> {
        let elapsed = self.engine.ground().clock.elapsed();
        self.settle_if(|sum| sum.is_over(elapsed)).await?;
        self.settle_left_behind().await
    }

    /// Records all sums, whether or not their minute is over.
    ///
    /// # Errors
    /// As [`Tally::settle`].
    pub async fn settle_all(&self) -> Result<(), AuditError> {
        self.settle_if(|_| true).await
    }

    async fn settle_if(&self, is_due: impl Fn(&Sum) -> bool) -> Result<(), AuditError> {
        let mut settled = Ok(());
        for place in self.places.all() {
            let mut sum = place.lock().await;
            if let Some(due) = sum.as_mut().filter(|sum| is_due(sum)) {
                match self.record_sum(due).await {
                    Ok(()) => *sum = None,
                    Err(error) => settled = settled.and(Err(error)),
                }
            }
        }
        self.places.sweep();
        settled
    }

    async fn settle_left_behind(&self) -> Result<(), AuditError> {
        let ground = self.engine.ground();
        let long_ago = ground.clock.now().earlier(TALLY_GRACE);
        for (row, there) in ground.registry.list(KIND).await? {
            let until = there.value["until"].as_str();
            let until = until.and_then(|until| until.parse::<Timestamp>().ok());
            if until.is_some_and(|until| until < long_ago) {
                self.record_left_behind(&row, there).await?;
            }
        }
        Ok(())
    }

    async fn record_left_behind(&self, row: &str, there: Versioned) -> Result<(), AuditError> {
        let trail = there.value["trail"].as_str();
        let trail = trail.and_then(|trail| trail.parse().ok());
        let trail = trail.unwrap_or_else(TrailName::system);
        if let Some(event) = sum::left_behind(&there.value) {
            self.record(&trail, with_id(event, row)).await?;
        }
        let registry = &self.engine.ground().registry;
        registry.put(KIND, row, Some(there.version), None).await?;
        Ok(())
    }

    async fn record_sum(&self, sum: &mut Sum) -> Result<(), AuditError> {
        let row = sum.row().to_string();
        if let Some(event) = sum.event() {
            self.record(sum.trail(), with_id(event, &row)).await?;
        }
        // Counted beyond that, it would be recorded under the same id, as nothing new.
        sum.recorded();
        if let Some(version) = sum.version() {
            let registry = &self.engine.ground().registry;
            registry.put(KIND, &row, Some(version), None).await?;
        }
        Ok(())
    }

    /// Writes the sum down where it has passed what is written of it.
    async fn write_down(&self, sum: &mut Sum) -> Result<(), AuditError> {
        let ground = self.engine.ground();
        let registry = &ground.registry;
        while let Some((bound, value)) = sum.raised() {
            let row = sum.row().to_string();
            let written = registry.put(KIND, &row, sum.version(), Some(&value));
            if let Some(version) = written.await? {
                sum.written(version, bound);
                return Ok(());
            }
            match registry.get(KIND, &row).await? {
                // This process's own write, which landed without an answer.
                Some(there) => sum.found(there.version),
                // A process that took this one for dead.
                None => {
                    let now = ground.clock.now();
                    sum.go_on_under(indelible_core::uuid_v7(now, &*ground.entropy));
                }
            }
        }
        Ok(())
    }

    /// Records into the trail, or, where the trail takes no writes until its operator acts, or is
    /// damaged where it ends, into `system`: what looks at such a trail must not go unrecorded, nor
    /// be kept from looking.
    async fn record(&self, trail: &TrailName, event: AuditEvent) -> Result<(), AuditError> {
        let audit = self.engine.trail(trail.clone());
        let takes = match audit.head().await {
            _ if trail.is_system() => false,
            // Nor does looking for a trail bring it into being.
            Ok(head) => head.is_some(),
            Err(error) if is_damage(&error) => false,
            Err(error) => return Err(error),
        };
        let recorded = if takes {
            let recorded = audit.try_record_all(vec![event.clone()]).await.pop();
            match recorded.unwrap_or(Err(AuditError::Closed)) {
                Err(AuditError::Refused { .. }) => self.engine.record_of_itself(event).await,
                recorded => recorded,
            }
        } else {
            self.engine.record_of_itself(event).await
        };
        match recorded {
            // The sum is there, from before an unclean end or a lost answer.
            Ok(_) | Err(AuditError::IdConflict { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Where the happening is summed up. Names of trails are made up as one likes: what is told
    /// of one that is not there is told in `system`.
    async fn place(&self, happening: &mut Happening) -> Result<(Place, Of), AuditError> {
        if let Some(place) = self.places.own(happening) {
            return Ok((place, Of::One));
        }
        let trail = &happening.trail;
        let audit = self.engine.trail(trail.clone());
        let is_there = match audit.head().await {
            _ if trail.is_system() => true,
            Ok(head) => head.is_some(),
            // Something is there.
            Err(error) if is_damage(&error) => true,
            Err(error) => return Err(error),
        };
        Ok(self.places.of(happening, is_there))
    }
}

/// Whether what is stored cannot be what was recorded.
pub fn is_damage(error: &AuditError) -> bool {
    matches!(error, AuditError::Store(store) if matches!(**store, StoreError::Corrupt { .. }))
}

impl Happening {
    /// Makes it one of `system`; which trail it is about is its own then.
    fn go_to_system(&mut self) {
        let trail = std::mem::replace(&mut self.trail, TrailName::system());
        if !trail.is_system() {
            self.details
                .insert("trail".to_owned(), trail.as_str().into());
        }
    }
}

/// The event that is recorded at once.
fn first(happening: &Happening) -> AuditEvent {
    let mut event = happening.event.clone();
    let context = event.entry("context").or_insert_with(|| json!({}));
    if let Value::Object(context) = context {
        context.extend(happening.details.clone());
        context.insert("result_count".to_owned(), happening.results.into());
    }
    event.insert(
        "correlation_id".to_owned(),
        happening.request_id.clone().into(),
    );
    read(event)
}

/// Takes away who it was, for a sum of many.
fn strip(event: &mut Map<String, Value>) {
    for field in ["user_id", "ip_address", "user_agent", "resource_id"] {
        event.remove(field);
    }
    event.insert("context".to_owned(), json!({ "of": "several" }));
}

/// An event of these fields, which this crate has put together.
fn read(mut event: Map<String, Value>) -> AuditEvent {
    event.retain(|_, value| !value.is_null());
    AuditEvent::from_object(event).unwrap_or_else(|error| {
        AuditEvent::new(AUDIT_LOG_ACCESSED, "audit_log").context(json!({
            "unreadable": error.to_string(),
        }))
    })
}

const AUDIT_LOG_ACCESSED: indelible_core::AuditAction =
    indelible_core::AuditAction::AUDIT_LOG_ACCESSED;

/// The same event under the id of its row, so that it is recorded once whoever records it.
fn with_id(event: AuditEvent, row: &str) -> AuditEvent {
    let digest = Sha256::digest(format!("indelible/tally/v1\n{row}\n"));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    event.id(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}
