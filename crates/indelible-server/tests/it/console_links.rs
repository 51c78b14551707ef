//! Links and sessions of the console beneath the console: their rows, and what opens once.

use std::time::Duration;

use axum::http::Method;
use indelible_core::{Registry, Versioned};
use indelible_server::keys::{KeyError, NewLink, Role};
use serde_json::{Value, json};

use crate::console_login::{opens, records, session_of};
use crate::desk::{Call, Desk, on_both};

on_both!(
    a_link_opens_once_and_to_look_at_it_uses_nothing_up,
    of_two_that_open_a_link_at_once_one_is_let_in,
    a_link_ends_with_its_time_and_with_its_key,
    a_link_that_this_installation_did_not_write_opens_nothing,
    a_session_that_this_installation_did_not_write_opens_nothing,
    a_session_that_has_ended_stays_so_whatever_its_row_says,
);

const TIME: Duration = Duration::from_secs(600);

fn registry(desk: &Desk) -> &dyn Registry {
    &*desk.database.engine().ground().registry
}

/// The one row of this kind, and its key.
async fn row(desk: &Desk, kind: &str) -> (String, Versioned) {
    let mut rows = registry(desk).list(kind).await.expect("readable");
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows.remove(0)
}

/// The id of the first key.
async fn admin_id(desk: &Desk) -> String {
    let keys = desk.app.keys().list().await.expect("readable");
    let admin = keys.into_iter().find(|key| key.role == Role::Admin);
    admin.expect("a key").id
}

/// The id and the row of the session of a cookie.
async fn session(desk: &Desk, cookie: &str) -> (String, Value) {
    let id = session_of(cookie).to_owned();
    let row = registry(desk).get("session", &id).await.expect("readable");
    (id, row.expect("a row").value)
}

/// Writes a row as whoever may write the database does.
async fn write(desk: &Desk, (kind, key): (&str, &str), value: Option<&Value>) {
    let there = registry(desk).get(kind, key).await.expect("readable");
    let version = there.map(|there| there.version);
    let put = registry(desk).put(kind, key, version, value).await;
    put.expect("written").expect("nobody else writes");
}

/// A link for a new auditor's key, and the id of that.
async fn link(desk: &Desk) -> (NewLink, String) {
    let body = json!({"name": "ann", "role": "auditor"}).to_string();
    let key = desk.post("/v1/keys", body).await.is(201).json();
    let id = key["id"].as_str().expect("a text").to_owned();
    let new = desk.app.keys().create_link(&id, TIME, "a test").await;
    (new.expect("made"), id)
}

async fn a_link_opens_once_and_to_look_at_it_uses_nothing_up(desk: Desk) {
    let (new, id) = link(&desk).await;
    let made = records(&desk, "login_link_created").await.remove(0);
    assert_eq!(made["resource_id"], id);
    let kept = row(&desk, "login_link").await;
    let token = new.token.expose();
    for _ in 0..2 {
        let page = desk.visit("", &new.path()).await.is(200);
        assert!(page.text().contains("<bdi>ann</bdi>"), "{}", page.text());
        assert!(page.headers.get("set-cookie").is_none());
    }
    // It is no key.
    let call = Call::new(Method::GET, "/v1/trails").key(token);
    desk.call(call).await.is(401);
    desk.submit("", "/console/login", &[("key", token)])
        .await
        .is(401);
    let form = [("link", token)];
    let cookie = desk
        .submit("", "/console/login", &form)
        .await
        .is(303)
        .cookie();
    assert!(opens(&desk, &cookie).await);
    let login = records(&desk, "user_login_success").await.remove(0);
    assert_eq!(login["user_id"], format!("key:{id}"));
    assert_eq!(login["context"]["method"], "one_time_link");
    assert_eq!(login["context"]["link"], made["context"]["link"]);
    assert_eq!(
        login["context"]["session_id"],
        row(&desk, "session").await.0
    );
    let used = registry(&desk).list("login_link").await.expect("readable");
    assert!(used.is_empty(), "{used:?}");
    // Nor does it where its row is put back.
    for reason in ["unknown_link", "used_link"] {
        let page = desk.submit("", "/console/login", &form).await.is(401);
        assert!(page.headers.get("set-cookie").is_none());
        let failed = records(&desk, "user_login_failed").await.remove(0);
        assert_eq!(failed["context"]["reason"], reason);
        write(&desk, ("login_link", &kept.0), Some(&kept.1.value)).await;
    }
    desk.clock.pass(Duration::from_secs(1));
    desk.submit("", "/console/login", &form).await.is(401);
    assert_eq!(records(&desk, "user_login_success").await.len(), 1);
    assert!(opens(&desk, &cookie).await);
}

async fn of_two_that_open_a_link_at_once_one_is_let_in(desk: Desk) {
    let (new, _) = link(&desk).await;
    let form = [("link", new.token.expose())];
    let open = || desk.submit("", "/console/login", &form);
    let (a, b, c, d) = tokio::join!(open(), open(), open(), open());
    let mut answered = [a, b, c, d].map(|answered| answered.status.as_u16());
    answered.sort_unstable();
    assert_eq!(answered, [303, 401, 401, 401]);
    assert_eq!(records(&desk, "user_login_success").await.len(), 1);
    assert_eq!(
        registry(&desk)
            .list("session")
            .await
            .expect("readable")
            .len(),
        1
    );
}

async fn a_link_ends_with_its_time_and_with_its_key(desk: Desk) {
    let (late, _) = link(&desk).await;
    let (orphaned, id) = link(&desk).await;
    let refused = async |new: &NewLink, reason: &str, words: &str| {
        let page = desk.visit("", &new.path()).await.is(401);
        assert!(page.text().contains(words), "{}", page.text());
        let form = [("link", new.token.expose())];
        let page = desk.submit("", "/console/login", &form).await.is(401);
        assert!(page.text().contains(words), "{}", page.text());
        let failed = records(&desk, "user_login_failed").await.remove(0);
        assert_eq!(failed["context"]["reason"], reason);
    };
    let call = Call::new(Method::DELETE, &format!("/v1/keys/{id}"));
    desk.call(call).await.is(200);
    refused(&orphaned, "ended_key", "has ended").await;
    desk.clock.pass(TIME - Duration::from_micros(1));
    desk.visit("", &late.path()).await.is(200);
    desk.clock.pass(Duration::from_micros(1));
    refused(&late, "expired_link", "has expired").await;
    // Those that are over go with the next that is made; none is made of a key that has ended.
    link(&desk).await;
    row(&desk, "login_link").await;
    let keys = desk.app.keys();
    let made = keys.create_link(&id, TIME, "a test").await;
    assert!(matches!(made, Err(KeyError::Ended(_))), "{made:?}");
    let (new, _) = link(&desk).await;
    for time in [Duration::ZERO, Duration::from_secs(24 * 3600 + 1)] {
        let made = keys.create_link(&new.key.id, time, "a test").await;
        assert!(matches!(made, Err(KeyError::LinkTime)), "{made:?}");
    }
    let made = keys.create_link("0123456789abcdef", TIME, "a test").await;
    assert!(matches!(made, Err(KeyError::Unknown(_))), "{made:?}");
}

async fn a_link_that_this_installation_did_not_write_opens_nothing(desk: Desk) {
    let (new, _) = link(&desk).await;
    let admin = admin_id(&desk).await;
    let (id, kept) = row(&desk, "login_link").await;
    let form = [("link", new.token.expose())];
    for (member, value) in [
        ("key", json!(admin)),
        ("expires_at", json!("2099-01-01T00:00:00.000000Z")),
        ("seal", json!("00")),
    ] {
        let mut raised = kept.value.clone();
        raised[member] = value;
        write(&desk, ("login_link", &id), Some(&raised)).await;
        desk.visit("", &new.path()).await.is(401);
        desk.submit("", "/console/login", &form).await.is(401);
    }
    write(&desk, ("login_link", &id), Some(&kept.value)).await;
    desk.submit("", "/console/login", &form).await.is(303);
}

async fn a_session_that_this_installation_did_not_write_opens_nothing(desk: Desk) {
    let cookie = desk.log_in(&desk.key("reader", None).await).await;
    let (id, kept) = row(&desk, "session").await;
    let admin = admin_id(&desk).await;
    for (member, value) in [
        ("key", json!(admin)),
        ("begun_at", json!("2026-03-09T12:00:01.000000Z")),
        ("seal", Value::Null),
    ] {
        let mut forged = kept.value.clone();
        forged[member] = value;
        write(&desk, ("session", &id), Some(&forged)).await;
        assert!(!opens(&desk, &cookie).await, "{member}");
    }
    // Nor does one that is whole under another id.
    write(&desk, ("session", &id), Some(&kept.value)).await;
    write(&desk, ("session", "0123456789abcdef"), Some(&kept.value)).await;
    let (name, value) = cookie.split_once('=').expect("a value");
    let other = format!("{name}=0123456789abcdef{}", &value[16..]);
    assert!(!opens(&desk, &other).await);
    assert!(opens(&desk, &cookie).await);
    // The next login takes away what is none.
    desk.log_in(&desk.admin).await;
    let rows = registry(&desk).list("session").await.expect("readable");
    assert_eq!(rows.len(), 2, "{rows:?}");
}

async fn a_session_that_has_ended_stays_so_whatever_its_row_says(desk: Desk) {
    let left = desk.log_in(&desk.admin).await;
    let (id, kept) = session(&desk, &left).await;
    desk.submit(&left, "/console/logout", &[]).await.is(303);
    write(&desk, ("session", &id), Some(&kept)).await;
    assert!(!opens(&desk, &left).await);
    write(&desk, ("session", &id), None).await;
    // One that was longest without a request, of too many.
    let evicted = desk.log_in(&desk.admin).await;
    let (id, kept) = session(&desk, &evicted).await;
    desk.clock.pass(Duration::from_secs(1));
    for _ in 0..32 {
        desk.log_in(&desk.admin).await;
    }
    write(&desk, ("session", &id), Some(&kept)).await;
    assert!(!opens(&desk, &evicted).await);
    // A row from before has it last no longer.
    let old = desk.log_in(&desk.key("reader", None).await).await;
    let (id, kept) = session(&desk, &old).await;
    desk.clock.pass(Duration::from_secs(14 * 60));
    desk.visit(&old, "/console").await.is(200);
    desk.clock.pass(Duration::from_secs(60));
    write(&desk, ("session", &id), Some(&kept)).await;
    assert!(!opens(&desk, &old).await);
}
