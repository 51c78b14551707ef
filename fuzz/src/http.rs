//! Bodies that are sent to a server.

use std::cell::OnceCell;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use indelible_axum::TrustedProxies;
use indelible_core::engine::Audit;
use indelible_core::json::parse;
use indelible_server::App;
use serde_json::Value;
use tower::ServiceExt;

use crate::memory::{shared_engine, wait};

thread_local! {
    static SERVED: OnceCell<Served> = const { OnceCell::new() };
}

struct Served {
    router: Router,
    key: String,
    audit: Audit,
}

impl Served {
    fn new() -> Self {
        let engine = shared_engine();
        let audit = engine.trail(indelible_core::TrailName::standard());
        let app = App::with(engine, u32::MAX, TrustedProxies::none());
        let first = wait(app.keys().first())
            .expect("memory")
            .expect("the first");
        Self {
            key: format!("Bearer {}", first.key.token.expose()),
            router: indelible_server::router(app),
            audit,
        }
    }

    fn size(&self) -> u64 {
        wait(self.audit.head())
            .expect("memory")
            .map_or(0, |head| head.size)
    }

    /// Status and body of the answer to events of this media type.
    fn post(&self, media: &str, body: &[u8]) -> (u16, Vec<u8>) {
        let request = Request::post("/v1/trails/default/events")
            .header("host", "127.0.0.1:7878")
            .header("authorization", &self.key)
            .header("content-type", media)
            .body(Body::from(body.to_vec()))
            .expect("a request");
        wait(async {
            let answer = self
                .router
                .clone()
                .oneshot(request)
                .await
                .expect("answered");
            let status = answer.status().as_u16();
            let body = to_bytes(answer.into_body(), 1 << 24).await.expect("whole");
            (status, body.to_vec())
        })
    }
}

/// The first byte says whether the rest is sent as one JSON text or as lines. The answer is no
/// failure of the server's, and tells of exactly what came to stand in the trail.
pub fn http(input: &[u8]) {
    let Some((which, body)) = input.split_first() else {
        return;
    };
    SERVED.with(|served| {
        let served = served.get_or_init(Served::new);
        let before = served.size();
        let is_lines = which % 2 == 1;
        let media = if is_lines {
            "application/x-ndjson"
        } else {
            "application/json"
        };
        let (status, answer) = served.post(media, body);
        assert!(
            status < 500,
            "{status}: {}",
            String::from_utf8_lossy(&answer)
        );
        let recorded = if is_lines {
            assert_eq!(status, 200);
            let lines = answer
                .split(|byte| *byte == b'\n')
                .filter(|line| !line.is_empty());
            lines.map(json).filter(is_recorded).count()
        } else {
            match json(&answer) {
                Value::Array(results) if status == 200 => {
                    if let Ok(Value::Array(sent)) = parse(body).map(|sent| sent.value) {
                        assert_eq!(results.len(), sent.len(), "an element has no result");
                    }
                    results.iter().filter(|result| is_recorded(result)).count()
                }
                one if status == 201 => usize::from(one["delivery"] == "recorded"),
                _ => 0,
            }
        };
        let grown = served.size() - before;
        assert_eq!(
            grown,
            recorded as u64,
            "{status}: {}",
            String::from_utf8_lossy(&answer)
        );
    });
}

fn json(text: &[u8]) -> Value {
    serde_json::from_slice(text).expect("an answer is JSON")
}

fn is_recorded(result: &Value) -> bool {
    result["receipt"]["delivery"] == "recorded"
}
