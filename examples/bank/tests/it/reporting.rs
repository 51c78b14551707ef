//! What the day at the bank is on record for.

use std::collections::BTreeMap;

use indelible::core::catalogue;
use indelible::{Audit, Entry};
use indelible_evidence::{Framework, Period, ReportRequest, Scope, State, report};

/// Makes each report of all that was recorded, and counts it again from the entries.
pub async fn check_reports(audit: &Audit, entries: &[Entry]) {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for entry in entries {
        let known = catalogue::resolve(&entry.action);
        *counts.entry(known.map_or("", |it| it.value)).or_default() += 1;
    }
    let times = || entries.iter().map(|entry| entry.occurred_at);
    let period = Period {
        from: times().min().expect("entries"),
        to: times().max().expect("entries"),
    };
    for framework in Framework::ALL {
        let request = ReportRequest {
            framework,
            period,
            as_of: None,
            scope: Scope::default(),
            sampling: None,
            created: period.to,
            asked_by: None,
            software: "the bank's tests".to_owned(),
            recorded: false,
        };
        let made = report(audit, request, &mut |_| {}).await.expect("readable");
        let made = made.expect("entries");
        assert_eq!(made.completeness.entries, entries.len() as u64);
        let mut rows = 0;
        for control in &made.controls {
            for row in &control.actions {
                let expected = match row.action.as_str() {
                    "*" => entries.len() as u64,
                    action => counts.get(action).copied().unwrap_or_default(),
                };
                let sum = row.holds + row.unknown + row.fails;
                assert_eq!(sum, expected, "{} {}", control.control, row.action);
                rows += usize::from(sum > 0);
            }
        }
        let unresolved = made.attempts.workflows.iter();
        let attempted = entries
            .iter()
            .filter(|it| it.outcome.as_str() == "attempted");
        let attempts: u64 = unresolved.map(|it| it.attempts).sum();
        assert_eq!(attempts, attempted.count() as u64);
        let operating = made.controls_of(State::Operating);
        println!("{framework}: {rows} rows with entries, {operating} controls operating");
        assert!(operating > 0, "{framework}");
    }
}
