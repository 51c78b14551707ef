//! Real connections: the orderly stop, streams both ways, requests that are cut.

use std::net::SocketAddr;
use std::sync::Arc;

use indelible_server::{App, Door, ServeError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::desk::{Desk, on_both};

on_both!(
    a_stop_answers_what_has_begun,
    a_stop_waits_for_nobody_who_asks_nothing_whole,
    a_stop_ends_a_stream_of_lines_with_a_word,
    lines_are_answered_while_more_are_sent,
    a_client_that_reads_late_is_answered_whole,
    a_request_that_is_cut_leaves_no_part_of_an_event,
);

#[expect(
    clippy::disallowed_methods,
    reason = "the long form is asked for by the environment"
)]
pub fn is_long_form() -> bool {
    std::env::var_os("INDELIBLE_SOAK").is_some()
}

/// Where to ask, and with which key.
#[derive(Clone)]
pub struct At {
    pub address: SocketAddr,
    pub key: Arc<str>,
}

/// A server at a port of its own.
pub struct Serving {
    pub address: SocketAddr,
    /// The key that its listeners show.
    key: Arc<str>,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<Result<(), ServeError>>,
}

impl Serving {
    pub async fn of(desk: &Desk) -> Self {
        Self::app(desk, desk.app.clone()).await
    }

    pub async fn app(desk: &Desk, app: App) -> Self {
        Self::door(desk, app, |door| door).await
    }

    /// A server whose door is made so.
    pub async fn door(desk: &Desk, app: App, make: impl FnOnce(Door) -> Door) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = oneshot::channel();
        let stopped = async {
            let _ = stopped.await;
        };
        let ended = tokio::spawn(indelible_server::serve(make(listener.into()), app, stopped));
        Self {
            address,
            key: desk.admin.as_str().into(),
            stop,
            ended,
        }
    }

    /// Where a listener asks, and with which key.
    pub fn at(&self) -> At {
        At {
            address: self.address,
            key: self.key.clone(),
        }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("connected")
    }

    pub async fn end(self) {
        self.stop.send(()).expect("it runs");
        self.ended
            .await
            .expect("no panic")
            .expect("an orderly stop");
    }
}

const EVENT: &str = "{\"action\":\"page_viewed\",\"resource_type\":\"page\"}";

fn head(desk: &Desk, length: usize, media: &str) -> String {
    format!(
        "POST /v1/trails/shop/events HTTP/1.1\r\nHost: x\r\nContent-Type: {media}\r\n\
         Authorization: Bearer {}\r\nContent-Length: {length}\r\n\r\n",
        desk.admin
    )
}

/// Reads until the text has come.
async fn read_until(stream: &mut TcpStream, text: &str) -> String {
    let mut read = Vec::new();
    loop {
        let so_far = String::from_utf8_lossy(&read).into_owned();
        if so_far.contains(text) {
            return so_far;
        }
        let mut piece = [0; 4096];
        let count = stream.read(&mut piece).await.expect("readable");
        assert!(count > 0, "{so_far}");
        read.extend_from_slice(&piece[..count]);
    }
}

async fn a_stop_answers_what_has_begun(desk: Desk) {
    let serving = Serving::of(&desk).await;
    let mut idle = serving.connect().await;
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .expect("sent");
    read_until(&mut idle, "alive").await;
    let mut busy = serving.connect().await;
    busy.write_all(head(&desk, EVENT.len(), "application/json").as_bytes())
        .await
        .expect("sent");
    // The head is read once the connection after it is answered: both are in one queue.
    let mut after = serving.connect().await;
    after
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .expect("sent");
    read_until(&mut after, "alive").await;
    let Serving {
        address,
        stop,
        ended,
        ..
    } = serving;
    stop.send(()).expect("it runs");
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest).await.expect("closed in order");
    assert!(TcpStream::connect(address).await.is_err());
    busy.write_all(EVENT.as_bytes()).await.expect("sent");
    let answered = read_until(&mut busy, "leaf_hash").await;
    assert!(answered.starts_with("HTTP/1.1 201 "), "{answered}");
    ended.await.expect("no panic").expect("an orderly stop");
    let page = desk.get("/v1/trails/shop/events").await.is(200).json();
    assert_eq!(page["as_of"], 1);
}

async fn a_stop_waits_for_nobody_who_asks_nothing_whole(desk: Desk) {
    let serving = Serving::of(&desk).await;
    let mut half = serving.connect().await;
    half.write_all(b"GET /heal").await.expect("sent");
    let mut silent = serving.connect().await;
    let mut after = serving.connect().await;
    after
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .expect("sent");
    read_until(&mut after, "alive").await;
    serving.end().await;
    for stream in [&mut half, &mut silent] {
        let mut rest = Vec::new();
        // Whether in order or not: it is at an end.
        let _ = stream.read_to_end(&mut rest).await;
        assert_eq!(rest, b"");
    }
}

async fn a_stop_ends_a_stream_of_lines_with_a_word(desk: Desk) {
    let serving = Serving::of(&desk).await;
    let mut stream = serving.connect().await;
    let head = head(&desk, 1_000_000, "application/x-ndjson");
    stream.write_all(head.as_bytes()).await.expect("sent");
    let line = format!("{EVENT}\n");
    stream.write_all(line.as_bytes()).await.expect("sent");
    read_until(&mut stream, "\"line\":1,\"status\":201").await;
    serving.end().await;
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.expect("in order");
    let rest = String::from_utf8(rest).expect("UTF-8");
    assert!(rest.contains("\"line\":2,\"status\":503"), "{rest}");
    assert!(
        rest.contains("nothing from this line on was recorded"),
        "{rest}"
    );
    assert!(rest.ends_with("\r\n0\r\n\r\n"), "{rest}");
}

async fn lines_are_answered_while_more_are_sent(desk: Desk) {
    let serving = Serving::of(&desk).await;
    let mut stream = serving.connect().await;
    let media = "application/x-ndjson";
    stream
        .write_all(head(&desk, 3 * (EVENT.len() + 1), media).as_bytes())
        .await
        .expect("sent");
    for line in 1..=3 {
        stream
            .write_all(format!("{EVENT}\n").as_bytes())
            .await
            .expect("sent");
        read_until(&mut stream, &format!("\"line\":{line},\"status\":201")).await;
    }
    drop(stream);
    serving.end().await;
}

async fn a_request_that_is_cut_leaves_no_part_of_an_event(desk: Desk) {
    let serving = Serving::of(&desk).await;
    let array = format!("[{EVENT},{EVENT}]");
    let request = head(&desk, array.len(), "application/json") + &array;
    for cut in (0..request.len()).step_by(7).chain([request.len() - 1]) {
        let mut stream = serving.connect().await;
        stream
            .write_all(&request.as_bytes()[..cut])
            .await
            .expect("sent");
        stream.shutdown().await.expect("cut");
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
    }
    let page = desk.get("/v1/trails/shop/events").await.is(200).json();
    assert_eq!(page["as_of"], 0);
    // Of lines, those that came whole are recorded, and of the one that was cut nothing.
    let lines = format!("{EVENT}\n{EVENT}\n{EVENT}\n");
    let request = head(&desk, lines.len(), "application/x-ndjson") + &lines;
    let mut stream = serving.connect().await;
    stream
        .write_all(&request.as_bytes()[..request.len() - 1])
        .await
        .expect("sent");
    read_until(&mut stream, "\"line\":2,\"status\":201").await;
    drop(stream);
    serving.end().await;
    let page = desk.get("/v1/trails/shop/events").await.is(200).json();
    assert_eq!(page["as_of"], 2);
}

async fn a_client_that_reads_late_is_answered_whole(desk: Desk) {
    const LINES: usize = 100_000;
    let serving = Serving::of(&desk).await;
    let mut stream = serving.connect().await;
    let body = "7\n".repeat(LINES - 1) + EVENT;
    let request = head(&desk, body.len(), "application/x-ndjson") + &body;
    // All is sent before anything is read: the results are more than the connection holds.
    let sent = stream.write_all(request.as_bytes());
    tokio::time::timeout(std::time::Duration::from_secs(60), sent)
        .await
        .expect("the server reads on")
        .expect("sent");
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n0\r\n\r\n") {
        let read = stream.read_buf(&mut answer).await.expect("readable");
        assert!(read > 0, "cut off after {} bytes", answer.len());
    }
    let answer = String::from_utf8(answer).expect("UTF-8");
    assert!(answer.len() > 16 << 20, "{}", answer.len());
    assert!(answer.contains(&format!("\"line\":{LINES},\"status\":201")));
    serving.end().await;
}
