//! Connections that are cut at random bytes, of the request and of the answer.

use std::collections::HashMap;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::connections::{At, Serving, is_long_form};
use crate::desk::{Desk, on_both};
use crate::dice::Dice;

on_both!(
    a_connection_that_is_cut_leaves_no_half_batch_and_a_retry_gives_the_same_receipts,
    an_array_whose_client_hangs_up_is_recorded_whole,
);

/// Connections that are cut, one after the other, on each of several tasks.
fn cuts() -> u64 {
    if is_long_form() { 2_000 } else { 40 }
}

const TASKS: u64 = 4;
/// Events of one array or stream of lines.
const TOGETHER_MAX: u64 = 12;
/// Where an answer is cut at the latest.
const ANSWER_BYTES_MAX: u64 = 4096;

const FORMS: [&str; 3] = ["single", "array", "lines"];

/// Events with ids that are sent together, again and again.
struct Sent {
    form: &'static str,
    ids: Vec<String>,
    bytes: Vec<u8>,
}

impl Sent {
    fn new(form: &'static str, ids: Vec<String>, key: &str) -> Self {
        let event = |id: &String| {
            // The id of a single event stands in the header.
            let id = (form != "single").then_some(id);
            let mut event = json!({"action": "page_viewed", "resource_type": "page",
                                   "context": {"text": "lorem ipsum"}});
            if let Some(id) = id {
                event["id"] = id.as_str().into();
            }
            event.to_string()
        };
        let events: Vec<_> = ids.iter().map(event).collect();
        let (media, once, body) = match form {
            "single" => {
                let once = format!("Idempotency-Key: {}\r\n", ids[0]);
                ("json", once, events.concat())
            }
            "array" => ("json", String::new(), format!("[{}]", events.join(","))),
            _ => ("x-ndjson", String::new(), events.join("\n") + "\n"),
        };
        let head = format!(
            "POST /v1/trails/shop/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/{media}\r\n\
             Connection: close\r\nAuthorization: Bearer {key}\r\n{once}Content-Length: {}\r\n\r\n",
            body.len()
        );
        let bytes = (head + &body).into_bytes();
        Self { form, ids, bytes }
    }

    /// Sends all of it and answers the receipts.
    async fn whole(&self, at: &At) -> Vec<Value> {
        let mut stream = TcpStream::connect(at.address).await.expect("connected");
        stream.write_all(&self.bytes).await.expect("sent");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.expect("answered");
        let answer = String::from_utf8(answer).expect("UTF-8");
        // Chunks begin and end with lines of their own, which are none of JSON objects.
        let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
        let rows: Vec<Value> = match self.form {
            "single" => {
                vec![json!({"receipt": serde_json::from_str::<Value>(body).expect("JSON")})]
            }
            "array" => serde_json::from_str(body).expect("JSON"),
            _ => body
                .lines()
                .filter(|line| line.starts_with('{'))
                .map(|line| serde_json::from_str(line).expect("JSON"))
                .collect(),
        };
        let receipts: Vec<_> = rows.into_iter().map(|mut r| r["receipt"].take()).collect();
        let told: Vec<_> = receipts.iter().map(|receipt| &receipt["id"]).collect();
        assert_eq!(told, self.ids.iter().collect::<Vec<_>>(), "{answer}");
        receipts
    }

    /// Sends a part of it, or all and reads a part of the answer, and hangs up. Answers whether
    /// all was sent.
    async fn cut(&self, at: &At, dice: &mut Dice) -> bool {
        let mut stream = TcpStream::connect(at.address).await.expect("connected");
        if dice.below(2) == 0 {
            let cut = dice.below(self.bytes.len() as u64) as usize;
            stream.write_all(&self.bytes[..cut]).await.expect("sent");
            // Half of them wait for what the server makes of it.
            if dice.below(2) == 0 {
                stream.shutdown().await.expect("cut");
                let _ = stream.read_to_end(&mut Vec::new()).await;
            }
            return false;
        }
        stream.write_all(&self.bytes).await.expect("sent");
        let longest = 1 << (1 + dice.below(ANSWER_BYTES_MAX.ilog2().into()));
        let mut answer = vec![0; dice.below(longest) as usize];
        // The whole answer may be shorter.
        let _ = stream.read_exact(&mut answer).await;
        true
    }
}

/// Where the entries of a trail stand, by id.
async fn standing(desk: &Desk) -> HashMap<String, Value> {
    let exported = desk.get("/v1/trails/shop/export").await.is(200).rows();
    let mut standing = HashMap::new();
    for entry in exported {
        let id = entry["id"].as_str().expect("a text").to_owned();
        assert!(standing.insert(id, entry).is_none(), "no id stands twice");
    }
    standing
}

/// Cuts, and answers what was sent and whether it was all of it.
async fn cut_often(at: At, task: u64) -> Vec<(Sent, bool)> {
    let mut dice = Dice(task);
    let mut sent = Vec::new();
    for nth in 0..cuts() {
        let form = FORMS[dice.below(3) as usize];
        let count = match form {
            "single" => 1,
            _ => 1 + dice.below(TOGETHER_MAX),
        };
        let id = |n| format!("00000000-0000-4000-8000-{task:04x}{nth:06x}{n:02x}");
        let one = Sent::new(form, (0..count).map(id).collect(), &at.key);
        let is_all = one.cut(&at, &mut dice).await;
        sent.push((one, is_all));
    }
    sent
}

async fn a_connection_that_is_cut_leaves_no_half_batch_and_a_retry_gives_the_same_receipts(
    desk: Desk,
) {
    let serving = Serving::of(&desk).await;
    let mut cutting = JoinSet::new();
    for task in 0..TASKS {
        cutting.spawn(cut_often(serving.at(), task));
    }
    let sent = cutting.join_all().await.into_iter().flatten();
    let sent: Vec<(Sent, bool)> = sent.collect();
    // The stop waits for what was still at work.
    serving.end().await;
    let before = standing(&desk).await;
    for (one, is_all) in &sent {
        let there: Vec<bool> = one.ids.iter().map(|id| before.contains_key(id)).collect();
        let count = there.iter().filter(|is_there| **is_there).count();
        match (one.form, is_all) {
            ("lines", _) => assert!(there.is_sorted_by(|a, b| a >= b), "{there:?}"),
            (_, false) => assert_eq!(count, 0, "{} of a part", one.form),
            (_, true) => assert!(count == 0 || count == there.len(), "{there:?}"),
        }
    }
    let app = indelible_server::App::new(desk.database.engine().clone());
    let serving = Serving::app(&desk, app).await;
    let at = serving.at();
    for (one, _) in &sent {
        let first = one.whole(&at).await;
        for receipt in &first {
            let id = receipt["id"].as_str().expect("a text");
            let Some(entry) = before.get(id) else {
                assert_eq!(receipt["delivery"], "recorded", "{receipt}");
                continue;
            };
            assert_eq!(receipt["delivery"], "duplicate", "{receipt}");
            for what in ["seq", "leaf_hash", "created_at"] {
                assert_eq!(receipt[what], entry[what], "{receipt}");
            }
        }
        for (again, first) in one.whole(&at).await.iter().zip(&first) {
            assert_eq!(again["delivery"], "duplicate", "{again}");
            for what in ["seq", "leaf_hash", "created_at"] {
                assert_eq!(again[what], first[what], "{again}");
            }
        }
    }
    serving.end().await;
    let after = standing(&desk).await;
    let ids = sent.iter().flat_map(|(one, _)| &one.ids);
    assert!(ids.clone().all(|id| after.contains_key(id)));
}

async fn an_array_whose_client_hangs_up_is_recorded_whole(desk: Desk) {
    // More than the engine takes at once, so that it is at work when the client is gone.
    const EVENTS: usize = 6_000;
    let serving = Serving::of(&desk).await;
    let id = |n| format!("00000000-0000-4000-8000-{n:012x}");
    let at = serving.at();
    let sent = Sent::new("array", (0..EVENTS).map(id).collect(), &at.key);
    let mut stream = TcpStream::connect(at.address).await.expect("connected");
    stream.write_all(&sent.bytes).await.expect("sent");
    let shop = desk
        .database
        .engine()
        .trail("shop".parse().expect("a name"));
    // Once its first event is there it has come in whole.
    while shop.entry_at(0).await.expect("readable").is_none() {
        tokio::task::yield_now().await;
    }
    drop(stream);
    serving.end().await;
    let there = shop.head().await.expect("readable").expect("a head").size;
    assert_eq!(there, EVENTS as u64);
}
