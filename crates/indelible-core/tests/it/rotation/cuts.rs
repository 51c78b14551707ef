//! A rotation that ends anywhere is finished at the next start, or has not begun.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use indelible_core::engine::{Engine, Options};
use indelible_core::state::{Purpose, Secret, State, StateDir, StateError};
use indelible_core::{AuditProtocol, KeyRotation, MemoryStore, Refusal, TrailName};
use indelible_merkle::SigningKey;
use indelible_merkle::note::VerifierKey;
use uuid::Uuid;

use super::{audited, fill, key, kinds, name, refusal, verified};
use crate::ground::{Fault, Site, event, faulty};

/// A state that ends the process, as it were, before its nth change by a rotation.
pub struct Cut {
    inner: Arc<dyn State>,
    changes_left: AtomicI64,
    keeps_keys: bool,
}

impl Cut {
    pub fn after(changes: i64, inner: &Arc<dyn State>) -> Arc<Self> {
        Arc::new(Self {
            inner: inner.clone(),
            changes_left: AtomicI64::new(changes),
            keeps_keys: true,
        })
    }

    /// A state whose key comes from elsewhere.
    pub fn without_keys(inner: &Arc<dyn State>) -> Arc<Self> {
        Arc::new(Self {
            inner: inner.clone(),
            changes_left: AtomicI64::new(i64::MAX),
            keeps_keys: false,
        })
    }

    fn change(&self) -> Result<(), StateError> {
        if self.changes_left.fetch_sub(1, Ordering::SeqCst) > 0 {
            return Ok(());
        }
        Err(StateError::Io {
            path: "cut".into(),
            source: std::io::Error::other("the process ended"),
        })
    }
}

impl State for Cut {
    fn signing_seed(&self) -> Result<Option<Secret>, StateError> {
        self.inner.signing_seed()
    }

    fn keep_signing_seed(&self, seed: Secret) -> Result<Secret, StateError> {
        self.inner.keep_signing_seed(seed)
    }

    fn next_seed(&self) -> Result<Option<Secret>, StateError> {
        self.inner.next_seed()
    }

    fn keep_next_seed(&self, seed: Secret) -> Result<Option<Secret>, StateError> {
        self.change()?;
        match self.keeps_keys {
            true => self.inner.keep_next_seed(seed),
            false => Ok(None),
        }
    }

    fn promote_next_seed(&self, next: &Secret) -> Result<(), StateError> {
        self.change()?;
        self.inner.promote_next_seed(next)
    }

    fn retired_seeds(&self) -> Result<Vec<Secret>, StateError> {
        self.inner.retired_seeds()
    }

    fn rotations(&self, trail: &TrailName) -> Result<Vec<String>, StateError> {
        self.inner.rotations(trail)
    }

    fn keep_rotation(&self, trail: &TrailName, note: &str) -> Result<(), StateError> {
        self.change()?;
        self.inner.keep_rotation(trail, note)
    }

    fn secret(&self, purpose: Purpose, fresh: Secret) -> Result<Secret, StateError> {
        self.inner.secret(purpose, fresh)
    }

    fn kept_secret(&self, purpose: Purpose) -> Result<Option<Secret>, StateError> {
        self.inner.kept_secret(purpose)
    }

    fn mark(&self, trail: &TrailName) -> Result<Option<String>, StateError> {
        self.inner.mark(trail)
    }

    fn raise_mark(
        &self,
        trail: &TrailName,
        note: &str,
        keeps: &dyn Fn(&str) -> bool,
    ) -> Result<(), StateError> {
        // Only the marks of a rotation, which two keys have signed: others come at their own pace.
        if note.lines().count() == 6 {
            self.change()?;
        }
        self.inner.raise_mark(trail, note, keeps)
    }

    fn erasures(&self, trail: &TrailName) -> Result<Vec<String>, StateError> {
        self.inner.erasures(trail)
    }

    fn keep_erasures(&self, trail: &TrailName, lines: &[String]) -> Result<(), StateError> {
        self.inner.keep_erasures(trail, lines)
    }

    fn erased_trails(&self) -> Result<Vec<TrailName>, StateError> {
        self.inner.erased_trails()
    }

    fn erasure_requests(&self, trail: &TrailName) -> Result<Vec<Uuid>, StateError> {
        self.inner.erasure_requests(trail)
    }

    fn erasure_request(&self, trail: &TrailName, id: Uuid) -> Result<Option<String>, StateError> {
        self.inner.erasure_request(trail, id)
    }

    fn sweep_erasure_requests(&self, trail: &TrailName) -> Result<(), StateError> {
        self.inner.sweep_erasure_requests(trail)
    }

    fn keep_erasure_request(
        &self,
        trail: &TrailName,
        id: Uuid,
        text: &str,
    ) -> Result<(), StateError> {
        self.inner.keep_erasure_request(trail, id, text)
    }

    fn take_erasure_request(&self, trail: &TrailName, id: Uuid) -> Result<bool, StateError> {
        self.inner.take_erasure_request(trail, id)
    }

    fn requested_trails(&self) -> Result<Vec<TrailName>, StateError> {
        self.inner.requested_trails()
    }

    fn place(&self) -> String {
        self.inner.place()
    }
}

#[tokio::test]
async fn a_cut_at_any_change_of_the_state_is_finished_at_the_next_start_or_never_began() {
    // The seed, then statement and mark of two trails, then the promotion.
    for cut in 0..=6 {
        let site = Site::new();
        let engine = site.engine().await;
        fill(&engine, 10).await;
        let old = key(&engine.trail(name("default"))).await;
        engine.close().await.expect("closes");
        let dying = Site {
            state: Cut::after(cut, &site.state),
            ..site.clone()
        };
        let engine = dying.engine().await;
        let answer = engine.rotate_key("planned").await;
        assert_eq!(answer.is_ok(), cut == 6, "{cut}: {answer:?}");
        drop(engine);
        after_the_cut(&site, &old, cut > 0).await;
    }
}

#[tokio::test]
async fn a_cut_at_any_commit_is_finished_at_the_next_start() {
    for (commits, fault) in [
        (0, Fault::Refused),
        (0, Fault::LostBefore),
        (0, Fault::LostAfter),
        (1, Fault::Refused),
        (1, Fault::LostBefore),
        (1, Fault::LostAfter),
    ] {
        let (site, store) = faulty();
        let engine = site.engine().await;
        fill(&engine, 10).await;
        let old = key(&engine.trail(name("default"))).await;
        let mut plan = vec![None; commits + 1];
        plan[0] = Some(fault);
        store.plan(plan);
        // A commit of unknown outcome is settled by reading the heads; a refused one ends it.
        let answer = engine.rotate_key("planned").await;
        assert_eq!(answer.is_ok(), fault != Fault::Refused, "{answer:?}");
        drop(engine);
        after_the_cut(&site, &old, true).await;
    }
}

#[tokio::test]
async fn t59_a_cut_between_commit_and_statement_leaves_the_statement_to_the_next_start() {
    let site = Site::new();
    let engine = site.engine().await;
    fill(&engine, 10).await;
    let old = key(&engine.trail(name("default"))).await;
    engine.close().await.expect("closes");
    let dying = Site {
        state: Cut::after(1, &site.state),
        ..site.clone()
    };
    let engine = dying.engine().await;
    engine.rotate_key("planned").await.expect_err("cut");
    drop(engine);
    // Whoever only reads meanwhile finds all in order, and proves up to the mark.
    let options = Options {
        read_only: true,
        ..Options::default()
    };
    let reader = Engine::open(site.ground(), options).await.expect("opens");
    verified(&reader).await;
    let audit = reader.trail(name("default"));
    let proved = audit.prove(3, false).await.expect("proved").expect("there");
    assert_eq!(proved.tree_size, 10);
    assert!(
        site.state
            .rotations(&name("default"))
            .expect("readable")
            .is_empty()
    );
    after_the_cut(&site, &old, true).await;
}

#[tokio::test]
async fn another_database_of_the_installation_finishes_nothing() {
    let site = Site::new();
    let engine = site.engine().await;
    fill(&engine, 10).await;
    let old = key(&engine.trail(name("default"))).await;
    engine.close().await.expect("closes");
    let dying = Site {
        state: Cut::after(1, &site.state),
        ..site.clone()
    };
    let engine = dying.engine().await;
    engine.rotate_key("planned").await.expect_err("cut");
    drop(engine);
    let empty = Arc::new(MemoryStore::new());
    let other = Site {
        store: empty.clone(),
        memory: empty,
        ..site.clone()
    };
    let engine = other.engine().await;
    let seed = site.state.next_seed().expect("readable");
    assert!(
        seed.is_some(),
        "the trails of the first one did not go over"
    );
    let answer = engine.trail(name("fresh")).record(event("x")).await;
    assert_eq!(refusal(answer), Refusal::Rotating);
    let answer = engine.rotate_key("planned").await;
    assert_eq!(refusal(answer), Refusal::RotatingElsewhere);
    drop(engine);
    after_the_cut(&site, &old, true).await;
}

/// The next process that writes finds an installation that has either key, whole.
async fn after_the_cut(site: &Site, old: &VerifierKey, has_begun: bool) {
    let engine = site.engine().await;
    assert!(site.state.next_seed().expect("readable").is_none());
    fill(&engine, 1).await;
    verified(&engine).await;
    let audit = engine.trail(name("default"));
    let is_rotated = key(&audit).await != *old;
    assert_eq!(is_rotated, has_begun);
    let sizes: Vec<u64> = engine
        .heads()
        .await
        .expect("readable")
        .iter()
        .map(|head| head.size)
        .collect();
    assert_eq!(
        sizes,
        [if has_begun { 12 } else { 11 }; 2],
        "each entry once"
    );
    let publics: Vec<_> = engine
        .heads()
        .await
        .expect("readable")
        .iter()
        .map(|h| *h.key.public_key())
        .collect();
    assert_eq!(publics[0], publics[1]);
    let rotations = site.state.rotations(&name("default")).expect("readable");
    assert_eq!(rotations.len(), usize::from(has_begun));
    if has_begun {
        let report = audited(site, std::slice::from_ref(old), &rotations).await;
        assert_eq!(kinds(&report), []);
        let entry = audit.entry_at(10).await.expect("readable").expect("there");
        assert_eq!(entry.context.expect("a context")["reason"], "planned");
    }
    engine.close().await.expect("closes");
}

#[tokio::test]
async fn a_state_directory_is_cut_nowhere() {
    let dir = tempfile::tempdir().expect("a folder");
    let state = StateDir::create(dir.path().join("state")).expect("made");
    let seeds = [1, 2, 3].map(|byte| Secret::new([byte; 32]));
    let exposed = |seed: Option<Secret>| seed.map(|seed| *seed.expose());
    state.keep_signing_seed(seeds[0].clone()).expect("kept");
    for next in &seeds[1..] {
        let kept = state.keep_next_seed(next.clone()).expect("kept");
        assert_eq!(exposed(kept), Some(*next.expose()));
        // Another one that begins gets the same.
        let kept = state.keep_next_seed(Secret::new([9; 32])).expect("kept");
        assert_eq!(exposed(kept), Some(*next.expose()));
        // One that was promoted elsewhere changes nothing.
        state
            .promote_next_seed(&Secret::new([9; 32]))
            .expect("nothing");
        assert!(state.next_seed().expect("readable").is_some());
        // The process ended between the copy and the renaming.
        let retired = state.retired_seeds().expect("readable");
        let before = state.signing_seed().expect("readable").expect("a key");
        let copy = dir.path().join("state/retired");
        std::fs::create_dir_all(&copy).expect("made");
        let hex: String = before
            .expose()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        std::fs::write(copy.join((retired.len() + 1).to_string()), hex).expect("written");
        state.promote_next_seed(next).expect("promoted");
        state.promote_next_seed(next).expect("nothing");
        assert_eq!(
            exposed(state.signing_seed().expect("readable")),
            Some(*next.expose())
        );
        assert!(state.next_seed().expect("readable").is_none());
    }
    let retired = state.retired_seeds().expect("readable");
    let retired: Vec<u8> = retired.iter().map(|seed| seed.expose()[0]).collect();
    assert_eq!(retired, [1, 2]);
    let own = |seed| SigningKey::from_seed("house/default", [seed; 32]).expect("a key");
    let at = (1, indelible_merkle::Hash::EMPTY_ROOT);
    let notes = [(1, 2), (2, 3)]
        .map(|(old, new)| KeyRotation::sign(at, &own(old), &own(new)).expect("signed"));
    for note in notes.iter().chain(&notes) {
        state.keep_rotation(&name("default"), note).expect("kept");
    }
    assert_eq!(state.rotations(&name("default")).expect("readable"), notes);
    assert!(
        state
            .rotations(&name("other"))
            .expect("readable")
            .is_empty()
    );
}
