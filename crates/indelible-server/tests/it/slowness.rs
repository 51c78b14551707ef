//! Clients that take their time: with a head, with a body, with reading, with going away.

use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::Method;
use futures_util::stream;
use indelible_server::limits::{BODY_PAUSE_MAX, BODY_TIME_MAX, HEAD_TIME_MAX};
use indelible_server::{Door, Times};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::connections::{At, Serving};
use crate::desk::{Call, Desk, on_both};

on_both!(
    a_client_that_asks_and_reads_nothing_is_let_go_and_counted,
    whoever_comes_when_all_places_are_taken_waits_for_one,
);

const SOON: Duration = Duration::from_millis(100);

/// Reads to the end of a connection, whichever way it ends.
async fn rest(stream: &mut TcpStream) -> String {
    let mut read = Vec::new();
    let _ = stream.read_to_end(&mut read).await;
    String::from_utf8_lossy(&read).into_owned()
}

/// The value of a figure of a running server.
async fn figure(at: &At, name: &str) -> u64 {
    let mut stream = TcpStream::connect(at.address).await.expect("connected");
    let ask = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(ask).await.expect("sent");
    let text = rest(&mut stream).await;
    let value = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.expect(name).parse().expect("a number")
}

async fn a_client_that_asks_and_reads_nothing_is_let_go_and_counted(desk: Desk) {
    let event = json!({"action": "page_viewed", "resource_type": "page",
                       "context": {"text": "lorem ipsum ".repeat(700)}});
    let lines = format!("{event}\n").repeat(500);
    desk.lines("/v1/trails/shop/events", lines).await.is(200);
    let times = Times {
        write_pause: SOON,
        ..Times::default()
    };
    let serving = Serving::door(&desk, desk.app.clone(), |door: Door| door.times(times)).await;
    let at = serving.at();
    let urls = [
        "/v1/trails/shop/events?limit=1000",
        "/v1/trails/shop/export",
        "/v1/trails/shop/events/stream?from=0",
    ];
    let mut unread = Vec::new();
    for url in urls {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(4096).expect("set");
        let mut stream = socket.connect(at.address).await.expect("connected");
        let ask = format!(
            "GET {url} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n",
            at.key
        );
        // Where one answer may fit what the system holds for the two of them, several do not.
        stream
            .write_all(ask.repeat(4).as_bytes())
            .await
            .expect("sent");
        unread.push(stream);
    }
    while figure(&at, "indelible_connections_stalled_total").await < urls.len() as u64 {
        tokio::task::yield_now().await;
    }
    // The one that asks for the figure is the only one that is open.
    while figure(&at, "indelible_connections").await > 1 {
        tokio::task::yield_now().await;
    }
    serving.end().await;
    for mut stream in unread {
        let read = rest(&mut stream).await;
        assert!(read.starts_with("HTTP/1.1 200 OK"), "{read}");
        assert!(read.len() < 4 << 20, "{}", read.len());
    }
}

async fn whoever_comes_when_all_places_are_taken_waits_for_one(desk: Desk) {
    let times = Times {
        head: SOON,
        ..Times::default()
    };
    let few = |door: Door| door.times(times).connections_max(2);
    let serving = Serving::door(&desk, desk.app.clone(), few).await;
    let at = serving.at();
    let mut silent = Vec::new();
    for _ in 0..4 {
        silent.push(TcpStream::connect(at.address).await.expect("connected"));
    }
    // Those before it are sent away, two at a time, and then it is answered.
    assert!(figure(&at, "indelible_connections").await <= 2);
    for mut stream in silent {
        assert_eq!(rest(&mut stream).await, "");
    }
    serving.end().await;
}

/// How long work takes on the clock that stands still.
#[expect(
    clippy::disallowed_methods,
    reason = "the clock goes on only as the test lets it"
)]
async fn timed<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let begun = tokio::time::Instant::now();
    let result = work.await;
    (result, begun.elapsed())
}

/// Sends one byte of `text` a second until the server has enough of it.
async fn drip(mut stream: TcpStream, text: &'static str) {
    let mut pace = tokio::time::interval(Duration::from_secs(1));
    for byte in text.bytes().cycle() {
        pace.tick().await;
        if stream.write_u8(byte).await.is_err() {
            return;
        }
    }
}

/// Time stands still but where everything waits for it.
#[tokio::test(start_paused = true)]
async fn a_head_that_drips_in_or_never_comes_is_not_waited_for() {
    let desk = Desk::on_sqlite().await;
    let serving = Serving::of(&desk).await;
    let address = serving.at().address;
    let connect = async || TcpStream::connect(address).await.expect("connected");
    // A byte more is sent into what is closed already, and the next one is refused.
    let late = HEAD_TIME_MAX + Duration::from_secs(2);
    for text in ["GET /healthz HTTP/1.1\r\nx-", "x"] {
        let ((), took) = timed(drip(connect().await, text)).await;
        assert!(took >= HEAD_TIME_MAX && took <= late, "{took:?}");
    }
    for said in ["", "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"] {
        let mut idle = connect().await;
        idle.write_all(said.as_bytes()).await.expect("sent");
        let (answered, took) = timed(rest(&mut idle)).await;
        assert_eq!(answered.contains("alive"), !said.is_empty(), "{answered}");
        assert!(took >= HEAD_TIME_MAX && took <= late, "{took:?}");
    }
    serving.end().await;
}

/// A body that gives `text` every `pause`, without end.
fn dripping(text: &'static str, pause: Duration) -> Body {
    let pace = tokio::time::interval(pause);
    Body::from_stream(stream::unfold(pace, move |mut pace| async move {
        pace.tick().await;
        Some((
            Ok::<_, io::Error>(Bytes::from_static(text.as_bytes())),
            pace,
        ))
    }))
}

/// Time stands still but where everything waits for it.
#[tokio::test(start_paused = true)]
async fn a_body_that_drips_in_is_not_waited_for() {
    const URL: &str = "/v1/trails/shop/events";
    let desk = Desk::on_sqlite().await;
    let ask = async |media: &str, body: Body| {
        let call = Call::new(Method::POST, URL).header("content-type", media);
        timed(desk.call(call.body(body))).await
    };
    let second = Duration::from_secs(1);
    let steady = || dripping(" ", second);
    let (answered, took) = ask("application/json", steady()).await;
    answered.refuses(408, "request-timeout", None);
    assert!(
        took >= BODY_TIME_MAX && took <= BODY_TIME_MAX + second,
        "{took:?}"
    );
    let (answered, took) = ask("application/x-ndjson", steady()).await;
    assert_eq!(answered.rows()[0]["status"], 408, "{}", answered.text());
    assert!(
        took >= BODY_TIME_MAX && took <= BODY_TIME_MAX + second,
        "{took:?}"
    );
    for media in ["application/json", "application/x-ndjson"] {
        let (answered, took) = ask(media, dripping(" ", 2 * BODY_PAUSE_MAX)).await;
        assert!(answered.text().contains("request-timeout"));
        assert!(
            took >= BODY_PAUSE_MAX && took <= BODY_PAUSE_MAX + second,
            "{took:?}"
        );
    }
    let other = desk.post("/v1/keys", steady()).await;
    other.refuses(408, "request-timeout", None);
    // Nor is a form, of whoever it is.
    let login = Call::new(Method::POST, "/console/login").anonymous();
    let (answered, took) = timed(desk.call(login.body(steady()))).await;
    answered.refuses(408, "request-timeout", None);
    assert!(took <= BODY_TIME_MAX + second, "{took:?}");
}

/// Time stands still but where everything waits for it.
#[tokio::test(start_paused = true)]
async fn lines_may_come_seldom_for_as_long_as_they_come() {
    let desk = Desk::on_sqlite().await;
    let event = "{\"action\":\"page_viewed\",\"resource_type\":\"page\"}\n";
    let pace = tokio::time::interval(BODY_PAUSE_MAX - Duration::from_secs(1));
    let body = Body::from_stream(stream::unfold(
        (pace, 0),
        move |(mut pace, nth)| async move {
            pace.tick().await;
            // Blank lines say that somebody is there.
            let text = if nth % 10 == 9 { event } else { "\n" };
            (nth < 100).then_some((Ok::<_, io::Error>(text), (pace, nth + 1)))
        },
    ));
    let answered = desk.lines("/v1/trails/shop/events", body).await.is(200);
    assert_eq!(answered.rows().len(), 10);
    assert!(answered.rows().iter().all(|row| row["status"] == 201));
}
