use indelible_core::part::PartKind;
use indelible_core::verify::{FindingKind, KeptCheckpoint, Phase, Request, verify};
use indelible_core::{MemoryStore, TrailName};
use indelible_merkle::{Checkpoint, Hash};

use super::building::{Builder, erase, erasure, head_at, key, signed, trail};
use super::{kinds, report, request, run};

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime")
        .block_on(future)
}

#[test]
fn untouched_trails_of_all_shapes_are_clean() {
    for size in [1, 2, 255, 256, 257, 511, 513, 2047, 2049] {
        let rows = trail(size);
        let report = report(&rows, &rows);
        assert_eq!(report.findings, [], "size {size}");
        assert!(report.ok && report.complete);
        assert_eq!((report.size, report.entries_checked), (size, size));
        assert_eq!(
            (report.root, report.checkpoints_compared),
            (rows.head().root, 1)
        );
    }
}

#[test]
fn a_trail_over_three_levels_is_clean_beginning_anywhere() {
    let rows = block_on(async { Builder::new().grow(66_537, 4096).await.rows().await });
    let heads = [1, 255, 256, 257, 40_257, 65_536, 65_537].map(|size| head_at(&rows, size));
    let mut all = request(&rows);
    all.checkpoints
        .extend(heads.iter().map(|head| KeptCheckpoint {
            source: format!("the checkpoint of {}", head.size),
            note: signed(head, &key(1)),
        }));
    let whole = run(&rows, &all);
    assert_eq!(whole.findings, []);
    assert!(whole.complete);
    assert_eq!(
        (whole.entries_checked, whole.checkpoints_compared),
        (66_537, 8)
    );
    for since in &heads[4..] {
        let checkpoint = Checkpoint::new(key(1).name(), since.size, since.root);
        all.since = Some(checkpoint.expect("a good origin"));
        let part = run(&rows, &all);
        assert_eq!(part.findings, [], "since {}", since.size);
        assert_eq!(part.entries_checked, 66_537 - since.size);
        assert_eq!(part.checked_from, since.size);
        assert!(
            part.ok && !part.complete,
            "it says that it did not look at all"
        );
    }
}

#[test]
fn the_reference_store_is_read_as_any_other() {
    let builder = block_on(Builder::new().grow(3000, 700));
    let mark = Some(signed(&builder.base.head, &key(1)));
    let trusted = vec![key(1).verifier_key()];
    let request = Request {
        trusted,
        mark,
        ..Request::default()
    };
    let trail: TrailName = super::rows::TRAIL.parse().expect("a name");
    let report = block_on(verify(&builder.store, &trail, &request, &mut |_| ()));
    let report = report.expect("readable");
    assert_eq!(report.findings, []);
    assert!(report.complete);
}

#[test]
fn a_trail_that_never_was_is_empty() {
    let trail = TrailName::standard();
    let store = MemoryStore::new();
    let none = Request::default();
    let report = block_on(verify(&store, &trail, &none, &mut |_| ())).expect("readable");
    assert!(report.ok && report.complete);
    assert_eq!(
        (report.size, report.root, report.entries_checked),
        (0, Hash::EMPTY_ROOT, 0)
    );
    let known = request(&super::building::trail(3));
    let report = block_on(verify(&store, &trail, &known, &mut |_| ())).expect("readable");
    assert!(!report.ok);
    assert_eq!(kinds(&report), [FindingKind::HeadMissing].into());
}

#[test]
fn nothing_kept_outside_vouches_for_nothing() {
    let report = run(&trail(300), &Request::default());
    assert!(!report.ok && report.complete);
    let found = [FindingKind::MarkMissing, FindingKind::KeyUnconfirmed];
    assert_eq!(kinds(&report), found.into());
    let detail = &report.findings[1].detail;
    assert!(detail.contains("--state-dir") && detail.contains("--key"));
    // With the key it is only a warning that no mark was at hand.
    let trusted = vec![key(1).verifier_key()];
    let report = run(
        &trail(300),
        &Request {
            trusted,
            ..Request::default()
        },
    );
    assert!(report.ok && report.complete);
    assert_eq!(kinds(&report), [FindingKind::MarkMissing].into());
}

#[test]
fn a_database_whose_guards_do_not_stand_is_found() {
    let clean = trail(300);
    let mut rows = clean.clone();
    rows.missing_guards = vec!["a is missing".to_owned(), "b is foreign".to_owned()];
    let report = super::report(&rows, &clean);
    assert!(!report.ok && report.complete);
    let details: Vec<_> = report
        .findings
        .iter()
        .map(|f| (f.kind, &*f.detail))
        .collect();
    let guards = FindingKind::GuardsAltered;
    assert_eq!(
        details,
        [
            (guards, "of what guards the database, a is missing"),
            (guards, "of what guards the database, b is foreign")
        ]
    );
    let mut rows = clean.clone();
    rows.stray_rows = vec!["rows of nothing".to_owned()];
    assert_eq!(
        kinds(&super::report(&rows, &clean)),
        [FindingKind::RowsStray].into()
    );
    // Also where there is no head to begin with.
    rows = clean.clone();
    (rows.head, rows.entries, rows.ids) = (None, Vec::new(), Vec::new());
    rows.stray_rows = vec!["rows of nothing".to_owned()];
    let report = run(&rows, &Request::default());
    assert_eq!(kinds(&report), [FindingKind::RowsStray].into());
    assert!(!report.ok);
}

#[test]
fn recorded_erasures_are_counted_not_found() {
    let parts = [PartKind::Actor, PartKind::Target];
    let mut rows = block_on(async {
        let builder = Builder::new().grow(300, 100).await;
        builder
            .commit(vec![erasure(300, 10, 12, &parts)])
            .await
            .grow(20, 7)
            .await
            .rows()
            .await
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
    block_on(verify(&rows, &trail, &request(&rows), &mut |step| {
        steps.push(step)
    }))
    .expect("readable");
    assert!(steps.len() > 2);
    assert!(
        steps
            .windows(2)
            .all(|pair| pair[0].entries_checked <= pair[1].entries_checked)
    );
    let last = steps.last().expect("some");
    assert_eq!(
        (last.entries_checked, last.size, last.phase),
        (5000, 5000, Phase::Comparison)
    );
}

#[test]
fn sys_47_the_report_has_the_agreed_shape() {
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
    assert!(
        kinds
            .iter()
            .any(|f| f["kind"] == "column_differs" && f["seq"] == 1)
    );
}
