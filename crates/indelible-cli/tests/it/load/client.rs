//! A client that knows of each request what it was told, and whether that was all.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;

/// How events are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One, under an `Idempotency-Key`.
    Single,
    /// Several as a JSON array, each with its id.
    Array,
    /// Several as lines, each with its id.
    Lines,
}

/// Events that are sent together, as often as it takes.
#[derive(Debug)]
pub struct Request {
    pub form: Form,
    /// The numbers of the first event and of the one after the last; no other request has them.
    pub numbers: std::ops::Range<u64>,
}

/// The number that an event carries as its user.
pub fn user(number: u64) -> String {
    format!("u-{number}")
}

impl Request {
    pub fn new(form: Form, numbers: std::ops::Range<u64>) -> Self {
        Self { form, numbers }
    }

    fn event(&self, number: u64) -> String {
        let id = match self.form {
            Form::Single => String::new(),
            _ => format!("\"id\":\"00000000-0000-4000-8000-{number:012x}\","),
        };
        format!(
            "{{{id}\"action\":\"page_viewed\",\"resource_type\":\"page\",\"user_id\":\"{}\"}}",
            user(number)
        )
    }

    fn bytes(&self, key: &str) -> Vec<u8> {
        let events: Vec<_> = self.numbers.clone().map(|n| self.event(n)).collect();
        let (media, body) = match self.form {
            Form::Single => ("json", events.concat()),
            Form::Array => ("json", format!("[{}]", events.join(","))),
            Form::Lines => ("x-ndjson", events.join("\n") + "\n"),
        };
        let once = match self.form {
            Form::Single => format!("Idempotency-Key: order-{}\r\n", self.numbers.start),
            _ => String::new(),
        };
        let head = format!(
            "POST /v1/trails/shop/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\
             Content-Type: application/{media}\r\n{once}Content-Length: {}\r\n\r\n",
            body.len()
        );
        (head + &body).into_bytes()
    }
}

/// How much of an answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    Nothing,
    Part,
    Whole,
}

/// What a request was told.
#[derive(Debug)]
pub struct Answer {
    pub heard: Heard,
    /// The status code, once the head came.
    pub status: u16,
    /// Receipts by the place of their event; nothing is said of those that have none.
    pub receipts: Vec<(u64, Value)>,
}

/// A connection that is kept open.
pub struct Client {
    stream: TcpStream,
    key: String,
}

impl Client {
    pub fn connect(address: &str, key: &str) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        let key = key.to_owned();
        Ok(Self { stream, key })
    }

    /// Sends a request and reads what comes, up to the end of the answer or of the connection.
    pub fn send(&mut self, request: &Request) -> Answer {
        // Where it cannot be sent, what is heard says so.
        let _ = self.stream.write_all(&request.bytes(&self.key));
        let mut read = Vec::new();
        let mut piece = [0; 16 << 10];
        loop {
            let answer = answer(&read, request);
            if answer.heard == Heard::Whole {
                return answer;
            }
            match self.stream.read(&mut piece) {
                Ok(count) if count > 0 => read.extend_from_slice(&piece[..count]),
                _ => return answer,
            }
        }
    }
}

/// What these bytes say.
fn answer(read: &[u8], request: &Request) -> Answer {
    let text = String::from_utf8_lossy(read);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        let heard = if read.is_empty() {
            Heard::Nothing
        } else {
            Heard::Part
        };
        return Answer {
            heard,
            status: 0,
            receipts: Vec::new(),
        };
    };
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status: u16 = status.expect("a status");
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let (body, is_whole) = match length {
        Some(length) => {
            let length: usize = length.parse().expect("a number");
            assert!(body.len() <= length, "one answer, and nothing after it");
            (body.to_owned(), body.len() == length)
        }
        None => unchunked(body),
    };
    Answer {
        heard: if is_whole { Heard::Whole } else { Heard::Part },
        status,
        receipts: receipts(status, &body, is_whole, request),
    }
}

/// The text of the chunks that came whole, and whether the last one did.
fn unchunked(mut body: &str) -> (String, bool) {
    let mut text = String::new();
    loop {
        let Some((size, rest)) = body.split_once("\r\n") else {
            return (text, false);
        };
        let size = usize::from_str_radix(size, 16).expect("a size");
        let Some(chunk) = rest.get(..size).filter(|_| rest.len() >= size + 2) else {
            return (text, false);
        };
        if size == 0 {
            assert_eq!(rest, "\r\n", "one answer, and nothing after it");
            return (text, true);
        }
        text.push_str(chunk);
        body = &rest[size + 2..];
    }
}

fn receipts(status: u16, body: &str, is_whole: bool, request: &Request) -> Vec<(u64, Value)> {
    let first = request.numbers.start;
    let json = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
    let of = |rows: Vec<Value>, place: &str, from: u64| {
        let receipt = |row: Value| {
            let place = row[place].as_u64().expect("a place") - from;
            let said = row.get("receipt").cloned();
            said.map(|receipt| (first + place, receipt))
        };
        rows.into_iter().filter_map(receipt).collect()
    };
    match (request.form, status, is_whole) {
        (Form::Single, 201, true) => vec![(first, json(body))],
        (Form::Array, 200, true) => {
            let rows = json(body).as_array().expect("a list").clone();
            assert_eq!(rows.len() as u64, request.numbers.end - first);
            of(rows, "index", 0)
        }
        (Form::Lines, 200, _) => {
            let ended = body.rfind('\n').map_or("", |end| &body[..=end]);
            of(ended.lines().map(json).collect(), "line", 1)
        }
        _ => Vec::new(),
    }
}
