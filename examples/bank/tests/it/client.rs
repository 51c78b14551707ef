//! HTTP as a client behind a proxy speaks it, and everything that was answered.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

/// The proxy says this of the client; what the client itself claims stands to its left.
pub const ADDRESS: &str = "198.51.100.7";
pub const FORWARDED: &str = "203.0.113.66, 198.51.100.7";
pub const USER_AGENT: &str = "player/1.0 (of the bank's tests)";

/// An answer that takes longer is none.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);

/// A client of one bank.
pub struct Client {
    address: String,
    /// All answers, head and body.
    pub heard: String,
}

/// What is asked.
#[derive(Clone, Copy)]
pub struct Ask<'a> {
    pub method: &'a str,
    pub path: &'a str,
    /// The session's token.
    pub token: Option<&'a str>,
    /// The request's id.
    pub id: Option<&'a str>,
    pub body: Body<'a>,
}

/// What is sent.
#[derive(Clone, Copy)]
pub enum Body<'a> {
    None,
    Json(&'a Value),
    /// Of this type, where one is named.
    Bytes(Option<&'a str>, &'a [u8]),
}

impl<'a> From<Option<&'a Value>> for Body<'a> {
    fn from(body: Option<&'a Value>) -> Self {
        body.map_or(Self::None, Self::Json)
    }
}

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// The request's id.
    pub id: String,
    /// `null` where there is none.
    pub body: Value,
    pub has_body: bool,
}

impl Client {
    pub fn of(url: &str) -> Self {
        let address = url.strip_prefix("http://").expect("an address");
        Self {
            address: address.to_owned(),
            heard: String::new(),
        }
    }

    pub fn ask(&mut self, ask: Ask<'_>) -> Answer {
        let text = self.exchange(ask).unwrap_or_else(|error| {
            panic!("{} {}: {error}", ask.method, ask.path);
        });
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        self.heard.push_str(&text);
        let status = head.split(' ').nth(1).expect("a status");
        let id = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("x-request-id")
                .then(|| value.trim().to_owned())
        });
        let has_body = !body.is_empty();
        let body = if body.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"))
        };
        Answer {
            status: status.parse().expect("a number"),
            id: id.unwrap_or_else(|| panic!("no request id: {head}")),
            body,
            has_body,
        }
    }

    fn exchange(&self, ask: Ask<'_>) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(ANSWER_TIME_MAX))?;
        let Ask { method, path, .. } = ask;
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nHost: bank.example\r\nConnection: close\r\n\
             X-Forwarded-For: {FORWARDED}\r\nUser-Agent: {USER_AGENT}\r\n"
        );
        if let Some(token) = ask.token {
            head.push_str(&format!("Authorization: Bearer {token}\r\n"));
        }
        if let Some(id) = ask.id {
            head.push_str(&format!("X-Request-Id: {id}\r\n"));
        }
        let (content_type, body) = match ask.body {
            Body::None => (None, Vec::new()),
            Body::Json(value) => (Some("application/json"), value.to_string().into_bytes()),
            Body::Bytes(content_type, bytes) => (content_type, bytes.to_vec()),
        };
        if let Some(content_type) = content_type {
            head.push_str(&format!("Content-Type: {content_type}\r\n"));
        }
        write!(stream, "{head}Content-Length: {}\r\n\r\n", body.len())?;
        stream.write_all(&body)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }
}
