//! An event made ready for a trail elsewhere or later is the event that would have been stored.

use std::sync::Arc;

use indelible_core::door::{Door, Sameness};
use indelible_core::redact::{Mode, Redactor, Rules};
use indelible_core::{AuditEvent, SystemEntropy, TrailName, json};
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::ground::{HandClock, event};
use crate::redact_properties::{text, value};

fn door(mode: Mode) -> Door {
    let redactor = Redactor::new(Rules::standard(), mode, [7; 32]);
    Door::new(
        HandClock::new(),
        Arc::new(SystemEntropy),
        Arc::new(redactor),
    )
}

/// From an event to the text on disk and back.
fn through_text(event: &AuditEvent) -> AuditEvent {
    let text = event.to_json();
    let parsed = json::parse_with_depth(&text, json::NESTING_MAX + 8).expect("canonical");
    let Value::Object(object) = parsed.value else {
        panic!("an event is an object")
    };
    AuditEvent::from_object(object).expect("an event")
}

/// Prepared, written, read and admitted, it is what it would have been without all that.
fn check(door: &Door, given: AuditEvent) {
    let prepared = door.prepare(given.clone()).expect("admitted");
    let read = through_text(&prepared);
    assert_eq!(read, prepared);
    assert_eq!(door.prepare(read.clone()).expect("admitted"), prepared);

    let mut stamped = given;
    stamped.id = prepared.id;
    stamped.occurred_at = prepared.occurred_at;
    let direct = door.admit(stamped).expect("admitted").new.entry;
    let later = door.admit(read).expect("admitted");
    let sameness = door.compare(&later, &direct).expect("readable");
    assert_eq!(sameness, Sameness::Equal);
    let trail = TrailName::standard();
    let (direct, later) = (direct.open(&trail), later.new.entry.open(&trail));
    let (direct, later) = (direct.expect("readable"), later.expect("readable"));
    assert_eq!((direct.notes, direct.outcome), (later.notes, later.outcome));
}

#[test]
fn a_path_that_reads_as_a_secret_is_noted_the_same_again() {
    for mode in [Mode::Mask, Mode::KeyedHash] {
        let context = json!({"password: ": ["password"], "a": [{"token=": {"b": "x"}}]});
        check(&door(mode), event("x").context(context));
    }
}

#[test]
fn what_is_cut_masked_replaced_clamped_and_dropped_is_so_once() {
    let door = door(Mode::Mask);
    let given = event("USER_LOGIN_FAILED")
        .user_id("x".repeat(300))
        .user_agent("Bearer eyJhbGciOiJIUzI1NiJ9.e30.c2ln")
        .resource_id("a\0b")
        .tag("Not A Tag")
        .tag("actor.privileged")
        .context(json!({"password": "hunter2", "a\u{0}": 1, "a\u{fffd}": 2, "n": 1e300}));
    check(&door, given);
    check(
        &door,
        event("x").context(json!({"password": "x", "filler": "y z ".repeat(30_000)})),
    );
    check(&door, event("x").context(json!({})));
    check(&door, event("x"));
    let many: serde_json::Map<_, _> = (0..100)
        .map(|n| (format!("password{n}"), json!({"secret": n})))
        .collect();
    check(&door, event("x").context(many));
}

#[test]
fn a_stamped_time_is_left_out_when_the_id_comes_again() {
    let clock = HandClock::new();
    let redactor = Arc::new(Redactor::default_mask());
    let door = Door::new(clock.clone(), Arc::new(SystemEntropy), redactor);
    let given = event("x").id(Uuid::from_u128(7));
    let first = through_text(&door.prepare(given.clone()).expect("admitted"));
    let stored = door.admit(first).expect("admitted").new.entry;
    assert!(
        stored
            .clone()
            .open(&TrailName::standard())
            .expect("readable")
            .notes
            .is_empty()
    );
    clock.pass(std::time::Duration::from_secs(1));
    let compared = |event: AuditEvent| {
        let admitted = door.admit(event).expect("admitted");
        door.compare(&admitted, &stored).expect("readable")
    };
    let again = through_text(&door.prepare(given.clone()).expect("admitted"));
    assert_ne!(again.occurred_at, Some(stored.occurred_at));
    assert_eq!(compared(again.clone()), Sameness::Equal);
    let twice = door.prepare(again).expect("admitted");
    assert_eq!(compared(twice), Sameness::Equal);
    // A time that the caller gave counts.
    let other = given.occurred_at("2020-01-01T00:00:00Z".parse().expect("a time"));
    let other = door.prepare(other).expect("admitted");
    assert_eq!(compared(other), Sameness::Differs("occurred_at"));
}

#[test]
fn a_time_to_come_is_clamped_once() {
    let door = door(Mode::Mask);
    let given = event("x").occurred_at("9999-01-01T00:00:00Z".parse().expect("a time"));
    let prepared = door.prepare(given).expect("admitted");
    assert_eq!(prepared.notes.len(), 1);
    let again = door.prepare(prepared.clone()).expect("admitted");
    assert_eq!(again, prepared);
}

#[test]
fn nothing_that_is_masked_is_in_the_text() {
    let prepared = door(Mode::Mask)
        .prepare(event("x").context(json!({"password": "hunter2"})))
        .expect("admitted");
    let text = String::from_utf8(prepared.to_json()).expect("UTF-8");
    assert!(!text.contains("hunter2"), "{text}");
    assert!(text.contains("\"kind\":\"redacted\""), "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_event_survives_preparation(
        user in proptest::option::of(text()),
        agent in proptest::option::of(text()),
        context in value(),
        hashed: bool,
    ) {
        let door = door(if hashed { Mode::KeyedHash } else { Mode::Mask });
        let mut given = event("x").context(json!({"v": context}));
        given.user_id = user;
        given.user_agent = agent;
        check(&door, given);
    }
}
