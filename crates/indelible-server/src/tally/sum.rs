//! One sum: how often, what, and how far that is written down.

use std::time::Duration;

use indelible_core::{AuditEvent, Timestamp, TrailName};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::bounded::{leading, length, start};
use super::places::Of;
use super::{Happening, read};
use crate::limits::{
    TALLY_CALLERS_BYTES_MAX, TALLY_CALLERS_MAX, TALLY_NAMES_BYTES_MAX, TALLY_NAMES_MAX,
    TALLY_STEP_MAX, TALLY_TIME, VALUE_BYTES_MAX,
};

/// What happened after the first time, which is recorded already.
pub struct Sum {
    row: Uuid,
    trail: TrailName,
    event: Map<String, Value>,
    begun: Duration,
    until: Timestamp,
    /// How often it happened again.
    count: u64,
    /// The count that is written down; no count beyond it is answered.
    bound: u64,
    /// The version of the row, where there is one.
    version: Option<u64>,
    /// Whether it stands in its trail already, and only its row is still to be taken away.
    is_recorded: bool,
    results: u64,
    named: Vec<(Map<String, Value>, u64)>,
    named_bytes: usize,
    unnamed: u64,
    /// Who it was, where it is a sum of several.
    callers: Option<Callers>,
    first_at: Timestamp,
    last_at: Timestamp,
}

impl Sum {
    /// A sum that begins after what happened now.
    pub fn begin(
        row: Uuid,
        happening: Happening,
        of: Of,
        (now, elapsed): (Timestamp, Duration),
    ) -> Self {
        Self {
            row,
            trail: happening.trail,
            event: happening.event,
            begun: elapsed,
            until: now.later(TALLY_TIME),
            count: 0,
            bound: 0,
            version: None,
            is_recorded: false,
            results: 0,
            named: Vec::new(),
            named_bytes: 0,
            unnamed: 0,
            callers: (of == Of::Several).then(Callers::default),
            first_at: now,
            last_at: now,
        }
    }

    pub fn row(&self) -> Uuid {
        self.row
    }

    pub fn trail(&self) -> &TrailName {
        &self.trail
    }

    pub fn version(&self) -> Option<u64> {
        self.version
    }

    /// Whether it counts no more: its minute is over, or it stands in its trail.
    pub fn is_over(&self, elapsed: Duration) -> bool {
        self.is_recorded || elapsed.saturating_sub(self.begun) >= TALLY_TIME
    }

    /// It stands in its trail.
    pub fn recorded(&mut self) {
        self.is_recorded = true;
    }

    /// Counts one more.
    pub fn repeat(&mut self, happening: &Happening, now: Timestamp) {
        if self.count == 0 {
            self.first_at = now;
        }
        self.count += 1;
        self.results = self.results.saturating_add(happening.results);
        self.last_at = now;
        if let Some(callers) = &mut self.callers {
            callers.add(happening);
        }
        let named = &mut self.named;
        if let Some((_, count)) = named.iter_mut().find(|(own, _)| *own == happening.details) {
            *count += 1;
            return;
        }
        let bytes = length(&one((&happening.details, COUNT_WIDEST)));
        let has_room = self.named_bytes + bytes <= TALLY_NAMES_BYTES_MAX;
        if has_room && named.len() < TALLY_NAMES_MAX {
            named.push((happening.details.clone(), 1));
            self.named_bytes += bytes;
        } else {
            self.unnamed += 1;
        }
    }

    /// The row to be written before the count counts, where it has passed what is written down,
    /// and the bound in it.
    pub fn raised(&self) -> Option<(u64, Value)> {
        if self.count <= self.bound {
            return None;
        }
        let bound = self.bound + self.bound.clamp(1, TALLY_STEP_MAX);
        let bound = bound.max(self.count);
        let mut row = json!({
            "trail": self.trail,
            "event": self.event,
            "count_at_most": bound,
            "first_at": self.first_at,
            "until": self.until,
            "asked": self.asked(),
        });
        self.name_callers(&mut row);
        Some((bound, row))
    }

    /// The row stands at this version now, with this bound.
    pub fn written(&mut self, version: u64, bound: u64) {
        (self.version, self.bound) = (Some(version), bound);
    }

    /// The row stands at another version than this sum knew of.
    pub fn found(&mut self, version: u64) {
        self.version = Some(version);
    }

    /// Somebody else recorded the row, and so all that it bounded: what is beyond is counted under
    /// another one.
    pub fn go_on_under(&mut self, row: Uuid) {
        self.count = self.count.saturating_sub(self.bound).max(1);
        (self.row, self.version, self.bound) = (row, None, 0);
    }

    /// What is recorded of it; nothing where it did not happen again.
    pub fn event(&self) -> Option<AuditEvent> {
        if self.count == 0 {
            return None;
        }
        let mut sum = json!({
            "count": self.count,
            "result_count": self.results,
            "first_at": self.first_at,
            "last_at": self.last_at,
            "asked": self.asked(),
            "asked_more": self.unnamed,
        });
        self.name_callers(&mut sum);
        Some(summed(self.event.clone(), sum))
    }

    fn name_callers(&self, value: &mut Value) {
        if let Some(callers) = &self.callers {
            value["callers"] = callers.named.iter().map(Caller::value).collect();
            value["callers_more"] = callers.unnamed.into();
        }
    }

    fn asked(&self) -> Vec<Value> {
        let named = self.named.iter();
        named
            .map(|(details, count)| one((details, *count)))
            .collect()
    }
}

/// A count that none is written longer than.
const COUNT_WIDEST: u64 = u64::MAX;

/// One of the questions that a sum names.
fn one((details, count): (&Map<String, Value>, u64)) -> Value {
    let mut details = details.clone();
    details.insert("count".to_owned(), count.into());
    Value::Object(details)
}

/// Who did what a sum of several counts.
#[derive(Default)]
struct Callers {
    named: Vec<Caller>,
    bytes: usize,
    unnamed: u64,
}

struct Caller {
    user_id: Value,
    ip_address: Value,
    count: u64,
}

impl Callers {
    fn add(&mut self, happening: &Happening) {
        // As far as the fields of an event go.
        let field = |name| match happening.event.get(name) {
            Some(Value::String(text)) => start(text, VALUE_BYTES_MAX).into(),
            _ => Value::Null,
        };
        let (user_id, ip_address) = (field("user_id"), field("ip_address"));
        // Of a key the address says no more; of whoever has none it is all there is.
        let is_same = |caller: &&mut Caller| match user_id.is_null() {
            true => caller.user_id.is_null() && caller.ip_address == ip_address,
            false => caller.user_id == user_id,
        };
        if let Some(caller) = self.named.iter_mut().find(is_same) {
            caller.count += 1;
            return;
        }
        let mut caller = Caller {
            user_id,
            ip_address,
            count: COUNT_WIDEST,
        };
        let bytes = length(&caller.value());
        caller.count = 1;
        let has_room = self.bytes + bytes <= TALLY_CALLERS_BYTES_MAX;
        if has_room && self.named.len() < TALLY_CALLERS_MAX {
            self.named.push(caller);
            self.bytes += bytes;
        } else {
            self.unnamed += 1;
        }
    }
}

impl Caller {
    fn value(&self) -> Value {
        json!({ "user_id": self.user_id, "ip_address": self.ip_address, "count": self.count })
    }
}

/// What is recorded of a sum whose process ended without recording it.
pub fn left_behind(row: &Value) -> Option<AuditEvent> {
    let event = row["event"].as_object()?.clone();
    let mut sum = json!({
        "count_at_most": row["count_at_most"],
        "first_at": row["first_at"],
        "last_at": row["until"],
        "asked": leading(&row["asked"], TALLY_NAMES_BYTES_MAX),
        "exact": false,
    });
    if let Some(callers) = row.get("callers") {
        sum["callers"] = leading(callers, TALLY_CALLERS_BYTES_MAX).into();
        sum["callers_more"] = row["callers_more"].clone();
    }
    Some(summed(event, sum))
}

fn summed(mut event: Map<String, Value>, sum: Value) -> AuditEvent {
    let context = event.entry("context").or_insert_with(|| json!({}));
    if let Value::Object(context) = context {
        context.insert("repeats".to_owned(), sum);
    }
    read(event)
}
