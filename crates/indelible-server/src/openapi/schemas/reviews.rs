//! The shapes of reviews.

use indelible_evidence::review::{DayState, Disposition, Severity};
use serde_json::{Value, json};

use super::{count, list, names, object, of, or_null, said, some, text, time, with_example};
use crate::limits::FINDINGS_RAISED_MAX;

/// All of them, by name.
pub fn all() -> Vec<(&'static str, Value)> {
    vec![
        (
            "FindingName",
            json!({
                "description": "A finding's id: its rule and the first entry that it rests on",
                "type": "string",
                "pattern": "^[a-z0-9_]+-[0-9]+$",
                "examples": ["failures_then_login-4402"],
            }),
        ),
        ("Severity", names(&Severity::ALL.map(Severity::as_str))),
        (
            "Disposition",
            names(&Disposition::ALL.map(Disposition::as_str)),
        ),
        ("Review", review()),
        ("Flag", flag()),
        ("ReviewFinding", finding()),
        (
            "ReviewFindings",
            object(&[("findings", list("ReviewFinding"))], &[]),
        ),
        ("ReviewDay", day()),
        ("ReviewDays", days()),
        ("Decision", decision()),
        ("Decided", object(&[("recorded", list("Decision"))], &[])),
        ("Raising", raising()),
        ("Assigning", assigning()),
        ("Closing", closing()),
        ("Signing", signing()),
        ("Starting", starting()),
        (
            "DaysAsked",
            with_example(
                object(
                    &[],
                    &[("from", or_null(of("Date"))), ("to", or_null(of("Date")))],
                ),
                json!({}),
            ),
        ),
        ("SignedOff", signed()),
    ]
}

/// An object of which only what is said here is promised.
fn open_object(members: &[(&str, Value)]) -> Value {
    let mut schema = object(members, &[]);
    schema["additionalProperties"] = true.into();
    schema
}

fn review() -> Value {
    open_object(&[
        ("trail", text()),
        ("from", count()),
        ("as_of", count()),
        ("entries", count()),
        ("first", or_null(time())),
        ("last", or_null(time())),
        ("actions", some("object")),
        (
            "counts",
            json!({ "type": "array", "items": some("object") }),
        ),
        ("findings", list("Flag")),
        ("whole", some("boolean")),
        ("standing", some("object")),
        ("open_before", json!({ "type": "array", "items": text() })),
        ("last_sign_off", or_null(count())),
    ])
}

fn flag() -> Value {
    open_object(&[
        ("id", of("FindingName")),
        ("rule", text()),
        ("severity", of("Severity")),
        ("group", some("object")),
        ("entries", count()),
        ("seqs", json!({ "type": "array", "items": count() })),
    ])
}

fn finding() -> Value {
    open_object(&[
        ("id", text()),
        ("rule", text()),
        ("severity", text()),
        ("raised_seq", count()),
        ("raised_at", time()),
        ("entries", count()),
        ("owner", or_null(text())),
        ("closure", or_null(some("object"))),
        ("open", some("boolean")),
        ("seconds_to_close", or_null(json!({ "type": "integer" }))),
    ])
}

fn day() -> Value {
    let states = [
        DayState::Reviewed,
        DayState::Late,
        DayState::Missed,
        DayState::Due,
    ];
    open_object(&[
        ("day", json!({ "type": "string", "format": "date" })),
        ("state", names(&states.map(DayState::as_str))),
        ("due_at", time()),
        ("sign_off", or_null(count())),
        ("signed_at", or_null(time())),
        ("reviewer", or_null(text())),
        ("missed_seq", or_null(count())),
    ])
}

fn days() -> Value {
    open_object(&[
        ("missed", count()),
        ("days", list("ReviewDay")),
        (
            "sign_offs",
            json!({ "type": "array", "items": some("object") }),
        ),
        ("findings_open", count()),
    ])
}

fn decision() -> Value {
    object(
        &[
            ("finding", text()),
            (
                "done",
                names(&["raised", "assigned", "closed", "is the first day"]),
            ),
            ("seq", count()),
        ],
        &[],
    )
}

/// A number of entries, or a place among them.
fn size() -> Value {
    json!({ "type": "integer", "minimum": 0, "maximum": i64::MAX })
}

fn raising() -> Value {
    let many = |items: Value| {
        json!({
            "type": "array", "items": items, "minItems": 1, "maxItems": FINDINGS_RAISED_MAX,
        })
    };
    let owner = [("owner", or_null(said()))];
    let severity = [("severity", or_null(of("Severity")))];
    let flagged = object(
        &[("as_of", size()), ("findings", many(of("FindingName")))],
        &owner,
    );
    let all = object(
        &[
            ("as_of", size()),
            ("all", json!({ "type": "boolean", "const": true })),
        ],
        &owner,
    );
    let own = object(
        &[("seqs", many(size())), ("why", said())],
        &[owner.clone(), severity].concat(),
    );
    let example = json!({ "as_of": 4711, "all": true, "owner": "m. muster" });
    with_example(json!({ "oneOf": [flagged, all, own] }), example)
}

fn assigning() -> Value {
    with_example(
        object(&[("to", said())], &[("comment", or_null(text()))]),
        json!({ "to": "m. muster" }),
    )
}

fn closing() -> Value {
    with_example(
        object(
            &[("as", of("Disposition")), ("comment", said())],
            &[("evidence", or_null(said()))],
        ),
        json!({ "as": "benign", "comment": "was me" }),
    )
}

fn starting() -> Value {
    let day = json!({ "type": "string", "format": "date" });
    with_example(
        object(&[("day", day), ("why", said())], &[]),
        json!({ "day": "2026-03-02", "why": "cards are taken since" }),
    )
}

fn signing() -> Value {
    with_example(
        object(
            &[("as_of", size())],
            &[
                ("from", or_null(of("Date"))),
                ("to", or_null(of("Date"))),
                ("scope", or_null(text())),
                ("comment", or_null(text())),
            ],
        ),
        json!({ "as_of": 4711, "comment": "two findings, both benign" }),
    )
}

fn signed() -> Value {
    object(
        &[
            ("seq", count()),
            ("said", some("object")),
            ("raised", list("Decision")),
        ],
        &[],
    )
}
