//! A plan beside a run of another process, which removes what the plan counts.

use indelible_core::engine::{Audit, RetentionProgress};
use indelible_core::{AuditError, TrailName};
use tokio::runtime::Handle;

use super::{aged, planned, policy, set};
use crate::ground::Site;

/// Removes the entries before a place, as another process does, within a call that cannot wait.
fn remove(site: &Site, first_kept: u64) {
    let trail = TrailName::standard();
    let removing = async {
        let removal = site.store.removal().expect("memory can remove");
        while removal.trim(&trail, first_kept).await.expect("it goes") < first_kept {}
    };
    tokio::task::block_in_place(|| Handle::current().block_on(removing));
}

async fn site() -> (Site, Audit) {
    let site = Site::new();
    let audit = aged(&site, 2_900, 5).await;
    set(&audit, &policy(30)).await;
    (site, audit)
}

#[tokio::test(flavor = "multi_thread")]
async fn t87_a_plan_says_what_would_go_though_entries_went_meanwhile() {
    for place in [300, 1_500, 2_900] {
        let (site, audit) = site().await;
        let now = site.ground().clock.now();
        let mut has_gone = false;
        let mut progress = |_: RetentionProgress| {
            if !std::mem::replace(&mut has_gone, true) {
                remove(&site, place);
            }
        };
        let plan = audit.plan_retention(now, &mut progress).await;
        let plan = plan.expect("it plans");
        assert_eq!(plan, planned(&audit).await, "{place}");
        let goes = plan.expired.map(|expired| (expired.first, expired.last));
        assert_eq!(goes, (place < 2_900).then_some((place, 2_899)), "{place}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_of_a_trail_of_which_more_and_more_goes_says_so() {
    let (site, audit) = site().await;
    let now = site.ground().clock.now();
    let mut place = 0;
    let mut progress = |_: RetentionProgress| {
        place += 100;
        remove(&site, place);
    };
    let planned = audit.plan_retention(now, &mut progress).await;
    assert!(
        matches!(planned, Err(AuditError::Removing(_))),
        "{planned:?}"
    );
}
