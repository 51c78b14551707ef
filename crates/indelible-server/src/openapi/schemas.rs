//! The shapes of bodies. Absent values are null, times RFC 3339 in UTC, hashes lower-case hex.

mod retention;
mod reviews;
mod subjects;

use indelible_evidence::Framework;
use serde_json::{Map, Value, json};

/// All schemas, by name.
pub fn all() -> Value {
    let mut all = of_entries();
    // One table of all would nest deeper than the macro may.
    all["Framework"] = framework();
    all["Control"] = control();
    all["ControlsReport"] = controls_report();
    all["SystemReport"] = system_report();
    all["Archive"] = json!({
        "description": "A tar archive of one folder",
        "type": "string",
        "format": "binary",
    });
    let others = reviews::all().into_iter().chain(retention::all());
    for (name, schema) in others.chain(subjects::all()) {
        all[name] = schema;
    }
    all
}

fn of_entries() -> Value {
    json!({
        "TrailName": {
            "type": "string",
            "pattern": "^[a-z0-9][a-z0-9._-]{0,62}$",
            "examples": ["shop"],
        },
        "EntryName": {
            "description": "An entry's UUID or its seq",
            "anyOf": [
                {"type": "string", "format": "uuid"},
                {"type": "string", "pattern": "^[0-9]{1,19}$"},
            ],
            "examples": ["0"],
        },
        "Date": {
            "description": "A date-time with a zone, a whole UTC day, or how long ago",
            "anyOf": [
                {"type": "string", "format": "date-time"},
                {"type": "string", "format": "date"},
                {"type": "string", "pattern": "^[0-9]{1,18}[smhdw]$"},
            ],
            "examples": ["24h"],
        },
        "ActionFilter": {
            "description": "An action, or the beginning of actions of the catalogue and `*`",
            "anyOf": [
                {"type": "string", "pattern": NAME},
                {"type": "string", "pattern": "^[A-Za-z0-9_.:/-]{1,99}[*]$"},
            ],
            "examples": ["user_login"],
        },
        "Member": {
            "description": "PATH=VALUE: names with dots between or a JSON Pointer, `\\` before \
                            `.`, `=` and `\\` in a name",
            "type": "string",
            "pattern": r"^(\\[\s\S]|[^\\=])*=[\s\S]*$",
            "examples": ["request.method=GET"],
        },
        "Division": {
            "description": "Any of action, outcome and hour, with commas between",
            "type": "string",
            "pattern": "^(action|outcome|hour)?(,(action|outcome|hour)?)*$",
            "examples": ["action,outcome"],
        },
        "IdempotencyKey": {
            "description": "1 to 255 printable characters of ASCII, which may stand in quotes",
            "anyOf": [
                {"type": "string", "pattern": "^[!#-~]([ -~]{0,253}[!-~])?$"},
                {"type": "string", "pattern": "^\"[ -~]{1,255}\"$"},
            ],
        },
        "Outcome": {
            "type": "string",
            "enum": ["attempted", "succeeded", "failed", "denied", "completed"],
        },
        "Event": event(),
        "Note": {
            "type": "object",
            "required": ["field", "kind"],
            "properties": {"field": text(), "kind": text()},
            "additionalProperties": true,
        },
        "Receipt": object(&[
            ("trail", text()), ("id", uuid()), ("seq", or_null(count())),
            ("created_at", or_null(time())), ("leaf_hash", or_null(hash())),
            ("tree_size", or_null(count())),
            ("delivery", json!({"type": "string", "enum": ["recorded", "duplicate", "spooled"]})),
        ], &[("content_checked", json!({"type": "boolean"})), ("proof", text()),
            ("consistency", text()), ("verifier_key", text())]),
        "Result": object(&[("status", count())], &[
            ("index", count()), ("line", count()), ("receipt", of("Receipt")),
            ("problem", of("Problem")),
        ]),
        "Entry": entry(),
        "Page": object(&[
            ("entries", list("Entry")), ("as_of", count()), ("next_cursor", or_null(text())),
            ("has_more", json!({"type": "boolean"})), ("limit", count()),
        ], &[]),
        "Trail": object(&[
            ("trail", text()), ("size", count()), ("root", hash()), ("origin", text()),
            ("incarnation", count()), ("incarnation_start", count()), ("verifier_key", text()),
        ], &[]),
        "Trails": object(&[("trails", list("Trail"))], &[]),
        "NewTrail": with_example(
            object(&[("trail", of("TrailName"))], &[("description", or_null(text()))]),
            json!({"trail": "shop", "description": "Orders and refunds"}),
        ),
        "Role": {"type": "string", "enum": ["writer", "reader", "auditor", "admin"]},
        "Key": object(&[
            ("id", text()), ("name", text()), ("role", or_null(of("Role"))),
            ("trail", or_null(text())),
            ("last_four", text()),
            ("state", json!({"type": "string", "enum": [
                "active", "expired", "revoked", "unsealed", "unreadable",
            ]})),
            ("created_at", or_null(time())), ("created_by", text()),
            ("expires_at", or_null(time())),
            ("revoked_at", or_null(time())), ("rotated_to", or_null(text())),
            ("last_used_at", or_null(time())),
        ], &[("key", text())]),
        "Keys": object(&[("keys", list("Key"))], &[]),
        "NewKey": with_example(
            object(&[("name", of("KeyName")), ("role", of("Role"))], &[
                ("trail", or_null(of("TrailName"))), ("expires_at", or_null(time())),
            ]),
            json!({"name": "shop backend", "role": "writer", "trail": "shop"}),
        ),
        "KeyName": {
            "description": "Without control characters, and without white space at its ends",
            "type": "string",
            "maxLength": 100,
            "pattern": r"^[^\s\u0000-\u001f\u007f-\u009f]([^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f])?$",
        },
        "Rotation": with_example(
            object(&[], &[("overlap_seconds", or_null(json!({
                "type": "integer", "minimum": 0, "maximum": u64::MAX,
            })))]),
            json!({"overlap_seconds": 3600}),
        ),
        "Finding": object(&[
            ("seq", or_null(count())), ("kind", text()), ("detail", text()),
        ], &[]),
        "TrailReport": object(&[
            ("trail", text()), ("ok", json!({"type": "boolean"})), ("size", count()),
            ("root", hash()), ("checked_from", count()), ("entries_checked", count()),
            ("complete", json!({"type": "boolean"})), ("erased", count()), ("removed", count()),
            ("checkpoints_compared", count()), ("findings_total", count()),
            ("findings", list("Finding")),
        ], &[]),
        "Report": object(&[
            ("ok", json!({"type": "boolean"})), ("trails", list("TrailReport")),
        ], &[]),
        "Row": object(&[("count", count())], &[
            ("hour", time()), ("action", text()), ("outcome", of("Outcome")),
        ]),
        "Summary": object(&[
            ("trail", text()), ("start_date", or_null(time())), ("end_date", or_null(time())),
            ("total", count()), ("rows", list("Row")),
        ], &[]),
        "Problem": object(&[
            ("type", text()), ("title", text()), ("status", count()), ("detail", text()),
            ("request_id", text()),
        ], &[("field", text())]),
        "Health": object(&[("status", text())], &[]),
        "Told": {
            "description": "Each of the events: `data` is an entry, `id` the place after it, to \
                            go on from by Last-Event-ID",
            "type": "object",
            "required": ["id", "data"],
            "properties": {
                "id": text(),
                "data": {
                    "type": "string",
                    "contentMediaType": "application/json",
                    "contentSchema": of("Entry"),
                },
            },
        },
        "Document": {"type": "object"},
    })
}

/// Actions and kinds of resources.
const NAME: &str = "^[A-Za-z0-9_.:/-]{1,100}$";

fn event() -> Value {
    let name = json!({"type": "string", "pattern": NAME});
    let texts = [
        "user_id",
        "on_behalf_of",
        "ip_address",
        "user_agent",
        "resource_id",
        "correlation_id",
    ];
    let texts = texts.map(|field| (field, or_null(text())));
    let more = [
        ("id", or_null(uuid())),
        ("outcome", or_null(of("Outcome"))),
        ("occurred_at", or_null(time())),
        ("tags", or_null(json!({"type": "array", "items": text()}))),
        ("context", or_null(json!({"type": "object"}))),
        ("notes", or_null(list("Note"))),
    ];
    let optional: Vec<_> = texts.into_iter().chain(more).collect();
    let event = object(
        &[("action", name.clone()), ("resource_type", name)],
        &optional,
    );
    let example = json!({
        "action": "user_login", "resource_type": "session", "user_id": "u-17",
        "ip_address": "203.0.113.9", "context": {"request": {"method": "POST"}},
    });
    with_example(event, example)
}

fn entry() -> Value {
    object(
        &[
            ("trail", text()),
            ("seq", count()),
            ("id", uuid()),
            ("action", text()),
            ("outcome", of("Outcome")),
            ("resource_type", text()),
            ("resource_id", or_null(text())),
            ("user_id", or_null(text())),
            ("on_behalf_of", or_null(text())),
            ("ip_address", or_null(text())),
            ("user_agent", or_null(text())),
            ("context", or_null(json!({"type": "object"}))),
            ("correlation_id", or_null(text())),
            ("tags", json!({"type": "array", "items": text()})),
            ("occurred_at", time()),
            ("created_at", time()),
            ("leaf_hash", hash()),
            ("notes", list("Note")),
            ("erased", json!({"type": "array", "items": text()})),
        ],
        &[],
    )
}

fn framework() -> Value {
    json!({
        "description": "A framework with its version",
        "type": "string",
        "enum": Framework::ALL.map(Framework::id),
        "examples": [Framework::PciDss.id()],
    })
}

fn control() -> Value {
    json!({
        "description": "A control, with framework and version",
        "type": "string",
        "pattern": "^[A-Za-z0-9.-]+:.+$",
        "examples": ["PCI-DSS-4.0.1:10.2.1.4"],
    })
}

fn system_report() -> Value {
    json!({
        "description": "docs/formats/report.md",
        "type": "object",
        "required": ["format", "software", "measured_at", "counts", "requirements"],
        "properties": {
            "format": text(),
            "software": text(),
            "measured_at": time(),
        },
    })
}

fn controls_report() -> Value {
    json!({
        "description": "docs/formats/report.md",
        "type": "object",
        "required": [
            "format", "framework", "trail", "period", "completeness", "states", "controls",
            "limits",
        ],
        "properties": {
            "format": {"type": "string", "enum": [indelible_evidence::FORMAT]},
            "trail": text(),
            "limits": {"type": "array", "items": text()},
        },
    })
}

fn object(required: &[(&str, Value)], optional: &[(&str, Value)]) -> Value {
    let names: Vec<_> = required.iter().map(|(name, _)| *name).collect();
    let all = required.iter().chain(optional);
    let properties: Map<String, Value> = all
        .map(|(name, schema)| ((*name).to_owned(), schema.clone()))
        .collect();
    json!({
        "type": "object",
        "required": names,
        "properties": properties,
        "additionalProperties": false,
    })
}

fn with_example(mut schema: Value, example: Value) -> Value {
    schema["examples"] = json!([example]);
    schema
}

fn names(all: &[&str]) -> Value {
    json!({"type": "string", "enum": all})
}

fn some(kind: &str) -> Value {
    json!({"type": kind})
}

/// A text that says something.
fn said() -> Value {
    json!({"type": "string", "pattern": r"\S"})
}

fn texts() -> Value {
    json!({"type": "array", "items": text()})
}

fn text() -> Value {
    json!({"type": "string"})
}

fn uuid() -> Value {
    json!({"type": "string", "format": "uuid"})
}

fn time() -> Value {
    json!({"type": "string", "format": "date-time"})
}

fn hash() -> Value {
    json!({"type": "string", "pattern": "^[0-9a-f]{64}$"})
}

fn count() -> Value {
    json!({"type": "integer", "minimum": 0})
}

fn of(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn list(name: &str) -> Value {
    json!({"type": "array", "items": of(name)})
}

fn or_null(schema: Value) -> Value {
    json!({"anyOf": [schema, {"type": "null"}]})
}
