//! OCSF 1.5.0: one event for each entry, of the class that its action belongs to.

mod class;

use std::io::{self, Write};

use indelible_core::engine::Proved;
use indelible_core::{Entry, Note, Outcome, Timestamp};
use serde_json::{Map, Value, json};

use class::{Class, Kind};

/// The release of the schema.
const VERSION: &str = "1.5.0";
/// What stands where a class requires a name and the entry has none.
const UNKNOWN: &str = "unknown";

/// Writes one entry as one line of JSON: an OCSF event, absent attributes left out. The proof
/// stands in the enrichment of type `integrity`, as `indelible verify-proof` reads it.
///
/// # Errors
/// Those of the writer.
pub(crate) fn write_ocsf(
    entry: &Entry,
    proof: Option<&Proved>,
    out: &mut impl Write,
) -> io::Result<()> {
    serde_json::to_writer(&mut *out, &event(entry, proof))?;
    out.write_all(b"\n")
}

fn event(entry: &Entry, proof: Option<&Proved>) -> Value {
    let kind = Kind::of(&entry.action);
    let class = kind.class;
    let activity = kind.activity_name();
    let (status_id, status) = status(entry.outcome);
    let (severity_id, severity) = severity(entry.outcome);
    let mut event = json!({
        "activity_id": kind.activity_id,
        "activity_name": activity,
        "category_uid": class.category_uid(),
        "category_name": class.category_name(),
        "class_uid": class.uid(),
        "class_name": class.name(),
        "type_uid": class.uid() * 100 + kind.activity_id,
        "type_name": format!("{}: {activity}", class.name()),
        "severity_id": severity_id,
        "severity": severity,
        "status_id": status_id,
        "status": status,
        "time": millis(entry.occurred_at),
        "message": message(entry),
        "metadata": metadata(entry),
        "unmapped": unmapped(entry),
        "enrichments": [integrity(entry, proof)],
    });
    if let Some(reason) = context_text(entry, "reason") {
        event["status_detail"] = json!(reason);
    }
    let Value::Object(members) = &mut event else {
        return event;
    };
    if class != Class::ApplicationLifecycle {
        members.insert("actor".to_owned(), actor(entry));
        if let Some(agent) = &entry.user_agent {
            members.insert("http_request".to_owned(), json!({"user_agent": agent}));
        }
        // API Activity alone requires it.
        if entry.ip_address.is_some() || class == Class::ApiActivity {
            members.insert("src_endpoint".to_owned(), endpoint(entry));
        }
    }
    of_class(class, entry, members);
    event
}

fn of_class(class: Class, entry: &Entry, members: &mut Map<String, Value>) {
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    match class {
        Class::AccountChange => {
            put("user", changed_user(entry));
        }
        Class::Authentication => {
            put("user", user(entry.user_id.as_deref()));
            put("service", json!({"name": entry.trail}));
        }
        Class::UserAccess => {
            put("user", changed_user(entry));
            put("privileges", privileges(entry));
        }
        Class::EntityManagement => {
            put("entity", resource(entry));
        }
        Class::ApplicationLifecycle => {
            put("app", json!({"name": "Indelible"}));
        }
        Class::ApiActivity => {
            put("api", json!({"operation": entry.action}));
            put("resources", json!([resource(entry)]));
        }
    }
}

fn metadata(entry: &Entry) -> Value {
    let mut metadata = json!({
        "version": VERSION,
        "product": {
            "name": "Indelible",
            "vendor_name": "Indelible",
            "version": env!("CARGO_PKG_VERSION"),
        },
        "uid": entry.id,
        "sequence": entry.seq,
        "log_name": entry.trail,
        "event_code": entry.action,
        "original_time": entry.occurred_at.to_string(),
        "logged_time": millis(entry.created_at),
    });
    if let Some(correlation_id) = &entry.correlation_id {
        metadata["correlation_uid"] = json!(correlation_id);
    }
    if !entry.tags.is_empty() {
        metadata["labels"] = json!(entry.tags);
    }
    metadata
}

/// What OCSF has no attribute for. `context` is the entry's own, nulls and all.
fn unmapped(entry: &Entry) -> Value {
    let mut unmapped = json!({
        "outcome": entry.outcome,
        "resource_type": entry.resource_type,
    });
    let texts = [
        ("resource_id", &entry.resource_id),
        ("user_id", &entry.user_id),
        ("on_behalf_of", &entry.on_behalf_of),
        ("ip_address", &entry.ip_address),
        ("user_agent", &entry.user_agent),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            unmapped[name] = json!(text);
        }
    }
    if let Some(context) = &entry.context {
        unmapped["context"] = context.clone();
    }
    if !entry.notes.is_empty() {
        unmapped["notes"] = entry.notes.iter().map(Note::to_value).collect();
    }
    if !entry.erased.is_empty() {
        unmapped["erased"] = entry.erased.iter().map(|part| part.as_str()).collect();
    }
    unmapped
}

fn integrity(entry: &Entry, proof: Option<&Proved>) -> Value {
    let mut data = json!({
        "trail": entry.trail,
        "seq": entry.seq,
        "leaf_hash": entry.leaf_hash.to_string(),
    });
    if let Some(proof) = proof {
        data["tree_size"] = json!(proof.tree_size);
        data["proof"] = json!(proof.text);
    }
    json!({
        "name": "metadata.uid",
        "value": entry.id,
        "type": "integrity",
        "provider": "Indelible",
        "desc": "c2sp.org/tlog-proof@v1 of the entry's leaf in the trail's tree",
        "data": data,
    })
}

fn actor(entry: &Entry) -> Value {
    match entry.user_id.as_deref() {
        Some(user_id) => json!({"user": user(Some(user_id))}),
        // Nobody acted: the application itself did.
        None => json!({"app_name": entry.trail}),
    }
}

fn user(id: Option<&str>) -> Value {
    match id {
        Some(id) => json!({"uid": id}),
        None => json!({"name": UNKNOWN}),
    }
}

/// The person that an action is about: the resource where it is a person, else who acted.
fn changed_user(entry: &Entry) -> Value {
    let target = entry.resource_id.as_deref();
    user(match entry.resource_type == "user" {
        true => target.or(entry.user_id.as_deref()),
        false => entry.user_id.as_deref().or(target),
    })
}

fn resource(entry: &Entry) -> Value {
    match &entry.resource_id {
        Some(id) => json!({"uid": id, "type": entry.resource_type}),
        None => json!({"name": entry.resource_type, "type": entry.resource_type}),
    }
}

/// What does not parse as an address is a name, as far as can be told.
fn endpoint(entry: &Entry) -> Value {
    let Some(text) = entry.ip_address.as_deref() else {
        return json!({"name": UNKNOWN});
    };
    match text.trim().parse::<std::net::IpAddr>() {
        Ok(ip) => json!({"ip": ip.to_string()}),
        Err(_) => json!({"name": text}),
    }
}

fn privileges(entry: &Entry) -> Value {
    let names = ["role", "roles", "permission", "permissions", "new_role"];
    let texts = |value: &Value| match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items
            .iter()
            .filter_map(|item| Some(item.as_str()?.to_owned()))
            .collect(),
        _ => Vec::new(),
    };
    let context = entry.context.iter().filter_map(Value::as_object);
    let named: Vec<String> = context
        .flat_map(|context| names.iter().filter_map(|name| context.get(*name)))
        .flat_map(texts)
        .collect();
    match named.is_empty() {
        true => json!([entry.resource_type]),
        false => json!(named),
    }
}

fn context_text<'e>(entry: &'e Entry, name: &str) -> Option<&'e str> {
    entry.context.as_ref()?.get(name)?.as_str()
}

fn message(entry: &Entry) -> String {
    let Entry {
        action,
        outcome,
        resource_type,
        ..
    } = entry;
    match &entry.resource_id {
        Some(id) => format!("{action} {outcome}: {resource_type} {id}"),
        None => format!("{action} {outcome}: {resource_type}"),
    }
}

fn status(outcome: Outcome) -> (u32, &'static str) {
    match outcome {
        Outcome::Succeeded => (1, "Success"),
        Outcome::Failed | Outcome::Denied => (2, "Failure"),
        // Neither is known to have succeeded.
        Outcome::Attempted | Outcome::Completed => (99, outcome.as_str()),
    }
}

fn severity(outcome: Outcome) -> (u32, &'static str) {
    match outcome {
        Outcome::Denied => (3, "Medium"),
        Outcome::Failed => (2, "Low"),
        Outcome::Attempted | Outcome::Succeeded | Outcome::Completed => (1, "Informational"),
    }
}

fn millis(time: Timestamp) -> i64 {
    time.as_micros().div_euclid(1000)
}
