//! One request and its answer.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue, RETRY_AFTER};
use hyper::{Method, Request, Response, body::Incoming};

use crate::connection::{Connection, Connections};

/// A request, which may be sent again and again.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub method: Method,
    /// Path and query.
    pub target: String,
    pub body: Bytes,
    /// The value of `Prefer`.
    pub prefer: Option<String>,
    /// The longest answer that is read, in bytes.
    pub answer_bytes_max: usize,
}

/// What came back, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: u16,
    /// How long the server asks to wait.
    pub retry_after: Option<Duration>,
    pub body: Bytes,
}

/// Why nothing came back.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Nothing was sent.
    Unreached(String),
    /// What was sent may have been done.
    Unanswered(String),
    /// The answer is longer than any that is expected.
    TooLong,
}

/// Sends requests to one server with one key.
pub(crate) struct Exchange {
    pub connections: Connections,
    pub host: HeaderValue,
    pub authorization: Option<HeaderValue>,
    pub connect_time_max: Duration,
}

impl Exchange {
    /// Sends a request and reads the answer, in no more than this time.
    pub async fn once(&self, ask: &Ask, longest: Duration) -> Result<Answer, Failure> {
        let mut is_sent = false;
        let exchanged = tokio::time::timeout(longest, self.exchange(ask, &mut is_sent)).await;
        match exchanged {
            Ok(result) => result,
            Err(_) => {
                let text = format!("no answer within {} ms", longest.as_millis());
                Err(if is_sent {
                    Failure::Unanswered(text)
                } else {
                    Failure::Unreached(text)
                })
            }
        }
    }

    async fn exchange(&self, ask: &Ask, is_sent: &mut bool) -> Result<Answer, Failure> {
        // A kept connection may have been closed by the server while nothing was asked on it;
        // that says nothing about the server.
        if let Some(connection) = self.connections.kept() {
            *is_sent = true;
            match self.on(connection, ask).await {
                Err(Failure::Unanswered(_)) => {}
                answered => return answered,
            }
        }
        let opened = tokio::time::timeout(self.connect_time_max, self.connections.open()).await;
        let unreached = |text: String| match *is_sent {
            true => Failure::Unanswered(text),
            false => Failure::Unreached(text),
        };
        let connection = match opened {
            Ok(Ok(connection)) => connection,
            Ok(Err(error)) => return Err(unreached(error.to_string())),
            Err(_) => {
                let millis = self.connect_time_max.as_millis();
                return Err(unreached(format!("no connection within {millis} ms")));
            }
        };
        *is_sent = true;
        self.on(connection, ask).await
    }

    async fn on(&self, mut connection: Connection, ask: &Ask) -> Result<Answer, Failure> {
        let unanswered = |error: hyper::Error| Failure::Unanswered(error.to_string());
        let sent = connection.send_request(self.request(ask)?).await;
        let response: Response<Incoming> = sent.map_err(unanswered)?;
        let status = response.status().as_u16();
        let seconds = response.headers().get(RETRY_AFTER);
        let seconds = seconds.and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let limited = Limited::new(response.into_body(), ask.answer_bytes_max);
        let body = limited.collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() {
                Failure::TooLong
            } else {
                Failure::Unanswered(error.to_string())
            }
        })?;
        self.connections.keep(connection);
        Ok(Answer {
            status,
            retry_after: seconds.map(Duration::from_secs),
            body: body.to_bytes(),
        })
    }

    fn request(&self, ask: &Ask) -> Result<Request<Full<Bytes>>, Failure> {
        let mut request = Request::builder()
            .method(&ask.method)
            .uri(&ask.target)
            .header(HOST, &self.host)
            .header(ACCEPT, "application/json");
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        if let Some(prefer) = &ask.prefer {
            request = request.header("prefer", prefer);
        }
        if !ask.body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        request
            .body(Full::new(ask.body.clone()))
            .map_err(|error| Failure::Unreached(error.to_string()))
    }
}
