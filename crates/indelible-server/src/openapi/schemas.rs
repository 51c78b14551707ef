//! The shapes of bodies. Absent values are null, times RFC 3339 in UTC, hashes lower-case hex.

use serde_json::{Map, Value, json};

/// All schemas, by name.
pub fn all() -> Value {
    json!({
        "TrailName": {"type": "string", "pattern": "^[a-z0-9][a-z0-9._-]{0,62}$"},
        "EntryName": {
            "description": "An entry's UUID or its seq",
            "anyOf": [
                {"type": "string", "format": "uuid"},
                {"type": "string", "pattern": "^[0-9]{1,31}$"},
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
        ], &[("content_checked", json!({"type": "boolean"})), ("proof", text())]),
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
        "NewTrail": object(&[("trail", of("TrailName"))], &[("description", or_null(text()))]),
        "Role": {"type": "string", "enum": ["writer", "reader", "auditor", "admin"]},
        "Key": object(&[
            ("id", text()), ("name", text()), ("role", of("Role")), ("trail", or_null(text())),
            ("last_four", text()),
            ("state", json!({"type": "string", "enum": ["active", "expired", "revoked"]})),
            ("created_at", time()), ("created_by", text()), ("expires_at", or_null(time())),
            ("revoked_at", or_null(time())), ("rotated_to", or_null(text())),
            ("last_used_at", or_null(time())),
        ], &[("key", text())]),
        "Keys": object(&[("keys", list("Key"))], &[]),
        "NewKey": object(&[("name", text()), ("role", of("Role"))], &[
            ("trail", or_null(of("TrailName"))), ("expires_at", or_null(time())),
        ]),
        "Rotation": object(&[], &[("overlap_seconds", or_null(count()))]),
        "Finding": object(&[
            ("seq", or_null(count())), ("kind", text()), ("detail", text()),
        ], &[]),
        "TrailReport": object(&[
            ("trail", text()), ("ok", json!({"type": "boolean"})), ("size", count()),
            ("root", hash()), ("checked_from", count()), ("entries_checked", count()),
            ("complete", json!({"type": "boolean"})), ("erased", count()),
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
        "Document": {"type": "object"},
    })
}

fn event() -> Value {
    let name = json!({"type": "string", "pattern": "^[A-Za-z0-9_.:/-]{1,100}$"});
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
    object(
        &[("action", name.clone()), ("resource_type", name)],
        &optional,
    )
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
