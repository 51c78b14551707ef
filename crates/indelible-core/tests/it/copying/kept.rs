//! What the registry knows of a trail goes with it.

use std::time::Duration;

use indelible_core::TrailName;
use indelible_core::engine::{HoldOrder, HoldStanding, RetentionPolicy};
use indelible_core::{Query, Registry};
use serde_json::json;

use super::{moved_to, recorded, sites};

fn order() -> HoldOrder {
    HoldOrder {
        query: Query::new(),
        reason: "r".to_owned(),
        matter: None,
        by: "alice".to_owned(),
    }
}

#[tokio::test]
async fn t91_a_trail_that_moved_keeps_its_policy_and_its_holds_as_they_stand() {
    let (from, to) = sites();
    let (source, target) = (recorded(&from, 20).await, to.engine().await);
    let audit = source.trail(TrailName::standard());
    let policy = RetentionPolicy {
        maximum_days: Some(30),
        legal_basis: "b".to_owned(),
        ..RetentionPolicy::default()
    };
    let set = audit.set_retention_policy(&policy, "officer").await;
    set.expect("it is set");
    let order = order();
    let over = audit.place_hold(&order).await.expect("placed").id;
    let asked = audit.request_release(over, "alice".into(), "closed").await;
    asked.expect("asked");
    audit
        .approve_release(over, "bob".into())
        .await
        .expect("over");
    let wider = audit.place_hold(&order).await.expect("placed").id;
    let asked = audit.request_release(wider, "alice".into(), "closed").await;
    asked.expect("asked");
    let before = audit.holds().await.expect("read");
    // Of an earlier stay, and of another trail.
    let stale = json!({"state": "placed"});
    for key in ["default/00000000-0000-4000-8000-000000000001", "other/x"] {
        let put = to.memory.put("hold", key, None, Some(&stale)).await;
        put.expect("put");
    }
    moved_to(&source, &target, "b").await.expect("moved");
    let there = target.trail(TrailName::standard());
    assert_eq!(there.holds().await.expect("read"), before);
    let read = there.retention_policy().await.expect("it can be told");
    assert_eq!(read, Some(policy));
    let rows = to.memory.list("hold").await.expect("read");
    let keys = rows.iter().map(|(key, _)| key.starts_with("default/"));
    assert_eq!(keys.collect::<Vec<_>>(), [true, true, false]);
    // Once two have let go of the second one nothing is held there.
    there
        .approve_release(wider, "bob".into())
        .await
        .expect("over");
    from.clock.pass(Duration::from_secs(40 * 24 * 60 * 60));
    let (retained, _) = there.retain("officer", &mut |_| {}).await.expect("runs");
    assert!(retained.entries > 20, "{retained:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn t91_a_hold_whose_entry_was_lost_on_the_way_is_in_force_where_the_trail_goes_on() {
    let (from, to) = sites();
    let (source, target) = (recorded(&from, 700).await, to.engine().await);
    let audit = source.trail(TrailName::standard());
    let hold = audit.place_hold(&order()).await.expect("placed");
    let other = to.engine().await;
    let trails = [TrailName::standard()];
    let mut is_taken = false;
    let cut = source
        .move_trails(&trails, (&target, "a", "b"), &mut |_, progress| {
            if progress.done == 512 {
                let handle = tokio::runtime::Handle::current();
                let taken = other.abandon_moves("the first one is lost");
                let taken = tokio::task::block_in_place(|| handle.block_on(taken));
                is_taken = taken.is_ok();
            }
        })
        .await;
    assert!(cut.is_err() && is_taken);
    let there = other.trail(TrailName::standard());
    let holds = there.holds().await.expect("read");
    assert_eq!((holds.len(), holds[0].id), (1, hold.id));
    assert_eq!(holds[0].standing, HoldStanding::Missing);
    assert!(holds[0].is_in_force());
}
