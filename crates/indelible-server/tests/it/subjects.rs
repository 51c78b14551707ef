//! Persons over HTTP: what is known of them, and that it goes.

use axum::http::Method;
use serde_json::{Value, json};

use crate::desk::{Answered, Call, Desk, on_both};

on_both!(
    sys_43_sys_44_a_person_is_shown_planned_and_erased_over_http,
    t91_what_is_held_is_not_erased_over_http,
    what_cannot_be_erased_is_a_problem_that_names_nobody,
    whose_role_may_not_erase_is_told_so,
    an_erasure_whose_client_hangs_up_is_done_whole,
    one_erasure_is_done_at_a_time,
);

const SUBJECTS: &str = "/v1/trails/shop/subjects";

/// A desk whose server may erase.
async fn erasing(mut desk: Desk) -> Desk {
    desk.database = desk.officer().await;
    let app = indelible_server::App::new(desk.database.engine().clone());
    desk.serving(app)
}

/// A day of the person `zwiebel.z` and others.
async fn day(desk: &Desk) {
    let events = [
        json!({"action": "user_login_success", "resource_type": "session",
            "user_id": "zwiebel.z", "ip_address": "203.0.113.9", "user_agent": "Zwiebelfox 7"}),
        json!({"action": "data_viewed", "resource_type": "account", "user_id": "clerk.one",
            "resource_id": "zwiebel.z", "ip_address": "192.0.2.1",
            "context": {"purpose": "support case 7", "recipient": "bank"}}),
        json!({"action": "mail_sent", "resource_type": "mail", "user_id": "clerk.one",
            "context": {"email": "zwiebel@mail.example"}}),
        json!({"action": "data_viewed", "resource_type": "account", "user_id": "clerk.one",
            "resource_id": "somebody.else"}),
    ];
    let lines: String = events.iter().map(|event| format!("{event}\n")).collect();
    let answered = desk.lines("/v1/trails/shop/events", lines).await.is(200);
    assert!(answered.rows().iter().all(|row| row["status"] == 201));
}

async fn send(desk: &Desk, key: &str, rest: &str, body: &Value) -> Answered {
    let call = Call::new(Method::POST, &format!("{SUBJECTS}{rest}")).key(key);
    let call = call.header("content-type", "application/json");
    desk.call(call.body(body.to_string())).await
}

async fn all(desk: &Desk) -> Vec<Value> {
    let page = desk.get("/v1/trails/shop/events?limit=1000").await;
    let page = page.is(200).json();
    page["entries"].as_array().expect("a list").clone()
}

async fn sys_43_sys_44_a_person_is_shown_planned_and_erased_over_http(desk: Desk) {
    let desk = erasing(desk).await;
    day(&desk).await;
    let reader = desk.key("reader", Some("shop")).await;
    let admin = desk.key("admin", Some("shop")).await;
    let proof = desk.get("/v1/trails/shop/events/1/proof").await.is(200);
    // Somebody looked for the person just now, which is still summed up.
    for _ in 0..3 {
        desk.get("/v1/trails/shop/events?user_id=zwiebel.z")
            .await
            .is(200);
    }

    let person = json!({"id": "zwiebel.z", "also": ["context.email=zwiebel@mail.example"]});
    let known = send(&desk, &reader, "/show", &person).await.is(200);
    assert!(!known.text().contains("clerk"), "{}", known.text());
    assert_eq!(known.header("cache-control"), "no-store");
    let known = known.json();
    let lines = known["entries"].as_array().expect("a list");
    let named: Vec<_> = lines
        .iter()
        .map(|line| json!([line["seq"], line["named_in"], line["by"]]))
        .collect();
    // The looks are about the person, too.
    assert_eq!(
        json!(named[..3]),
        json!([
            [0, ["actor"], "zwiebel.z"],
            [1, ["target"], "staff-1"],
            [2, ["details"], "staff-1"]
        ])
    );

    let order = json!({
        "ids": ["zwiebel.z", "nobody"], "also": ["context.email=zwiebel@mail.example"],
        "reason": "Art. 17(1)(b)", "legal_basis": "GDPR", "request_id": "DSR-12",
    });
    let mut dry = order.clone();
    dry["dry_run"] = true.into();
    let before = all(&desk).await.len();
    let plan = send(&desk, &admin, "/erase", &dry).await.is(200).json();
    assert_eq!(
        (&plan["dry_run"], &plan["unknown"]),
        (&json!(true), &json!(["nobody"]))
    );
    assert_eq!((&plan["held"], &plan["erased"]), (&json!(0), &json!(0)));
    let there = all(&desk).await;
    // It was looked, which is on record by digests alone.
    assert_eq!(there.len(), before + 1, "{}", there[0]);
    assert_eq!(there[0]["context"]["access"], "erase");
    let refs = there[0]["context"]["query"]["subject_refs"].clone();
    assert_eq!(refs.as_array().map(Vec::len), Some(3));

    for key in [&reader, &desk.key("auditor", Some("shop")).await] {
        let refused = send(&desk, key, "/erase", &order).await;
        refused.refuses(403, "forbidden", None);
    }
    let none = format!("{SUBJECTS}/erasure");
    let standing = desk.get(&none).await.is(200).json();
    assert_eq!(
        standing,
        json!({"trail": "shop", "running": null, "last": null})
    );
    let done = send(&desk, &admin, "/erase", &order).await.is(200).json();
    assert_eq!(
        (&done["dry_run"], &done["subjects"]),
        (&json!(false), &json!(3))
    );
    assert_eq!(
        (&done["unpurged"], &done["held_back"]),
        (&Value::Null, &json!(0))
    );
    assert!(done["erased"].as_u64() >= Some(4), "{done}");
    assert!(done["leftovers"].as_array().map(Vec::len) >= Some(6));
    let seq = done["recorded"][0].as_u64().expect("an entry");

    let standing = desk.get(&none).await.is(200);
    assert!(!standing.text().contains("zwiebel"), "{}", standing.text());
    let last = standing.json()["last"].clone();
    assert_eq!(last["came"]["done"]["erased"], done["erased"]);
    assert_eq!(last["key_name"], "a admin");

    let said = desk.get(&format!("/v1/trails/shop/events/{seq}")).await;
    let said = said.is(200).json();
    assert_eq!(said["action"], "audit_subject_erased");
    assert_eq!(said["user_id"], last["by"]);
    assert!(said["user_id"].as_str().expect("a key").starts_with("key:"));
    let context = &said["context"];
    assert_eq!(
        (&context["key_name"], &context["request_id"]),
        (&json!("a admin"), &json!("DSR-12"))
    );
    assert_eq!(context["subject_refs"], refs);

    // Gone from all that is shown, and from what is recorded later.
    desk.clock.pass(std::time::Duration::from_secs(120));
    desk.app.settle_all().await.expect("recorded");
    let gone = send(&desk, &reader, "/show", &person).await;
    gone.refuses(404, "not-found", None);
    for trail in ["shop", "system"] {
        let url = format!("/v1/trails/{trail}/events?limit=1000");
        let text = desk.get(&url).await.is(200).text();
        for text_of in ["zwiebel", "203.0.113.9", "nobody"] {
            assert!(!text.contains(text_of), "{text_of} in {trail}: {text}");
        }
    }
    for file in desk.files() {
        let bytes = std::fs::read(&file).expect("readable");
        for text in ["zwiebel.z", "Zwiebelfox", "zwiebel@mail", "203.0.113.9"] {
            let holds = bytes.windows(text.len()).any(|w| w == text.as_bytes());
            assert!(!holds, "{text} in {}", file.display());
        }
    }
    let verified = desk.post("/v1/trails/shop/verify", "").await.is(200).json();
    assert_eq!(verified["ok"], true, "{verified}");
    // The leaf that the proof is of is that of now.
    let now = desk.get("/v1/trails/shop/events/1/proof").await.is(200);
    let extra = |text: &str| text.lines().nth(1).map(str::to_owned);
    assert_eq!(extra(&now.text()), extra(&proof.text()));
}

async fn t91_what_is_held_is_not_erased_over_http(desk: Desk) {
    let desk = erasing(desk).await;
    day(&desk).await;
    let hold = indelible::core::engine::HoldOrder {
        query: indelible::Query::new().user_id("zwiebel.z"),
        reason: "letter of 3 May".to_owned(),
        by: "alice".to_owned(),
        ..Default::default()
    };
    let shop = desk.database.trail("shop".parse().expect("a name"));
    shop.place_hold(&hold).await.expect("placed");
    let order = json!({"ids": ["zwiebel.z"], "reason": "Art. 17"});
    let mut dry = order.clone();
    dry["dry_run"] = true.into();
    let admin = desk.admin.clone();
    let plan = send(&desk, &admin, "/erase", &dry).await.is(200).json();
    assert_eq!(plan["held"], 1);
    let refused = send(&desk, &admin, "/erase", &order).await;
    assert!(refused.text().contains("1 entry"), "{}", refused.text());
    assert!(!refused.text().contains("zwiebel"), "{}", refused.text());
    refused.refuses(409, "held", None);
    let newest = all(&desk).await[0].clone();
    assert_eq!(newest["action"], "audit_subject_erasure_refused");
    assert_eq!(newest["context"]["exception"], "legal_hold");
    let standing = desk.get(&format!("{SUBJECTS}/erasure")).await.is(200);
    let failed = standing.json()["last"]["came"]["failed"].clone();
    assert!(
        failed.as_str().is_some_and(|it| it.contains("held")),
        "{failed}"
    );
    assert!(all(&desk).await.iter().all(|it| it["erased"] == json!([])));
}

async fn what_cannot_be_erased_is_a_problem_that_names_nobody(desk: Desk) {
    let desk = erasing(desk).await;
    day(&desk).await;
    let key = desk.admin.clone();
    let long = "zwiebel".repeat(40);
    let many: Vec<_> = (0..1001).map(|n| format!("u-{n}")).collect();
    let bad = [
        ("/erase", json!({"ids": ["zwiebel"]}), Some("reason")),
        (
            "/erase",
            json!({"ids": ["zwiebel"], "reason": " "}),
            Some("reason"),
        ),
        ("/erase", json!({"reason": "x"}), Some("ids")),
        ("/erase", json!({"ids": [], "reason": "x"}), Some("ids")),
        (
            "/erase",
            json!({"ids": "zwiebel", "reason": "x"}),
            Some("ids"),
        ),
        ("/erase", json!({"ids": [""], "reason": "x"}), Some("ids")),
        ("/erase", json!({"ids": [long], "reason": "x"}), Some("ids")),
        ("/erase", json!({"ids": many, "reason": "x"}), Some("ids")),
        (
            "/erase",
            json!({"also": ["zwiebel"], "reason": "x"}),
            Some("also"),
        ),
        (
            "/erase",
            json!({"also": ["context.zwiebel=null"], "reason": "x"}),
            Some("also"),
        ),
        (
            "/erase",
            json!({"ids": ["zwiebel"], "reason": "x", "parts": ["skeleton"]}),
            Some("parts"),
        ),
        // Who orders is the key.
        (
            "/erase",
            json!({"ids": ["zwiebel"], "reason": "x", "by": "m"}),
            Some("by"),
        ),
        ("/show", json!({}), Some("id")),
        ("/show", json!({"id": ""}), Some("id")),
        ("/show", json!({"id": long}), Some("id")),
        (
            "/show",
            json!({"id": "u", "also": ["zwiebel"]}),
            Some("also"),
        ),
    ];
    for (rest, body, field) in bad {
        let answered = send(&desk, &key, rest, &body).await;
        assert!(!answered.text().contains("zwiebel"), "{}", answered.text());
        answered.refuses(400, "invalid-body", field);
    }
    // The ids are in no query string either.
    let call = Call::new(Method::POST, &format!("{SUBJECTS}/show?id=zwiebel"));
    let call = call.header("content-type", "application/json");
    desk.call(call.body("{}")).await.is(400);
    let none = json!({"ids": ["u"], "reason": "x"});
    let call = Call::new(Method::POST, "/v1/trails/none/subjects/erase");
    let call = call.header("content-type", "application/json");
    let answered = desk.call(call.body(none.to_string())).await;
    answered.refuses(404, "not-found", None);
    let url = "/v1/trails/shop/events?action=audit_subject_*";
    let page = desk.get(url).await.is(200).json();
    assert_eq!(page["entries"], json!([]), "nothing was said");
}

async fn whose_role_may_not_erase_is_told_so(desk: Desk) {
    // An application's own role, where there are roles.
    day(&desk).await;
    let order = json!({"ids": ["zwiebel.z"], "reason": "Art. 17"});
    let key = desk.admin.clone();
    if !desk.is_on_postgres() {
        send(&desk, &key, "/erase", &order).await.is(200);
        return;
    }
    let answered = send(&desk, &key, "/erase", &order).await;
    assert!(
        answered.text().contains("may not erase"),
        "{}",
        answered.text()
    );
    answered.refuses(503, "writes-refused", None);
    let url = "/v1/trails/shop/events?action=audit_subject_*";
    let page = desk.get(url).await.is(200).json();
    assert_eq!(page["entries"], json!([]), "nothing was said");
}

async fn an_erasure_whose_client_hangs_up_is_done_whole(desk: Desk) {
    use tokio::io::AsyncWriteExt;
    let desk = erasing(desk).await;
    day(&desk).await;
    let serving = crate::connections::Serving::of(&desk).await;
    let body = json!({"ids": ["zwiebel.z"], "reason": "Art. 17"}).to_string();
    let head = format!(
        "POST {SUBJECTS}/erase HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        desk.admin,
        body.len()
    );
    let stream = tokio::net::TcpStream::connect(serving.address).await;
    let mut stream = stream.expect("connected");
    stream.write_all(head.as_bytes()).await.expect("sent");
    drop(stream);
    loop {
        let standing = desk.get(&format!("{SUBJECTS}/erasure")).await.is(200);
        let last = standing.json()["last"].clone();
        if !last.is_null() {
            assert!(last["came"]["done"]["erased"].as_u64() >= Some(2), "{last}");
            break;
        }
        tokio::task::yield_now().await;
    }
    serving.end().await;
}

async fn one_erasure_is_done_at_a_time(desk: Desk) {
    let desk = erasing(desk).await;
    day(&desk).await;
    let order = json!({"ids": ["zwiebel.z"], "reason": "Art. 17"});
    let key = desk.admin.clone();
    let calls = [1, 2, 3].map(|_| send(&desk, &key, "/erase", &order));
    let [one, two, three] = calls;
    let answered = tokio::join!(one, two, three);
    let statuses = [&answered.0, &answered.1, &answered.2].map(|it| it.status.as_u16());
    let done = statuses.iter().filter(|status| **status == 200).count();
    let busy = statuses.iter().filter(|status| **status == 409).count();
    let [one, two, three] = [answered.0, answered.1, answered.2];
    for refused in [one, two, three].into_iter().filter(|it| it.status == 409) {
        refused.refuses(409, "run-in-progress", None);
    }
    assert!(done >= 1 && done + busy == 3, "{statuses:?}");
}
