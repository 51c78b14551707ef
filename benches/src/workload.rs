//! The events that are measured: about 200 bytes of context, 100,000 users and resources.

use indelible::{AuditAction, AuditEvent};
use serde_json::json;

/// Users and resources, drawn uniformly: the worst case for an index.
const DISTINCT: u64 = 100_000;

const ACTIONS: [AuditAction; 4] = [
    AuditAction::DATA_VIEWED,
    AuditAction::USER_LOGIN_SUCCESS,
    AuditAction::USER_LOGIN_FAILED,
    AuditAction::DATA_EXPORTED,
];

/// The `n`th event.
pub fn event(n: u64) -> AuditEvent {
    let drawn = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
    let action = ACTIONS[(drawn % 4) as usize].clone();
    AuditEvent::new(action, "customer_record")
        .user_id(format!("user-{:06}", drawn % DISTINCT))
        .resource_id(format!("customer/{:06}", (drawn >> 8) % DISTINCT))
        .ip_address(format!(
            "10.{}.{}.{}",
            drawn % 200,
            (drawn >> 8) % 256,
            (drawn >> 16) % 256
        ))
        .user_agent("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/131.0 Safari/537.36")
        .correlation_id(format!("req-{n:016x}"))
        .context(json!({
            "method": "GET",
            "path": format!("/customers/{}/profile", drawn % DISTINCT),
            "status": 200,
            "duration_ms": drawn % 900,
            "fields": ["name", "birth_date", "address"],
            "purpose": "support case handled by the second line",
            "case": format!("CASE-{:08}", drawn % 10_000_000),
        }))
}

/// The `n`th event as a client sends it, without an id: the server makes one.
pub fn json(n: u64) -> String {
    let event = event(n);
    let fields = json!({
        "action": event.action,
        "resource_type": event.resource_type,
        "user_id": event.user_id,
        "resource_id": event.resource_id,
        "ip_address": event.ip_address,
        "user_agent": event.user_agent,
        "correlation_id": event.correlation_id,
        "context": event.context,
    });
    fields.to_string()
}
