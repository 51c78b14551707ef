//! The shapes of what is said of persons.

use indelible_core::part::PartKind;
use serde_json::{Value, json};

use super::{count, list, object, of, or_null, text, time, uuid, with_example};
use crate::limits::{KNOWN_MAX, SUBJECTS_MAX};

/// All of them, by name.
pub fn all() -> Vec<(&'static str, Value)> {
    vec![
        ("Part", part()),
        ("Place", place()),
        ("Showing", showing()),
        ("Known", known()),
        ("KnownLine", known_line()),
        ("Erasing", erasing()),
        ("Erasure", erasure()),
        ("ErasureStanding", standing()),
        ("ErasureRequest", request()),
        (
            "ErasureRequests",
            object(
                &[
                    ("trail", text()),
                    ("requests", list("ErasureRequest")),
                    ("unreadable", json!({ "type": "array", "items": uuid() })),
                ],
                &[],
            ),
        ),
        ("Approving", approving()),
        ("Rejecting", rejecting()),
        (
            "ErasureRejected",
            object(
                &[
                    ("trail", text()),
                    ("rejected", uuid()),
                    ("subject_refs", texts()),
                ],
                &[],
            ),
        ),
    ]
}

fn part() -> Value {
    json!({ "type": "string", "enum": PartKind::ALL.map(PartKind::as_str) })
}

fn place() -> Value {
    json!({
        "description": "PATH=VALUE, where a person is named beside the ids",
        "type": "string",
        "pattern": r"^(ip_address|user_agent|correlation_id|context\.(\\[\s\S]|[^\\=])+)=[\s\S]*\S[\s\S]*$",
        "examples": ["context.email=ada@shop.example"],
    })
}

fn person() -> Value {
    json!({ "description": "255 bytes at most", "type": "string", "minLength": 1 })
}

fn texts() -> Value {
    json!({ "type": "array", "items": text() })
}

fn places() -> Value {
    json!({ "type": "array", "items": of("Place"), "minItems": 1, "maxItems": SUBJECTS_MAX - 1 })
}

fn truth() -> Value {
    json!({ "type": "boolean" })
}

/// A text that says something.
fn said() -> Value {
    json!({ "description": "4,096 bytes at most", "type": "string", "pattern": r"\S" })
}

fn showing() -> Value {
    with_example(
        object(
            &[("id", person())],
            &[
                ("also", or_null(places())),
                ("names", or_null(truth())),
                ("before", or_null(before())),
            ],
        ),
        json!({ "id": "u-17" }),
    )
}

fn before() -> Value {
    let mut before = count();
    before["description"] = json!("Lists only entries before this `seq`");
    before
}

fn newest() -> Value {
    let mut lines = list("KnownLine");
    lines["description"] = json!("The newest, the oldest of them first");
    lines["maxItems"] = json!(KNOWN_MAX);
    lines
}

fn known() -> Value {
    object(
        &[
            ("trail", text()),
            ("id", text()),
            ("entries", newest()),
            ("as_of", count()),
            ("total", count()),
            ("truncated", truth()),
        ],
        &[],
    )
}

fn known_line() -> Value {
    object(
        &[
            ("seq", count()),
            ("id", uuid()),
            ("occurred_at", time()),
            ("action", text()),
            ("outcome", of("Outcome")),
            ("resource_type", text()),
            ("named_in", list("Part")),
            ("by", or_null(text())),
            ("purpose", or_null(text())),
            ("recipient", or_null(text())),
            ("ip_address", or_null(text())),
            ("user_agent", or_null(text())),
        ],
        &[],
    )
}

fn erasing() -> Value {
    let ids = json!({
        "description": "The persons; they and `also` are 1,000 at most",
        "type": "array",
        "items": person(),
        "minItems": 1,
        "maxItems": SUBJECTS_MAX,
    });
    let optional = [
        ("parts", or_null(list("Part"))),
        ("legal_basis", or_null(text())),
        ("request_id", or_null(text())),
        ("dry_run", or_null(truth())),
    ];
    let by_id = [&[("also", or_null(places()))][..], &optional].concat();
    let by_id = object(&[("ids", ids), ("reason", said())], &by_id);
    let by_place = [&[("ids", json!({ "type": "null" }))][..], &optional].concat();
    let by_place = object(&[("also", places()), ("reason", said())], &by_place);
    with_example(
        json!({ "oneOf": [by_id, by_place] }),
        json!({ "ids": ["u-17"], "reason": "Art. 17(1)(b)", "dry_run": true }),
    )
}

fn erasure() -> Value {
    object(
        &[
            ("trail", text()),
            ("dry_run", truth()),
            ("as_of", count()),
            ("subjects", count()),
            ("unknown", texts()),
            ("entries", count()),
            (
                "parts",
                object(
                    &[
                        ("actor", count()),
                        ("target", count()),
                        ("details", count()),
                    ],
                    &[],
                ),
            ),
            ("of_other_actors", count()),
            ("kept_own", count()),
            ("held", count()),
            ("erased", count()),
            ("recorded", json!({ "type": "array", "items": count() })),
            ("held_back", count()),
            ("unpurged", or_null(text())),
            ("leftovers", texts()),
            ("request", or_null(of("ErasureRequest"))),
        ],
        &[],
    )
}

fn standing() -> Value {
    let who = [("by", text()), ("key_name", text()), ("begun_at", time())];
    let steps = ["searching", "recording", "erasing", "purging"];
    let step = json!({ "type": "string", "enum": steps });
    let running = [("step", step), ("done", count()), ("all", count())];
    let done = object(
        &[
            ("subjects", count()),
            ("unknown", count()),
            ("entries", count()),
            ("erased", count()),
            ("recorded", json!({ "type": "array", "items": count() })),
            ("recorded_in_all", count()),
            ("held_back", count()),
            ("unpurged", or_null(text())),
            ("leftovers", texts()),
        ],
        &[],
    );
    let came = json!({
        "oneOf": [object(&[("done", done)], &[]), object(&[("failed", text())], &[])],
    });
    let ended = [("took_ms", count()), ("came", came)];
    object(
        &[
            ("trail", text()),
            (
                "running",
                or_null(object(&[&who[..], &running].concat(), &[])),
            ),
            ("last", or_null(object(&[&who[..], &ended].concat(), &[]))),
        ],
        &[],
    )
}

fn request() -> Value {
    object(
        &[
            ("id", uuid()),
            ("by", or_null(text())),
            ("key_name", or_null(text())),
            ("requested_at", time()),
            ("expires_at", time()),
            ("reason", text()),
            ("legal_basis", or_null(text())),
            ("request_id", or_null(text())),
            ("ids", texts()),
            ("also", texts()),
            ("parts", list("Part")),
            ("subject_refs", texts()),
        ],
        &[],
    )
}

fn approving() -> Value {
    with_example(
        object(&[], &[("dry_run", or_null(truth()))]),
        json!({ "dry_run": true }),
    )
}

fn rejecting() -> Value {
    with_example(
        object(&[("reason", said())], &[]),
        json!({ "reason": "the contract still runs" }),
    )
}
