//! Keys: made, stored, rotated, revoked, and what is none.

use axum::http::Method;
use serde_json::json;

use crate::desk::{Call, Desk, on_both};
use crate::permissions::{call, refusals};

on_both!(
    keys_end_and_are_revoked_at_once,
    sys_45_an_admin_of_one_trail_stays_within_it,
    keys_are_rotated_with_an_overlap,
    sys_14_keys_are_stored_as_digests_and_on_record,
    what_is_no_key_is_refused,
);

async fn keys_end_and_are_revoked_at_once(desk: Desk) {
    let body = json!({"name": "n", "role": "reader", "expires_at": "2026-03-09T12:10:00Z"});
    let made = desk.post("/v1/keys", body.to_string()).await.is(201).json();
    let key = made["key"].as_str().expect("a text");
    let read = || Call::new(Method::GET, "/v1/trails").key(key);
    desk.call(read()).await.is(200);
    desk.clock.pass(std::time::Duration::from_secs(600));
    let answered = desk.call(read()).await.refuses(401, "unauthorized", None);
    assert!(
        answered
            .header("www-authenticate")
            .contains("invalid_token")
    );
    assert_eq!(
        refusals(&desk, "api_key_rejected").await[0]["context"]["reason"],
        "expired"
    );
    let other = desk.key("reader", None).await;
    let read = || Call::new(Method::GET, "/v1/trails").key(&other);
    desk.call(read()).await.is(200);
    let keys = desk.get("/v1/keys").await.is(200).json();
    let keys = keys["keys"].as_array().expect("a list").clone();
    let ends_so = |key: &&serde_json::Value| {
        let last_four = key["last_four"].as_str().expect("a text");
        other.ends_with(last_four) && key["state"] == "active"
    };
    let id = keys.iter().find(ends_so).expect("the key")["id"]
        .as_str()
        .expect("a text");
    let revoke = || Call::new(Method::DELETE, &format!("/v1/keys/{id}"));
    let line = desk.call(revoke()).await.is(200).json();
    assert_eq!(line["state"], "revoked");
    desk.call(read()).await.refuses(401, "unauthorized", None);
    desk.call(revoke()).await.is(200);
    let revoked = refusals(&desk, "api_key_revoked").await;
    assert_eq!(revoked.len(), 1);
    assert_eq!(revoked[0]["resource_id"], id);
    let none = Call::new(Method::DELETE, "/v1/keys/none");
    desk.call(none).await.refuses(404, "not-found", None);
}

async fn sys_45_an_admin_of_one_trail_stays_within_it(desk: Desk) {
    desk.records("other", 1).await;
    let theirs = desk.key("reader", Some("other")).await;
    let admin = desk.key("admin", Some("shop")).await;
    let post = |url: &str, body: serde_json::Value| {
        let call = Call::new(Method::POST, url).header("content-type", "application/json");
        call.body(body.to_string()).key(&admin)
    };
    let wish = |trail| json!({"name": "n", "role": "admin", "trail": trail});
    desk.call(post("/v1/keys", wish(Some("shop"))))
        .await
        .is(201);
    for trail in [Some("other"), None] {
        desk.call(post("/v1/keys", wish(trail)))
            .await
            .refuses(403, "forbidden", None);
    }
    desk.call(post("/v1/trails", json!({"trail": "shop"})))
        .await
        .is(201);
    let other = post("/v1/trails", json!({"trail": "third"}));
    desk.call(other).await.refuses(403, "forbidden", None);
    let get = |url: &str| Call::new(Method::GET, url).key(&admin);
    let trails = desk.call(get("/v1/trails")).await.is(200).json();
    assert_eq!(trails["trails"].as_array().expect("a list").len(), 1);
    let keys = desk.call(get("/v1/keys")).await.is(200).json();
    let keys = keys["keys"].as_array().expect("a list");
    assert!(
        keys.len() == 2 && keys.iter().all(|key| key["trail"] == "shop"),
        "{keys:?}"
    );
    let all = desk.get("/v1/keys").await.is(200).json();
    let all = all["keys"].as_array().expect("a list").clone();
    let last_four = &theirs[theirs.len() - 4..];
    let id = all
        .iter()
        .find(|key| key["last_four"] == last_four)
        .expect("the key");
    let id = id["id"].as_str().expect("a text");
    let revoke = Call::new(Method::DELETE, &format!("/v1/keys/{id}")).key(&admin);
    desk.call(revoke).await.refuses(403, "forbidden", None);
    let rotate = post(&format!("/v1/keys/{id}/rotate"), json!({}));
    desk.call(rotate).await.refuses(403, "forbidden", None);
    assert_eq!(refusals(&desk, "access_denied").await.len(), 2);
}

async fn keys_are_rotated_with_an_overlap(desk: Desk) {
    let body = json!({"name": "n", "role": "writer", "trail": "shop"});
    let old = desk.post("/v1/keys", body.to_string()).await.is(201).json();
    let id = old["id"].as_str().expect("a text");
    let url = format!("/v1/keys/{id}/rotate");
    let new = desk
        .post(&url, "{\"overlap_seconds\": 60}")
        .await
        .is(201)
        .json();
    assert_eq!((&new["role"], &new["trail"]), (&old["role"], &old["trail"]));
    let record = |key: &serde_json::Value| {
        let key = key["key"].as_str().expect("a text");
        call(&Method::POST, "/v1/trails/{trail}/events", "shop").key(key)
    };
    desk.call(record(&old)).await.is(201);
    desk.call(record(&new)).await.is(201);
    desk.post(&url, "{}").await.refuses(409, "key-ended", None);
    desk.clock.pass(std::time::Duration::from_secs(60));
    desk.call(record(&old)).await.is(401);
    desk.call(record(&new)).await.is(201);
    let rotated = refusals(&desk, "api_key_rotated").await;
    assert_eq!(rotated[0]["context"]["old_key_id"], id);
    assert_eq!(rotated[0]["context"]["new_key_id"], new["id"]);
    for (body, field) in [
        ("{\"overlap_seconds\": -1}", Some("overlap_seconds")),
        ("{\"overlap\": 1}", Some("overlap")),
        ("[]", None),
    ] {
        desk.post(&url, body)
            .await
            .refuses(400, "invalid-body", field);
    }
}

async fn sys_14_keys_are_stored_as_digests_and_on_record(desk: Desk) {
    let key = desk.key("auditor", None).await;
    let created = refusals(&desk, "api_key_created").await;
    assert_eq!(created.len(), 2);
    assert_eq!(created[0]["context"]["scopes"], json!(["auditor"]));
    let registry = &desk.database.engine().ground().registry;
    let rows = registry.list("api_key").await.expect("readable");
    assert_eq!(rows.len(), 2);
    for (_, row) in rows {
        let row = row.value.to_string();
        assert!(
            !row.contains(&key[10..40]) && !row.contains(&desk.admin[10..40]),
            "{row}"
        );
    }
    let list = desk.get("/v1/keys").await.is(200).text();
    assert!(
        !list.contains(&key[10..40]) && !list.contains("sha256"),
        "{list}"
    );
    // The time of use is coarse.
    let used = || async {
        let rows = registry.list("api_key").await.expect("readable");
        let versions: Vec<_> = rows.into_iter().map(|(_, row)| row.version).collect();
        versions
    };
    let read = || Call::new(Method::GET, "/v1/trails").key(&key);
    desk.call(read()).await.is(200);
    let before = used().await;
    for _ in 0..5 {
        desk.call(read()).await.is(200);
    }
    assert_eq!(used().await, before);
    desk.clock.pass(std::time::Duration::from_secs(3600));
    desk.call(read()).await.is(200);
    assert_ne!(used().await, before);
    assert!(desk.app.keys().first().await.expect("readable").is_none());
    for (body, field) in [
        (json!({"role": "reader"}), "name"),
        (json!({"name": "", "role": "reader"}), "name"),
        (json!({"name": "n"}), "role"),
        (json!({"name": "n", "role": "root"}), "role"),
        (
            json!({"name": "n", "role": "reader", "trail": "A"}),
            "trail",
        ),
        (
            json!({"name": "n", "role": "reader", "expires_at": "2020-01-01T00:00:00Z"}),
            "expires_at",
        ),
        (
            json!({"name": "n", "role": "reader", "scope": "x"}),
            "scope",
        ),
    ] {
        let answered = desk.post("/v1/keys", body.to_string()).await;
        answered.refuses(400, "invalid-body", Some(field));
    }
}

async fn what_is_no_key_is_refused(desk: Desk) {
    let call = |value: &str| Call::new(Method::GET, "/v1/trails").header("authorization", value);
    for value in [
        "Basic YTpi".to_owned(),
        "Bearer".to_owned(),
        "Bearer x".to_owned(),
        desk.admin.clone(),
        format!("Bearer {}x", desk.admin),
        format!("Bearer {}", desk.admin.to_uppercase()),
    ] {
        let answered = desk
            .call(call(&value))
            .await
            .refuses(401, "unauthorized", None);
        assert!(answered.header("www-authenticate").starts_with("Bearer "));
        assert!(!answered.text().contains(&desk.admin));
    }
    desk.call(call(&format!("bearer  {}", desk.admin)))
        .await
        .is(200);
    // A key of the right form that nobody made.
    let stranger = Desk::on_sqlite().await.admin;
    desk.call(call(&format!("Bearer {stranger}"))).await.is(401);
    let reasons: Vec<_> = refusals(&desk, "api_key_rejected")
        .await
        .iter()
        .map(|refusal| {
            refusal["context"]["reason"]
                .as_str()
                .expect("a text")
                .to_owned()
        })
        .collect();
    assert_eq!(reasons, ["unknown", "ill_formed"]);
}
