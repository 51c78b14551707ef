//! Messages of PostgreSQL's protocol 3.0: <https://www.postgresql.org/docs/15/protocol.html>.

use std::collections::HashSet;
use std::io::{Error, ErrorKind, Result};

use tokio::io::{AsyncRead, AsyncReadExt};

const READ_BYTES: usize = 16 * 1024;

/// A message as it came, its length included.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) bytes: Vec<u8>,
    /// Length of what stands before the body: tag and length, or the length alone.
    head: usize,
}

impl Frame {
    /// The kind of message; the messages that begin a connection have none.
    pub(super) fn tag(&self) -> u8 {
        if self.head == 5 { self.bytes[0] } else { 0 }
    }

    pub(super) fn body(&self) -> &[u8] {
        &self.bytes[self.head..]
    }

    /// The texts of the body, each ended by a zero byte.
    pub(super) fn texts(&self) -> impl Iterator<Item = &[u8]> {
        self.body().split(|byte| *byte == 0)
    }
}

/// Reads messages. Reading may be given up at any point and begun again without loss.
#[derive(Debug)]
pub(super) struct Frames<R> {
    reader: R,
    read: Vec<u8>,
    /// Where in `read` the next message begins.
    at: usize,
}

impl<R: AsyncRead + Unpin> Frames<R> {
    pub(super) fn new(reader: R) -> Self {
        let read = Vec::new();
        Self {
            reader,
            read,
            at: 0,
        }
    }

    /// The next message that begins a connection, which has no tag.
    pub(super) async fn opening(&mut self) -> Result<Option<Frame>> {
        self.next_with(4).await
    }

    /// The next message; `None` at the end of the stream.
    pub(super) async fn next(&mut self) -> Result<Option<Frame>> {
        self.next_with(5).await
    }

    /// Whether the next message has come already.
    pub(super) fn has_frame(&self) -> bool {
        let length = self.length(5);
        matches!(length, Ok(Some(length)) if self.rest().len() >= length)
    }

    async fn next_with(&mut self, head: usize) -> Result<Option<Frame>> {
        loop {
            if let Some(length) = self.length(head)?
                && let Some(bytes) = self.rest().get(..length)
            {
                let bytes = bytes.to_vec();
                self.at += length;
                return Ok(Some(Frame { bytes, head }));
            }
            self.read.drain(..self.at);
            self.at = 0;
            self.read.reserve(READ_BYTES);
            if self.reader.read_buf(&mut self.read).await? == 0 {
                return Ok(None);
            }
        }
    }

    fn rest(&self) -> &[u8] {
        &self.read[self.at..]
    }

    /// The length of the whole message, once its head has come. On the wire it counts itself but
    /// not the tag.
    fn length(&self, head: usize) -> Result<Option<usize>> {
        let Some(field) = self.rest().get(head - 4..head) else {
            return Ok(None);
        };
        let length = field
            .iter()
            .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        if length < 4 {
            return Err(Error::new(
                ErrorKind::InvalidData,
                "not PostgreSQL's protocol",
            ));
        }
        Ok(Some(length + head - 4))
    }
}

/// Finds the commits among the messages of one client.
#[derive(Debug, Default)]
pub(super) struct CommitWatch {
    statements: HashSet<Vec<u8>>,
    portals: HashSet<Vec<u8>>,
}

impl CommitWatch {
    /// Whether this message makes the server commit.
    pub(super) fn is_commit(&mut self, frame: &Frame) -> bool {
        let mut texts = frame.texts();
        let first = texts.next().unwrap_or_default();
        let second = texts.next().unwrap_or_default();
        match frame.tag() {
            b'Q' => says_commit(first),
            b'P' => {
                mark(&mut self.statements, first, says_commit(second));
                false
            }
            b'B' => {
                let commits = self.statements.contains(second);
                mark(&mut self.portals, first, commits);
                false
            }
            b'E' => self.portals.contains(first),
            _ => false,
        }
    }
}

fn mark(names: &mut HashSet<Vec<u8>>, name: &[u8], commits: bool) {
    if commits {
        names.insert(name.to_owned());
    } else {
        names.remove(name);
    }
}

fn says_commit(sql: &[u8]) -> bool {
    let text = sql.trim_ascii();
    let text = text.strip_suffix(b";").unwrap_or(text);
    text.trim_ascii_end().eq_ignore_ascii_case(b"COMMIT")
}
