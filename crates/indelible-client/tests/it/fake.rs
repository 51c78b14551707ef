//! A server that answers as a test tells it to.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A request that came whole.
#[derive(Debug, Clone)]
pub struct Asked {
    pub head: String,
    pub body: Vec<u8>,
}

impl Asked {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// What is done with a request.
pub enum Act {
    /// Bytes, after which the connection is closed.
    Say(Vec<u8>),
    /// Nothing, ever.
    Hang,
}

/// The fake with all that it was asked.
pub struct Fake {
    pub address: SocketAddr,
    pub asked: Arc<Mutex<Vec<Asked>>>,
}

impl Fake {
    /// A fake that answers the n-th request, from 0, so.
    pub async fn new<F, A>(answer: F) -> Self
    where
        F: Fn(usize, Asked) -> A + Send + Sync + 'static,
        A: Future<Output = Act> + Send,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let (all, answer) = (asked.clone(), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (all, answer) = (all.clone(), answer.clone());
                tokio::spawn(async move {
                    let _ = converse(stream, &all, &*answer).await;
                });
            }
        });
        Self { address, asked }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn requests(&self) -> Vec<Asked> {
        self.asked.lock().expect("whole").clone()
    }
}

async fn converse<F, A>(
    mut stream: TcpStream,
    all: &Mutex<Vec<Asked>>,
    answer: &F,
) -> std::io::Result<()>
where
    F: Fn(usize, Asked) -> A,
    A: Future<Output = Act>,
{
    let asked = read(&mut stream).await?;
    let count = {
        let mut all = all.lock().expect("whole");
        all.push(asked.clone());
        all.len() - 1
    };
    match answer(count, asked).await {
        Act::Say(bytes) => {
            stream.write_all(&bytes).await?;
            stream.shutdown().await
        }
        Act::Hang => std::future::pending().await,
    }
}

/// Reads one message to the end of its body, as its `content-length` says.
pub async fn read(stream: &mut TcpStream) -> std::io::Result<Asked> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let mut asked = Asked {
                head,
                body: Vec::new(),
            };
            let length = asked.header("content-length").unwrap_or("0");
            let length: usize = length.parse().expect("a number");
            if bytes.len() >= end + 4 + length {
                asked.body = bytes[end + 4..end + 4 + length].to_vec();
                return Ok(asked);
            }
        }
        let mut piece = [0; 4096];
        let count = stream.read(&mut piece).await?;
        if count == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        bytes.extend_from_slice(&piece[..count]);
    }
}

/// An answer with these headers, each with its line's end.
pub fn answer(status: u16, headers: &str, body: &str) -> Act {
    let length = body.len();
    let text = format!(
        "HTTP/1.1 {status} Said\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}"
    );
    Act::Say(text.into_bytes())
}

/// A problem of this name.
pub fn problem(status: u16, name: &str, headers: &str) -> Act {
    let body = serde_json::json!({
        "type": format!("urn:indelible:problem:{name}"), "title": "x", "status": status,
        "detail": format!("because of {name}"), "request_id": "r",
    });
    answer(status, headers, &body.to_string())
}

/// Asks the real server the same, and answers what it answers.
pub async fn forward(to: SocketAddr, asked: &Asked) -> Asked {
    let mut stream = TcpStream::connect(to).await.expect("connected");
    let head = format!("{}\r\n\r\n", asked.head);
    stream.write_all(head.as_bytes()).await.expect("sent");
    stream.write_all(&asked.body).await.expect("sent");
    read(&mut stream).await.expect("answered")
}

/// What the real server answered, as an act.
pub fn repeat(answered: &Asked) -> Act {
    let mut bytes = format!("{}\r\n\r\n", answered.head).into_bytes();
    bytes.extend_from_slice(&answered.body);
    Act::Say(bytes)
}
