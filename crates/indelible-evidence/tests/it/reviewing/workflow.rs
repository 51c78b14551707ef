//! From what was flagged to a sign-off, and the days that nobody signed off.

use indelible_core::{AuditError, AuditEvent, Timestamp};
use indelible_evidence::review::{
    DayLine, DayState, Disposition, Flag, Ledger, Review, RuleSet, SignRequest, assigned, closed,
    days, ledger, missed, signed,
};
use serde_json::json;

use super::{FAILURES, failed, of, reviewed, rules};
use crate::desk::{Desk, at, event};

pub(super) async fn standing(desk: &Desk) -> Ledger {
    ledger(&desk.audit).await.expect("a ledger")
}

pub(super) fn request(now: &str) -> SignRequest {
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
pub(super) async fn sign(desk: &Desk, rules: &RuleSet, now: &str) -> Review {
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

pub(super) fn states(lines: &[DayLine]) -> Vec<(String, DayState)> {
    let state = |line: &DayLine| (line.day.to_string()[5..].to_owned(), line.state);
    lines.iter().map(state).collect()
}

pub(super) fn march(
    ledger: &Ledger,
    rules: &RuleSet,
    (from, to): (i64, i64),
    now: &str,
) -> Vec<DayLine> {
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
