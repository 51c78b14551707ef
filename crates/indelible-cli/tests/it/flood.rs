//! One who sends all it can, beside others who record a little.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use crate::desk::{Desk, on_each_store};
use crate::serving::Server;

on_each_store!(t81_a_flood_keeps_no_other_out_and_is_seen);

/// Events of the flood at least; those who record beside it, and what each records.
#[expect(
    clippy::disallowed_methods,
    reason = "the long form is asked for by the environment"
)]
fn scale() -> (u64, usize, usize) {
    if std::env::var_os("INDELIBLE_SOAK").is_some() {
        (600_000, 8, 500)
    } else {
        (20_000, 4, 25)
    }
}

/// Events of one piece of the flood.
const PIECE_EVENTS: usize = 500;

/// A key of the trail `shop` that may record.
fn key(desk: &Desk, name: &str) -> Value {
    let made = [
        "keys", "create", name, "--role", "writer", "--trail", "shop",
    ];
    desk.json(&made)
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

/// Sends lines over one connection until at least so many are sent and the others are done, and
/// answers how many it sent, and of how many it heard that they are recorded.
fn flood(address: &str, key: &str, least: u64, are_done: &AtomicBool) -> (u64, u64) {
    let stream = TcpStream::connect(address).expect("connected");
    let mut sender = stream.try_clone().expect("a second handle");
    write!(
        sender,
        "POST /v1/trails/shop/events HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
         Authorization: Bearer {key}\r\nContent-Type: application/x-ndjson\r\n\
         Transfer-Encoding: chunked\r\n\r\n"
    )
    .expect("sent");
    let line = "{\"action\":\"flooded\",\"resource_type\":\"page\",\"user_id\":\"flood\"}\n";
    let piece = line.repeat(PIECE_EVENTS);
    let piece = format!("{:x}\r\n{piece}\r\n", piece.len());
    std::thread::scope(|scope| {
        let recorded = scope.spawn(|| {
            let lines = BufReader::new(stream).lines();
            let lines = lines.map(|line| line.expect("UTF-8"));
            lines.filter(|line| line.contains("\"status\":201")).count() as u64
        });
        let mut sent = 0;
        while sent < least || !are_done.load(Ordering::Acquire) {
            sender.write_all(piece.as_bytes()).expect("sent");
            sent += PIECE_EVENTS as u64;
        }
        sender.write_all(b"0\r\n\r\n").expect("sent");
        (sent, recorded.join().expect("read"))
    })
}

fn t81_a_flood_keeps_no_other_out_and_is_seen(desk: fn() -> Desk) {
    let (least, others, singles) = scale();
    let desk = desk();
    let server = Server::start(&desk, &["--log", "error"]);
    let flooder = key(&desk, "flooder");
    let names: Vec<String> = (0..others).map(|n| format!("other {n}")).collect();
    let keys: Vec<Value> = names.iter().map(|name| key(&desk, name)).collect();
    let are_done = AtomicBool::new(false);
    let (sent, recorded) = std::thread::scope(|scope| {
        let flooding =
            scope.spawn(|| flood(&server.address, text(&flooder["key"]), least, &are_done));
        let recording: Vec<_> = keys
            .iter()
            .map(|own| {
                let (server, event) = (&server, single(text(&own["id"])));
                scope.spawn(move || {
                    for _ in 0..singles {
                        let answer = server.call(
                            text(&own["key"]),
                            "POST",
                            "/v1/trails/shop/events",
                            &event,
                        );
                        assert_eq!(answer.0, 201, "{}", answer.1);
                    }
                })
            })
            .collect();
        let ends: Vec<_> = recording.into_iter().map(|one| one.join()).collect();
        // Whatever became of the others, the flood ends.
        are_done.store(true, Ordering::Release);
        let flooded = flooding.join().expect("it ends");
        assert!(ends.iter().all(Result::is_ok), "an event was not recorded");
        flooded
    });
    assert_eq!(recorded, sent);
    // Seen, under the key's own name.
    let (status, figures) = server.ask("GET", "/metrics", "");
    assert_eq!(status, 200);
    let of_key = |key: &Value, count: u64| {
        let id = text(&key["id"]);
        format!("indelible_key_events_total{{key=\"{id}\"}} {count}\n")
    };
    assert!(figures.contains(&of_key(&flooder, sent)), "{figures}");
    for own in &keys {
        let line = of_key(own, singles as u64);
        assert!(figures.contains(&line), "{line}\n{figures}");
        let found = ["query", "--trail", "shop", "--limit", "1000", "--user-id"];
        let found = desk.json(&[&found[..], &[text(&own["id"])]].concat());
        let found = found["entries"].as_array().expect("a list");
        assert_eq!(found.len(), singles);
    }
    assert_eq!(server.stop("TERM").0, Some(0));
}

/// An event of this user.
fn single(user: &str) -> String {
    format!("{{\"action\":\"page_viewed\",\"resource_type\":\"page\",\"user_id\":\"{user}\"}}")
}
