//! Orders that wait, and what comes in between.

use super::approved::{ask, named, newest, of_two};
use super::*;
use crate::ground::faulty;

#[tokio::test]
async fn an_approval_that_is_given_up_half_way_is_carried_out_all_the_same() {
    let (site, store) = faulty();
    let audit = of_two(&site).await.trail(TrailName::standard());
    fill(&audit, 0..20).await;
    let request = ask(&audit, &order(&["u3"])).await;
    store.appends.forget_permits(usize::MAX);
    let asked = store.asked.available_permits() as u32;
    let mut quiet = |_| {};
    let approving = audit.approve_erasure(request.id, named("second"), &mut quiet);
    tokio::select! {
        biased;
        // The approval is being recorded.
        _ = store.asked.acquire_many(asked + 1) => {}
        done = approving => panic!("not given up: {done:?}"),
    }
    store.appends.add_permits(100);
    let register = || site.state.erasures(audit.name()).expect("readable");
    while register().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(audit.erasure_requests().await.expect("readable").len(), 0);
    let audit = of_two(&site).await.trail(TrailName::standard());
    let said = newest(&audit, "audit_subject_erased").await;
    assert_eq!(said["erasure_request"], json!(request.id));
    let gone = all(&audit).await;
    let is_approval = |it: &&StoredEntry| it.action == "audit_subject_erasure_approved";
    assert_eq!(gone.iter().filter(is_approval).count(), 1);
    let gone = gone.iter().filter(|it| !it.erased().is_empty()).count();
    assert_eq!(gone, 4);
}
