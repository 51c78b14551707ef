//! Clients that ask and hang up at once: what they asked is recorded and counted all the same.

use axum::http::Method;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::connections::Serving;
use crate::desk::{Call, Desk, on_both};

on_both!(
    t23_refusals_whose_clients_hang_up_are_recorded_and_counted,
    a_rotation_whose_client_hangs_up_is_done_whole,
);

/// Sends this, hangs up, and waits until the server has let go of the connection.
async fn send(serving: &Serving, text: &str) {
    let stream = TcpStream::connect(serving.address).await;
    let mut stream = stream.expect("connected");
    stream.write_all(text.as_bytes()).await.expect("sent");
    stream.shutdown().await.expect("closed");
    // Seldom there is an answer all the same.
    let _ = stream.read_to_end(&mut Vec::new()).await;
}

/// The records of an action in `system`, read past the server.
async fn records(desk: &Desk, action: &str) -> Vec<Value> {
    use indelible::AuditProtocol;
    let system = desk.database.trail("system".parse().expect("a name"));
    let query = indelible::Query::new().action(action).limit(1000);
    let page = system.query(query).await.expect("readable");
    let entries = page.entries.into_iter();
    entries
        .map(|entry| serde_json::to_value(entry).expect("JSON"))
        .collect()
}

async fn t23_refusals_whose_clients_hang_up_are_recorded_and_counted(desk: Desk) {
    const CALLS: u64 = 100;
    let reader = desk.key("reader", Some("shop")).await;
    let serving = Serving::of(&desk).await;
    for _ in 0..CALLS {
        send(&serving, "GET /v1/trails HTTP/1.1\r\nHost: x\r\n\r\n").await;
        let url = "/v1/trails/other/events";
        let head = format!("GET {url} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {reader}\r\n");
        send(&serving, &format!("{head}\r\n")).await;
    }
    let refused = async || {
        let call = Call::new(Method::GET, "/metrics").from("127.0.0.1:1");
        let figures = desk.call(call).await.is(200).text();
        figures.contains("indelible_http_requests_total{status=\"4xx\"} 200\n")
    };
    while !refused().await {
        tokio::task::yield_now().await;
    }
    serving.end().await;
    let call = Call::new(Method::GET, "/metrics").from("127.0.0.1:1");
    let figures = desk.call(call).await.is(200).text();
    for sample in [
        "indelible_refusals_total{kind=\"unauthorized\"} 100\n",
        "indelible_refusals_total{kind=\"forbidden\"} 100\n",
        "indelible_http_requests_total{status=\"4xx\"} 200\n",
    ] {
        assert!(figures.contains(sample), "{sample}: {figures}");
    }
    for action in ["api_key_rejected", "audit_log_access_denied"] {
        let records = records(&desk, action).await;
        let count = |entry: &Value| entry["context"]["repeats"]["count"].as_u64().unwrap_or(1);
        assert_eq!(records.iter().map(count).sum::<u64>(), CALLS, "{action}");
    }
}

async fn a_rotation_whose_client_hangs_up_is_done_whole(desk: Desk) {
    let serving = Serving::of(&desk).await;
    let mut olds = Vec::new();
    for _ in 0..20 {
        let body = "{\"name\":\"n\",\"role\":\"writer\"}";
        let made = desk.post("/v1/keys", body).await.is(201).json();
        olds.push(made["id"].as_str().expect("an id").to_owned());
    }
    for id in &olds {
        let head = format!(
            "POST /v1/keys/{id}/rotate HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}",
            desk.admin
        );
        send(&serving, &head).await;
    }
    for id in &olds {
        let key = async || desk.app.keys().get(id).await.expect("readable");
        while key().await.rotated_to.is_none() {
            tokio::task::yield_now().await;
        }
    }
    // What is left of it then is waited for.
    serving.end().await;
    let list = desk.get("/v1/keys").await.is(200).json();
    let keys = list["keys"].as_array().expect("a list");
    let line = |id: &Value| keys.iter().find(|key| key["id"] == *id).expect("listed");
    for id in olds {
        let old = line(&id.into());
        assert_eq!(old["state"], "expired", "{old}");
        assert_eq!(line(&old["rotated_to"])["state"], "active");
    }
    assert_eq!(records(&desk, "api_key_rotated").await.len(), 20);
}
