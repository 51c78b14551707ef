//! API keys beneath the API: the first one, and their rows.

use axum::http::Method;

use crate::desk::{Call, Desk, on_both};

on_both!(of_servers_that_start_at_once_all_that_speak_say_one_key);

async fn of_servers_that_start_at_once_all_that_speak_say_one_key(desk: Desk) {
    // As if nobody had started yet.
    let registry = &desk.database.engine().ground().registry;
    for (kind, key) in [
        ("api_key_first", "admin".to_owned()),
        (
            "api_key",
            desk.app.keys().list().await.expect("readable")[0]
                .id
                .clone(),
        ),
    ] {
        let row = registry.get(kind, &key).await.expect("readable");
        let version = row.expect("a row").version;
        let put = registry.put(kind, &key, Some(version), None).await;
        put.expect("removed");
    }
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
