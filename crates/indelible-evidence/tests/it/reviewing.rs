//! Reviews of trails made by hand: what rules flag, and what not.

mod bounds;
mod checked;
mod file;
mod forged;
mod trimmed;
mod workflow;

use indelible_core::entry::StoredEntry;
use indelible_core::{AuditEvent, Outcome};
use indelible_evidence::review::{Bounds, Flag, Review, ReviewRequest, RuleCount, RuleSet, review};
use serde_json::json;

use crate::desk::{Desk, event};

/// What the rules find in all entries from one on.
async fn reviewed(desk: &Desk, rules: &RuleSet, from: u64) -> Review {
    bounded(desk, rules, from, Bounds::default()).await
}

async fn bounded(desk: &Desk, rules: &RuleSet, from: u64, bounds: Bounds) -> Review {
    let request = ReviewRequest {
        rules,
        from,
        as_of: None,
        bounds,
    };
    let review = review(&desk.audit, &request, &mut |_| {}).await;
    review.expect("a review").expect("entries")
}

fn of<'r>(review: &'r Review, rule: &str) -> Vec<&'r Flag> {
    review
        .findings
        .iter()
        .filter(|it| it.rule == rule)
        .collect()
}

fn count<'r>(review: &'r Review, rule: &str) -> &'r RuleCount {
    review.counts.iter().find(|it| it.rule == rule).expect(rule)
}

fn rules(text: &str) -> RuleSet {
    let head = "name = \"test\"\nversion = \"1\"\n";
    RuleSet::parse(&format!("{head}{text}")).expect("rules")
}

/// Three failed logins of a user within ten minutes.
const FAILURES: &str = "[[rule]]\nname = \"failures\"\nseverity = \"high\"\nwhy = \"w\"\n\
    match = [{ action = \"user_login_failed\" }]\ngroup_by = [\"user_id\"]\n\
    at_least = 3\nwithin = \"10m\"\n";

fn failed(user: &str, clock: &str) -> AuditEvent {
    event("user_login_failed", &format!("2026-03-02T{clock}Z")).user_id(user)
}

fn at(action: &str, clock: &str) -> AuditEvent {
    event(action, &format!("2026-03-02T{clock}Z"))
}

#[tokio::test]
async fn failures_are_counted_by_user_and_by_when_they_happened() {
    let desk = Desk::new().await;
    let rules = rules(FAILURES);
    desk.record_all([
        failed("u-1", "09:00:00"),
        failed("u-2", "09:00:01"),
        failed("u-1", "09:05:00"),
        failed("u-2", "09:10:02"),
        failed("u-2", "09:05:00"),
    ])
    .await;
    // Of two users, one has two failures, and the other three in a second more than ten minutes.
    assert_eq!(reviewed(&desk, &rules, 0).await.findings, []);
    // What comes late is counted where it belongs; both ends of the window are in it.
    let late = desk.record(failed("u-1", "08:55:00")).await;
    let review = reviewed(&desk, &rules, 0).await;
    let found = of(&review, "failures");
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].entries, &found[0].seqs), (3, &vec![0, 2, late]));
    assert_eq!(found[0].group["user_id"].as_deref(), Some("u-1"));
    assert_eq!(found[0].id, "failures-0");
    assert_eq!(found[0].first.to_string(), "2026-03-02T08:55:00.000000Z");
    assert_eq!(found[0].last.to_string(), "2026-03-02T09:05:00.000000Z");
    assert_eq!((count(&review, "failures").matched, review.entries), (6, 6));
    assert!(review.is_whole());
}

#[tokio::test]
async fn the_rules_that_ship_find_a_guessed_password() {
    let desk = Desk::new().await;
    let standard = RuleSet::standard();
    let fails = |count: u32| (0..count).map(|n| failed("u-7", &format!("12:0{n}:00")));
    desk.record_all(fails(4)).await;
    desk.record(at("user_login_success", "12:05:00").user_id("u-7"))
        .await;
    assert!(of(&reviewed(&desk, &standard, 0).await, "failures_then_login").is_empty());
    let desk = Desk::new().await;
    desk.record_all(fails(5)).await;
    // Others' logins, and one too late, are not what follows.
    desk.record(at("user_login_success", "12:05:00").user_id("u-8"))
        .await;
    desk.record(at("user_login_success", "12:14:01").user_id("u-7"))
        .await;
    let review = reviewed(&desk, &standard, 0).await;
    assert!(of(&review, "failures_then_login").is_empty());
    assert_eq!(of(&review, "brute_force_user").len(), 1);
    let seq = desk
        .record(at("user_login_success", "12:10:00").user_id("u-7"))
        .await;
    let review = reviewed(&desk, &standard, 0).await;
    let found = of(&review, "failures_then_login");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].seqs, [0, 1, 2, 3, 4, seq]);
    // The worst comes first.
    assert_eq!(review.findings[0].rule, "failures_then_login");
}

#[tokio::test]
async fn the_rules_that_ship_take_no_contradiction_for_a_success_and_flag_it() {
    let desk = Desk::new().await;
    let standard = RuleSet::standard();
    desk.record_all((0..5).map(|n| failed("u-7", &format!("12:0{n}:00"))))
        .await;
    let login = |outcome| {
        at("user_login_success", "12:05:00")
            .user_id("u-7")
            .outcome(outcome)
    };
    let seq = desk.record(login(Outcome::Failed)).await;
    let hidden = failed("u-8", "12:06:00").outcome(Outcome::Succeeded);
    let hidden = desk.record(hidden).await;
    let review = reviewed(&desk, &standard, 0).await;
    assert!(of(&review, "failures_then_login").is_empty());
    assert_eq!(of(&review, "contradictory_outcome")[0].seqs, [seq, hidden]);
    desk.record(login(Outcome::Succeeded)).await;
    let review = reviewed(&desk, &standard, 0).await;
    assert_eq!(of(&review, "failures_then_login").len(), 1);
}

#[tokio::test]
async fn the_rules_that_ship_find_the_rest() {
    let desk = Desk::new().await;
    // 2026-03-02 is a Monday, 2026-03-07 a Saturday.
    desk.record_all([
        at("role_assigned", "10:00:00").user_id("boss"),
        event("admin_config_changed", "2026-03-07T10:00:00Z").user_id("boss"),
        at("admin_config_changed", "05:59:59.999999").user_id("night"),
        at("admin_config_changed", "06:00:00").user_id("day"),
        at("admin_config_changed", "20:00:00").user_id("late"),
        at("audit_paused", "10:00:01"),
        at("api_key_created", "10:00:02").user_id("boss"),
        at("audit_log_accessed", "10:00:03").user_id("q. sa"),
        at("time_settings_changed", "10:00:04"),
        at("user_mfa_disabled", "10:00:05").user_id("u-2"),
        at("page_viewed", "10:00:06")
            .tag("privilege.elevated")
            .user_id("u-3"),
        at("data_exported", "10:00:07").context(json!({"file_size": 999_999_999})),
        at("data_exported", "11:00:07").context(json!({"file_size": 1})),
        at("data_exported", "12:00:07").context(json!({"file_size": "big"})),
    ])
    .await;
    let review = reviewed(&desk, &RuleSet::standard(), 0).await;
    let users = |rule: &str| -> Vec<(Option<String>, Vec<u64>)> {
        let flags = of(&review, rule).into_iter();
        let user = |flag: &Flag| flag.group.get("user_id").cloned().flatten();
        flags.map(|flag| (user(flag), flag.seqs.clone())).collect()
    };
    let by = |user: &str, seqs: &[u64]| (Some(user.to_owned()), seqs.to_vec());
    let expected = [by("boss", &[0]), by("u-3", &[10])];
    assert_eq!(users("privilege_change"), expected);
    let expected = [by("boss", &[1]), by("night", &[2]), by("late", &[4])];
    assert_eq!(users("off_hours_administration"), expected);
    assert_eq!(users("log_of_the_log"), [(None, vec![5])]);
    assert_eq!(users("keys"), [by("boss", &[6])]);
    assert_eq!(users("log_access"), [by("q. sa", &[7])]);
    assert_eq!(users("clock"), [(None, vec![8])]);
    assert_eq!(users("weakened_login"), [by("u-2", &[9])]);
    assert_eq!(users("mass_export_bytes"), [by("u-1", &[11, 12])]);
    assert_eq!(of(&review, "mass_export_bytes")[0].sum, Some(1_000_000_000));
    // The size that is none is told, and so the review is not whole.
    assert_eq!(count(&review, "mass_export_bytes").without_number, 1);
    assert!(!review.is_whole());
    assert!(users("mass_export").is_empty() && users("brute_force_user").is_empty());
}

#[tokio::test]
async fn windows_reach_across_a_sign_off() {
    let desk = Desk::new().await;
    let rules = rules(FAILURES);
    desk.clock.set("2026-03-02T09:30:00Z");
    desk.record_all([failed("u-1", "09:00:00"), failed("u-1", "09:01:00")])
        .await;
    desk.record(failed("u-1", "09:02:00")).await;
    // All three are old: they were found before.
    let old = desk.record(at("page_viewed", "09:03:00")).await;
    let review = reviewed(&desk, &rules, old).await;
    assert_eq!((review.entries, review.findings.len()), (1, 0));
    // One more makes them a finding anew, with all that it rests on.
    let fourth = desk.record(failed("u-1", "09:04:00")).await;
    let review = reviewed(&desk, &rules, old).await;
    let found = of(&review, "failures");
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].id.as_str(), found[0].new), ("failures-4", 1));
    assert_eq!(found[0].seqs, [0, 1, 2, fourth]);
    assert_eq!(count(&review, "failures").matched, 1);
    // What came later than the schedule allows for is told.
    desk.clock.set("2026-03-04T09:30:00Z");
    desk.record(failed("u-9", "09:00:00")).await;
    let review = reviewed(&desk, &rules, old).await;
    assert_eq!((review.too_late, review.is_whole()), (1, false));
}

/// An entry as it is after its actor was erased.
fn without_actor(entry: &StoredEntry) -> StoredEntry {
    let mut entry = entry.clone();
    entry.parts.actor = None;
    entry
}

#[tokio::test]
async fn what_was_erased_is_told_and_counted_for_nobody() {
    let desk = Desk::erasing(without_actor).await;
    desk.record_all((0..5).map(|n| failed("u-1", &format!("09:0{n}:00"))))
        .await;
    desk.record(at("role_assigned", "10:00:00")).await;
    let named = "[[rule]]\nname = \"named\"\nseverity = \"low\"\nwhy = \"w\"\n\
        match = [{ action = \"role_assigned\", user_id = \"u-1\" }]\n\
        [[rule]]\nname = \"nobody\"\nseverity = \"low\"\nwhy = \"w\"\n\
        match = [{ action = \"role_assigned\", user_id = \"none\" }]\n\
        [[rule]]\nname = \"roles\"\nseverity = \"low\"\nwhy = \"w\"\n\
        match = [{ action = \"role_assigned\" }]\ngroup_by = [\"user_id\"]\n";
    let review = reviewed(&desk, &rules(&format!("{FAILURES}{named}")), 0).await;
    assert_eq!(
        (
            of(&review, "failures").len(),
            count(&review, "failures").erased
        ),
        (0, 5)
    );
    for rule in ["named", "nobody"] {
        assert_eq!(
            (of(&review, rule).len(), count(&review, rule).erased),
            (0, 1)
        );
    }
    // Where nothing is counted for somebody, it is flagged all the same.
    assert_eq!(of(&review, "roles")[0].group["user_id"], None);
    assert!(!review.is_whole());
}

#[tokio::test]
async fn filters_are_those_of_queries() {
    let desk = Desk::new().await;
    desk.record_all([
        at("access_denied", "10:00:00").outcome(Outcome::Denied),
        at("access_denied", "10:00:01")
            .ip_address("192.0.2.7")
            .resource_id("vault"),
        at("data_viewed", "10:00:02").context(json!({"request": {"method": "GET"}})),
        at("data_viewed", "10:00:03")
            .correlation_id("c-1")
            .tag("data.chd"),
    ])
    .await;
    for (asked, seqs) in [
        ("action = \"ACCESS_DENIED\"", vec![0, 1]),
        (
            "outcome = \"denied\", ip_address = \"192.0.2.0/24\"",
            vec![1],
        ),
        ("resource_id = \"vault\"", vec![1]),
        ("resource_type = \"account\", tag = [\"data.chd\"]", vec![3]),
        ("context = [\"request.method=GET\"]", vec![2]),
        ("correlation_id = \"c-1\"", vec![3]),
        ("user_id = \"u-1\"", vec![0, 1, 2, 3]),
        ("user_id = \"u-2\"", vec![]),
    ] {
        let text = format!(
            "[[rule]]\nname = \"r\"\nseverity = \"low\"\nwhy = \"w\"\nmatch = [{{ {asked} }}]\n"
        );
        let review = reviewed(&desk, &rules(&text), 0).await;
        let found: Vec<u64> = review
            .findings
            .iter()
            .flat_map(|it| it.seqs.clone())
            .collect();
        assert_eq!(found, seqs, "{asked}");
    }
}
