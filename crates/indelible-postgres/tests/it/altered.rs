//! Columns that were edited beneath the trail: verification names them, though the indexes of a
//! column follow it.

use std::sync::Arc;

use indelible_core::state::StateInMemory;
use indelible_core::verify::FindingKind;

use crate::engine::{event, open, standard};
use crate::fixture::Database;

/// What a verification says of entry 3 once these columns of it are set.
async fn said_of(set: &str) -> String {
    let database = Database::new();
    let engine = open(database.store().await, &Arc::new(StateInMemory::default())).await;
    let audit = standard(&engine);
    let events = (0..8).map(event).collect();
    for recorded in audit.try_record_all(events).await {
        recorded.expect("recorded");
    }
    database.0.execute(&format!(
        "ALTER TABLE indelible.entry DISABLE TRIGGER ALL;
        UPDATE indelible.entry SET {set} WHERE seq = 3"
    ));
    let report = audit.verify(Vec::new(), None, &mut |_| {}).await;
    let findings = report.expect("it reads").findings;
    let mut differing = findings
        .iter()
        .filter(|finding| finding.kind == FindingKind::ColumnDiffers);
    let finding = differing.next().expect("a finding");
    assert_eq!((finding.seq, differing.next()), (Some(3), None));
    finding.detail.clone()
}

#[tokio::test]
async fn an_action_and_an_outcome_are_named_by_their_counts() {
    for (set, named) in [
        ("action = 'page_hidden'", "the column action is"),
        ("outcome = 'denied'", "the column outcome is"),
        (
            "action = 'page_hidden', outcome = 'denied'",
            "the columns action, outcome are",
        ),
    ] {
        let said = said_of(set).await;
        assert!(said.starts_with(named), "{set}: {said}");
    }
}

#[tokio::test]
async fn what_nothing_else_tells_of_is_among_those_that_may_be_it() {
    for (column, set) in [
        ("resource_type", "resource_type = 'page'"),
        (
            "occurred_at",
            "occurred_at = occurred_at + interval '1 second'",
        ),
    ] {
        let said = said_of(set).await;
        assert!(said.starts_with("one or more of the columns"), "{said}");
        assert!(said.contains(column), "{said}");
    }
}
