//! Samples that neither side can steer.

use indelible_core::{AuditProtocol, Query};
use indelible_evidence::{Framework, Sampling, rank};
use indelible_merkle::leaf_hash;
use sha2::{Digest, Sha256};

use crate::desk::{Desk, control, event, request};

fn denials() -> impl Iterator<Item = indelible_core::AuditEvent> {
    (0..200).map(|n| {
        event(
            "access_denied",
            &format!("2026-03-{:02}T00:00:00Z", 1 + n % 30),
        )
    })
}

async fn seqs(desk: &Desk, seed: &str, size: usize) -> Vec<u64> {
    let mut request = request(Framework::PciDss);
    request.as_of = Some(200);
    request.sampling = Some(Sampling {
        seed: seed.to_owned(),
        size,
    });
    let report = desk.report(request).await;
    let drawn = control(&report, "10.2.1.4").sample.iter();
    drawn.map(|it| it.seq).collect()
}

#[tokio::test]
async fn a_sample_is_what_the_seed_says() {
    let desk = Desk::new().await;
    desk.record_all(denials()).await;
    let drawn = seqs(&desk, "auditor 7", 25).await;
    let mut expected: Vec<u64> = (0..200).collect();
    expected.sort_by_key(|seq| Sha256::digest(format!("auditor 7{seq}")).to_vec());
    assert_eq!(drawn, expected[..25]);
    assert_eq!(drawn, seqs(&desk, "auditor 7", 25).await);
    assert_ne!(drawn, seqs(&desk, "auditor 8", 25).await);
    assert_eq!(seqs(&desk, "auditor 7", 3).await, drawn[..3]);
    assert_eq!(seqs(&desk, "auditor 7", 1_000).await.len(), 200);
    assert_eq!(rank("x", 1)[..], Sha256::digest(b"x1")[..]);
}

#[tokio::test]
async fn what_is_drawn_stands_in_the_trail() {
    let desk = Desk::new().await;
    desk.record_all(denials()).await;
    let mut asked = request(Framework::Iso27001);
    asked.as_of = Some(200);
    asked.sampling = Some(Sampling {
        seed: "s".to_owned(),
        size: 5,
    });
    let report = desk.report(asked).await;
    let mut looked = 0;
    for item in report.controls.iter().flat_map(|it| &it.sample) {
        let entry = desk
            .audit
            .entry_at(item.seq)
            .await
            .expect("it")
            .expect("there");
        assert_eq!((entry.id, &entry.action), (item.id, &item.action));
        assert_eq!(entry.leaf_hash.to_string(), item.leaf_hash);
        let proved = desk
            .audit
            .prove(item.seq, false)
            .await
            .expect("it")
            .expect("there");
        assert!(proved.text.contains("c2sp.org/tlog-proof@v1"));
        looked += 1;
    }
    assert!(looked > 5);
    let stored = desk
        .audit
        .query_stored(Query::new().limit(1))
        .await
        .expect("a page");
    let entry = &stored.entries[0];
    assert_eq!(
        leaf_hash(&entry.skeleton(desk.audit.name())),
        entry.leaf_hash
    );
    assert!(desk.audit.query(Query::new()).await.is_ok());
}

#[tokio::test]
async fn samples_of_no_size_are_refused() {
    let desk = Desk::new().await;
    desk.record_all(denials()).await;
    for size in [0, 1_001] {
        let mut asked = request(Framework::PciDss);
        asked.as_of = Some(200);
        asked.sampling = Some(Sampling {
            seed: String::new(),
            size,
        });
        let error = desk.try_report(asked).await.expect_err("a size");
        assert!(error.to_string().contains("sample"), "{error}");
    }
}

#[tokio::test]
async fn a_seed_without_a_size_that_was_fixed_before_is_refused() {
    let desk = Desk::new().await;
    desk.record_all(denials()).await;
    let mut asked = request(Framework::PciDss);
    asked.sampling = Some(Sampling {
        seed: "auditor 7".to_owned(),
        size: 25,
    });
    let error = desk.try_report(asked).await.expect_err("no size");
    let said = error.to_string();
    assert!(said.contains("as_of") && said.contains("before"), "{said}");
}
