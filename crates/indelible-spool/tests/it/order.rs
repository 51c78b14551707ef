//! What is spooled is recorded in the order of the calls, whatever fails on the way.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use indelible_core::{
    AuditError, AuditEvent, AuditProtocol, Delivery, Page, Query, Receipt, RecordInOrder,
    StoreError, TrailName,
};
use indelible_spool::{Delivering, DeliveryMode};

use crate::ground::{Mood, Moody, Site, numbers, view};

/// A trail that is once not available to each event of resource 3, 70 and 71.
struct Stumbling {
    inner: Arc<Moody>,
    is_away: AtomicBool,
    stumbled: [AtomicBool; 3],
    /// Events that are being recorded, and the most that were at once.
    at_once: AtomicUsize,
    at_once_most: AtomicUsize,
    batches: AtomicUsize,
}

impl Stumbling {
    fn stumbles(&self, event: &AuditEvent) -> bool {
        let at = ["3", "70", "71"].map(Some);
        let at = at.iter().position(|id| *id == event.resource_id.as_deref());
        let stumbled = at.and_then(|at| self.stumbled.get(at));
        self.is_away.load(Ordering::SeqCst)
            || stumbled.is_some_and(|stumbled| !stumbled.swap(true, Ordering::SeqCst))
    }
}

fn away() -> AuditError {
    let source = "a fault".into();
    StoreError::Unavailable { source }.into()
}

#[async_trait]
impl AuditProtocol for Stumbling {
    async fn record(&self, event: AuditEvent) -> Result<Receipt, AuditError> {
        let at_once = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        self.at_once_most.fetch_max(at_once, Ordering::SeqCst);
        // Whoever else is tried at once comes in here.
        tokio::task::yield_now().await;
        let answer = match self.stumbles(&event) {
            true => Err(away()),
            false => self.inner.record(event).await,
        };
        self.at_once.fetch_sub(1, Ordering::SeqCst);
        answer
    }

    async fn query(&self, query: Query) -> Result<Page, AuditError> {
        self.inner.query(query).await
    }
}

#[async_trait]
impl RecordInOrder for Stumbling {
    async fn record_in_order(&self, events: Vec<AuditEvent>) -> Vec<Result<Receipt, AuditError>> {
        self.batches.fetch_add(1, Ordering::SeqCst);
        let mut answers = Vec::new();
        let mut held = None;
        for event in events {
            let answer = match &held {
                Some(error) => Err(AuditError::clone(error)),
                None if self.stumbles(&event) => Err(away()),
                None => self.inner.record(event).await,
            };
            if let Err(error) = &answer
                && !error.is_final()
            {
                held = Some(error.clone());
            }
            answers.push(answer);
        }
        answers
    }
}

/// A hundred events that were spooled while the trail was away, the 51st of an id that stands in
/// the trail with other content.
async fn spooled(site: &Site, is_together: bool) -> (Arc<Stumbling>, Delivering) {
    let trail = Arc::new(Stumbling {
        inner: site.trail.clone(),
        is_away: AtomicBool::new(true),
        stumbled: Default::default(),
        at_once: AtomicUsize::new(0),
        at_once_most: AtomicUsize::new(0),
        batches: AtomicUsize::new(0),
    });
    let (options, name) = (site.options(DeliveryMode::Spooled), TrailName::standard());
    let audit = match is_together {
        true => Delivering::open_in_order(trail.clone(), name, options),
        false => Delivering::open(trail.clone(), name, options),
    };
    let audit = audit.expect("open");
    let taken = uuid::Uuid::from_u128(7);
    for n in 0..100 {
        let event = if n == 50 { view(n).id(taken) } else { view(n) };
        let receipt = audit.record(event).await.expect("spooled");
        assert_eq!(receipt.delivery, Delivery::Spooled);
    }
    let other = site.audit.record(view(1000).id(taken)).await;
    other.expect("recorded");
    trail.at_once_most.store(0, Ordering::SeqCst);
    trail.is_away.store(false, Ordering::SeqCst);
    (trail, audit)
}

async fn keeps_order(is_together: bool) {
    let site = Site::new().await;
    let (trail, audit) = spooled(&site, is_together).await;
    let mut failures = 0;
    while audit.flush().await.is_err() {
        failures += 1;
        assert!(failures < 100, "it is never delivered");
    }
    let mut expected = numbers(0..100);
    expected.remove(50);
    expected.insert(0, "1000".to_owned());
    assert_eq!(site.viewed().await, expected);
    let vitals = audit.vitals();
    assert_eq!((vitals.delivered, vitals.dead), (99, 1));
    for stumbled in &trail.stumbled {
        assert!(stumbled.load(Ordering::SeqCst), "a fault was never met");
    }
    let batches = trail.batches.load(Ordering::SeqCst);
    if is_together {
        assert!((2..20).contains(&batches), "{batches} batches");
    } else {
        assert_eq!((trail.at_once_most.load(Ordering::SeqCst), batches), (1, 0));
    }
}

#[tokio::test]
async fn one_at_a_time_what_fails_holds_back_all_behind_it() {
    keeps_order(false).await;
}

#[tokio::test]
async fn together_what_fails_holds_back_all_behind_it() {
    keeps_order(true).await;
}

/// A trail that answers for the first of several events only.
struct Curt(Arc<Moody>);

#[async_trait]
impl AuditProtocol for Curt {
    async fn record(&self, event: AuditEvent) -> Result<Receipt, AuditError> {
        self.0.record(event).await
    }

    async fn query(&self, query: Query) -> Result<Page, AuditError> {
        self.0.query(query).await
    }
}

#[async_trait]
impl RecordInOrder for Curt {
    async fn record_in_order(&self, events: Vec<AuditEvent>) -> Vec<Result<Receipt, AuditError>> {
        let first = events.into_iter().next().expect("at least one");
        vec![self.0.record(first).await]
    }
}

#[tokio::test]
async fn an_event_without_an_answer_goes_on_waiting() {
    let site = Site::new().await;
    let trail = Arc::new(Curt(site.trail.clone()));
    let options = site.options(DeliveryMode::Spooled);
    let audit = Delivering::open_in_order(trail, TrailName::standard(), options).expect("open");
    site.trail.set(Mood::Down);
    for n in 0..5 {
        audit.record(view(n)).await.expect("spooled");
    }
    site.trail.set(Mood::Up);
    for _ in 0..20 {
        if audit.flush().await.is_ok() {
            break;
        }
    }
    assert_eq!(site.viewed().await, numbers(0..5));
    assert_eq!(audit.vitals().depth_events, 0);
}
