//! Many persons at once.

use indelible_core::engine::ErasureProgress;

use super::*;

#[tokio::test]
async fn many_persons_go_in_one_pass_and_those_unknown_are_told() {
    let site = Site::new();
    let audit = site.audit().await;
    fill(&audit, 0..2500).await;
    let (mut searched, mut phases) = (Vec::new(), 0);
    let asked = order(&["u1", "nobody", "r2", "u1", "neither", "nobody"]);
    let progress = &mut |progress| {
        if let ErasureProgress::Search(done, all) = progress {
            searched.push((done, all));
        }
        phases += u32::from(progress == ErasureProgress::Purge);
    };
    let (erased, plan) = audit.erase(&asked, progress).await.expect("it erases");
    assert_eq!(searched, [(1024, 2500), (2048, 2500), (2500, 2500)]);
    assert_eq!(phases, 1);
    assert_eq!(plan.unknown, ["nobody", "neither"]);
    let entries = all(&audit).await;
    for entry in &entries[..2500] {
        let mut gone = Vec::new();
        if entry.seq % 5 == 1 {
            gone.push(Actor);
        }
        if entry.seq % 7 == 2 {
            gone.push(Target);
        }
        assert_eq!(entry.erased(), gone, "{}", entry.seq);
    }
    // More ranges than one skeleton holds.
    let listed: usize = entries[2500..].iter().map(|e| e.erases.len()).sum();
    assert_eq!(listed, plan.erasures().len());
    assert_eq!(erased.recorded, [2500, 2501]);
    for entry in &entries[2500..] {
        assert!(entry.skeleton(audit.name()).len() < 65_535);
        let details = entry.body(Details).expect("JSON").expect("details");
        assert!(
            details["correlation_id"].is_string(),
            "they belong together"
        );
    }
    let report = verified(&audit).await;
    assert!(report.ok && report.complete, "{:?}", report.findings);
}

#[tokio::test]
async fn the_digests_of_thousands_of_persons_fit() {
    let site = Site::new();
    let audit = site.audit().await;
    fill(&audit, 0..10).await;
    let ids: Vec<String> = (0..2000).map(|n| format!("u{n}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let (erased, plan) = erase(&audit, &order(&ids)).await;
    assert_eq!(erased.recorded, [10, 11, 12]);
    assert_eq!(
        plan.erasures(),
        [Erasure {
            first: 0,
            last: 9,
            parts: vec![Actor]
        }]
    );
    let entries = all(&audit).await;
    let refs: Vec<String> = entries[10..].iter().flat_map(refs_of).collect();
    assert_eq!(refs.len(), 2000);
    for entry in &entries[10..] {
        assert_eq!(entry.clone().open(audit.name()).expect("JSON").notes, []);
    }
}

#[tokio::test]
async fn sys_43_ten_thousand_persons_go_in_one_order_line_by_line() {
    let site = Site::new();
    let audit = site.audit().await;
    // Each one's entry stands alone, between those of others.
    for numbers in (0..20_000_u64).collect::<Vec<_>>().chunks(1000) {
        let user = |n: &u64| match n % 2 {
            0 => format!("person-{n}"),
            _ => "somebody else".to_owned(),
        };
        let events = numbers.iter().map(|n| event("x").user_id(user(n)));
        for answer in audit.record_all(events.collect()).await {
            answer.expect("recorded");
        }
    }
    let ids: Vec<String> = (0..20_000)
        .step_by(2)
        .map(|n| format!("person-{n}"))
        .collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let (mut recorded, mut blanked) = (Vec::new(), Vec::new());
    let progress = &mut |progress| match progress {
        ErasureProgress::Record(done, all) => recorded.push((done, all)),
        ErasureProgress::Blank(done, all) => blanked.push((done, all)),
        _ => {}
    };
    let (erased, plan) = audit
        .erase(&order(&ids), progress)
        .await
        .expect("it erases");
    assert_eq!((plan.entries, erased.parts), (10_000, 10_000));
    assert_eq!(plan.unknown, [""; 0]);
    // 600 ranges a line.
    assert!(erased.recorded.iter().copied().eq(20_000..20_017));
    assert_eq!(recorded.last(), Some(&(17, 17)));
    assert!(blanked.into_iter().eq((1..=17).map(|done| (done, 17))));
    let register = site.state.erasures(audit.name()).expect("readable");
    let bytes: usize = register.iter().map(String::len).sum();
    let digests = 67 * 10_000;
    assert!((bytes - digests) / 10_000 < 90, "{bytes} bytes");
}
