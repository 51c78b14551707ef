//! What the server does unasked, where all is well. Where it is not, the tests of the command
//! line say what happens.

use std::time::Duration;

use axum::http::Method;

use crate::desk::{Call, Desk, on_both};

on_both!(
    a_verification_on_a_schedule_is_told_by_the_metrics,
    what_is_committed_is_read_back,
);

async fn a_verification_on_a_schedule_is_told_by_the_metrics(desk: Desk) {
    let metrics = async || {
        let call = Call::new(Method::GET, "/metrics").from("127.0.0.1:1");
        desk.call(call).await.is(200).text()
    };
    assert!(
        !metrics().await.contains("indelible_verify_ok "),
        "none yet"
    );
    desk.records("shop", 3).await;
    desk.records("other", 2).await;
    let reports = indelible_server::verify_all(&desk.app).await;
    let mut verified: Vec<_> = reports
        .iter()
        .map(|report| (report.trail.as_str(), report.ok, report.entries_checked))
        .collect();
    verified.sort_unstable();
    // That the admin key was made, and said, is on record in `system`.
    let expected = [("other", true, 2), ("shop", true, 3), ("system", true, 2)];
    assert_eq!(verified, expected);
    desk.clock.pass(Duration::from_secs(30));
    let text = metrics().await;
    for line in [
        "indelible_verify_ok 1",
        "indelible_verify_age_seconds 30",
        "indelible_verify_failures_total 0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}: {text}");
    }
}

async fn what_is_committed_is_read_back(desk: Desk) {
    let reader = desk.app.engine().reader();
    desk.records("shop", 300).await;
    desk.records("other", 2).await;
    let wrong = indelible_server::check_commits(&desk.app, &reader).await;
    assert_eq!(wrong.expect("readable"), []);
    let reread = desk.app.engine().vitals().reread;
    assert_eq!(
        (reread.entries, reread.waiting, reread.failures),
        (302, 0, 0)
    );
}
