//! Proving: what the server hands out, checked by the library alone.

use axum::http::Method;
use indelible::merkle::consistency_file::ConsistencyFile;
use indelible::merkle::note::VerifierKey;
use indelible::merkle::tlog_proof::TlogProof;
use indelible::merkle::{Checkpoint, Note, leaf_hash, verify_consistency, verify_inclusion};
use serde_json::{Value, json};

use crate::desk::{Call, Desk, on_both};

on_both!(
    an_entry_is_proved_to_whoever_has_the_key,
    a_later_trail_is_proved_to_continue_an_earlier_one,
    a_trail_is_verified,
    what_is_not_there_is_not_found,
    trails_are_begun_and_listed,
    t41_every_proof_has_a_url_of_its_own_and_none_is_kept_on_the_way,
);

/// The checkpoint of a note that the trail's key has signed.
async fn signed(desk: &Desk, note: &str) -> Checkpoint {
    let trails = desk.get("/v1/trails").await.is(200).json();
    let trails = trails["trails"].as_array().expect("a list").clone();
    let shop = trails
        .iter()
        .find(|trail| trail["trail"] == "shop")
        .expect("shop");
    let key: VerifierKey = shop["verifier_key"]
        .as_str()
        .expect("a text")
        .parse()
        .expect("a key");
    let note = Note::parse(note).expect("a note");
    let verified = note
        .verify(std::slice::from_ref(&key))
        .expect("signed by the key");
    drop(verified);
    note.text().parse().expect("a checkpoint")
}

async fn an_entry_is_proved_to_whoever_has_the_key(desk: Desk) {
    desk.records("shop", 300).await;
    let url = "/v1/trails/shop/events/17/proof";
    let closed = desk.get(url).await.is(200);
    assert_eq!(closed.header("content-type"), "text/plain; charset=utf-8");
    let proof: TlogProof = closed.text().parse().expect("a proof");
    let checkpoint = signed(&desk, &proof.checkpoint).await;
    let extra: Value = serde_json::from_slice(&proof.extra.clone().expect("extra")).expect("JSON");
    let leaf = leaf_hash(extra["skeleton"].as_str().expect("a text").as_bytes());
    verify_inclusion(
        &leaf,
        proof.index,
        checkpoint.size(),
        &proof.path,
        &checkpoint.root(),
    )
    .expect("in the trail");
    assert_eq!((proof.index, checkpoint.size()), (17, 300));
    assert!(!closed.text().contains("u-17"));
    let entry = desk.get("/v1/trails/shop/events/17").await.is(200).json();
    let by_id = format!(
        "/v1/trails/shop/events/{}/proof?open=true",
        entry["id"].as_str().expect("an id")
    );
    let opened: TlogProof = desk
        .get(&by_id)
        .await
        .is(200)
        .text()
        .parse()
        .expect("a proof");
    let extra = String::from_utf8(opened.extra.expect("extra")).expect("UTF-8");
    assert!(extra.contains("u-17"), "{extra}");
    for (query, field) in [("open=1", "open"), ("closed=true", "closed")] {
        let answered = desk.get(&format!("{url}?{query}")).await;
        answered.refuses(400, "invalid-request", Some(field));
    }
}

async fn a_later_trail_is_proved_to_continue_an_earlier_one(desk: Desk) {
    desk.records("shop", 10).await;
    let earlier = desk.get("/v1/trails/shop/checkpoint").await.is(200).text();
    let earlier = signed(&desk, &earlier).await;
    // The look at the checkpoint was recorded, too.
    desk.records("shop", 20).await;
    let file = desk
        .get("/v1/trails/shop/consistency?from=10")
        .await
        .is(200)
        .text();
    let file: ConsistencyFile = file.parse().expect("a consistency file");
    let later = signed(&desk, &file.checkpoint).await;
    assert_eq!((file.old_size, later.size()), (10, 31));
    verify_consistency(10, &earlier.root(), 31, &later.root(), &file.proof).expect("one history");
    for (query, field) in [
        ("", "from"),
        ("?from=x", "from"),
        ("?from=99", "from"),
        ("?to=1", "to"),
    ] {
        let answered = desk
            .get(&format!("/v1/trails/shop/consistency{query}"))
            .await;
        answered.refuses(400, "invalid-request", Some(field));
    }
}

async fn a_trail_is_verified(desk: Desk) {
    desk.records("shop", 40).await;
    let call = || Call::new(Method::POST, "/v1/trails/shop/verify");
    let report = desk.call(call()).await.is(200).json();
    assert_eq!(report["ok"], true);
    assert_eq!(report["trails"][0]["entries_checked"], 40);
    assert_eq!(report["trails"][0]["findings"], json!([]));
}

async fn what_is_not_there_is_not_found(desk: Desk) {
    desk.records("shop", 1).await;
    for url in [
        "/v1/trails/shop/events/99",
        "/v1/trails/shop/events/99/proof",
        "/v1/trails/shop/events/018f4f2e-7b1c-7c3a-9d2b-6a1f3e5b7a11",
        "/v1/trails/other/checkpoint",
        "/v1/trails/other/consistency?from=0",
        "/v1/trails/other/events/0",
        "/v1/nothing",
        "/",
    ] {
        desk.get(url).await.refuses(404, "not-found", None);
    }
    let verify = Call::new(Method::POST, "/v1/trails/other/verify");
    desk.call(verify).await.refuses(404, "not-found", None);
    for name in ["x", "-1", "99999999999999999999"] {
        let answered = desk.get(&format!("/v1/trails/shop/events/{name}")).await;
        answered.refuses(400, "invalid-request", Some("id"));
    }
}

async fn trails_are_begun_and_listed(desk: Desk) {
    let body = json!({"trail": "payments", "description": "card payments"}).to_string();
    let made = desk.post("/v1/trails", body.clone()).await.is(201);
    assert_eq!(made.header("location"), "/v1/trails/payments/events");
    let line = made.json();
    assert_eq!(
        (&line["trail"], &line["size"]),
        (&json!("payments"), &json!(1))
    );
    let list = desk.get("/v1/trails").await.is(200).json();
    assert!(
        list["trails"].as_array().expect("a list").contains(&line),
        "{list}"
    );
    let first = desk
        .get("/v1/trails/payments/events/0")
        .await
        .is(200)
        .json();
    assert_eq!(first["context"], json!({"description": "card payments"}));
    desk.post("/v1/trails", body)
        .await
        .refuses(409, "trail-exists", Some("trail"));
    for (body, status, name, field) in [
        (json!({}), 400, "invalid-body", Some("trail")),
        (json!({"trail": "A"}), 400, "invalid-body", Some("trail")),
        (json!({"trail": 1}), 400, "invalid-body", Some("trail")),
        (
            json!({"trail": "a", "size": "1"}),
            400,
            "invalid-body",
            Some("size"),
        ),
        (json!([]), 400, "invalid-body", None),
        (
            json!({"trail": "system"}),
            403,
            "reserved-trail",
            Some("trail"),
        ),
    ] {
        let answered = desk.post("/v1/trails", body.to_string()).await;
        answered.refuses(status, name, field);
    }
}

async fn t41_every_proof_has_a_url_of_its_own_and_none_is_kept_on_the_way(desk: Desk) {
    desk.records("shop", 8).await;
    let ids: Vec<String> = [3, 4].map(|seq| format!("events/{seq}/proof")).into();
    let mut urls = ids.clone();
    urls.extend(ids.iter().map(|url| format!("{url}?open=true")));
    urls.extend([3, 4].map(|size| format!("consistency?from={size}")));
    urls.push("checkpoint".to_owned());
    let mut texts = std::collections::BTreeSet::new();
    for round in 1..=2 {
        for url in &urls {
            let answered = desk.get(&format!("/v1/trails/shop/{url}")).await.is(200);
            // Nothing between server and client may answer in its place.
            assert_eq!(answered.header("cache-control"), "no-store", "{url}");
            for kept in ["etag", "last-modified", "expires", "age"] {
                assert_eq!(answered.header(kept), "", "{url}");
            }
            // What was asked for, and the trail as it is by now.
            assert!(texts.insert(answered.text()), "{url}");
        }
        assert_eq!(texts.len(), round * urls.len());
        desk.records("shop", 1).await;
    }
    for gone in ["events/999/proof", "consistency?from=999", "consistency"] {
        let answered = desk.get(&format!("/v1/trails/shop/{gone}")).await;
        assert!(answered.status.is_client_error());
        assert_eq!(answered.header("cache-control"), "no-store");
    }
}
