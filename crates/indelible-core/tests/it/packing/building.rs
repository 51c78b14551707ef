//! Trails to make packs of, and packs of them.

use std::sync::Arc;

use indelible_core::engine::{Audit, Engine, Ground, Options};
use indelible_core::entry::{Columns, StoredEntry};
use indelible_core::pack::{Coverage, PackRequest};
use indelible_core::part::PartKind;
use indelible_core::redact::Redactor;
use indelible_core::sealing::{Base, seal, unsealed};
use indelible_core::state::{Secret, State, StateInMemory};
use indelible_core::store::Store;
use indelible_core::verify::KeyChain;
use indelible_core::{HeadKey, MemoryStore, Query, Timestamp};
use indelible_merkle::note::SigningKey;

use crate::ground::{CountedEntropy, HandClock, NEW_YEAR};
use crate::verify::building::{erasure, event};

/// Entries of one commit.
const BATCH: u64 = 500;

/// Whose trail it is and what its events are.
pub struct Plan {
    pub trail: &'static str,
    pub seed: [u8; 32],
    pub size: u64,
    /// What is recorded at a place.
    pub event: fn(u64) -> StoredEntry,
}

impl Plan {
    /// A trail of the house's.
    pub fn of(size: u64) -> Self {
        Self {
            trail: "acme",
            seed: [7; 32],
            size,
            event,
        }
    }

    pub fn key(&self) -> SigningKey {
        let origin = format!("house/{}", self.trail);
        SigningKey::from_seed(&origin, self.seed).expect("a good name")
    }

    /// The trail, in memory, in an engine that holds its key.
    pub async fn made(&self) -> Audit {
        let (trail, seed) = (self.trail.parse().expect("a name"), Secret::new(self.seed));
        let memory = Arc::new(MemoryStore::new());
        let mut base = Base::begin(trail, self.key().verifier_key());
        while base.head.size < self.size {
            let place = base.head.size;
            let end = self.size.min(place + BATCH);
            let events = (place..end).map(|place| {
                let entry = (self.event)(place);
                let columns = Columns::derive(&entry).expect("readable");
                unsealed(entry, columns)
            });
            let time = i64::try_from(end).expect("small") * 1_000;
            let mut commit = seal(
                &base,
                events.collect(),
                Timestamp::from_micros(NEW_YEAR + time),
            );
            commit.head.mac = HeadKey::from_seed(&seed).mac(&commit.head);
            let appended = memory.append(std::slice::from_ref(&commit)).await;
            appended.expect("memory takes all");
            base = base.after(&commit);
        }
        let state = Arc::new(StateInMemory::new());
        state.keep_signing_seed(seed).expect("memory");
        let ground = Ground {
            store: memory.clone(),
            registry: memory,
            state,
            installation: "house".to_owned(),
            clock: HandClock::new(),
            entropy: Arc::new(CountedEntropy::default()),
            redactor: Arc::new(Redactor::default_mask()),
        };
        let options = Options {
            read_only: true,
            long_lived: false,
            ..Options::default()
        };
        let engine = Engine::open(ground, options).await.expect("opens");
        engine.trail(base.head.trail)
    }
}

/// As [`event`], but the actor of every seventh entry is erased, which entry 40 says of all before
/// it, and entry 90 of those to 80; nothing says it of the others.
pub fn erased(place: u64) -> StoredEntry {
    let mut entry = match place {
        40 => erasure(place, 0, 39, &[PartKind::Actor]),
        90 => erasure(place, 41, 80, &[PartKind::Actor, PartKind::Target]),
        _ => event(place),
    };
    if place.is_multiple_of(7) {
        entry.parts.actor = None;
    }
    entry
}

/// What is asked for when nothing else is.
pub fn request(query: Query, coverage: Coverage) -> PackRequest {
    PackRequest {
        query,
        first: 0,
        coverage,
        without: Vec::new(),
        asked_by: Some("auditor \"A\"".to_owned()),
        created: "2026-02-01T09:00:00.000000Z".parse().expect("a time"),
        software: "indelible test".to_owned(),
    }
}

/// The whole pack.
pub async fn packed(audit: &Audit, request: PackRequest) -> Vec<u8> {
    let mut source = audit.pack(request).await.expect("a pack").expect("entries");
    let mut pack = Vec::new();
    while let Some(lines) = source.next().await.expect("lines") {
        pack.extend(lines);
    }
    pack
}

/// The key of a trail, trusted.
pub fn trusted(plan: &Plan) -> KeyChain {
    KeyChain::new([plan.key().verifier_key()], [])
}
