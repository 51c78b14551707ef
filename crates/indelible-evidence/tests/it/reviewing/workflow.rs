//! From what was flagged to a sign-off, and the days that nobody signed off.

use indelible_core::{AuditAction, AuditError, AuditEvent, Timestamp};
use indelible_evidence::review::{
    DayLine, DayState, Disposition, Flag, Ledger, Review, RuleSet, Severity, SignRequest, assigned,
    closed, days, first_day, ledger, missed, raised_by_hand, signed, started,
};
use indelible_evidence::{
    Form, Framework, Period, State, accesses_sheet, findings_sheet, render, reviews_sheet,
};
use serde_json::{Value, json};

use super::{FAILURES, failed, of, reviewed, rules};
use crate::desk::{Desk, at, event};

async fn standing(desk: &Desk) -> Ledger {
    ledger(&desk.audit).await.expect("a ledger")
}

fn request(now: &str) -> SignRequest {
    SignRequest {
        reviewer: "q. sa".to_owned(),
        from: None,
        to: None,
        scope: None,
        comment: None,
        schedule: RuleSet::standard().schedule,
        now: at(now),
    }
}

/// Signs what is new off at a time of day.
async fn sign(desk: &Desk, rules: &RuleSet, now: &str) -> Review {
    desk.clock.set(now);
    let from = standing(desk).await.reviewed_to();
    let review = reviewed(desk, rules, from).await;
    let standing = standing(desk).await;
    let request = SignRequest {
        schedule: rules.schedule,
        ..request(now)
    };
    let event = signed(&desk.audit, &review, &standing, &request).await;
    desk.record(event.expect("an entry")).await;
    review
}

fn states(lines: &[DayLine]) -> Vec<(String, DayState)> {
    let state = |line: &DayLine| (line.day.to_string()[5..].to_owned(), line.state);
    lines.iter().map(state).collect()
}

fn march(ledger: &Ledger, rules: &RuleSet, (from, to): (i64, i64), now: &str) -> Vec<DayLine> {
    let first = rules.schedule.zone.day(at("2026-03-01T12:00:00Z"));
    let range = (first.plus(from - 1), first.plus(to - 1));
    days(ledger, &rules.schedule, range, at(now))
}

#[tokio::test]
async fn sys_30_a_finding_goes_from_hand_to_hand() {
    let desk = Desk::new().await;
    let rules = rules(FAILURES);
    desk.clock.set("2026-03-02T10:00:00Z");
    desk.record_all((0..3).map(|n| failed("u-1", &format!("09:0{n}:00"))))
        .await;
    let review = reviewed(&desk, &rules, 0).await;
    let flag = of(&review, "failures")[0];
    assert!(flag.is_news_to(None));
    let other = |entries: u64| Flag {
        entries,
        ..flag.clone()
    };
    let raised = desk
        .record(flag.raised("q. sa", "many failures", None))
        .await;
    let known = standing(&desk).await.findings["failures-0"].clone();
    assert_eq!(
        (known.raised_seq, known.raised_by.as_deref()),
        (raised, Some("q. sa"))
    );
    assert_eq!(
        (known.entries, &known.seqs, known.severity.as_str()),
        (3, &vec![0, 1, 2], "high")
    );
    assert!(known.is_open() && known.owner.is_none() && !flag.is_news_to(Some(&known)));
    // Who says more than there is has said nothing yet.
    assert!(other(2).is_news_to(Some(&known)) && other(4).is_news_to(Some(&known)));
    desk.record(assigned(
        "failures-0",
        "m. muster",
        "q. sa",
        Some("please look"),
    ))
    .await;
    desk.clock.set("2026-03-02T11:00:00Z");
    let closing = closed(
        "failures-0",
        Disposition::Benign,
        "m. muster",
        ("forgot the password", Some("T-7")),
    );
    desk.record(closing).await;
    let known = standing(&desk).await.findings["failures-0"].clone();
    assert_eq!(known.owner.as_deref(), Some("m. muster"));
    let closure = known.closure.clone().expect("closed");
    assert_eq!(closure.disposition, Disposition::Benign);
    assert_eq!(
        (closure.comment.as_str(), closure.evidence.as_deref()),
        ("forgot the password", Some("T-7"))
    );
    // The clock moves a little with each reading.
    assert!(matches!(known.seconds_to_close(), Some(3_599..=3_600)));
    // More comes to it before anybody signs: it is open again.
    desk.record(failed("u-1", "09:09:00")).await;
    let review = reviewed(&desk, &rules, 0).await;
    let flag = of(&review, "failures")[0];
    assert!(flag.is_news_to(Some(&known)));
    desk.record(flag.raised("q. sa", "many failures", None))
        .await;
    let known = standing(&desk).await.findings["failures-0"].clone();
    assert_eq!(
        (known.is_open(), known.reopened, known.entries),
        (true, 1, 4)
    );
    assert_eq!(known.owner.as_deref(), Some("m. muster"));
}

#[tokio::test]
async fn nothing_of_what_entries_hold_is_copied_into_findings() {
    let desk = Desk::new().await;
    let rules = rules(FAILURES);
    desk.record_all((0..3).map(|n| failed("erased@x.example", &format!("09:0{n}:00"))))
        .await;
    let review = reviewed(&desk, &rules, 0).await;
    let said = of(&review, "failures")[0].raised("q. sa", "w", None);
    let said = format!("{said:?}");
    assert!(
        !said.contains("erased@x.example") && !said.contains("10.0.0.1"),
        "{said}"
    );
}

#[tokio::test]
async fn sys_31_a_sign_off_says_what_was_reviewed() {
    let desk = Desk::new().await;
    let rules = rules(FAILURES);
    desk.clock.set("2026-03-02T10:00:00Z");
    desk.record_all((0..4).map(|n| failed("u-1", &format!("09:0{n}:00"))))
        .await;
    let review = sign(&desk, &rules, "2026-03-02T12:00:00Z").await;
    assert_eq!((review.from, review.as_of, review.entries), (0, 4, 4));
    let standing = standing(&desk).await;
    assert_eq!(standing.reviewed_to(), 4);
    let sign_off = &standing.sign_offs[0];
    assert_eq!((sign_off.seq, sign_off.from, sign_off.as_of), (4, 0, 4));
    assert_eq!(
        (sign_off.entries, sign_off.findings, sign_off.findings_open),
        (4, 1, 0)
    );
    assert_eq!(sign_off.rules.sha256, rules.sha256);
    assert_eq!(sign_off.reviewer.as_deref(), Some("q. sa"));
    // The first day is signed off from its beginning.
    assert_eq!(sign_off.period.from, at("2026-03-02T00:00:00Z"));
    assert_eq!(sign_off.period.to, at("2026-03-02T12:00:00Z"));
    let entry = desk.audit.entry_at(4).await.expect("read").expect("there");
    let context = entry.context.expect("a context");
    let root = desk
        .audit
        .checkpoint_at(4)
        .await
        .expect("made")
        .expect("there")
        .root;
    assert_eq!(context["root"], root.to_string());
    assert_eq!(context["findings"], json!(["failures-0"]));
    assert_eq!(context["findings_by_rule"], json!({"failures": 1}));
    assert_eq!(context["whole"], true);
    // The next review begins there, and the sign-off itself is in it.
    let review = sign(&desk, &rules, "2026-03-03T12:00:00Z").await;
    assert_eq!((review.from, review.entries), (4, 1));
}

#[tokio::test]
async fn sys_29_a_sign_off_says_who_stands_for_how_often_and_why() {
    let desk = Desk::new().await;
    let declared =
        "[declared]\nby = \"m. muster\"\non = \"2026-01-15\"\nwhy = \"risk analysis 7\"\n";
    let rules = rules(&format!("{declared}{FAILURES}"));
    desk.clock.set("2026-03-02T10:00:00Z");
    desk.record(failed("u-1", "09:00:00")).await;
    sign(&desk, &rules, "2026-03-02T12:00:00Z").await;
    let entry = desk.audit.entry_at(1).await.expect("read").expect("there");
    let context = entry.context.expect("a context");
    let expected = json!({"by": "m. muster", "on": "2026-01-15", "why": "risk analysis 7"});
    assert_eq!(
        (&context["frequency"], &context["frequency_declared"]),
        (&json!("daily"), &expected)
    );
}

#[tokio::test]
async fn what_was_not_reviewed_is_not_signed() {
    let desk = Desk::new().await;
    let rules = rules(FAILURES);
    desk.clock.set("2026-03-02T10:00:00Z");
    desk.record(failed("u-1", "09:00:00")).await;
    let review = reviewed(&desk, &rules, 0).await;
    desk.clock.set("2026-03-02T11:00:00Z");
    desk.record(failed("u-1", "10:30:00")).await;
    let sign = async |to: Option<&str>| {
        let request = SignRequest {
            to: to.map(at),
            ..request("2026-03-02T12:00:00Z")
        };
        signed(&desk.audit, &review, &Ledger::default(), &request).await
    };
    let said = |answer: Result<AuditEvent, AuditError>| answer.expect_err("refused").to_string();
    let late = said(sign(Some("2026-03-02T11:30:00Z")).await);
    assert!(late.contains("later than entry 1 was recorded"), "{late}");
    let early = said(sign(Some("2026-03-01T08:00:00Z")).await);
    assert!(early.contains("lies before 2026-03-02T00:00:00"), "{early}");
    let event = sign(None).await.expect("an entry");
    let context = event.context.expect("a context");
    let unseen = desk.audit.entry_at(1).await.expect("read").expect("there");
    let before = Timestamp::from_micros(unseen.created_at.as_micros() - 1);
    assert_eq!(context["period_end"], before.to_string());
    let mut later = request("2026-03-02T10:30:00Z");
    later.to = Some(at("2026-03-02T10:45:00Z"));
    let future = said(signed(&desk.audit, &review, &Ledger::default(), &later).await);
    assert!(future.contains("has not come yet"), "{future}");
}

#[tokio::test]
async fn sys_28_days_are_reviewed_late_missed_or_due() {
    use DayState::{Due, Late, Missed, Reviewed};
    let desk = Desk::new().await;
    let rules = rules(FAILURES);
    desk.clock.set("2026-03-01T08:00:00Z");
    desk.record(event("page_viewed", "2026-03-01T07:00:00Z"))
        .await;
    sign(&desk, &rules, "2026-03-02T09:00:00Z").await;
    sign(&desk, &rules, "2026-03-03T09:00:00Z").await;
    let now = "2026-03-05T00:00:00Z";
    let named = |lines: [(&str, DayState); 4]| lines.map(|(day, state)| (day.to_owned(), state));
    let lines = march(&standing(&desk).await, &rules, (1, 4), now);
    // The third was due by the end of the fourth.
    let expected = [
        ("03-01", Reviewed),
        ("03-02", Reviewed),
        ("03-03", Missed),
        ("03-04", Due),
    ];
    assert_eq!(states(&lines), named(expected));
    assert_eq!(lines[2].due_at, at("2026-03-04T23:59:59.999999Z"));
    // At its last instant it is not missed yet.
    let lines = march(
        &standing(&desk).await,
        &rules,
        (3, 3),
        "2026-03-04T23:59:59.999999Z",
    );
    assert_eq!(lines[0].state, Due);
    // It is put on record, and stays visible when it is caught up with.
    let third = march(&standing(&desk).await, &rules, (3, 3), now).remove(0);
    let on_record = desk.record(missed(&third)).await;
    sign(&desk, &rules, "2026-03-05T09:00:00Z").await;
    let lines = march(
        &standing(&desk).await,
        &rules,
        (1, 9),
        "2026-03-05T10:00:00Z",
    );
    let expected = [
        ("03-01", Reviewed),
        ("03-02", Reviewed),
        ("03-03", Late),
        ("03-04", Reviewed),
    ];
    assert_eq!(states(&lines[..4]), named(expected));
    assert_eq!(lines[2].missed_seq, Some(on_record));
    // Days that have not begun are left out, and the one of today is due.
    assert_eq!((lines.len(), lines[4].state), (5, Due));
}

/// What a sign-off says of the entries from one to a size.
fn said(as_of: u64, from: u64, root: &str) -> Value {
    json!({"period_start": "2026-03-01T00:00:00Z", "period_end": "2099-03-02T00:00:00Z",
        "first_sequence": from, "as_of": as_of, "root": root, "rule_set": "r",
        "rule_set_version": "1", "rule_set_digest": "d", "frequency": "daily",
        "due_seconds": 86_400, "records_in_scope": as_of.saturating_sub(from),
        "findings_count": 0, "findings_open": 0, "whole": true})
}

async fn root(desk: &Desk, size: u64) -> String {
    let root = desk.audit.root_at(size).await.expect("read");
    root.expect("there").to_string()
}

#[tokio::test]
async fn sys_31_a_sign_off_that_is_not_so_is_shown_and_counts_for_nothing() {
    let desk = Desk::new().await;
    let of = |context| AuditEvent::new(AuditAction::AUDIT_REVIEW_COMPLETED, "x").context(context);
    desk.record_all((0..4).map(|n| failed("u-1", &format!("09:0{n}:00"))))
        .await;
    let (root_2, root_4) = (root(&desk, 2).await, root(&desk, 4).await);
    let mut with_gap = said(4, 0, &root_4);
    with_gap["records_in_scope"] = json!(3);
    let mut early = said(2, 0, &root_2);
    // The time of entries that were not reviewed is not signed off.
    early["period_end"] = json!("2026-06-02T00:00:00Z");
    let forged = [
        (said(4, 0, &root_2), "the root that it names"),
        (said(4, 0, ""), "the root that it names"),
        (with_gap, "3 entries were reviewed"),
        (said(4, 2, &root_4), "begins with entry 2"),
        (said(0, 0, &root_4), "0 entries were reviewed"),
        (early, "was not reviewed"),
    ];
    for (context, problem) in &forged {
        let seq = desk.record(of(context.clone())).await;
        let ledger = standing(&desk).await;
        let last = ledger.invalid.last().expect("an invalid one");
        assert_eq!((last.seq, ledger.sign_offs.len()), (seq, 0), "{problem}");
        assert!(last.problem.contains(problem), "{}", last.problem);
    }
    let ledger = standing(&desk).await;
    assert_eq!((ledger.reviewed_to(), ledger.signed_to()), (0, None));
    // Nor is it evidence of a review for a control.
    let mut asked = crate::desk::request(Framework::PciDss);
    asked.period = Period::parse("2026-06-01", "2026-06-01").expect("a day");
    let report = desk.report(asked.clone()).await;
    let reviews = crate::desk::control(&report, "10.4.1");
    assert_eq!((reviews.direct, reviews.state), (0, State::CannotTell));
    assert_eq!(reviews.unknown_terms[0].term, "field.root");
    assert_eq!(
        report
            .reviews
            .list
            .iter()
            .filter(|it| it.problem.is_some())
            .count(),
        6
    );
    for form in [Form::Html, Form::Markdown] {
        let text = render(&report, form).expect("a text").to_lowercase();
        assert!(text.contains("counts for nothing"), "{form}");
    }
    // One that is so counts.
    let mut own = said(4, 0, &root_4);
    own["period_end"] = json!("2026-05-31T00:00:00Z");
    desk.record(of(own.clone())).await;
    assert_eq!(standing(&desk).await.reviewed_to(), 4);
    let report = desk.report(asked).await;
    assert_eq!(crate::desk::control(&report, "10.4.1").direct, 1);
    // The same again begins where nothing waits.
    desk.record(of(own)).await;
    let ledger = standing(&desk).await;
    assert_eq!((ledger.sign_offs.len(), ledger.invalid.len()), (1, 7));
}

#[tokio::test]
async fn sys_29_other_rules_make_no_missed_day_go_away_and_a_change_is_visible() {
    use DayState::{Missed, Reviewed};
    let desk = Desk::new().await;
    let strict = rules(FAILURES);
    desk.clock.set("2026-03-01T08:00:00Z");
    desk.record(event("page_viewed", "2026-03-01T07:00:00Z"))
        .await;
    sign(&desk, &strict, "2026-03-02T01:00:00Z").await;
    let now = "2026-03-06T00:00:00Z";
    let lax = rules(&format!("[schedule]\nevery = \"30d\"\n{FAILURES}"));
    assert_eq!(lax.schedule.frequency(), "every 30 days");
    for rules in [&strict, &lax] {
        let lines = march(&standing(&desk).await, rules, (1, 4), now);
        let states: Vec<_> = lines.iter().map(|line| line.state).collect();
        assert_eq!(
            states,
            [Reviewed, Missed, Missed, Missed][..4],
            "{}",
            rules.sha256
        );
    }
    // From the sign-off with them on they are in force; and the change stands in the ledger.
    sign(&desk, &lax, now).await;
    let ledger = standing(&desk).await;
    let changes: Vec<_> = ledger.rule_changes().collect();
    assert_eq!(changes.len(), 1);
    let (before, after) = changes[0];
    assert_eq!(
        (&before.rules.sha256, &after.rules.sha256),
        (&strict.sha256, &lax.sha256)
    );
    assert_eq!(
        (before.frequency.as_str(), after.frequency.as_str()),
        ("daily", "every 30 days")
    );
    let lines = march(&ledger, &lax, (7, 7), "2026-03-20T00:00:00Z");
    assert_eq!(lines[0].state, DayState::Due);
    // Where stricter rules are at hand, they count.
    let lines = march(&ledger, &strict, (7, 7), "2026-03-20T00:00:00Z");
    assert_eq!(lines[0].state, Missed);
}

#[tokio::test]
async fn sys_28_days_count_from_the_first_entry_or_a_start_that_is_on_record_before() {
    let desk = Desk::new().await;
    desk.clock.set("2026-03-05T08:00:00Z");
    desk.record(event("page_viewed", "2026-03-01T07:00:00Z"))
        .await;
    let rules = rules(FAILURES);
    let first = at("2026-03-05T08:00:00Z");
    let day = |text: &str| rules.schedule.zone.day(at(text));
    let from = |ledger: &Ledger| first_day(ledger, &rules.schedule, first);
    assert_eq!(from(&standing(&desk).await), day("2026-03-05T00:00:00Z"));
    desk.clock.set("2026-03-09T08:00:00Z");
    // A day that has not come makes nothing go away.
    desk.record(started(day("2026-03-20T00:00:00Z"), "later", "q. sa"))
        .await;
    assert_eq!(from(&standing(&desk).await), day("2026-03-05T00:00:00Z"));
    desk.record(started(
        day("2026-03-09T00:00:00Z"),
        "reviews begin",
        "q. sa",
    ))
    .await;
    let ledger = standing(&desk).await;
    assert_eq!(from(&ledger), day("2026-03-09T00:00:00Z"));
    assert_eq!(
        ledger.start.as_ref().and_then(|it| it.by.as_deref()),
        Some("q. sa")
    );
    // A second one is one too many.
    desk.clock.set("2026-03-12T08:00:00Z");
    desk.record(started(day("2026-03-12T00:00:00Z"), "again", "q. sa"))
        .await;
    let ledger = standing(&desk).await;
    assert_eq!(
        (from(&ledger), ledger.invalid.len()),
        (day("2026-03-09T00:00:00Z"), 2)
    );
}

#[tokio::test]
async fn reviews_findings_and_accesses_are_handed_over_as_sheets() {
    let desk = Desk::new().await;
    let rules = rules(FAILURES);
    desk.clock.set("2026-03-02T10:00:00Z");
    desk.record_all((0..3).map(|n| failed("u-1", &format!("09:0{n}:00"))))
        .await;
    let look = event("audit_log_accessed", "2026-03-02T09:30:00Z").user_id("=cmd()");
    desk.record(look).await;
    let review = reviewed(&desk, &rules, 0).await;
    let flag = of(&review, "failures")[0];
    desk.record(flag.raised("q. sa", "many failures", Some("m. muster")))
        .await;
    sign(&desk, &rules, "2026-03-02T12:00:00Z").await;
    let forged = AuditEvent::new(AuditAction::AUDIT_REVIEW_COMPLETED, "x");
    desk.record(forged.context(said(1, 0, "00"))).await;
    let day = march(
        &standing(&desk).await,
        &rules,
        (1, 1),
        "2026-03-05T00:00:00Z",
    )
    .remove(0);
    desk.record(missed(&day)).await;
    let (ledger, period) = (
        standing(&desk).await,
        Period::parse("2026-03-01", "2026-03-31").expect("a month"),
    );
    let rows = |text: String| -> Vec<csv::StringRecord> {
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        reader.records().map(|row| row.expect("a row")).collect()
    };
    let reviews = rows(reviews_sheet(&ledger, &period).expect("a sheet"));
    let kinds: Vec<_> = reviews.iter().map(|row| row[0].to_owned()).collect();
    assert_eq!(kinds, ["sign_off", "invalid", "missed"]);
    assert_eq!(
        (&reviews[0][3], &reviews[0][13]),
        ("q. sa", rules.sha256.as_str())
    );
    assert!(
        reviews[1][19].contains("begins with entry 0"),
        "{:?}",
        reviews[1]
    );
    assert_eq!(&reviews[2][4], "2026-03-01");
    let findings = rows(findings_sheet(&ledger, &period).expect("a sheet"));
    assert_eq!(
        (&findings[0][0], &findings[0][7]),
        ("failures-0", "m. muster")
    );
    assert_eq!((findings.len(), &findings[0][8]), (1, "open"));
    let april = Period::parse("2026-04-01", "2026-04-30").expect("a month");
    assert!(rows(reviews_sheet(&ledger, &april).expect("a sheet")).is_empty());
    let report = desk.report(crate::desk::request(Framework::PciDss)).await;
    let accesses = rows(accesses_sheet(&report).expect("a sheet"));
    assert_eq!(
        (&accesses[0][0], &accesses[0][1]),
        ("'=cmd()", "audit_log_accessed")
    );
}

#[tokio::test]
async fn what_no_review_recorded_so_decides_nothing() {
    let desk = Desk::new().await;
    let event = |action: AuditAction, context| AuditEvent::new(action, "x").context(context);
    let completed = AuditAction::AUDIT_REVIEW_COMPLETED;
    desk.record_all([
        event(completed.clone(), json!({"reviewer": "me"})),
        // Of entries that were not there yet.
        event(completed, said(9, 0, "x")),
        event(
            AuditAction::AUDIT_FINDING_RESOLVED,
            json!({"finding_id": "x"}),
        ),
        assigned("nothing-1", "m", "q", None),
    ])
    .await;
    let ledger = standing(&desk).await;
    assert_eq!(ledger.not_understood, [0, 1, 2, 3]);
    assert_eq!((ledger.sign_offs.len(), ledger.reviewed_to()), (0, 0));
    let by_hand = raised_by_hand(&[3, 1], Severity::High, "odd", ("q. sa", Some("m")));
    desk.record(by_hand).await;
    let finding = standing(&desk).await.findings["manual-1"].clone();
    assert_eq!((finding.entries, finding.owner.as_deref()), (2, Some("m")));
}
