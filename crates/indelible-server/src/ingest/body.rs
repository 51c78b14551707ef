//! Bodies of requests: what their media type says, and no more of them than is accepted.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::http::{HeaderMap, header};
use bytes::{Buf, Bytes};
use http_body_util::BodyExt;
use tokio::sync::Semaphore;
use tokio::task::coop::consume_budget;

use super::coding::{Coding, Unpacker};
use crate::app::App;
use crate::limits::{BODY_PAUSE_MAX, BODY_TIME_MAX, LEISURE_PAUSE, UNPACKED_STEP_BYTES};
use crate::pause::pause;
use crate::problem::{Kind, Problem};

/// What a body holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media {
    /// One JSON text.
    Json,
    /// One JSON text on each line.
    Lines,
}

const LINES: [&str; 4] = [
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
    "application/x-jsonlines",
];

/// What the body holds.
///
/// # Errors
/// Another media type, none, or another character set than UTF-8.
pub fn media(headers: &HeaderMap) -> Result<Media, Problem> {
    let unsupported = |detail: &str| {
        Problem::new(Kind::UnsupportedMediaType, detail).at(header::CONTENT_TYPE.as_str())
    };
    let given = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let mut parts = given.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
    for parameter in parts.filter(|parameter| !parameter.is_empty()) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let value = value.trim().trim_matches('"');
        let is_charset = name.trim().eq_ignore_ascii_case("charset");
        let is_utf8 = ["utf-8", "utf8"]
            .iter()
            .any(|utf8| value.eq_ignore_ascii_case(utf8));
        if is_charset && !is_utf8 {
            return Err(unsupported("JSON is UTF-8; send no other charset"));
        }
    }
    match essence.as_str() {
        "application/json" => Ok(Media::Json),
        essence if LINES.contains(&essence) => Ok(Media::Lines),
        _ => Err(unsupported(
            "send Content-Type: application/json for one event or an array, \
             application/x-ndjson for lines",
        )),
    }
}

/// Refuses a body that is not one JSON text.
///
/// # Errors
/// As [`media`]; lines.
pub fn expect_json(headers: &HeaderMap) -> Result<(), Problem> {
    match media(headers)? {
        Media::Json => Ok(()),
        Media::Lines => {
            let detail = "send one JSON text as application/json";
            Err(Problem::new(Kind::UnsupportedMediaType, detail).at(header::CONTENT_TYPE.as_str()))
        }
    }
}

/// The whole body, unpacked, of at most `bytes_max`. One that says that it is longer is not read.
/// As it grows, `fit` is asked whether so many bytes may be held.
///
/// # Errors
/// A longer one, one that takes too long, one that is cut off or not packed as it says; those of
/// `fit`.
pub async fn whole(
    mut pieces: Pieces,
    bytes_max: usize,
    mut fit: impl FnMut(usize) -> Result<(), Problem>,
) -> Result<Vec<u8>, Problem> {
    let too_large = || {
        let detail = format!("the body is longer than {bytes_max} bytes");
        Problem::new(Kind::TooLarge, detail)
    };
    if pieces.body.size_hint().lower() > bytes_max as u64 {
        return Err(too_large());
    }
    let read = async {
        let mut text = Vec::new();
        while pieces.next(&mut text).await? {
            if text.len() > bytes_max {
                return Err(too_large());
            }
            fit(text.len())?;
        }
        Ok(text)
    };
    in_time(BODY_TIME_MAX, read).await?
}

/// A body piece by piece, as it comes in, unpacked.
pub struct Pieces {
    body: Body,
    unpacker: Unpacker,
    /// What came in and was not yet unpacked.
    packed: Bytes,
    /// The bytes that came in.
    received: u64,
    /// Turns at unpacking a large body.
    turns: Arc<Semaphore>,
}

impl Pieces {
    /// The pieces of the body of these headers.
    ///
    /// # Errors
    /// Another coding than those that are known; no room for the decoder.
    pub fn new(app: &App, headers: &HeaderMap, body: Body) -> Result<Self, Problem> {
        Ok(Self {
            body,
            unpacker: Unpacker::new(Coding::of(headers)?)?,
            packed: Bytes::new(),
            received: 0,
            turns: app.unpackings().clone(),
        })
    }

    /// The bytes that have come in, packed as they are.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// Appends the next piece to `out`, which may be nothing yet; false after the last.
    ///
    /// # Errors
    /// A body that is cut off, that is not packed as it says, or whose client pauses for too long.
    pub async fn next(&mut self, out: &mut Vec<u8>) -> Result<bool, Problem> {
        // What is at hand can unpack to much more: others have their turn in between.
        consume_budget().await;
        if self.packed.is_empty() {
            match self.frame().await? {
                Some(piece) => {
                    self.received += piece.len() as u64;
                    self.packed = piece;
                }
                None => {
                    self.unpacker.finish(out)?;
                    return Ok(false);
                }
            }
        }
        // However much a body holds, it keeps no more than one thread busy, and that in turn.
        let turn = match self.unpacker.is_large() {
            true => self.turns.acquire().await.ok(),
            false => None,
        };
        let before = out.len();
        let taken = self.unpacker.unpack(&self.packed, out)?;
        // No log is packed so well; whoever waits for it waits with the turn in hand.
        if turn.is_some() && out.len() - before > UNPACKED_STEP_BYTES {
            pause(LEISURE_PAUSE).await;
        }
        drop(turn);
        self.packed.advance(taken);
        Ok(true)
    }

    async fn frame(&mut self) -> Result<Option<Bytes>, Problem> {
        loop {
            let Some(frame) = in_time(BODY_PAUSE_MAX, self.body.frame()).await? else {
                return Ok(None);
            };
            let cut = |error| {
                Problem::new(Kind::InvalidBody, "the body ends before its end").because(error)
            };
            // Trailers say nothing here.
            if let Ok(piece) = frame.map_err(cut)?.into_data() {
                return Ok(Some(piece));
            }
        }
    }
}

/// What the work comes to, if it does within `limit`.
///
/// # Errors
/// It took longer.
pub async fn in_time<T>(limit: Duration, work: impl Future<Output = T>) -> Result<T, Problem> {
    let late = |_| {
        let detail = format!("no more of the body came within {} s", limit.as_secs());
        Problem::new(Kind::RequestTimeout, detail)
    };
    tokio::time::timeout(limit, work).await.map_err(late)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: &'static str) -> Option<Media> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, value.parse().expect("a value"));
        media(&headers).ok()
    }

    #[test]
    fn media_types_are_told_apart_and_others_refused() {
        assert_eq!(of("application/json"), Some(Media::Json));
        assert_eq!(of("Application/JSON; charset=\"UTF-8\""), Some(Media::Json));
        assert_eq!(of("application/x-ndjson;charset=utf8"), Some(Media::Lines));
        assert_eq!(of("application/jsonl"), Some(Media::Lines));
        for other in [
            "",
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/json; charset=latin1",
            "application/json; charset",
            "application/json-seq",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
        assert!(media(&HeaderMap::new()).is_err());
    }
}
