//! The schema altered, and rows that belong to nothing.

use std::path::Path;

use indelible::core::verify::FindingKind::{self, *};
use rusqlite::Connection;

use super::{Scene, beneath, kinds, row, verified};

fn plainly(statements: &str) -> impl FnOnce(&Path) {
    move |path| {
        let db = Connection::open(path).expect("opens");
        db.execute_batch(statements)
            .unwrap_or_else(|e| panic!("{statements}: {e}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn altered_guards_are_found_and_named() {
    let scene = Scene::make().await;
    for (name, statements, named) in [
        (
            "a trigger added that leaves rows out",
            "CREATE TRIGGER thief BEFORE INSERT ON entry BEGIN SELECT RAISE(IGNORE); END",
            "thief is foreign",
        ),
        (
            "a guard dropped",
            "DROP TRIGGER entry_update",
            "entry_update is missing",
        ),
        (
            "a guard replaced by one that lets all through",
            "DROP TRIGGER part_update;
             CREATE TRIGGER part_update BEFORE UPDATE ON part BEGIN SELECT 1; END",
            "part_update is altered",
        ),
    ] {
        let report = scene.altered(plainly(statements)).await;
        println!("{}", row(name, &report));
        assert_eq!(kinds(&report), [GuardsAltered].into(), "{name}");
        assert!(report.findings[0].detail.contains(named), "{name}");
        assert!(!report.ok, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_belong_to_nothing_are_found() {
    let scene = Scene::make().await;
    let part = "INSERT INTO part (place) SELECT trail << 40 | 5000 FROM head \
                WHERE name = 'default'";
    let headless = "DELETE FROM head WHERE name = 'default'";
    let cases: [(&str, &str, &[FindingKind]); 3] = [
        ("a part without an entry", part, &[RowsStray]),
        ("a head deleted", headless, &[HeadMissing, RowsStray]),
        (
            "an entry deleted and its parts left",
            "DELETE FROM entry WHERE seq = 300 \
             AND trail = (SELECT trail FROM head WHERE name = 'default')",
            &[EntryMissing],
        ),
    ];
    for (name, statements, expected) in cases {
        let report = scene.altered(|path| beneath(path, statements)).await;
        println!("{}", row(name, &report));
        let found = kinds(&report);
        assert!(!report.ok, "{name}");
        assert!(
            expected.iter().all(|kind| found.contains(kind)),
            "{name}: {found:?}"
        );
    }
    // Without anything outside that would know of the trail.
    let path = scene.copy();
    beneath(&path, headless);
    let mut settings = scene.site.settings();
    settings.state_dir = Some(scene.site.folder.path().join("nothing"));
    let report = verified(path, settings).await.expect("opens");
    println!(
        "{}",
        row("a head deleted, and the state directory", &report)
    );
    assert_eq!(kinds(&report), [RowsStray].into());
    assert!(!report.ok);
}
