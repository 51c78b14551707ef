//! What Indelible itself records is no action of somebody's own.

use indelible_core::engine::own_actions;
use indelible_evidence::Framework;

use super::*;

#[tokio::test]
async fn sys_02_what_indelible_records_is_not_outside_of_the_catalogue() {
    let desk = Desk::new().await;
    desk.clock.set("2026-03-20T00:00:00Z");
    let time = "2026-03-19T09:00:00Z";
    for action in own_actions() {
        desk.forge(event(action, time)).await;
    }
    let custom = async || {
        let engine = desk.audit.engine();
        let measured = measure(engine, Surroundings::default()).await;
        let it = measured.expect("measured");
        let of_trails = it.trails.iter().map(|trail| &trail.newest);
        let counted: Vec<_> = of_trails.map(|it| (it.custom, it.untold)).collect();
        let report = desk.march(Framework::PciDss).await;
        (counted, report.custom_entries())
    };
    assert_eq!(custom().await, (vec![(0, 0)], 0));
    for action in ["order_packed", "audit_logs"] {
        desk.forge(event(action, time)).await;
    }
    assert_eq!(custom().await, (vec![(2, 2)], 2));
}
