//! Rows that are done with and stay where they are, and drains that do not go on.

use std::sync::Arc;
use std::time::Duration;

use indelible_core::outbox::Drain;

use super::table::Table;
use super::{numbered, text};
use crate::ground::Site;

#[tokio::test]
async fn a_pass_ends_where_rows_are_held_by_another_transaction() {
    let site = Site::new();
    let engine = site.engine().await;
    let table = Arc::new(Table::default());
    table.commit((0..300).map(|n| ("default", text(numbered(n)))).collect());
    table.lock(true);
    let mut drain = Drain::new(engine.clone(), table.clone());
    let moved = drain.pass().await.expect("a pass");
    assert_eq!((moved.recorded, moved.duplicates), (256, 0));
    assert_eq!(moved.locked, 256);
    let hitch = moved.hitch().expect("rows are held");
    assert!(hitch.contains("another transaction"), "{hitch}");
    table.lock(false);
    let moved = drain.pass().await.expect("a pass");
    assert_eq!(
        (moved.recorded, moved.duplicates, moved.locked),
        (44, 256, 0)
    );
    assert!(table.positions().is_empty());
    engine.close().await.expect("closed");
}

#[tokio::test]
async fn rows_that_another_drain_has_settled_are_not_held() {
    let site = Site::new();
    let engine = site.engine().await;
    let table = Arc::new(Table::default());
    let mut rows: Vec<_> = (0..300).map(|n| ("default", text(numbered(n)))).collect();
    rows.push(("default", "no event".to_owned()));
    table.commit(rows);
    table.race();
    let mut drain = Drain::new(engine.clone(), table.clone());
    let moved = drain.pass().await.expect("a pass");
    assert_eq!((moved.recorded, moved.locked), (300, 0));
    assert_eq!(moved.hitch(), None);
    assert_eq!(table.positions(), [301], "it went on to the end");
    engine.close().await.expect("closed");
}

#[tokio::test]
async fn a_row_that_cannot_be_changed_holds_up_no_other() {
    for (stuck, last_is_event) in [(1, true), (301, false)] {
        let site = Site::new();
        let engine = site.engine().await;
        let table = Arc::new(Table::default());
        let mut rows: Vec<_> = (0..300).map(|n| ("default", text(numbered(n)))).collect();
        rows.push(match last_is_event {
            true => ("default", text(numbered(300))),
            false => ("default", "no event".to_owned()),
        });
        table.commit(rows);
        table.stick(stuck);
        let mut drain = Drain::new(engine.clone(), table.clone());
        let moved = drain.pass().await.expect("a pass");
        assert_eq!(moved.recorded, if last_is_event { 301 } else { 300 });
        assert_eq!((moved.unsettled, moved.locked), (1, 0));
        assert_eq!(moved.problem.as_deref(), Some("planned"));
        let hitch = moved.hitch().expect("a row stays");
        assert!(hitch.ends_with("a row settled: planned"), "{hitch}");
        assert_eq!(table.positions(), [stuck]);
        table.stick(0);
        let moved = drain.pass().await.expect("a pass");
        assert_eq!((moved.unsettled, moved.hitch()), (0, None));
        engine.close().await.expect("closed");
    }
}

#[tokio::test]
async fn a_drain_that_breaks_down_says_so() {
    let site = Site::new();
    let engine = site.engine().await;
    let table = Arc::new(Table::default());
    let drain = Drain::new(engine.clone(), table.clone());
    let draining = drain.start(Duration::from_millis(1)).expect("it starts");
    let watch = draining.watch();
    assert!(watch.vitals().is_working);
    table.breaks().await;
    draining.stop().await;
    let vitals = watch.vitals();
    assert!(!vitals.is_working);
    let last = vitals.last_error.expect("it says why");
    assert!(last.contains("broke down"), "{last}");
    engine.close().await.expect("closed");
}
