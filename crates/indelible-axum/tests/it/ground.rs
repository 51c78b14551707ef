//! What the tests stand on: requests without a network, trails that answer as they are told.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, HeaderValue, Request};
use indelible_core::{
    AuditError, AuditEvent, AuditProtocol, Clock, Delivery, Entropy, Page, Query, Receipt,
    Timestamp, TrailName,
};
use tokio::sync::Notify;
use uuid::Uuid;

/// A request of a peer with these header lines.
pub fn request(peer: Option<&str>, uri: &str, lines: &[(&'static str, &[u8])]) -> Request<Body> {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = uri.parse().expect("a URI");
    *request.headers_mut() = headers(lines);
    if let Some(peer) = peer {
        let peer = SocketAddr::new(peer.parse().expect("an address"), 50_000);
        request.extensions_mut().insert(ConnectInfo(peer));
    }
    request
}

pub fn headers(lines: &[(&'static str, &[u8])]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(*name, HeaderValue::from_bytes(value).expect("a value"));
    }
    headers
}

/// A clock that stands.
pub struct Standing;

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(1_767_225_600_000_000)
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

impl Entropy for Standing {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0x5a);
    }
}

/// What a trail does with the next event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    Records,
    Fails,
    Panics,
    /// Answers when it is told to.
    Hangs,
}

/// A trail that keeps events, or does what it is told with the first ones.
#[derive(Default)]
pub struct Trail {
    pub events: Mutex<Vec<AuditEvent>>,
    pub turns: Mutex<VecDeque<Turn>>,
    pub go_on: Notify,
    pub settled: Notify,
}

impl Trail {
    pub fn told(turns: impl IntoIterator<Item = Turn>) -> Arc<Self> {
        let trail = Self::default();
        trail.turns.lock().expect("unpoisoned").extend(turns);
        Arc::new(trail)
    }

    pub fn events(&self) -> Vec<AuditEvent> {
        self.events.lock().expect("unpoisoned").clone()
    }
}

#[async_trait]
impl AuditProtocol for Trail {
    async fn record(&self, event: AuditEvent) -> Result<Receipt, AuditError> {
        let turn = self.turns.lock().expect("unpoisoned").pop_front();
        match turn.unwrap_or(Turn::Records) {
            Turn::Records => {}
            Turn::Fails => return Err(AuditError::Overloaded),
            Turn::Panics => panic!("told to"),
            Turn::Hangs => self.go_on.notified().await,
        }
        self.events.lock().expect("unpoisoned").push(event);
        self.settled.notify_one();
        Ok(Receipt {
            trail: TrailName::standard(),
            id: Uuid::nil(),
            seq: Some(0),
            created_at: None,
            leaf_hash: None,
            tree_size: Some(1),
            delivery: Delivery::Recorded,
            content_checked: None,
        })
    }

    async fn query(&self, _: Query) -> Result<Page, AuditError> {
        Err(AuditError::Closed)
    }
}
