//! What is sent to break things: packed bodies, lone surrogates, keys that repeat, floods.

use std::io::Write;

use axum::http::Method;
use serde_json::{Value, json};

use crate::desk::{Call, Desk, on_both};

on_both!(
    packed_bodies_are_unpacked,
    packed_bodies_that_are_not_are_refused,
    bombs_are_refused,
    a_packed_stream_that_is_cut_leaves_whole_lines,
    values_that_no_store_can_hold_are_stored_and_noted,
    t7_one_hostile_event_keeps_no_other_out,
    a_request_is_made_once_under_its_key,
    the_proof_comes_with_the_receipt,
    the_receipt_proves_that_the_trail_continues,
    t81_a_key_that_goes_too_fast_waits_and_others_do_not,
);

const EVENTS: &str = "/v1/trails/shop/events";
const EVENT: &str = "{\"action\":\"page_viewed\",\"resource_type\":\"page\"}";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(bytes).expect("memory");
    packer.finish().expect("memory")
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).expect("memory")
}

fn packed(coding: &str, media: &str, body: Vec<u8>) -> Call {
    let call = Call::new(Method::POST, EVENTS).header("content-type", media);
    call.header("content-encoding", coding).body(body)
}

async fn size(desk: &Desk) -> Value {
    let trails = desk.get("/v1/trails").await.is(200).json();
    let trails = trails["trails"].as_array().expect("a list");
    let shop = trails.iter().find(|trail| trail["trail"] == "shop");
    shop.map_or(json!(0), |shop| shop["size"].clone())
}

async fn packed_bodies_are_unpacked(desk: Desk) {
    let (json, lines) = ("application/json", "application/x-ndjson");
    for (coding, pack) in [("gzip", gzip as fn(&[u8]) -> Vec<u8>), ("zstd", zstd)] {
        let one = packed(coding, json, pack(EVENT.as_bytes()));
        desk.call(one).await.is(201);
        let many = format!("{EVENT}\n").repeat(2000);
        // Two members, or frames, are one body.
        let body = [pack(many.as_bytes()), pack(many.as_bytes())].concat();
        let rows = desk.call(packed(coding, lines, body)).await.is(200).rows();
        assert_eq!(rows.len(), 4000);
        assert!(rows.iter().all(|row| row["status"] == 201));
        assert_eq!(rows[3999]["line"], 4000);
    }
    desk.call(packed("identity", json, EVENT.into()))
        .await
        .is(201);
    assert_eq!(size(&desk).await, 8003);
}

async fn packed_bodies_that_are_not_are_refused(desk: Desk) {
    let json = "application/json";
    for coding in ["gzip", "zstd"] {
        let pack = if coding == "gzip" { gzip } else { zstd };
        let whole = pack(EVENT.as_bytes());
        let cuts = (0..whole.len()).map(|cut| whole[..cut].to_vec());
        for body in cuts.chain([EVENT.into(), vec![0; 1000]]) {
            let answered = desk.call(packed(coding, json, body)).await;
            assert_eq!(answered.status, 400, "{}", answered.text());
        }
    }
    for coding in ["br", "deflate", "gzip, gzip", "x"] {
        let answered = desk
            .call(packed(coding, json, gzip(EVENT.as_bytes())))
            .await;
        answered.refuses(415, "unsupported-media-type", Some("content-encoding"));
    }
    let twice = packed("gzip", json, gzip(EVENT.as_bytes())).header("content-encoding", "gzip");
    let answered = desk.call(twice).await;
    answered.refuses(415, "unsupported-media-type", Some("content-encoding"));
    assert_eq!(size(&desk).await, 0);
}

async fn bombs_are_refused(desk: Desk) {
    let bomb = vec![b' '; 256 << 20];
    for (coding, body) in [("gzip", gzip(&bomb)), ("zstd", zstd(&bomb))] {
        let answered = desk
            .call(packed(coding, "application/json", body.clone()))
            .await;
        answered.refuses(413, "too-large", None);
        // In lines the bomb is one line that is too long, then a body that grows too much.
        let rows = desk
            .call(packed(coding, "application/x-ndjson", body))
            .await
            .is(200)
            .rows();
        assert_eq!(rows.last().expect("a row")["status"], 413);
    }
    assert_eq!(size(&desk).await, 0);
}

async fn a_packed_stream_that_is_cut_leaves_whole_lines(desk: Desk) {
    let line = |n: u32| {
        let id = format!("018f4f2e-7b1c-7c3a-9d2b-{n:012}");
        format!("{{\"action\":\"a\",\"resource_type\":\"r\",\"id\":\"{id}\"}}\n")
    };
    let text: String = (0..3000).map(line).collect();
    for (coding, whole) in [
        ("gzip", gzip(text.as_bytes())),
        ("zstd", zstd(text.as_bytes())),
    ] {
        let body = whole[..whole.len() / 2].to_vec();
        let call = packed(coding, "application/x-ndjson", body);
        let rows = desk.call(call).await.is(200).rows();
        let (last, recorded) = rows.split_last().expect("rows");
        assert_eq!(last["status"], 400);
        assert!(recorded.iter().all(|row| row["status"] == 201));
        let rows = desk
            .call(packed(coding, "application/x-ndjson", whole))
            .await
            .is(200)
            .rows();
        assert!(rows.len() == 3000 && rows.iter().all(|row| row["status"] == 201));
    }
    assert_eq!(size(&desk).await, 3000);
}

async fn values_that_no_store_can_hold_are_stored_and_noted(desk: Desk) {
    let body = r#"{"action":"a","resource_type":"r","user_id":"\ud800x","user_agent":"a\u0000b",
        "context":{"\udc00":1,"\ud800":2,"n":1e400,"big":18446744073709551617,"six":"\\u0000"}}"#;
    desk.post(EVENTS, body).await.is(201);
    let entry = desk.get(&format!("{EVENTS}/0")).await.is(200).json();
    assert_eq!(entry["user_id"], "\u{fffd}x");
    assert_eq!(entry["user_agent"], "a\u{fffd}b");
    assert_eq!(entry["context"]["n"], "1e400");
    assert_eq!(entry["context"]["big"], "18446744073709551617");
    assert_eq!(entry["context"]["six"], "\\u0000");
    let notes = entry["notes"].as_array().expect("a list");
    let kinds: Vec<_> = notes
        .iter()
        .map(|note| note["kind"].as_str().expect("a text"))
        .collect();
    for kind in ["replaced", "key_renamed", "number_as_text"] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
    let long = "ü".repeat(100_000);
    let body = json!({"action": "a", "resource_type": "r", "user_agent": long, "user_id": long,
                      "resource_id": long, "ip_address": long, "context": {"x": long}});
    desk.post(EVENTS, body.to_string()).await.is(201);
    let entry = desk.get(&format!("{EVENTS}?tag=&limit=1")).await;
    assert_eq!(entry.status, 200, "{}", entry.text());
    let report = desk
        .call(Call::new(Method::POST, "/v1/trails/shop/verify"))
        .await;
    assert_eq!(report.is(200).json()["ok"], true);
    for bad in [
        &b"{\"action\":\"\xff\"}"[..],
        b"\xc0\x80",
        b"{\"action\":\"\xed\xa0\x80\"}",
    ] {
        let answered = desk.post(EVENTS, bad.to_vec()).await;
        answered.refuses(400, "invalid-event", None);
    }
}

async fn t7_one_hostile_event_keeps_no_other_out(desk: Desk) {
    let long = "\u{1f4a5}".repeat(1 << 18);
    let long = format!("{{\"action\":\"a\",\"resource_type\":\"r\",\"user_id\":\"{long}\"}}");
    let mut recorded = 0;
    for hostile in [
        r#"{"action":"a","resource_type":"r","user_id":"\ud800\u0000"}"#,
        r#"{"action":"a","resource_type":"r","context":{"\u0000":1,"n":1e999}}"#,
        r#"{"action":"a","resource_type":"r","tags":["no tag"],"ip_address":"\ud800"}"#,
        &long,
    ] {
        let mut events = vec![EVENT; 99];
        events.insert(50, hostile);
        let array = format!("[{}]", events.join(","));
        let array = desk.post(EVENTS, array).await.is(200).json();
        let lines = desk.lines(EVENTS, events.join("\n")).await.is(200).rows();
        for results in [array.as_array().expect("a list"), &lines] {
            let is_stored = |result: &Value| result["status"] == 201;
            assert!(results.len() == 100 && results.iter().all(is_stored));
            recorded += 100;
        }
        assert_eq!(size(&desk).await, recorded);
    }
    let deep = "[".repeat(100_000);
    let deep = format!("{{\"action\":\"a\",\"resource_type\":\"r\",\"context\":{{\"x\":{deep}");
    desk.post(EVENTS, deep)
        .await
        .refuses(400, "invalid-event", None);
    assert_eq!(size(&desk).await, recorded);
    let report = Call::new(Method::POST, "/v1/trails/shop/verify");
    assert_eq!(desk.call(report).await.is(200).json()["ok"], true);
}

async fn a_request_is_made_once_under_its_key(desk: Desk) {
    let call = |key: &str, body: &str| {
        let call = Call::new(Method::POST, EVENTS).header("content-type", "application/json");
        call.header("idempotency-key", key).body(body.to_owned())
    };
    let uuid = "018f4f2e-7b1c-7c3a-9d2b-6a1f3e5b7a11";
    let first = desk.call(call(uuid, EVENT)).await.is(201).json();
    assert_eq!(first["id"], uuid);
    let again = desk
        .call(call(&format!("\"{uuid}\""), EVENT))
        .await
        .is(201)
        .json();
    assert_eq!(
        (&again["seq"], &again["delivery"]),
        (&first["seq"], &json!("duplicate"))
    );
    let named = desk.call(call("order 17", EVENT)).await.is(201).json();
    let again = desk.call(call("order 17", EVENT)).await.is(201).json();
    assert_eq!(named["id"], again["id"]);
    assert_eq!(again["delivery"], "duplicate");
    assert_ne!(
        named["id"],
        desk.call(call("order 18", EVENT)).await.is(201).json()["id"]
    );
    let other = "{\"action\":\"other\",\"resource_type\":\"page\"}";
    desk.call(call("order 17", other))
        .await
        .refuses(409, "id-conflict", Some("id"));
    let own = format!("{{\"action\":\"a\",\"resource_type\":\"r\",\"id\":\"{uuid}\"}}");
    let field = Some("idempotency-key");
    for (key, body) in [
        ("x", own.as_str()),
        ("", EVENT),
        ("\"\"", EVENT),
        (&"x".repeat(256), EVENT),
        ("x", "[]"),
    ] {
        desk.call(call(key, body))
            .await
            .refuses(400, "invalid-request", field);
    }
    let twice = call("a", EVENT).header("idempotency-key", "b");
    desk.call(twice)
        .await
        .refuses(400, "invalid-request", field);
    assert_eq!(size(&desk).await, 3);
}

async fn the_proof_comes_with_the_receipt(desk: Desk) {
    desk.records("shop", 5).await;
    let call = Call::new(Method::POST, EVENTS).header("content-type", "application/json");
    let call = call.header("prefer", "respond-async, Proof").body(EVENT);
    let answered = desk.call(call).await.is(201);
    assert_eq!(answered.header("preference-applied"), "proof");
    let receipt = answered.json();
    let proof = receipt["proof"].as_str().expect("a text");
    assert_eq!(
        proof,
        desk.get(&format!("{EVENTS}/5/proof")).await.is(200).text()
    );
    let without = desk.post(EVENTS, EVENT).await.is(201).json();
    assert_eq!(without.get("proof"), None);
}

async fn the_receipt_proves_that_the_trail_continues(desk: Desk) {
    use indelible::merkle::{Checkpoint, ConsistencyFile, VerifierKey};
    desk.records("shop", 5).await;
    let note = desk.get("/v1/trails/shop/checkpoint").await.is(200).text();
    let writer = desk.key("writer", Some("shop")).await;
    let ask = async |preference: &str| {
        let call = Call::new(Method::POST, EVENTS).key(&writer);
        let call = call.header("content-type", "application/json");
        let call = call.header("prefer", preference).body(EVENT);
        desk.call(call).await.is(201)
    };
    let answered = ask("consistency=5").await;
    assert_eq!(answered.header("preference-applied"), "consistency=5");
    let receipt = answered.json();
    let key: VerifierKey = receipt["verifier_key"]
        .as_str()
        .expect("a key")
        .parse()
        .expect("a key");
    let known = std::slice::from_ref(&key);
    let old = Checkpoint::open(&note, known)
        .expect("signed")
        .into_checkpoint();
    let file = receipt["consistency"].as_str().expect("a proof");
    let file = ConsistencyFile::parse(file).expect("a proof");
    let new = file.verify(&old, known).expect("it continues");
    // The look at the checkpoint is an entry, too.
    assert_eq!((new.checkpoint().size(), &receipt["seq"]), (7, &6.into()));

    // The trail has fewer entries, or the preference is none: the event is recorded all the same.
    for preference in ["consistency=99", "consistency=x", "consistency"] {
        let answered = ask(preference).await;
        assert_eq!(answered.header("preference-applied"), "", "{preference}");
        assert_eq!(answered.json().get("consistency"), None);
    }
    let both = ask("consistency=9, proof").await;
    assert_eq!(both.header("preference-applied"), "proof, consistency=9");
}

async fn t81_a_key_that_goes_too_fast_waits_and_others_do_not(desk: Desk) {
    let slow = indelible_server::App::with(
        desk.database.engine().clone(),
        5,
        indelible_server::TrustedProxies::none(),
    );
    let desk = desk.serving(slow);
    let other = desk.key("writer", None).await;
    let get = || Call::new(Method::GET, "/v1/trails");
    for _ in 0..9 {
        desk.call(get()).await.is(200);
    }
    let answered = desk
        .call(get())
        .await
        .refuses(429, "too-many-requests", None);
    assert_eq!(answered.header("retry-after"), "1");
    for _ in 0..20 {
        desk.call(get()).await.is(429);
    }
    let post = Call::new(Method::POST, EVENTS).header("content-type", "application/json");
    desk.call(post.key(&other).body(EVENT)).await.is(201);
    desk.clock.pass(std::time::Duration::from_secs(61));
    desk.app.settle().await.expect("settled");
    let url = "/v1/trails/system/events?action=access_denied";
    let page = desk.get(url).await.is(200).json();
    let entries = page["entries"].as_array().expect("a list");
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[0]["context"]["reason"], "too many requests");
    assert_eq!(entries[0]["context"]["repeats"]["count"], 20);
}
