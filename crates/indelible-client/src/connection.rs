//! Connections to the server, which are kept while they are good.

use std::io;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::address::Address;

/// An open connection, on which one request at a time is answered.
pub(crate) type Connection = SendRequest<Full<Bytes>>;

/// The most connections that are kept while nothing is asked on them.
const IDLE_MAX: usize = 64;

/// Makes connections, and keeps those that may be used again.
pub(crate) struct Connections {
    address: Address,
    tls: Option<TlsConnector>,
    idle: Mutex<Vec<Connection>>,
}

impl Connections {
    pub const fn new(address: Address, tls: Option<TlsConnector>) -> Self {
        Self {
            address,
            tls,
            idle: Mutex::new(Vec::new()),
        }
    }

    /// One that was used before, the last one first, so that the others may grow old.
    pub fn kept(&self) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(connection) = idle.pop() {
            if connection.is_ready() {
                return Some(connection);
            }
        }
        None
    }

    /// Puts one back whose answer was read to its end.
    pub fn keep(&self, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|connection| !connection.is_closed());
        if idle.len() < IDLE_MAX && !connection.is_closed() {
            idle.push(connection);
        }
    }

    /// A new one.
    pub async fn open(&self) -> io::Result<Connection> {
        let address = &self.address;
        let stream = TcpStream::connect((address.host.as_str(), address.port)).await?;
        stream.set_nodelay(true)?;
        match &self.tls {
            None => speak(stream).await,
            Some(tls) => {
                let name = ServerName::try_from(address.host.clone());
                let name =
                    name.map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
                speak(tls.connect(name, stream).await?).await
            }
        }
    }
}

async fn speak(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> io::Result<Connection> {
    let (sender, driver) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    // It ends with the connection; what went wrong is told to whoever waits for an answer.
    tokio::spawn(async move {
        let _ = driver.await;
    });
    Ok(sender)
}
