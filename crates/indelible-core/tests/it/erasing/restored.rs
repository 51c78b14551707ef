//! T73: a backup from before an erasure brings nothing back.

use indelible_core::Registry;
use indelible_core::engine::{Engine, Options};

use super::*;

/// Puts the database back as it was before anything was erased: rows and registry.
pub(super) async fn restore(site: &Site, old: indelible_core::MemorySnapshot) {
    site.memory.restore(old);
    if let Some(row) = site
        .memory
        .get("erasure", "default")
        .await
        .expect("readable")
    {
        let gone = site
            .memory
            .put("erasure", "default", Some(row.version), None)
            .await;
        assert_eq!(gone.expect("written"), Some(0));
    }
}

pub(super) async fn reading(site: &Site) -> Result<Engine, AuditError> {
    let options = Options {
        read_only: true,
        ..Options::default()
    };
    Engine::open(site.ground(), options).await
}

fn named(entries: &[StoredEntry]) -> Vec<u64> {
    let is_named = |entry: &&StoredEntry| {
        let shown = StoredEntry::clone(entry)
            .open(&TrailName::standard())
            .expect("JSON");
        shown.user_id.as_deref() == Some("u3")
    };
    entries
        .iter()
        .filter(is_named)
        .map(|entry| entry.seq)
        .collect()
}

/// The same database with a fresh state directory, which has the key alone.
pub(super) fn beside(site: &Site) -> Site {
    let seed = site.state.signing_seed().expect("readable").expect("a key");
    let state = std::sync::Arc::new(indelible_core::state::StateInMemory::new());
    let site = Site {
        state,
        ..site.clone()
    };
    site.state.keep_signing_seed(seed).expect("kept");
    site
}

#[tokio::test]
async fn t73_a_restored_copy_is_erased_again_before_it_is_served() {
    let site = Site::new();
    let audit = site.audit().await;
    fill(&audit, 0..100).await;
    let name = TrailName::standard();
    let old = site.memory.snapshot(&name).expect("there");
    fill(&audit, 100..200).await;
    erase(&audit, &order(&["u3"])).await;
    audit.engine().close().await.expect("closes");
    restore(&site, old).await;

    // Whoever only reads is refused: it could not take it away.
    let refused = reading(&site).await.expect_err("it brings something back");
    assert!(matches!(refused, AuditError::BroughtBack(_)), "{refused}");
    let audit = site.audit().await;
    let entries = all(&audit).await;
    assert_eq!((entries.len(), named(&entries)), (100, vec![]));
    // It is a restored copy all the same, and the trail cannot say yet what went.
    let refused = audit.record(event("x")).await.expect_err("behind its mark");
    assert!(matches!(refused, AuditError::Refused { .. }), "{refused}");
    reading(&site).await.expect("nothing is left to bring back");

    let succession = audit.succeed("the disk broke").await.expect("succeeds");
    assert_eq!(succession.size, 100);
    let entries = all(&audit).await;
    let says: Vec<u64> = entries
        .iter()
        .filter(|entry| !entry.erases.is_empty())
        .map(|entry| entry.seq)
        .collect();
    assert_eq!(says, [101], "the entry that says so is there again");
    let report = verified(&audit).await;
    assert!(report.ok && report.complete, "{:?}", report.findings);
    assert_eq!(report.erased, 20);
}

#[tokio::test]
async fn t73_entries_that_came_after_a_succession_at_the_same_seqs_stay() {
    let site = Site::new();
    let audit = site.audit().await;
    fill(&audit, 0..100).await;
    let name = TrailName::standard();
    let old = site.memory.snapshot(&name).expect("there");
    fill(&audit, 100..200).await;
    erase(&audit, &order(&["u3"])).await;
    audit.engine().close().await.expect("closes");
    restore(&site, old).await;
    let audit = site.audit().await;
    audit.succeed("the disk broke").await.expect("succeeds");
    // Of the first life, entries of the person stood at some of these seqs.
    fill(&audit, 300..400).await;
    let there = named(&all(&audit).await);
    assert_eq!(there.len(), 20);
    // The database forgets how far it is with the register, as after a repair by hand.
    let latest = site.memory.snapshot(&name).expect("there");
    audit.engine().close().await.expect("closes");
    restore(&site, latest).await;
    let audit = site.audit().await;
    assert_eq!(named(&all(&audit).await), there);
    let report = verified(&audit).await;
    assert!(report.ok && report.complete, "{:?}", report.findings);
}

#[tokio::test]
async fn t73_a_copy_that_lost_the_marks_too_goes_on_and_says_what_went() {
    let site = Site::new();
    let audit = site.audit().await;
    fill(&audit, 0..50).await;
    let name = TrailName::standard();
    let old = site.memory.snapshot(&name).expect("there");
    erase(&audit, &order(&["u3"])).await;
    audit.engine().close().await.expect("closes");
    restore(&site, old).await;
    // A state directory whose marks were lost, and whose register was not.
    let register = site.state.erasures(&name).expect("readable");
    let site = beside(&site);
    site.state.keep_erasures(&name, &register).expect("kept");
    let audit = site.audit().await;
    let entries = all(&audit).await;
    assert_eq!(named(&entries), [0; 0]);
    assert_eq!(entries.len(), 51);
    assert!(!entries[50].erases.is_empty());
    let report = verified(&audit).await;
    assert!(report.ok && report.complete, "{:?}", report.findings);
}
