//! Erasures that wait for somebody else.

use indelible_core::engine::{ErasureRejected, ErasureRequest, ErasureRequests};
use indelible_core::part::PartKind;
use indelible_core::{Timestamp, TrailName};
use serde::Serialize;
use uuid::Uuid;

/// The erasures of a trail that wait. Their JSON is their `Serialize`.
#[derive(Debug, Clone, Serialize)]
pub struct Requests {
    /// The trail.
    pub trail: TrailName,
    /// They, the oldest first.
    pub requests: Vec<Request>,
    /// The ids of those that cannot be read: they can be rejected, and nothing else.
    pub unreadable: Vec<Uuid>,
}

/// An erasure that waits. Whoever decides about it has to see whose it is: the persons stand in
/// this answer, and in the state directory, and nowhere else.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    /// Its id.
    pub id: Uuid,
    /// Who asks.
    pub by: Option<String>,
    /// What the key of who asks is called, where it was asked for with a key.
    pub key_name: Option<String>,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// Until when it waits.
    pub expires_at: Timestamp,
    /// Why.
    pub reason: String,
    /// The legal basis or authority.
    pub legal_basis: Option<String>,
    /// The number of the request that it answers.
    pub request_id: Option<String>,
    /// The persons.
    pub ids: Vec<String>,
    /// Further places in which they are named.
    pub also: Vec<String>,
    /// Parts that go with every entry in which one of them is named.
    pub parts: Vec<PartKind>,
    /// What stands for the persons in the trail.
    pub subject_refs: Vec<String>,
}

/// An erasure that was rejected. Who was meant is not said any more.
#[derive(Debug, Clone, Serialize)]
pub struct Rejected {
    /// The trail.
    pub trail: TrailName,
    /// Its id.
    pub rejected: Uuid,
    /// What stands for the persons in the trail.
    pub subject_refs: Vec<String>,
}

impl Requests {
    /// These, of a trail.
    pub fn of(trail: TrailName, requests: ErasureRequests) -> Self {
        Self {
            trail,
            requests: requests.waiting.iter().map(Request::of).collect(),
            unreadable: requests.unreadable,
        }
    }
}

impl Request {
    /// One that waits.
    pub fn of(request: &ErasureRequest) -> Self {
        let order = &request.order;
        Self {
            id: request.id,
            by: order.by.clone(),
            key_name: order.by_name.clone(),
            requested_at: request.requested_at,
            expires_at: request.expires_at,
            reason: order.reason.clone(),
            legal_basis: order.legal_basis.clone(),
            request_id: order.request_id.clone(),
            ids: order.subjects.ids.clone(),
            also: order.subjects.also.clone(),
            parts: order.subjects.widen.clone(),
            subject_refs: request.subject_refs.clone(),
        }
    }
}

impl Rejected {
    /// This one, of a trail.
    pub fn of(trail: TrailName, request: ErasureRejected) -> Self {
        Self {
            trail,
            rejected: request.id,
            subject_refs: request.subject_refs,
        }
    }
}
