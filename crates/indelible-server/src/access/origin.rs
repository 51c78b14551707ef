//! Where a request comes from: address, client, purpose, as records of it say.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, MatchedPath, Request};
use axum::http::{HeaderValue, header};
use indelible_axum::TrustedProxies;
use serde_json::{Map, Value, json};

use super::shortened;
use crate::gate::RequestId;

/// Where a request comes from.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    pub(super) address: Option<String>,
    agent: Option<String>,
    purpose: Option<String>,
    pub(super) request_id: String,
    /// Method and pattern of the URL.
    endpoint: String,
}

impl Origin {
    /// The client's address.
    pub fn address(&self) -> Option<&str> {
        self.address.as_deref()
    }

    /// What the client calls itself.
    pub fn agent(&self) -> Option<&str> {
        self.agent.as_deref()
    }

    /// The request's id.
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// Where this request comes from.
    pub fn of(request: &Request, proxies: &TrustedProxies) -> Self {
        let headers = request.headers();
        let text = |value: Option<&HeaderValue>| {
            value.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let extensions = request.extensions();
        let peer = extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map(|ConnectInfo(peer)| peer.ip());
        let client = proxies.client(peer, headers);
        let path = extensions.get::<MatchedPath>();
        let path = path.map_or("-", MatchedPath::as_str);
        Self {
            address: client.map(|client| client.as_str().to_owned()),
            agent: text(headers.get(header::USER_AGENT)),
            purpose: text(headers.get(PURPOSE)).map(|purpose| {
                let end = purpose.floor_char_boundary(PURPOSE_BYTES_MAX);
                purpose[..end].to_owned()
            }),
            request_id: extensions
                .get::<RequestId>()
                .map(|RequestId(id)| id.to_string())
                .unwrap_or_default(),
            endpoint: format!("{} {path}", request.method()),
        }
    }

    /// The fields of an event that say where it comes from.
    pub fn event(&self, action: &str, resource_type: &str) -> Map<String, Value> {
        let fields = [
            ("action", json!(action)),
            ("resource_type", json!(resource_type)),
            ("ip_address", json!(self.address)),
            ("user_agent", json!(self.agent)),
        ];
        let own = |(name, value): (&str, Value)| (name.to_owned(), value);
        fields.into_iter().map(own).collect()
    }

    /// What one request has of its own.
    pub fn details(&self, trail: Option<&str>) -> Map<String, Value> {
        let mut details = Map::new();
        details.insert("endpoint".to_owned(), self.endpoint.clone().into());
        if let Some(trail) = trail {
            details.insert("trail".to_owned(), shortened(trail).into());
        }
        if let Some(purpose) = &self.purpose {
            details.insert("purpose".to_owned(), purpose.clone().into());
        }
        details
    }
}

/// Says why somebody looks at a trail, for its record.
const PURPOSE: &str = "x-purpose";
/// The longest purpose that is kept, in bytes.
const PURPOSE_BYTES_MAX: usize = 255;
