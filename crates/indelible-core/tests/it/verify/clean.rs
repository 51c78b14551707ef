use indelible_core::part::PartKind;
use indelible_core::verify::{FindingKind, Phase, Request, verify};
use indelible_core::{MemoryStore, TrailName};
use indelible_merkle::Hash;

use super::rows::{Builder, erase, erasure, key, signed, trail};
use super::{kinds, report, request, run};

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
}

#[test]
fn untouched_trails_of_all_shapes_are_clean() {
    for size in [1, 2, 255, 256, 257, 511, 513, 2047, 2049] {
        let rows = trail(size);
        let report = report(&rows, &rows);
        assert_eq!(report.findings, [], "size {size}");
        assert!(report.ok && report.complete);
        assert_eq!((report.size, report.entries_checked), (size, size));
        assert_eq!((report.root, report.checkpoints_compared), (rows.head().root, 1));
    }
}

#[test]
fn a_trail_over_three_levels_is_clean_beginning_anywhere() {
    let (store, heads) = block_on(async {
        let mut heads = Vec::new();
        let mut builder = Builder::new();
        for entries in [1, 254, 1, 1, 40_000, 25_279, 1, 1000] {
            builder = builder.grow(entries, 4096).await;
            heads.push(builder.base.head.clone());
        }
        (builder.store, heads)
    });
    let trail: TrailName = super::rows::TRAIL.parse().expect("a name");
    let head = heads.last().expect("some").clone();
    let notes = heads.iter().map(|head| indelible_core::verify::KeptCheckpoint {
        source: format!("the checkpoint of {}", head.size),
        note: signed(head, &key(1)),
    });
    let mut all = Request {
        trusted: vec![key(1).verifier_key()],
        mark: Some(signed(&head, &key(1))),
        checkpoints: notes.collect(),
        ..Request::default()
    };
    // The reference store itself: verification reads it as any other.
    let whole = block_on(verify(&store, &trail, &all, &mut |_| ())).expect("readable");
    assert_eq!(whole.findings, []);
    assert!(whole.complete);
    assert_eq!((whole.entries_checked, whole.checkpoints_compared), (66_537, 9));
    let rows = block_on(super::rows::Rows::of(&store));
    for since in &heads {
        let origin = since.key.name();
        let checkpoint = indelible_merkle::Checkpoint::new(origin, since.size, since.root);
        all.since = Some(checkpoint.expect("a good origin"));
        let part = run(&rows, &all);
        assert_eq!(part.findings, [], "since {}", since.size);
        assert_eq!(part.entries_checked, head.size - since.size);
        assert_eq!(part.checked_from, since.size);
        assert!(part.ok && !part.complete, "it says that it did not look at all");
    }
}

#[test]
fn a_trail_that_never_was_is_empty() {
    let trail = TrailName::standard();
    let store = MemoryStore::new();
    let none = Request::default();
    let report = block_on(verify(&store, &trail, &none, &mut |_| ())).expect("readable");
    assert!(report.ok && report.complete);
    assert_eq!((report.size, report.root, report.entries_checked), (0, Hash::EMPTY_ROOT, 0));
    let known = request(&super::rows::trail(3));
    let report = block_on(verify(&store, &trail, &known, &mut |_| ())).expect("readable");
    assert!(!report.ok);
    assert_eq!(kinds(&report), [FindingKind::HeadMissing].into());
}

#[test]
fn nothing_kept_outside_is_a_warning() {
    let report = run(&trail(300), &Request::default());
    assert!(report.ok && report.complete);
    let warnings = [FindingKind::MarkMissing, FindingKind::KeyUnconfirmed];
    assert_eq!(kinds(&report), warnings.into());
    assert!(warnings.iter().all(|kind| kind.is_warning()));
}

#[test]
fn recorded_erasures_are_counted_not_found() {
    let parts = [PartKind::Actor, PartKind::Target];
    let mut rows = block_on(async {
        let builder = Builder::new().grow(300, 100).await;
        builder.commit(vec![erasure(300, 10, 12, &parts)]).await.grow(20, 7).await.rows().await
    });
    // Neither 10 nor 12 has each of the parts; what never was need not be erased.
    for seq in 10..=12 {
        for part in parts {
            erase(&mut rows, seq, part);
        }
    }
    let report = report(&rows, &rows);
    assert_eq!(report.findings, []);
    assert_eq!(report.erased, 3);
}

#[test]
fn progress_rises_to_the_size() {
    let rows = trail(5000);
    let mut steps = Vec::new();
    let trail: TrailName = super::rows::TRAIL.parse().expect("a name");
    block_on(verify(&rows, &trail, &request(&rows), &mut |step| steps.push(step)))
        .expect("readable");
    assert!(steps.len() > 2);
    assert!(steps.windows(2).all(|pair| pair[0].entries_checked <= pair[1].entries_checked));
    let last = steps.last().expect("some");
    assert_eq!((last.entries_checked, last.size, last.phase), (5000, 5000, Phase::Comparison));
}

#[test]
fn the_report_has_the_agreed_shape() {
    let mut altered = trail(3);
    altered.entries[1].action = "other".into();
    let report = indelible_core::verify::Report::from(vec![super::report(&altered, &trail(3))]);
    let json = serde_json::to_value(&report).expect("JSON");
    assert_eq!(json["ok"], false);
    let one = &json["trails"][0];
    assert_eq!(one["trail"], "acme");
    assert_eq!(one["size"], 3);
    assert_eq!(one["root"].as_str().map(str::len), Some(64));
    assert_eq!(one["entries_checked"], 3);
    assert_eq!(one["erased"], 0);
    let kinds: Vec<_> = one["findings"].as_array().expect("a list").iter().collect();
    assert!(kinds.iter().any(|f| f["kind"] == "column_differs" && f["seq"] == 1));
}
