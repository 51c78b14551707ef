//! Numbers agree with independent queries.

use std::collections::BTreeMap;

use indelible_core::{Entry, Outcome, Query, catalogue};
use indelible_evidence::{Controls, Framework, Report, Row, Strength, Truth};
use serde_json::json;

use crate::desk::{Desk, control, event, request};

/// Some days of a small business: many actions, with tags and contexts of all kinds.
pub async fn business() -> Desk {
    let desk = Desk::new().await;
    let tags = [
        "data.chd",
        "data.chd:no",
        "data.personal",
        "actor.privileged",
        "actor.user",
        "",
    ];
    let reasons = [
        "invalid_password",
        "no_permission",
        "timeout",
        "inactivity",
        "other",
    ];
    let mut events = Vec::new();
    for n in 0..900_usize {
        let action = catalogue::all()[n % 175].value;
        let (month, day, hour) = (2 + n % 3, 1 + n * 7 % 28, n % 24);
        let time = format!("2026-{month:02}-{day:02}T{hour:02}:00:00Z");
        let mut it = event(action, &time).correlation_id(format!("c-{}", n % 50));
        if !tags[n % 6].is_empty() {
            it = it.tag(tags[n % 6]);
        }
        if n % 5 == 0 {
            it = it.tag("actor.user");
        }
        if n % 4 > 0 {
            it = it.context(json!({"reason": reasons[n % 5], "mfa": n % 2 == 0}));
        }
        events.push(it);
    }
    for n in 0..60 {
        let time = format!("2026-03-{:02}T12:00:00Z", 1 + n % 30);
        events.push(event("s3:GetObject", &time));
        events.push(event("user_login", &time));
    }
    desk.record_all(events).await;
    desk
}

fn march(action: &str) -> Query {
    let query = match action {
        "*" => Query::new(),
        action => Query::new().action(action),
    };
    query.start_date("2026-03-01").end_date("2026-03-31")
}

#[tokio::test]
async fn what_always_counts_is_what_a_query_finds() {
    let desk = business().await;
    for framework in Framework::ALL {
        let report = desk.march(framework).await;
        let all = Query::new().start_date("2026-03-01").end_date("2026-03-31");
        assert_eq!(report.completeness.entries, desk.count(all).await);
        for it in &report.controls {
            for row in &it.actions {
                let found = match row.action.as_str() {
                    "*" => report.completeness.entries,
                    action => desk.count(march(action)).await,
                };
                let sum = row.holds + row.unknown + row.fails;
                assert_eq!(sum, found, "{} {}", it.control, row.action);
                if row.condition == "always"
                    && it.control.id() != "10.2.2"
                    && it.control.id() != "AU-3"
                    && !is_forged(&row.action)
                {
                    assert_eq!(row.holds, found, "{} {}", it.control, row.action);
                }
            }
        }
    }
}

#[tokio::test]
async fn conditions_of_tags_are_what_a_query_for_the_tag_finds() {
    let desk = business().await;
    let report = desk.march(Framework::PciDss).await;
    let mut looked = 0;
    for it in &report.controls {
        for row in &it.actions {
            let Some(tag) = ["data.chd", "actor.privileged"]
                .into_iter()
                .find(|tag| *tag == row.condition)
            else {
                continue;
            };
            let mut query = march(&row.action);
            if row.action == "*" {
                query.action = None;
            }
            assert_eq!(row.holds, desk.count(query.clone().tag(tag)).await);
            let denied = desk.count(query.clone().tag(format!("{tag}:no"))).await;
            assert_eq!(row.fails, denied);
            looked += 1;
        }
    }
    assert!(looked > 5, "{looked}");
}

#[tokio::test]
async fn counts_of_controls_are_those_of_the_entries_one_by_one() {
    let desk = business().await;
    let entries = desk.entries(march("*")).await;
    for framework in Framework::ALL {
        agree(&desk.march(framework).await, framework, &entries);
    }
}

/// Counts the controls of a report again, from the opened entries of a query.
pub fn agree(report: &Report, framework: Framework, entries: &[Entry]) {
    assert_eq!(entries.len() as u64, report.completeness.entries);
    let controls = Controls::of(framework);
    let mut counts = vec![(0, 0, 0); controls.list().len()];
    for entry in entries {
        let canonical = catalogue::resolve(&entry.action).map(|action| action.value);
        let mut best: BTreeMap<usize, Option<Strength>> = BTreeMap::new();
        for place in controls.rows_of(canonical.unwrap_or("")) {
            let row = &controls.rows()[place];
            let id = controls.list()[row.control].id.as_str();
            let asks_fields = row.action.is_none() && matches!(id, "10.2.2" | "AU-3");
            let fits =
                stage(&entry.action).is_none_or(|stage| is_good(stage) == is_good(entry.outcome));
            let is_unproved = row.action.is_some() && is_forged(&entry.action);
            let is_whole = !is_unproved
                && (!asks_fields || has_fields(entry))
                && (fits || (row.action.is_none() && !asks_fields));
            let holds = holds(row, entry) == Truth::True && is_whole;
            let best = best.entry(row.control).or_default();
            *best = (*best).max(holds.then_some(row.strength));
        }
        for (control, best) in best {
            let (records, direct, supporting) = &mut counts[control];
            *records += 1;
            *direct += u64::from(best == Some(Strength::Direct));
            *supporting += u64::from(best == Some(Strength::Supporting));
        }
    }
    for (it, counts) in controls.list().iter().zip(counts) {
        let found = control(report, &it.id);
        assert_eq!(
            (found.records, found.direct, found.supporting),
            counts,
            "{}",
            it.id
        );
        let least = found.direct + found.supporting + found.not_met;
        assert!(found.records >= least && found.records <= least + found.undecidable);
    }
}

/// Whether it is evidence only where Indelible itself has recorded it, or what it says is so: here
/// applications did, and nobody signed anything off.
fn is_forged(action: &str) -> bool {
    [
        "audit_archive_restored",
        "audit_legal_hold_placed",
        "audit_legal_hold_released",
        "audit_records_expired",
        "audit_retention_policy_changed",
        "audit_review_completed",
        "audit_subject_erasure_refused",
    ]
    .contains(&action)
}

fn stage(action: &str) -> Option<Outcome> {
    catalogue::resolve(action).map(|action| action.stage)
}

/// Whether something ended well, or ill, or has not ended.
fn is_good(outcome: Outcome) -> Option<bool> {
    match outcome {
        Outcome::Attempted => None,
        Outcome::Succeeded | Outcome::Completed => Some(true),
        Outcome::Failed | Outcome::Denied => Some(false),
    }
}

fn has_fields(entry: &Entry) -> bool {
    let category = catalogue::resolve(&entry.action).map(|action| action.category);
    let has_origin = entry.ip_address.is_some() || entry.user_agent.is_some();
    let needs_origin = matches!(category, Some("authentication" | "session"));
    let is_nobody = entry.tags.iter().any(|tag| tag == "actor.user:no");
    (is_nobody || entry.user_id.is_some())
        && entry.resource_id.is_some()
        && (has_origin || !needs_origin)
}

fn holds(row: &Row, entry: &Entry) -> Truth {
    let contents = match &entry.context {
        Some(serde_json::Value::Object(context)) => {
            indelible_evidence::Contents::Open(context.clone())
        }
        _ => indelible_evidence::Contents::None,
    };
    let facts = indelible_evidence::Facts {
        tags: &entry.tags,
        tags_dropped: entry.notes.iter().any(|note| note.kind == "dropped"),
        resource_type: &entry.resource_type,
        contents: &contents,
    };
    row.condition
        .holds(&facts, &indelible_evidence::Scope::default())
}

#[tokio::test]
async fn the_ends_of_the_period_are_in_it_and_their_neighbours_are_not() {
    let desk = Desk::new().await;
    desk.record_all(
        [
            "2026-02-28T23:59:59.999999Z",
            "2026-03-01T00:00:00Z",
            "2026-03-31T23:59:59.999999Z",
            "2026-04-01T00:00:00Z",
        ]
        .map(|time| event("access_denied", time)),
    )
    .await;
    let report = desk.march(Framework::PciDss).await;
    assert_eq!(report.completeness.entries, 2);
    assert_eq!(control(&report, "10.2.1.4").direct, 2);
    let completeness = &report.completeness;
    assert_eq!(
        (completeness.first_seq, completeness.last_seq),
        (Some(1), Some(2))
    );
    assert!(
        completeness
            .checkpoint_before
            .as_deref()
            .is_some_and(|it| it.contains("\n1\n"))
    );
    assert!(completeness.checkpoint_after.contains("\n4\n"));
}

#[tokio::test]
async fn a_report_of_an_earlier_size_has_the_same_bytes_later() {
    let desk = business().await;
    let size = desk
        .audit
        .head()
        .await
        .expect("a head")
        .expect("entries")
        .size;
    let mut asked = request(Framework::Nist80053);
    asked.as_of = Some(size);
    let first = desk.report(asked.clone()).await;
    desk.record_all([
        event("access_denied", "2026-03-10T00:00:00Z"),
        event("admin_backup_restored", "2026-01-01T00:00:00Z"),
        event("audit_log_accessed", "2026-03-10T00:00:00Z"),
    ])
    .await;
    let again = desk.report(asked).await;
    assert_eq!(again, first);
    for form in indelible_evidence::Form::ALL {
        let text = |report| indelible_evidence::render(report, form).expect("a text");
        assert_eq!(text(&first), text(&again));
    }
    assert_ne!(
        desk.march(Framework::Nist80053).await.completeness,
        first.completeness
    );
}

#[tokio::test]
async fn what_was_done_to_entries_is_counted_beside_them() {
    let desk = Desk::new().await;
    let time = "2026-03-10T00:00:00Z";
    desk.record_all([
        event("access_denied", time).user_agent("x".repeat(5_000)),
        event("access_denied", time).context(json!({"password": "hunter2"})),
        event("access_denied", time)
            .context(json!({"notes": [{"kind": "truncated", "field": "x"}]})),
        event("access_denied", "2026-03-31T00:00:00Z"),
    ])
    .await;
    let report = desk.march(Framework::PciDss).await;
    assert_eq!((report.quality.truncated, report.quality.redacted), (1, 1));
    let denied = control(&report, "10.2.1.4");
    assert_eq!(
        (
            denied.direct,
            denied.truncated,
            denied.redacted,
            denied.erased
        ),
        (4, 1, 1, 0)
    );
    assert_eq!(report.quality.recorded_late, 4);
    let said = "Entries of the period with a value that was cut: 1.";
    assert!(
        report.limits.iter().any(|it| it == said),
        "{:?}",
        report.limits
    );
}
