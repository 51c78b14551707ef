//! Commands of the W3C WebDriver protocol: JSON over HTTP.

use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// A command that is not answered by then hangs.
const ANSWER_WITHIN: Duration = Duration::from_secs(120);

/// Gives a command to the driver on that port of 127.0.0.1.
///
/// # Errors
/// The driver refuses it, with its words, or does not answer.
pub(crate) async fn command(
    port: u16,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> Result<Value> {
    let asked = timeout(ANSWER_WITHIN, exchange(port, method, path, body));
    let (good, bytes) = asked.await.context("the driver does not answer")??;
    let mut answer: Value = serde_json::from_slice(&bytes).context("the driver's answer")?;
    let value = answer["value"].take();
    if good {
        return Ok(value);
    }
    let [error, message] = ["error", "message"].map(|name| value[name].as_str().unwrap_or("?"));
    // The lines after the first say only which browser it is.
    let message = message.lines().next().unwrap_or_default();
    bail!("{error}: {message}")
}

async fn exchange(
    port: u16,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> Result<(bool, Bytes)> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let body = body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string()));
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(HOST, format!("127.0.0.1:{port}"))
        .header(CONTENT_TYPE, "application/json")
        .body(Full::new(body))?;
    let answer = async {
        let answer = sender.send_request(request).await?;
        let status = answer.status();
        ensure!(!status.is_redirection(), "the driver answers {status}");
        Ok((
            status.is_success(),
            answer.into_body().collect().await?.to_bytes(),
        ))
    };
    let mut answer = std::pin::pin!(answer);
    tokio::select! {
        answer = &mut answer => answer,
        ended = connection => {
            ended?;
            answer.await
        }
    }
}
