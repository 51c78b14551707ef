//! A client of a stream, over a real connection: it reads chunks and server-sent events, and can
//! be cut off at any byte.

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::connections::At;

/// An open stream.
pub struct Listener {
    stream: TcpStream,
    /// Bytes that it still reads before it is cut off.
    budget: usize,
    raw: Vec<u8>,
    text: Vec<u8>,
    whole: bool,
}

/// One block of a stream.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Block {
    pub comment: Option<String>,
    pub event: Option<String>,
    pub id: Option<String>,
    pub retry: Option<String>,
    pub data: Option<String>,
}

/// Why no block follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The server ended the answer in order.
    Whole,
    /// The budget was spent.
    Cut,
}

impl Listener {
    /// Asks for a stream, which must be granted.
    pub async fn open(at: At, url: &str, last: Option<&str>) -> Self {
        let opened = Self::with(at, url, last, usize::MAX).await;
        opened.expect("a stream")
    }

    /// Asks for a stream and reads no more than `budget` bytes of the answer.
    pub async fn with(at: At, url: &str, last: Option<&str>, budget: usize) -> Result<Self, End> {
        let mut stream = TcpStream::connect(at.address).await.expect("connected");
        let last = last.map_or(String::new(), |id| format!("Last-Event-ID: {id}\r\n"));
        let key = at.key;
        let head =
            format!("GET {url} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n{last}\r\n");
        stream.write_all(head.as_bytes()).await.expect("sent");
        let mut listener = Self {
            stream,
            budget,
            raw: Vec::new(),
            text: Vec::new(),
            whole: false,
        };
        let head = loop {
            if let Some(length) = find(&listener.raw, b"\r\n\r\n") {
                break listener.raw.drain(..length + 4).collect::<Vec<u8>>();
            }
            listener.read().await?;
        };
        let head = String::from_utf8(head).expect("ASCII").to_ascii_lowercase();
        assert!(head.starts_with("http/1.1 200 "), "{head}");
        assert!(
            head.contains("content-type: text/event-stream\r\n"),
            "{head}"
        );
        assert!(head.contains("x-accel-buffering: no\r\n"), "{head}");
        assert!(head.contains("cache-control: no-store\r\n"), "{head}");
        Ok(listener)
    }

    /// The next block.
    pub async fn block(&mut self) -> Result<Block, End> {
        loop {
            self.unchunk();
            if let Some(length) = find(&self.text, b"\n\n") {
                let block: Vec<u8> = self.text.drain(..length + 2).collect();
                return Ok(Block::read(&String::from_utf8(block).expect("UTF-8")));
            }
            if self.whole {
                assert!(self.text.is_empty(), "a part of a block is left");
                return Err(End::Whole);
            }
            self.read().await?;
        }
    }

    /// The next entry and its id, past blocks that have none.
    pub async fn entry(&mut self) -> Result<(String, Value), End> {
        loop {
            let block = self.block().await?;
            if let Some(data) = block.data {
                assert_eq!(block.event, None, "{data}");
                let entry = serde_json::from_str(&data).expect("JSON");
                return Ok((block.id.expect("an id"), entry));
            }
        }
    }

    async fn read(&mut self) -> Result<(), End> {
        let mut piece = [0; 16 << 10];
        let most = piece.len().min(self.budget);
        if most == 0 {
            return Err(End::Cut);
        }
        let count = self
            .stream
            .read(&mut piece[..most])
            .await
            .expect("readable");
        assert!(count > 0, "closed without the end of the answer");
        self.budget -= count;
        self.raw.extend_from_slice(&piece[..count]);
        Ok(())
    }

    /// Takes the chunks that have come whole.
    fn unchunk(&mut self) {
        while let Some(line) = find(&self.raw, b"\r\n") {
            let size = std::str::from_utf8(&self.raw[..line]).expect("ASCII");
            let size = usize::from_str_radix(size, 16).expect("the size of a chunk");
            let end = line + 2 + size;
            if self.raw.len() < end + 2 {
                return;
            }
            self.text.extend_from_slice(&self.raw[line + 2..end]);
            self.raw.drain(..end + 2);
            self.whole |= size == 0;
        }
    }
}

impl Block {
    fn read(text: &str) -> Self {
        let mut block = Self::default();
        for line in text.lines().filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':').expect("a field");
            let place = match name {
                "" => &mut block.comment,
                "event" => &mut block.event,
                "id" => &mut block.id,
                "retry" => &mut block.retry,
                "data" => &mut block.data,
                _ => panic!("{text}"),
            };
            let value = value.strip_prefix(' ').unwrap_or(value);
            assert_eq!(place.replace(value.to_owned()), None, "{text}");
        }
        block
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|part| part == wanted)
}
