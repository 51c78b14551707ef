//! Reviews and erasures of an installation, and what only others can show.

use indelible_core::{AuditAction, AuditEvent};
use indelible_evidence::{Answer, Declaration, Reviews, Surroundings, answer, measure};

use super::sound;
use crate::desk::{Desk, at, event};

#[tokio::test]
async fn sys_28_sys_29_sys_30_sys_31_reviews_are_measured_by_the_sign_offs_that_count() {
    let reviewed = Reviews {
        sign_offs: 2,
        last_at: Some(at("2026-06-02T10:00:00Z")),
        frequency: Some("daily".to_owned()),
        declared: Some(Declaration {
            by: "m. muster".to_owned(),
            on: "2026-02-01".to_owned(),
            why: "risk analysis 7".to_owned(),
        }),
        findings: 3,
        open: 1,
        ..Reviews::default()
    };
    let answered = async |number: usize, change: fn(&mut Reviews)| {
        let mut it = sound().await;
        it.trails[0].reviews = reviewed.clone();
        change(&mut it.trails[0].reviews);
        answer(number, &it)
    };
    for number in 28..=31 {
        let (found, fact) = answered(number, |_| {}).await;
        assert_eq!(found, Answer::Met, "SYS-{number}: {fact}");
        let (found, fact) = answered(number, |it| *it = Reviews::default()).await;
        assert_ne!(found, Answer::Met, "SYS-{number}: {fact}");
    }
    assert_eq!(answered(28, |it| it.missed = 1).await.0, Answer::NotMet);
    assert_eq!(
        answered(29, |it| it.declared = None).await.0,
        Answer::NotMet
    );
    assert_eq!(
        answered(30, |it| it.without_owner = 1).await.0,
        Answer::NotMet
    );
    // One that is not so stays for ever, and takes nothing from those that hold.
    let (found, fact) = answered(31, |it| it.invalid = 1).await;
    assert_eq!(found, Answer::Met, "{fact}");
    assert!(fact.contains("1 that count for nothing"), "{fact}");
    let unchecked = |it: &mut Reviews| (it.sign_offs, it.unchecked) = (0, 2);
    assert_eq!(answered(31, unchecked).await.0, Answer::NotMet);
    let (_, fact) = answered(29, |_| {}).await;
    assert!(
        fact.contains("daily, by m. muster on 2026-02-01: risk analysis 7"),
        "{fact}"
    );
}

#[tokio::test]
async fn sys_31_what_looks_like_a_sign_off_is_measured_and_makes_no_review() {
    let desk = Desk::new().await;
    desk.record(event("page_viewed", "2026-05-30T09:00:00Z"))
        .await;
    let forged = AuditEvent::new(AuditAction::AUDIT_REVIEW_COMPLETED, "audit_review");
    let forged = forged.context(serde_json::json!({
        "period_start": "2026-05-01T00:00:00Z", "period_end": "2026-05-31T00:00:00Z",
        "first_sequence": 0, "as_of": 1, "root": "00", "rule_set": "r", "rule_set_version": "1",
        "rule_set_digest": "d", "frequency": "daily", "due_seconds": 1, "records_in_scope": 1,
        "findings_count": 0, "findings_open": 0, "whole": true,
    }));
    desk.record(forged).await;
    let it = measure(desk.audit.engine(), Surroundings::default()).await;
    let it = it.expect("measured");
    let reviews = &it.trails[0].reviews;
    assert_eq!((reviews.sign_offs, reviews.invalid), (0, 1));
    assert_eq!(answer(31, &it).0, Answer::NotMet);
}

#[tokio::test]
async fn sys_43_an_erasure_on_record_is_met_where_the_rest_verifies() {
    let mut it = sound().await;
    assert_eq!(answer(43, &it).0, Answer::NeedsEvidenceElsewhere);
    it.actions.insert("audit_subject_erased".to_owned(), 1);
    assert_eq!(answer(43, &it).0, Answer::Met);
    it.trails[0].verified = None;
    assert_eq!(answer(43, &it).0, Answer::NeedsEvidenceElsewhere);
}

#[tokio::test]
async fn what_only_others_can_show_is_asked_of_them_however_much_is_on_record() {
    let mut it = sound().await;
    for (number, action) in [
        (12, "audit_log_accessed"),
        (13, "access_denied"),
        (44, "dsar_fulfilled"),
    ] {
        it.actions.insert(action.to_owned(), 7);
        let (answered, fact) = answer(number, &it);
        assert_eq!(answered, Answer::NeedsEvidenceElsewhere, "{fact}");
        assert!(fact.contains(&format!("{action} 7")), "{fact}");
    }
}
