//! `GET /metrics`: the figures of server and engine, in the text form of Prometheus.

mod text;

use std::sync::atomic::Ordering;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use indelible_core::Timestamp;
use indelible_core::engine::Vitals;
use indelible_core::outbox;
use indelible_core::store::IndexCondition;

use crate::app::App;
use crate::counters::Counters;
use crate::reply;
use text::{Exposition, Form};

const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The figures. Whether they may be seen is the router's to ask.
pub async fn show(State(app): State<App>) -> Response {
    let mut text = Exposition::default();
    let now = app.now();
    let facts = [("version", env!("CARGO_PKG_VERSION"))];
    text.one(&BUILD_INFO, &facts, 1.0);
    of_engine(&mut text, &app.engine().vitals(), now);
    // A store that cannot say it now is told of by what it refuses.
    if let Ok(Some(index)) = app.engine().ground().store.index().await {
        of_index(&mut text, &index);
    }
    of_server(&mut text, app.counters());
    of_verification(&mut text, app.counters(), now);
    if let Some(watch) = app.outbox() {
        of_outbox(&mut text, &watch.vitals(), now);
    }
    reply::of(StatusCode::OK, MEDIA_TYPE, text.finish())
}

fn of_engine(text: &mut Exposition, vitals: &Vitals, now: Timestamp) {
    text.histogram(&COMMIT_ENTRIES, &vitals.commit_entries, 1.0);
    text.histogram(&COMMIT_DURATION, &vitals.commit_micros, 1e-6);
    text.one(&COMMITS_FAILED, &[], vitals.commits_failed as f64);
    text.one(&QUEUE_DEPTH, &[], vitals.queued as f64);
    text.one(&OVERLOADED, &[], vitals.overloaded as f64);
    if let Some(at) = vitals.committed_at {
        text.one(&LAST_EVENT_AGE, &[], age(at, now));
    }
    let reread = vitals.reread;
    text.one(&REREAD, &[], reread.entries as f64);
    text.one(&REREAD_WAITING, &[], reread.waiting as f64);
    text.one(&REREAD_FAILURES, &[], reread.failures as f64);
}

fn of_index(text: &mut Exposition, index: &IndexCondition) {
    text.one(&INDEX_LAG, &[], index.lag as f64);
    text.one(&INDEX_BYTES, &[], index.bytes as f64);
}

fn of_server(text: &mut Exposition, counters: &Counters) {
    text.family(&INGESTED);
    for (result, count) in counters.events() {
        text.sample(INGESTED.name, &[("result", result)], count as f64);
    }
    text.family(&KEY_EVENTS);
    for (key, count) in counters.of_keys() {
        text.sample(KEY_EVENTS.name, &[("key", &key)], count as f64);
    }
    text.family(&REFUSALS);
    for (kind, count) in counters.refusals() {
        text.sample(REFUSALS.name, &[("kind", kind)], count as f64);
    }
    let classes = ["other", "1xx", "2xx", "3xx", "4xx", "5xx"];
    let mut total = 0;
    text.family(&REQUESTS);
    for (class, count) in classes.into_iter().zip(counters.answers()) {
        total += count;
        text.sample(REQUESTS.name, &[("status", class)], count as f64);
    }
    let stalled = counters.stalled().load(Ordering::Relaxed);
    text.one(&CONNECTIONS, &[], counters.connections() as f64);
    text.one(&STALLED, &[], stalled as f64);
    let seconds = counters.answered_micros() as f64 / 1e6;
    text.family(&REQUEST_DURATION);
    text.sample("indelible_http_request_duration_seconds_sum", &[], seconds);
    text.sample(
        "indelible_http_request_duration_seconds_count",
        &[],
        total as f64,
    );
}

fn of_verification(text: &mut Exposition, counters: &Counters, now: Timestamp) {
    text.one(
        &VERIFY_FAILURES,
        &[],
        counters.verification_failures() as f64,
    );
    if let Some(last) = counters.last_verified() {
        text.one(&VERIFY_AGE, &[], age(last.at, now));
        text.one(&VERIFY_DURATION, &[], last.took.as_secs_f64());
        text.one(&VERIFY_OK, &[], f64::from(u8::from(last.is_ok)));
    }
}

fn of_outbox(text: &mut Exposition, vitals: &outbox::Vitals, now: Timestamp) {
    let is_working = f64::from(u8::from(vitals.is_working));
    text.one(&OUTBOX_DRAINING, &[], is_working);
    text.one(&OUTBOX_MOVED, &[], vitals.moved as f64);
    text.one(&OUTBOX_FAILURES, &[], vitals.failures as f64);
    if let Some(standing) = &vitals.standing {
        let since = standing.waiting_since;
        text.one(&OUTBOX_WAITING, &[], standing.waiting as f64);
        text.one(&OUTBOX_AGE, &[], since.map_or(0.0, |since| age(since, now)));
        text.one(&OUTBOX_REFUSED, &[], standing.refused as f64);
    }
}

/// Seconds from `at` to `now`, none where the clock was set back between.
fn age(at: Timestamp, now: Timestamp) -> f64 {
    (now.as_micros().saturating_sub(at.as_micros()).max(0)) as f64 / 1e6
}

/// A family of samples.
pub struct Family {
    name: &'static str,
    form: Form,
    help: &'static str,
}

macro_rules! families {
    ($($constant:ident = $form:ident $name:literal $help:literal;)+) => {
        $(const $constant: Family = Family { name: $name, form: Form::$form, help: $help };)+
    };
}

families! {
    BUILD_INFO = Gauge "indelible_build_info" "Always 1; the version is a label.";
    COMMIT_ENTRIES = Histogram "indelible_commit_entries" "Entries of each commit.";
    COMMIT_DURATION = Histogram "indelible_commit_duration_seconds"
        "How long the database took for each commit.";
    COMMITS_FAILED = Counter "indelible_commits_failed_total"
        "Commits that the database refused, or whose outcome it did not know.";
    QUEUE_DEPTH = Gauge "indelible_queue_depth" "Events that wait for a commit.";
    OVERLOADED = Counter "indelible_overloaded_total"
        "Events given back because the queue stayed full.";
    LAST_EVENT_AGE = Gauge "indelible_last_event_age_seconds"
        "Time since this process made its last commit.";
    REREAD = Counter "indelible_reread_entries_total"
        "Entries read back after their commit and found as they were hashed.";
    REREAD_WAITING = Gauge "indelible_reread_waiting_entries"
        "Entries committed and not yet read back.";
    REREAD_FAILURES = Counter "indelible_reread_failures_total"
        "Times that something read back was not as it was hashed.";
    INDEX_LAG = Gauge "indelible_index_lag_entries"
        "Entries that the index does not cover: searches read them from the log.";
    INDEX_BYTES = Gauge "indelible_index_bytes" "Bytes of the index on disk.";
    INGESTED = Counter "indelible_events_ingested_total" "Events by what became of them.";
    KEY_EVENTS = Counter "indelible_key_events_total"
        "Events sent with each key, by its id, whatever became of them.";
    REFUSALS = Counter "indelible_refusals_total"
        "Requests and events refused or failed, by the name of the problem.";
    REQUESTS = Counter "indelible_http_requests_total" "Answers by class of status code.";
    CONNECTIONS = Gauge "indelible_connections" "Connections that are open.";
    STALLED = Counter "indelible_connections_stalled_total"
        "Connections ended because their clients did not read what they had asked for.";
    REQUEST_DURATION = Summary "indelible_http_request_duration_seconds"
        "Time until the answer began.";
    OUTBOX_DRAINING = Gauge "indelible_outbox_draining"
        "Whether this process drains the outbox; 0 once its drain has ended or broken down.";
    OUTBOX_MOVED = Counter "indelible_outbox_moved_total"
        "Events of the outbox that this process brought into their trails.";
    OUTBOX_FAILURES = Counter "indelible_outbox_failures_total"
        "Times that the outbox could not be read or a row not be taken out.";
    OUTBOX_WAITING = Gauge "indelible_outbox_waiting" "Events that wait in the outbox.";
    OUTBOX_AGE = Gauge "indelible_outbox_age_seconds"
        "Time since the oldest of them was put there.";
    OUTBOX_REFUSED = Gauge "indelible_outbox_refused"
        "Events in the outbox that can never be recorded.";
    VERIFY_FAILURES = Counter "indelible_verify_failures_total"
        "Trails that a verification found altered, or could not read.";
    VERIFY_AGE = Gauge "indelible_verify_age_seconds"
        "Time since the last scheduled verification ended.";
    VERIFY_DURATION = Gauge "indelible_verify_duration_seconds"
        "How long the last scheduled verification took.";
    VERIFY_OK = Gauge "indelible_verify_ok"
        "Whether the last scheduled verification found every trail as it was recorded.";
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exposed(vitals: &outbox::Vitals) -> String {
        let mut text = Exposition::default();
        of_outbox(&mut text, vitals, Timestamp::from_micros(90_000_000));
        let text = String::from_utf8(text.finish().into()).expect("text");
        let samples = text.lines().filter(|line| !line.starts_with('#'));
        samples.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn an_outbox_shows_its_own_figures() {
        let mut vitals = outbox::Vitals::default();
        vitals.is_working = true;
        (vitals.moved, vitals.failures) = (17, 3);
        let counted = "indelible_outbox_draining 1\nindelible_outbox_moved_total 17\n\
                       indelible_outbox_failures_total 3";
        assert_eq!(exposed(&vitals), counted, "nothing was counted yet");
        vitals.is_working = false;
        vitals.standing = Some(outbox::Standing {
            waiting: 5,
            waiting_since: Some(Timestamp::from_micros(47_500_000)),
            refused: 2,
        });
        let counted = "indelible_outbox_draining 0\nindelible_outbox_moved_total 17\n\
                       indelible_outbox_failures_total 3\nindelible_outbox_waiting 5\n\
                       indelible_outbox_age_seconds 42.5\nindelible_outbox_refused 2";
        assert_eq!(exposed(&vitals), counted);
    }
}
