//! Runs that take long, that are refused, and that others wait for.

use std::sync::Arc;

use axum::http::Method;
use indelible::Database;
use indelible_server::App;
use serde_json::{Value, json};

use super::{DAY, aged, look, post, set};
use crate::connections::Serving;
use crate::desk::{Call, Desk, on_both};
use crate::gated::{self, Gated};
use crate::reviewing::newest;

on_both!(
    a_run_goes_on_when_its_caller_leaves_and_one_is_done_at_a_time,
    a_policy_that_the_trail_does_not_say_is_a_conflict_until_it_is_set_again,
    a_stop_waits_for_no_run_and_another_server_goes_on_with_it,
);

async fn gate(desk: Desk) -> (Desk, Arc<Gated>, Database) {
    let officer = desk.officer().await;
    let ground = officer.engine().ground().clone();
    let (desk, gate) = gated::serving(desk, ground).await;
    (desk, gate, officer)
}

/// Waits for the end of the run.
async fn ended(desk: &Desk) -> Value {
    loop {
        let run = look(desk, &desk.admin, "retention/run").await;
        if run["running"] == false {
            return run;
        }
        tokio::task::yield_now().await;
    }
}

async fn a_run_goes_on_when_its_caller_leaves_and_one_is_done_at_a_time(desk: Desk) {
    let (desk, gate, _officer) = gate(desk).await;
    desk.records("shop", 6).await;
    desk.clock.pass(40 * DAY);
    set(&desk, &desk.admin).await;
    let run = look(&desk, &desk.admin, "retention/run").await;
    assert_eq!((&run["running"], &run["by"]), (&json!(false), &Value::Null));
    gate.shut();
    tokio::select! {
        biased;
        _ = post(&desk, &desk.admin, "retention/run", Value::Null) => panic!("it waits"),
        () = gate.come() => {}
    }
    // Whoever asked has left.
    let run = look(&desk, &desk.admin, "retention/run").await;
    assert_eq!(
        (&run["running"], &run["outcome"]),
        (&json!(true), &Value::Null)
    );
    let second = post(&desk, &desk.admin, "retention/run", Value::Null).await;
    second.refuses(409, "run-in-progress", None);
    gate.open();
    gate.let_through();
    let run = ended(&desk).await;
    assert_eq!(run["outcome"]["removed"], 6, "{run}");
    let call = Call::new(Method::POST, "/v1/trails/shop/retention/run");
    let call = call.header("prefer", "handling=lenient, respond-async");
    let begun = desk.call(call).await.is(202);
    assert_eq!(begun.header("location"), "/v1/trails/shop/retention/run");
    assert_eq!(begun.json()["trail"], "shop");
    let run = ended(&desk).await;
    assert_eq!(run["outcome"]["removed"], 0, "{run}");
}

async fn a_stop_waits_for_no_run_and_another_server_goes_on_with_it(desk: Desk) {
    let (desk, gate, officer) = gate(desk).await;
    desk.records("shop", 6).await;
    desk.clock.pass(40 * DAY);
    set(&desk, &desk.admin).await;
    look(&desk, &desk.admin, "retention/run").await;
    let serving = Serving::app(&desk, desk.app.clone()).await;
    gate.shut();
    let call = Call::new(Method::POST, "/v1/trails/shop/retention/run");
    desk.call(call.header("prefer", "respond-async"))
        .await
        .is(202);
    gate.come().await;
    serving.end().await;
    gate.open();
    let run = look(&desk, &desk.admin, "retention/run").await;
    assert_eq!(
        (&run["running"], &run["problem"]),
        (&json!(false), &json!("the server is stopping"))
    );
    let desk = desk.serving(App::new(officer.engine().clone()));
    let done = post(&desk, &desk.admin, "retention/run", Value::Null).await;
    assert_eq!(done.is(200).json()["removed"], 6);
}

/// Makes the database say another policy than the trail does.
pub async fn alter_policy(desk: &Desk) {
    let registry = &desk.app.engine().ground().registry;
    let row = registry.get("policy", "shop").await;
    let row = row.expect("readable").expect("a row");
    let mut value = row.value.clone();
    value["policy"]["maximum_days"] = json!(1);
    let put = registry.put("policy", "shop", Some(row.version), Some(&value));
    put.await.expect("written").expect("as it was");
}

async fn a_policy_that_the_trail_does_not_say_is_a_conflict_until_it_is_set_again(desk: Desk) {
    let (desk, _officer) = aged(desk).await;
    set(&desk, &desk.admin).await;
    alter_policy(&desk).await;
    for rest in ["retention", "retention/plan"] {
        let looked = desk.get(&format!("/v1/trails/shop/{rest}")).await;
        looked.refuses(409, "retention-conflict", None);
    }
    let run = post(&desk, &desk.admin, "retention/run", Value::Null).await;
    run.refuses(409, "retention-conflict", None);
    let run = look(&desk, &desk.admin, "retention/run").await;
    assert!(
        run["problem"]
            .as_str()
            .expect("a text")
            .contains("set it again")
    );
    assert_eq!(set(&desk, &desk.admin).await["first_kept"], 0);
    let done = post(&desk, &desk.admin, "retention/run", Value::Null).await;
    assert_eq!(done.is(200).json()["removed"], 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_role_may_not_remove_says_so_and_records_nothing() {
    let desk = Desk::on_postgres().await;
    desk.records("shop", 3).await;
    desk.clock.pass(40 * DAY);
    set(&desk, &desk.admin).await;
    let refused = post(&desk, &desk.admin, "retention/run", Value::Null).await;
    let refused = refused.refuses(409, "removal-refused", None).json();
    let detail = refused["detail"].as_str().expect("a text");
    assert!(detail.contains("indelible retention run"), "{detail}");
    assert_eq!(newest(&desk, "audit_records_expired").await, Value::Null);
    assert_eq!(
        look(&desk, &desk.admin, "retention/plan").await["expired"]["count"],
        3
    );
}
