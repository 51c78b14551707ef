//! API keys beneath the API: the first one, and their rows.

use axum::http::Method;
use indelible::AuditProtocol;
use serde_json::{Value, json};

use crate::desk::{Call, Desk, on_both};

on_both!(
    of_servers_that_start_at_once_all_that_speak_say_one_key,
    the_first_key_is_said_once_whatever_its_row_says,
    a_row_that_this_installation_did_not_write_opens_nothing,
    a_row_that_is_none_of_a_key_hides_no_other_and_can_be_revoked,
    a_revocation_stands_whatever_its_row_says,
    a_rotation_stands_whatever_its_row_says,
    a_key_from_before_seals_is_sealed_where_its_making_is_on_record,
);

async fn of_servers_that_start_at_once_all_that_speak_say_one_key(desk: Desk) {
    let desk = desk.unstarted().await;
    let mut starting = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let database = desk.another().await;
        starting.spawn(async move {
            let keys = indelible_server::keys::Keys::new(database.engine().clone());
            let first = keys.first().await.expect("made");
            if let Some(first) = &first {
                keys.first_was_said(first).await.expect("kept");
            }
            database.close().await.expect("closed");
            first.map(|first| first.key.token.expose().to_owned())
        });
    }
    let mut said: Vec<_> = starting.join_all().await.into_iter().flatten().collect();
    said.dedup();
    assert_eq!(said.len(), 1, "{said:?}");
    let call = Call::new(Method::GET, "/v1/trails").key(&said[0]);
    desk.call(call).await.is(200);
    assert_eq!(desk.app.keys().list().await.expect("readable").len(), 1);
}

/// Writes the row that tells whether the first key was said, or takes it away.
async fn write_first(desk: &Desk, value: Option<&Value>) {
    let registry = &desk.database.engine().ground().registry;
    let there = registry.get("api_key_first", "admin").await;
    let version = there.expect("readable").map(|row| row.version);
    let put = registry.put("api_key_first", "admin", version, value);
    put.await.expect("written").expect("nobody else writes");
}

async fn the_first_key_is_said_once_whatever_its_row_says(desk: Desk) {
    let desk = desk.unstarted().await;
    let keys = desk.app.keys();
    let first = keys.first().await.expect("made").expect("the first");
    let registry = &desk.database.engine().ground().registry;
    let row = registry.get("api_key_first", "admin").await;
    let of_seed = row.expect("readable").expect("a row").value;
    let forged = json!({ "seed": "00", "at": of_seed["at"] });
    // Before it was said no seed but the installation's own has it said.
    write_first(&desk, Some(&forged)).await;
    assert!(keys.first().await.expect("readable").is_none());
    write_first(&desk, Some(&of_seed)).await;
    let again = keys.first().await.expect("made").expect("the same");
    assert_eq!(again.key.token.expose(), first.key.token.expose());
    keys.first_was_said(&again).await.expect("kept");
    // And when it was said, none at all.
    for row in [Some(&of_seed), Some(&forged), Some(&json!({})), None] {
        write_first(&desk, row).await;
        let said = keys.first().await.expect("readable");
        assert!(said.is_none(), "{row:?}");
    }
    assert_eq!(keys.list().await.expect("readable").len(), 1);
}

/// The id of a key by its text.
async fn id_of(desk: &Desk, key: &str) -> String {
    let keys = desk.app.keys().list().await.expect("readable");
    let ends = |last_four: &str| !last_four.is_empty() && key.ends_with(last_four);
    let line = |key: &indelible_server::keys::Key| ends(&key.last_four).then(|| key.id.clone());
    keys.iter().find_map(line).expect("a key")
}

async fn row(desk: &Desk, id: &str) -> Value {
    let registry = &desk.database.engine().ground().registry;
    let row = registry.get("api_key", id).await.expect("readable");
    row.expect("a row").value
}

/// Writes a row as whoever may write the table does.
async fn write(desk: &Desk, id: &str, value: &Value) {
    let registry = &desk.database.engine().ground().registry;
    let there = registry.get("api_key", id).await.expect("readable");
    let version = there.map(|row| row.version);
    let put = registry.put("api_key", id, version, Some(value)).await;
    put.expect("written").expect("nobody else writes");
    // Longer than what was read is taken for what it was.
    desk.clock.pass(std::time::Duration::from_secs(1));
}

async fn opens(desk: &Desk, key: &str) -> bool {
    let call = Call::new(Method::GET, "/v1/trails").key(key);
    let status = desk.call(call).await.status;
    assert!([200, 401].contains(&status.as_u16()), "{status}");
    status == 200
}

/// How the key is listed.
async fn state(desk: &Desk, id: &str) -> Value {
    let list = desk.get("/v1/keys").await.is(200).json();
    let keys = list["keys"].as_array().expect("a list");
    let line = keys.iter().find(|key| key["id"] == id).expect("listed");
    line["state"].clone()
}

async fn a_row_that_this_installation_did_not_write_opens_nothing(desk: Desk) {
    // Made by the program itself, on another installation: well-formed, under a seal of that.
    let other = Desk::on_sqlite().await;
    let forged = other.key("admin", None).await;
    let id = id_of(&other, &forged).await;
    let mut value = row(&other, &id).await;
    write(&desk, &id, &value).await;
    assert!(!opens(&desk, &forged).await);
    assert_eq!(state(&desk, &id).await, "unsealed");
    // Neither without a seal, nor under that of another key.
    let reader = desk.key("reader", Some("shop")).await;
    let reader_id = id_of(&desk, &reader).await;
    let of_reader = row(&desk, &reader_id).await;
    for seal in [
        Value::Null,
        of_reader["seal"].clone(),
        json!("xyz"),
        json!("\u{e9}\u{e9}"),
    ] {
        value["seal"] = seal;
        write(&desk, &id, &value).await;
        assert!(!opens(&desk, &forged).await);
    }
    // A row that is changed in any member.
    for (member, changed) in [
        ("role", json!("admin")),
        ("trail", Value::Null),
        ("expires_at", json!("2099-01-01T00:00:00.000000Z")),
        ("name", json!("another")),
        ("more", json!(1)),
    ] {
        assert!(opens(&desk, &reader).await);
        let mut value = row(&desk, &reader_id).await;
        value[member] = changed;
        write(&desk, &reader_id, &value).await;
        assert!(!opens(&desk, &reader).await, "{member}");
        write(&desk, &reader_id, &of_reader).await;
    }
    let rotated = desk.post(&format!("/v1/keys/{id}/rotate"), "{}").await;
    rotated.refuses(409, "key-ended", None);
    // It is on record, and can be revoked.
    let query = indelible::Query::new()
        .action("api_key_rejected")
        .limit(1000);
    let system = desk.database.trail("system".parse().expect("a name"));
    let entries = system.query(query).await.expect("readable").entries;
    let of_forged = entries.iter().any(|entry| {
        let context = entry.context.clone().expect("a context");
        context["reason"] == "unsealed" && context["fingerprint"] == *id
    });
    assert!(of_forged, "{entries:?}");
    let revoked = Call::new(Method::DELETE, &format!("/v1/keys/{id}"));
    desk.call(revoked).await.is(200);
    assert!(!opens(&desk, &forged).await);
    assert_eq!(state(&desk, &id).await, "revoked");
}

async fn a_row_that_is_none_of_a_key_hides_no_other_and_can_be_revoked(desk: Desk) {
    let shop = desk.key("admin", Some("shop")).await;
    for damaged in [
        json!({ "seal": "00" }),
        json!("text"),
        json!([1]),
        Value::Null,
    ] {
        let reader = desk.key("reader", None).await;
        let id = id_of(&desk, &reader).await;
        write(&desk, &id, &damaged).await;
        assert!(!opens(&desk, &reader).await);
        assert_eq!(state(&desk, &id).await, "unreadable");
        let list = desk.get("/v1/keys").await.is(200).json();
        let keys = list["keys"].as_array().expect("a list");
        let line = keys.iter().find(|key| key["id"] == *id).expect("listed");
        for unknown in ["role", "trail", "created_at", "expires_at"] {
            assert_eq!(line[unknown], Value::Null, "{unknown}");
        }
        // Whose trail it was for is not known: it is for who manages all of them.
        let url = format!("/v1/keys/{id}");
        let others = Call::new(Method::DELETE, &url).key(&shop);
        desk.call(others).await.refuses(403, "forbidden", None);
        let rotated = desk.post(&format!("{url}/rotate"), "{}").await;
        rotated.refuses(409, "key-ended", None);
        assert!(desk.app.keys().seal(&id, "test").await.is_err());
        let revoked = desk.call(Call::new(Method::DELETE, &url)).await.is(200);
        assert_eq!(revoked.json()["state"], "revoked");
        assert_eq!(state(&desk, &id).await, "revoked");
        assert!(!opens(&desk, &reader).await);
        assert!(row(&desk, &id).await["revoked_at"].is_string());
    }
}

async fn a_revocation_stands_whatever_its_row_says(desk: Desk) {
    let reader = desk.key("reader", None).await;
    let id = id_of(&desk, &reader).await;
    assert!(opens(&desk, &reader).await);
    let before = row(&desk, &id).await;
    let revoked = Call::new(Method::DELETE, &format!("/v1/keys/{id}"));
    desk.call(revoked).await.is(200);
    // The whole row as it was, under the seal that it had.
    write(&desk, &id, &before).await;
    assert!(!opens(&desk, &reader).await);
    assert_eq!(state(&desk, &id).await, "revoked");
}

async fn a_rotation_stands_whatever_its_row_says(desk: Desk) {
    let overlap = std::time::Duration::from_secs(60);
    // The whole row as it was, under the seal that it had; or without one, to be sealed.
    for is_sealed in [true, false] {
        let reader = desk.key("reader", None).await;
        let id = id_of(&desk, &reader).await;
        let mut before = row(&desk, &id).await;
        let new = desk.app.keys().rotate(&id, overlap, "test").await;
        let new = new.expect("rotated").key.id;
        if !is_sealed {
            before.as_object_mut().expect("an object").remove("seal");
            // What such a row says of its end is not believed.
            before["rotated_to"] = json!("0123456789abcdef");
        }
        write(&desk, &id, &before).await;
        if !is_sealed {
            assert_eq!(state(&desk, &id).await, "unsealed");
            let sealed = desk.app.keys().seal(&id, "test").await;
            assert_eq!(sealed.expect("sealed").rotated_to.as_ref(), Some(&new));
        }
        // It ends when it was to end, and no earlier.
        assert!(opens(&desk, &reader).await);
        desk.clock.pass(overlap);
        assert!(!opens(&desk, &reader).await);
        assert_eq!(state(&desk, &id).await, "expired");
        let rotated = desk.post(&format!("/v1/keys/{id}/rotate"), "{}").await;
        rotated.refuses(409, "key-ended", None);
        let list = desk.get("/v1/keys").await.is(200).json();
        let keys = list["keys"].as_array().expect("a list");
        let line = keys.iter().find(|key| key["id"] == *id).expect("listed");
        assert_eq!(line["rotated_to"], *new);
    }
}

async fn a_key_from_before_seals_is_sealed_where_its_making_is_on_record(desk: Desk) {
    let reader = desk.key("reader", Some("shop")).await;
    let id = id_of(&desk, &reader).await;
    let mut before = row(&desk, &id).await;
    before.as_object_mut().expect("an object").remove("seal");
    let keys = desk.app.keys();
    for (member, changed) in [("role", json!("admin")), ("trail", Value::Null)] {
        let mut value = before.clone();
        value[member] = changed;
        write(&desk, &id, &value).await;
        let error = keys.seal(&id, "test").await.expect_err("made otherwise");
        assert!(error.to_string().contains("no record"), "{error}");
    }
    write(&desk, &id, &before).await;
    assert!(!opens(&desk, &reader).await);
    keys.seal(&id, "test").await.expect("sealed");
    assert!(opens(&desk, &reader).await);
    // Of one that nobody made here there is no record.
    let other = Desk::on_sqlite().await;
    let forged = other.key("admin", None).await;
    let forged_id = id_of(&other, &forged).await;
    write(&desk, &forged_id, &row(&other, &forged_id).await).await;
    assert!(keys.seal(&forged_id, "test").await.is_err());
    assert!(!opens(&desk, &forged).await);
}
