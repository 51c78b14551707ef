//! From an event to JSON that reads back to the same event.

use serde_json::{Map, Value};

use super::AuditEvent;
use crate::json::canonical;

impl AuditEvent {
    /// The event as the JSON object that [`AuditEvent::from_object`] reads; absent fields are
    /// left out.
    pub fn to_object(&self) -> Map<String, Value> {
        let mut object = Map::new();
        let mut put = |field: &str, value: Option<Value>| {
            if let Some(value) = value {
                object.insert(field.to_owned(), value);
            }
        };
        let text = |text: &Option<String>| text.clone().map(Value::from);
        put("id", self.id.map(|id| id.to_string().into()));
        put("action", Some(self.action.as_str().into()));
        put("outcome", self.outcome.map(|o| o.to_string().into()));
        put("resource_type", Some(self.resource_type.clone().into()));
        put(
            "occurred_at",
            self.occurred_at.map(|t| t.to_string().into()),
        );
        put("user_id", text(&self.user_id));
        put("on_behalf_of", text(&self.on_behalf_of));
        put("ip_address", text(&self.ip_address));
        put("user_agent", text(&self.user_agent));
        put("resource_id", text(&self.resource_id));
        put("correlation_id", text(&self.correlation_id));
        put("context", self.context.clone().filter(|c| !c.is_null()));
        let tags = || self.tags.iter().cloned().map(Value::from).collect();
        put("tags", (!self.tags.is_empty()).then(tags));
        let notes = || self.notes.iter().map(crate::Note::to_value).collect();
        put("notes", (!self.notes.is_empty()).then(notes));
        object
    }

    /// The event as canonical JSON (RFC 8785, integers of 64 bits exact), without a line feed.
    pub fn to_json(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(512);
        canonical::write_object(&self.to_object(), &mut bytes);
        bytes
    }
}
