//! Clients that mean harm, as a process of their own: `indelible-bench --attack KIND --at ADDRESS
//! --key KEY` says `ready`, and goes on until its standard input ends.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::ValueEnum;
use flate2::{Compression, write::GzEncoder};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;

/// How harm is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Attack {
    /// Heads and bodies of which a byte comes every second.
    Slowloris,
    /// Bodies of some hundred kilobytes that hold a gibibyte.
    GzipBombs,
    /// Bodies of a gibibyte.
    GibBodies,
    /// Connections on which nothing comes.
    Idle,
}

impl Attack {
    pub const ALL: [Self; 4] = [
        Self::Slowloris,
        Self::GzipBombs,
        Self::GibBodies,
        Self::Idle,
    ];

    /// What figures call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Slowloris => "slowloris",
            Self::GzipBombs => "gzip_bombs",
            Self::GibBodies => "gib_bodies",
            Self::Idle => "idle",
        }
    }

    /// How many do it at once.
    pub fn clients(self) -> usize {
        match self {
            Self::Slowloris => 2_000,
            Self::GzipBombs | Self::GibBodies => 16,
            Self::Idle => 10_000,
        }
    }
}

const GIB: usize = 1 << 30;

/// What all clients of an attack share.
struct Plan {
    attack: Attack,
    at: SocketAddr,
    key: String,
    bomb: Vec<u8>,
    /// One permit for each client that has begun.
    begun: Semaphore,
}

/// Attacks until standard input ends.
pub fn run(attack: Attack, at: SocketAddr, key: String) -> anyhow::Result<()> {
    let runtime = Runtime::new()?;
    let bomb = match attack {
        Attack::GzipBombs => bomb()?,
        _ => Vec::new(),
    };
    let plan = Arc::new(Plan {
        attack,
        at,
        key,
        bomb,
        begun: Semaphore::new(0),
    });
    let clients = attack.clients();
    for nth in 0..clients {
        let plan = plan.clone();
        runtime.spawn(async move {
            let mut has_begun = false;
            loop {
                // A connection that the server ends is what the next one is for.
                let _ = plan.once(nth, &mut has_begun).await;
            }
        });
    }
    let all = u32::try_from(clients)?;
    runtime.block_on(plan.begun.acquire_many(all))?.forget();
    println!("ready");
    std::io::stdout().flush()?;
    std::io::stdin().read_to_end(&mut Vec::new())?;
    runtime.shutdown_background();
    Ok(())
}

/// A gibibyte of spaces, packed.
fn bomb() -> anyhow::Result<Vec<u8>> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    let piece = vec![b' '; 1 << 20];
    for _ in 0..GIB / piece.len() {
        packer.write_all(&piece)?;
    }
    packer.finish().context("memory")
}

impl Plan {
    /// One connection from beginning to end.
    async fn once(&self, nth: usize, has_begun: &mut bool) -> anyhow::Result<()> {
        let mut stream = TcpStream::connect(self.at).await?;
        if !std::mem::replace(has_begun, true) {
            self.begun.add_permits(1);
        }
        match self.attack {
            Attack::Slowloris if nth.is_multiple_of(2) => {
                let head = "GET /v1/trails HTTP/1.1\r\nHost: x\r\nX-Slow: ";
                self.drip(&mut stream, head).await
            }
            Attack::Slowloris => {
                let head = self.head(nth / 2, "", 1 << 20);
                self.drip(&mut stream, &head).await
            }
            Attack::GzipBombs => {
                let head = self.head(nth, "Content-Encoding: gzip\r\n", self.bomb.len());
                let (mut reader, mut writer) = stream.split();
                let sending = async {
                    writer.write_all(head.as_bytes()).await?;
                    writer.write_all(&self.bomb).await
                };
                let mut answer = Vec::new();
                let (_, read) = tokio::join!(sending, reader.read_to_end(&mut answer));
                read.map(drop).map_err(Into::into)
            }
            Attack::GibBodies => {
                stream.write_all(self.head(nth, "", GIB).as_bytes()).await?;
                let piece = vec![b' '; 64 << 10];
                for _ in 0..GIB / piece.len() {
                    stream.write_all(&piece).await?;
                }
                stream.read_to_end(&mut Vec::new()).await?;
                Ok(())
            }
            Attack::Idle => {
                stream.read_to_end(&mut Vec::new()).await?;
                Ok(())
            }
        }
    }

    /// The head of a request; every other client sends lines.
    fn head(&self, nth: usize, more: &str, length: usize) -> String {
        let media = ["json", "x-ndjson"][nth % 2];
        format!(
            "POST /v1/trails/default/events HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
             Content-Type: application/{media}\r\nAuthorization: Bearer {}\r\n{more}\
             Content-Length: {length}\r\n\r\n",
            self.key
        )
    }

    async fn drip(&self, stream: &mut TcpStream, head: &str) -> anyhow::Result<()> {
        stream.write_all(head.as_bytes()).await?;
        let mut pace = tokio::time::interval(Duration::from_secs(1));
        loop {
            pace.tick().await;
            stream.write_u8(b' ').await?;
        }
    }
}
