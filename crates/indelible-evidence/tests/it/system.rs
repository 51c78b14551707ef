//! The answers to what is asked of the audit system, and the data behind them.

mod own;
mod reviews;

use std::fs;
use std::path::{Path, PathBuf};

use indelible_core::AuditProtocol;
use indelible_evidence::{
    Answer, ApiKeys, Backlog, By, Form, Installation, StateKept, StoreFacts, Surroundings,
    SystemReport, Verified, answer, measure, page, render_system, requirements,
};

use crate::desk::{Desk, at, event};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A trail of two days with all that can be seen in entries, measured.
async fn measured() -> Installation {
    let desk = Desk::new().await;
    let told = |action: &str, time: &str| event(action, time).tag("actor.privileged:no");
    let mut login = event("user_login_success", "2026-05-31T09:00:00Z");
    login = login.tag("actor.privileged").on_behalf_of("u-2");
    desk.record(login.tag("actor.service_interactive")).await;
    desk.record(told("access_denied", "2026-05-31T19:00:00Z"))
        .await;
    desk.clock.set("2026-06-03T00:00:00Z");
    desk.record(told("user_login_attempted", "2026-06-02T09:00:00Z"))
        .await;
    let engine = desk.audit.engine();
    measure(engine, Surroundings::default())
        .await
        .expect("measured")
}

/// An installation that is as it should be, around the same entries.
pub(super) async fn sound() -> Installation {
    let mut it = measured().await;
    it.store = StoreFacts {
        engine: "SQLite 3".to_owned(),
        bytes_free: Some(64 << 30),
        clock_ahead_micros: Some(1_000),
        ..StoreFacts::default()
    };
    it.erasing_takes_two = true;
    let at = it.measured_at;
    for trail in &mut it.trails {
        trail.mark = Some(trail.size);
        trail.verified = Some(Verified { at, sound: true });
        trail.drilled = Some(at);
    }
    it.surroundings = Surroundings {
        state: StateKept::Apart {
            place: "state".to_owned(),
            mode: Some("700".to_owned()),
        },
        spool: Some(Backlog {
            used: true,
            ..Backlog::default()
        }),
        keys: Some(ApiKeys {
            auditors: 1,
            of_one_trail: 1,
            read_apart: ["default", "second"].map(str::to_owned).into(),
            ..ApiKeys::default()
        }),
        policies: vec!["Logging policy, 3.1, M. Muster".to_owned()],
        verification_seconds: Some(3_600),
        ..Surroundings::default()
    };
    it
}

/// What is met, and is not any more once `change` was made.
async fn falls(number: usize, change: impl FnOnce(&mut Installation)) -> String {
    let mut it = sound().await;
    let (before, fact) = answer(number, &it);
    assert_eq!(before, Answer::Met, "SYS-{number:02}: {fact}");
    change(&mut it);
    let (after, fact) = answer(number, &it);
    assert_ne!(after, Answer::Met, "SYS-{number:02}: {fact}");
    fact
}

#[tokio::test]
async fn every_answer_hangs_on_what_was_measured() {
    falls(1, |it| it.trails[0].without_user = 1).await;
    falls(2, |it| it.trails[0].newest.custom = 1).await;
    falls(3, |it| it.trails.clear()).await;
    falls(3, |it| it.trails[0].newest.late = 1).await;
    falls(3, |it| it.trails[0].newest.before_it_happened = 1).await;
    falls(4, |it| it.trails[0].newest.ended = 0).await;
    falls(4, |it| it.trails[0].newest.untold = 1).await;
    falls(4, |it| it.trails[0].newest.contradictory = 1).await;
    falls(5, |it| it.trails[0].newest.without_origin = 1).await;
    falls(6, |it| it.trails[0].newest.without_resource = 1).await;
    falls(7, |it| it.trails[0].newest.shared = 0).await;
    falls(7, |it| it.trails[0].newest.shared_without_person = 1).await;
    falls(8, |it| it.redaction = "off".to_owned()).await;
    // One entry that says nothing of it is one too many.
    falls(11, |it| it.trails[0].newest.privilege_told -= 1).await;
    falls(14, |it| it.actions.clear()).await;
    falls(17, |it| it.actions.clear()).await;
    falls(18, |it| it.surroundings.state = StateKept::InMemory).await;
    let named = falls(19, |it| {
        it.store.missing_guards.push("entry_no_update".to_owned())
    })
    .await;
    assert!(named.contains("entry_no_update"), "{named}");
    falls(19, |it| {
        it.store.excess_privileges.push("DELETE".to_owned())
    })
    .await;
    // Who owns the store is found, if anybody looks.
    falls(19, |it| it.trails[0].verified = None).await;
    let sound = |it: &mut Installation, sound| {
        let at = it.measured_at;
        it.trails[0].verified = Some(Verified { at, sound });
    };
    falls(21, |it| sound(it, false)).await;
    falls(21, |it| it.trails[0].mark = None).await;
    falls(21, |it| it.trails[0].mark = Some(1_000)).await;
    falls(21, |it| it.trails[0].verified = None).await;
    falls(21, |it| {
        let mut second = it.trails[0].clone();
        second.trail = "second".parse().expect("a name");
        second.verified = None;
        it.trails.push(second);
    })
    .await;
    falls(21, |it| it.surroundings.verification_seconds = None).await;
    falls(22, |it| it.erasing_takes_two = false).await;
    falls(23, |it| {
        it.store.excess_privileges.push("DELETE".to_owned())
    })
    .await;
    falls(24, |it| it.key_at_hand = false).await;
    falls(25, |it| it.store.clock_ahead_micros = Some(-3_000_000)).await;
    falls(25, |it| it.store.clock_ahead_micros = None).await;
    falls(27, |it| it.trails[0].last_at = None).await;
    falls(32, |it| it.store.stray_rows.push("a row".to_owned())).await;
    falls(32, |it| it.trails[0].newest.not_found = 1).await;
    falls(32, |it| it.trails.clear()).await;
    let lost = |it: &mut Installation| {
        it.surroundings.spool.as_mut().expect("one").lost = 1;
    };
    falls(38, lost).await;
    falls(39, |it| it.surroundings.spool = None).await;
    falls(40, |it| {
        it.store.weak_settings.push("synchronous".to_owned())
    })
    .await;
    falls(41, |it| it.trails[0].first_at = None).await;
    falls(42, |it| it.trails[0].newest.mail_users = 1).await;
    falls(47, |it| it.trails.clear()).await;
}

#[tokio::test]
async fn what_is_on_record_by_actions_is_counted() {
    let mut it = sound().await;
    for (number, action) in [
        (15, "audit_started"),
        (16, "system_object_created"),
        (26, "time_settings_changed"),
    ] {
        let (before, _) = answer(number, &it);
        assert_eq!(before, Answer::NeedsEvidenceElsewhere, "{action}");
        it.actions.insert(action.to_owned(), 7);
        let (after, fact) = answer(number, &it);
        assert_eq!(after, Answer::Met, "{action}");
        assert!(fact.contains(&format!("{action} 7")), "{fact}");
    }
    let (one, fact) = answer(45, &it);
    assert_eq!(one, Answer::NeedsEvidenceElsewhere, "{fact}");
    let mut second = it.trails[0].clone();
    second.trail = "second".parse().expect("a name");
    it.trails.push(second);
    assert_eq!(answer(45, &it).0, Answer::Met);
    // A tenant without a key of its own, and whoever reads all.
    let mut apart = it.clone();
    let keys = apart.surroundings.keys.as_mut().expect("keys");
    keys.read_apart.remove("second");
    assert_eq!(answer(45, &apart).0, Answer::NotMet);
    let mut of_all = it.clone();
    let keys = of_all.surroundings.keys.as_mut().expect("keys");
    keys.readers_of_all = 1;
    assert_eq!(answer(45, &of_all).0, Answer::NotMet);
    it.surroundings.keys = None;
    assert_eq!(answer(45, &it).0, Answer::NotMet);
}

#[tokio::test]
async fn sys_33_history_is_all_there_and_its_age_is_told() {
    let mut it = sound().await;
    let (kept, fact) = answer(33, &it);
    // Two days show nothing of twelve months.
    assert_eq!(kept, Answer::NeedsEvidenceElsewhere);
    assert!(fact.contains("default since 2026-06-01T00:00:00"), "{fact}");
    assert!(fact.contains("(2 days)"), "{fact}");
    it.trails[0].first_at = Some(at("2025-06-01T00:00:00Z"));
    assert_eq!(answer(33, &it).0, Answer::Met);
    // What is missing between nobody knows who has not verified.
    let mut unverified = it.clone();
    unverified.trails[0].verified = None;
    assert_eq!(answer(33, &unverified).0, Answer::NeedsEvidenceElsewhere);
    it.trails[0].first_at = None;
    assert_eq!(answer(33, &it).0, Answer::NotMet);
}

#[tokio::test]
async fn sys_37_a_store_that_is_nearly_full_is_told() {
    let fact = falls(37, |it| it.store.bytes_free = Some(100 << 20)).await;
    assert!(fact.contains("100 MiB free"), "{fact}");
    let fact = falls(37, |it| it.store.bytes_free = None).await;
    assert!(fact.contains("not told by"), "{fact}");
}

#[tokio::test]
async fn sys_48_policies_that_are_named_stand_in_the_report() {
    let report = SystemReport::of(sound().await, "indelible");
    for form in Form::ALL {
        let text = render_system(&report, form).expect("rendered");
        assert!(text.contains("Logging policy, 3.1, M. Muster"), "{form}");
    }
    falls(48, |it| it.surroundings.policies.clear()).await;
}

#[tokio::test]
async fn what_the_product_does_not_do_is_never_called_met() {
    let mut it = sound().await;
    let lacking = requirements().iter().enumerate();
    let lacking: Vec<_> = lacking.filter(|(_, own)| own.by != By::Product).collect();
    assert!(!lacking.is_empty());
    for (place, own) in &lacking {
        let (answer, fact) = answer(place + 1, &it);
        assert_ne!(answer, Answer::Met, "{}: {fact}", own.id);
    }
    // That somebody recorded it is no evidence of the product's.
    it.actions.insert("audit_review_completed".to_owned(), 1);
    assert_ne!(answer(31, &it).0, Answer::Met);
}

#[tokio::test]
async fn sys_35_without_a_drill_on_record_nothing_shows_that_a_backup_comes_back() {
    falls(35, |it| it.trails[0].drilled = None).await;
    falls(35, |it| {
        it.trails[0].drill_failed = Some(at("2026-05-30T12:00:00Z"))
    })
    .await;
    let mut it = sound().await;
    it.trails[0].drilled = None;
    // That somebody recorded it is no evidence of the product's.
    it.actions.insert("audit_archive_restored".to_owned(), 1);
    let (told, fact) = answer(35, &it);
    assert_eq!(told, Answer::NotMet);
    assert!(fact.contains("indelible drill"), "{fact}");
}

#[tokio::test]
async fn an_installation_is_measured_as_it_is_and_nothing_is_written() {
    let desk = Desk::new().await;
    let empty = measure(desk.audit.engine(), Surroundings::default()).await;
    let empty = empty.expect("measured");
    assert!(empty.trails.is_empty() && empty.store.in_memory);
    desk.record(event("page_viewed", "2026-05-30T09:00:00Z"))
        .await;
    let nobody = "2026-05-30T10:00:00Z";
    let nobody = indelible_core::AuditEvent::new(
        indelible_core::AuditAction::new("user_login_failed".to_owned()).expect("an action"),
        "session",
    )
    .occurred_at(at(nobody));
    desk.record(nobody).await;
    let it = measure(desk.audit.engine(), Surroundings::default()).await;
    let it = it.expect("measured");
    let trail = &it.trails[0];
    assert_eq!((trail.size, trail.without_user), (2, 1));
    let newest = &trail.newest;
    assert_eq!(
        (newest.entries, newest.custom, newest.without_origin),
        (2, 1, 1)
    );
    assert_eq!((newest.without_resource, newest.ended), (1, 1));
    assert_eq!(it.actions["user_login_failed"], 1);
    let page = desk
        .audit
        .query(indelible_core::Query::new())
        .await
        .expect("read");
    assert_eq!(page.as_of, 2);
}

#[tokio::test]
async fn every_form_has_all_forty_eight() {
    let report = SystemReport::of(sound().await, "indelible");
    let sum: usize = report.counts.iter().map(|count| count.requirements).sum();
    assert_eq!((report.requirements.len(), sum), (48, 48));
    for form in Form::ALL {
        let text = render_system(&report, form).expect("rendered");
        for number in 1..=48 {
            assert!(
                text.contains(&format!("SYS-{number:02}")),
                "{form} {number}"
            );
        }
        assert!(!text.contains("<script"));
    }
}

#[test]
fn the_page_is_made_of_the_data() {
    let there = fs::read_to_string(root().join("docs/requirements.md")).unwrap_or_default();
    let made = Path::new(env!("CARGO_TARGET_TMPDIR")).join("requirements.md");
    fs::write(&made, page()).expect("written");
    assert!(
        there == page(),
        "docs/requirements.md is not {}",
        made.display()
    );
}

#[test]
fn all_rows_are_there_and_every_test_that_is_named_exists() {
    let ids: Vec<_> = requirements().iter().map(|it| it.id.clone()).collect();
    let all: Vec<_> = (1..=48).map(|number| format!("SYS-{number:02}")).collect();
    assert_eq!(ids, all);
    for own in requirements() {
        let is_met = own.by == By::Product;
        assert!(!is_met || !own.tests.is_empty(), "{} names no test", own.id);
        let number = own.id.to_lowercase().replace('-', "_");
        for test in &own.tests {
            let (path, name) = test.split_once("::").expect("path::name");
            let source = fs::read_to_string(root().join(path)).expect(path);
            assert!(
                source.contains(&format!("fn {name}(")),
                "{test} is not there"
            );
            assert!(
                name.contains(&format!("{number}_")),
                "{test} has not the number"
            );
        }
    }
}
