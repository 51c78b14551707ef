//! The shapes of retention and legal holds.

use indelible_core::part::PartKind;
use serde_json::{Value, json};

use super::{
    count, hash, names, object, of, or_null, said, some, text, texts, time, uuid, with_example,
};

/// All of them, by name.
pub fn all() -> Vec<(&'static str, Value)> {
    vec![
        ("RetentionClass", class()),
        ("RetentionPolicy", policy()),
        (
            "Retention",
            object(
                &[
                    ("trail", text()),
                    ("policy", or_null(of("RetentionPolicy"))),
                    ("first_kept", count()),
                    ("overdue", some("boolean")),
                    ("unfinished", some("boolean")),
                ],
                &[],
            ),
        ),
        ("RetentionOutcome", outcome()),
        ("RetentionRun", run()),
        (
            "HoldName",
            json!({
                "description": "A hold's id",
                "type": "string",
                "format": "uuid",
            }),
        ),
        ("Hold", hold()),
        ("NewHold", new_hold()),
        (
            "Releasing",
            with_example(
                object(&[("reason", bounded(REASON))], &[]),
                json!({ "reason": "matter closed" }),
            ),
        ),
    ]
}

/// The longest ground of a policy, in bytes.
const BASIS: u32 = 1024;
/// The longest reason or matter of a hold, in bytes.
const REASON: u32 = 4096;

/// A text that says something, of so many bytes.
fn bounded(bytes: u32) -> Value {
    let mut schema = said();
    schema["description"] = format!("Up to {bytes} bytes").into();
    schema["maxLength"] = bytes.into();
    schema
}

fn days() -> Value {
    json!({ "type": "integer", "minimum": 1, "maximum": 36_525 })
}

fn class() -> Value {
    let parts = PartKind::ALL.map(PartKind::as_str);
    object(
        &[
            (
                "actions",
                json!({
                    "description": "As stored; `user_*` is every action that begins so",
                    "type": "array",
                    "items": { "type": "string", "pattern": "^[A-Za-z0-9_.:/-]{1,99}[*]?$|^[*]$" },
                    "minItems": 1,
                    "maxItems": 100,
                }),
            ),
            ("after_days", days()),
            (
                "parts",
                json!({
                    "type": "array", "items": names(&parts), "minItems": 1, "uniqueItems": true,
                }),
            ),
        ],
        &[("legal_basis", or_null(bounded(BASIS)))],
    )
}

fn policy() -> Value {
    let schema = object(
        &[("legal_basis", bounded(BASIS))],
        &[
            ("minimum_days", or_null(days())),
            ("maximum_days", or_null(days())),
            (
                "classes",
                or_null(json!({
                    "type": "array", "items": of("RetentionClass"), "maxItems": 50,
                })),
            ),
        ],
    );
    let example = json!({
        "minimum_days": 365, "maximum_days": 730, "legal_basis": "PCI DSS 10.5.1",
        "classes": [{ "actions": ["document_*"], "after_days": 400, "parts": ["actor"] }],
    });
    with_example(schema, example)
}

fn outcome() -> Value {
    let expired = object(
        &[
            ("first", count()),
            ("last", count()),
            ("count", count()),
            ("oldest", time()),
            ("newest", time()),
            ("root", hash()),
        ],
        &[],
    );
    let kept = object(
        &[
            ("seq", count()),
            ("entries", count()),
            ("hold", or_null(text())),
        ],
        &[],
    );
    let parts = object(
        &[
            ("actor", count()),
            ("target", count()),
            ("details", count()),
        ],
        &[],
    );
    object(
        &[
            ("trail", text()),
            ("dry_run", some("boolean")),
            ("as_of", count()),
            ("policy", or_null(of("RetentionPolicy"))),
            ("first_kept", count()),
            ("expired", or_null(expired)),
            ("kept_back", or_null(kept)),
            ("part_entries", count()),
            ("parts", parts),
            ("recorded", json!({ "type": "array", "items": count() })),
            ("removed", count()),
            ("unpurged", or_null(text())),
            ("held_back", some("boolean")),
        ],
        &[],
    )
}

fn run() -> Value {
    object(
        &[
            ("trail", text()),
            ("running", some("boolean")),
            ("by", or_null(text())),
            ("begun_at", or_null(time())),
            ("ended_at", or_null(time())),
            (
                "phase",
                or_null(names(&["searching", "removing", "blanking"])),
            ),
            ("done", or_null(count())),
            ("of", or_null(count())),
            ("outcome", or_null(of("RetentionOutcome"))),
            ("problem", or_null(text())),
        ],
        &[],
    )
}

fn hold() -> Value {
    object(
        &[
            ("id", uuid()),
            ("in_force", some("boolean")),
            ("filter", texts()),
            ("reason", or_null(text())),
            ("matter", or_null(text())),
            ("placed_by", or_null(text())),
            ("placed_at", time()),
            ("seq", count()),
            ("release_requested_by", or_null(text())),
            ("approved_by", or_null(text())),
            ("problem", or_null(text())),
        ],
        &[],
    )
}

fn new_hold() -> Value {
    let filter = json!({
        "description": "`name=value` by the names of a query; all must hold",
        "type": "array",
        "items": {
            "type": "string",
            "pattern": "^(user_id|action|outcome|resource_type|resource_id|ip_address|\
                        correlation_id|tag|context|start_date|end_date)=",
        },
        "minItems": 1,
    });
    let reason = ("reason", bounded(REASON));
    let matter = [("matter", or_null(bounded(REASON)))];
    let some_entries = object(&[("filter", filter), reason.clone()], &matter);
    let everything = json!({ "type": "boolean", "const": true });
    let all_entries = object(&[("everything", everything), reason], &matter);
    let example = json!({
        "filter": ["user_id=u-17"], "reason": "letter of 3 May", "matter": "4 Js 17/26",
    });
    with_example(json!({ "oneOf": [some_entries, all_entries] }), example)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_has_the_members_that_are_described() {
        let trail: indelible_core::TrailName = "shop".parse().expect("a name");
        let plan = indelible_core::engine::RetentionPlan::default();
        let outcome = indelible_evidence::retention::Outcome::of(trail, plan, None);
        let outcome = serde_json::to_value(outcome).expect("JSON");
        let members = |value: &Value| {
            let members = value.as_object().expect("an object").keys().cloned();
            let mut members: Vec<_> = members.collect();
            members.sort();
            members
        };
        assert_eq!(members(&outcome), members(&super::outcome()["properties"]));
    }
}
