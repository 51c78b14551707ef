//! Runs that take another key than the one that has set the policy.

use super::*;

on_both!(sys_22_a_policy_is_run_by_somebody_else_where_erasing_takes_two);

/// A key of somebody's, and its id.
async fn key_of(desk: &Desk, name: &str) -> (String, String) {
    let body = json!({"name": name, "role": "admin", "trail": "shop"});
    let made = desk.post("/v1/keys", body.to_string()).await.is(201).json();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    (text(&made["key"]), format!("key:{}", text(&made["id"])))
}

async fn sys_22_a_policy_is_run_by_somebody_else_where_erasing_takes_two(desk: Desk) {
    let officer = desk.officer_of_two().await;
    let desk = desk.serving(App::new(officer.engine().clone()));
    desk.records("shop", 6).await;
    desk.clock.pass(40 * DAY);
    let (alice, alice_is) = key_of(&desk, "alice").await;
    let (again, again_is) = key_of(&desk, "Alice").await;
    let (bob, bob_is) = key_of(&desk, "bob").await;
    set(&desk, &alice).await;
    for (key, is) in [(&alice, &alice_is), (&again, &again_is)] {
        let own = post(&desk, key, "retention/run", Value::Null).await;
        own.refuses(409, "same-person", None);
        let refused = newest(&desk, "audit_retention_run_refused").await;
        assert_eq!(
            (&refused["outcome"], &refused["user_id"]),
            (&json!("denied"), &json!(is))
        );
    }
    assert_eq!(look(&desk, &bob, "retention").await["first_kept"], 0);
    let done = post(&desk, &bob, "retention/run", Value::Null).await;
    assert_eq!(done.is(200).json()["removed"], 6);
    let said = newest(&desk, "audit_records_expired").await;
    assert_eq!(
        (
            &said["user_id"],
            &said["context"]["changed_by"],
            &said["context"]["changed_by_name"]
        ),
        (&json!(bob_is), &json!(alice_is), &json!("alice"))
    );
}
