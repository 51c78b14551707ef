//! The least client that can measure: one connection, one request after the other.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::timing::Stopwatch;

/// A connection that is kept open.
pub struct Connection {
    stream: TcpStream,
    key: String,
    read: Vec<u8>,
}

impl Connection {
    pub async fn open(address: SocketAddr, key: String) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let read = Vec::new();
        Ok(Self { stream, key, read })
    }

    /// Sends each body when the one before is answered, and answers how long each took. An answer
    /// of another status, or with a line of another one, is an error.
    pub async fn post_all(
        mut self,
        media: &'static str,
        status: u16,
        bodies: Vec<String>,
    ) -> anyhow::Result<Vec<Duration>> {
        let mut times = Vec::with_capacity(bodies.len());
        for body in bodies {
            let watch = Stopwatch::start();
            let head = format!(
                "POST /v1/trails/default/events HTTP/1.1\r\nHost: bench\r\nContent-Type: {media}\r\n\
                 Authorization: Bearer {}\r\nContent-Length: {}\r\n\r\n",
                self.key,
                body.len()
            );
            let request = head + &body;
            // The answers to lines come while the lines are sent.
            let (mut reader, mut writer) = self.stream.split();
            let sent = writer.write_all(request.as_bytes());
            let answered = answer(&mut reader, &mut self.read);
            let (sent, answered) = tokio::join!(sent, answered);
            sent?;
            let (head, body) = answered?;
            times.push(watch.passed());
            let expected = format!("HTTP/1.1 {status} ");
            let body = String::from_utf8_lossy(&body);
            if !head.starts_with(&expected) || body.contains("\"problem\"") {
                bail!("answered {head}{body}");
            }
        }
        Ok(times)
    }

    /// Asks for a path with these further lines of a head, and answers how long that took and how
    /// many bytes came. An answer that is no 200 is an error.
    pub async fn get(&mut self, path: &str, lines: &str) -> anyhow::Result<(Duration, usize)> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: bench\r\n{lines}\r\n");
        let watch = Stopwatch::start();
        self.stream.write_all(request.as_bytes()).await?;
        let (head, body) = answer(&mut self.stream, &mut self.read).await?;
        let took = watch.passed();
        if !head.starts_with("HTTP/1.1 200 ") {
            let body = String::from_utf8_lossy(&body);
            bail!("{path} answered {head}{body}");
        }
        let head = head.to_ascii_lowercase();
        let mut lengths = head
            .lines()
            .filter_map(|line| line.strip_prefix("content-length: "));
        let length = lengths.next().map(|length| length.trim().parse());
        Ok((took, length.transpose()?.unwrap_or(body.len())))
    }

    /// Sends a form, and answers the head of the answer.
    pub async fn submit(&mut self, path: &str, body: &str) -> anyhow::Result<String> {
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Length: {}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n\r\n{body}",
            body.len()
        );
        self.stream.write_all(request.as_bytes()).await?;
        Ok(answer(&mut self.stream, &mut self.read).await?.0)
    }
}

/// Reads one answer, of a stated length or in chunks, and leaves what comes after it.
async fn answer(
    stream: &mut (impl AsyncReadExt + Unpin),
    read: &mut Vec<u8>,
) -> anyhow::Result<(String, Vec<u8>)> {
    let end = until(stream, read, b"\r\n\r\n", 0).await? + 4;
    let head = String::from_utf8_lossy(&read[..end]).to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let whole = match length {
        Some(length) => {
            let whole = end + length.trim().parse::<usize>()?;
            while read.len() < whole {
                more(stream, read).await?;
            }
            whole
        }
        // No text of ours holds a line of one `0`, as the last chunk does.
        None => until(stream, read, b"\r\n0\r\n\r\n", end - 2).await? + 7,
    };
    // What it says is read when the watch has stopped: a packed page is no text.
    let body = read[end..whole].to_vec();
    let head = String::from_utf8_lossy(&read[..end]).into_owned();
    read.drain(..whole);
    Ok((head, body))
}

/// The place of `mark` at or after `from`, read up to there.
async fn until(
    stream: &mut (impl AsyncReadExt + Unpin),
    read: &mut Vec<u8>,
    mark: &[u8],
    mut from: usize,
) -> anyhow::Result<usize> {
    loop {
        let found = read.get(from..).and_then(|rest| {
            let place = rest.windows(mark.len()).position(|piece| piece == mark)?;
            Some(from + place)
        });
        if let Some(place) = found {
            return Ok(place);
        }
        from = from.max((read.len() + 1).saturating_sub(mark.len()));
        more(stream, read).await?;
    }
}

async fn more(stream: &mut (impl AsyncReadExt + Unpin), read: &mut Vec<u8>) -> anyhow::Result<()> {
    let count = stream.read_buf(read).await.context("the answer")?;
    if count == 0 {
        bail!("the connection ended within an answer");
    }
    Ok(())
}
