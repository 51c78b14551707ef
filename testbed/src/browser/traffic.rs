//! What went over the network for a page.

use std::collections::HashSet;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::page::Page;
use super::waiting::until;

/// What does not end.
const STREAM: &str = "text/event-stream";

/// What went over the network for the last navigation, redirections and assets included. The
/// browser keeps no cache.
#[derive(Clone, Debug, Default)]
pub struct Traffic {
    /// In the order of their start; the page itself is the first.
    pub requests: Vec<Fetched>,
}

/// An answer to one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// Where it came from.
    pub url: String,
    /// Its status; 0 when there is no answer.
    pub status: u16,
    /// Its size on the wire, head included, as it was packed.
    pub bytes: u64,
}

impl Traffic {
    /// The size of all answers on the wire.
    pub fn bytes(&self) -> u64 {
        self.requests.iter().map(|fetched| fetched.bytes).sum()
    }
}

impl Page {
    /// Bytes of all answers for the last navigation, as they came over the network.
    pub async fn transferred(&self) -> u64 {
        self.traffic().await.bytes()
    }

    /// The status of the page itself.
    pub async fn status(&self) -> u16 {
        let traffic = self.traffic().await;
        let last = traffic
            .requests
            .iter()
            .find(|fetched| !(300..400).contains(&fetched.status));
        last.map_or(0, |fetched| fetched.status)
    }

    /// What went over the network for the last navigation, once all of it has come. Of a stream
    /// of events, which does not end, what has come.
    pub async fn traffic(&self) -> Traffic {
        let traffic = until(async || {
            self.read_traffic().await?;
            self.seen().record.traffic().map(Some)
        });
        self.sound(traffic.await, || "traffic".to_owned()).await
    }

    pub(super) async fn read_traffic(&self) -> Result<()> {
        for entry in self.session.log("performance").await? {
            let text = entry["message"].as_str().context("a message")?;
            let message: Value = serde_json::from_str(text)?;
            self.seen().record.take(&message);
        }
        Ok(())
    }
}

/// The requests of the last navigation, as the browser tells of them.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// Whose requests they are: what the page before began is of no account.
    navigation: String,
    requests: Vec<Request>,
    documents: HashSet<String>,
}

#[derive(Debug)]
struct Request {
    id: String,
    fetched: Fetched,
    open: bool,
}

impl Record {
    /// Whether a complaint is about a page itself.
    pub(super) fn is_of_document(&self, complaint: &str) -> bool {
        let (url, _) = complaint.split_once(' ').unwrap_or((complaint, ""));
        self.documents.contains(url)
    }

    /// All of it.
    ///
    /// # Errors
    /// Something has not come yet: what.
    fn traffic(&self) -> Result<Traffic> {
        if let Some(request) = self.requests.iter().find(|request| request.open) {
            bail!("still to come: {:?}", request.fetched);
        }
        let requests = self.requests.iter().map(|request| request.fetched.clone());
        Ok(Traffic {
            requests: requests.collect(),
        })
    }

    fn take(&mut self, message: &Value) {
        let window = message["webview"].as_str().unwrap_or_default();
        let message = &message["message"];
        let event = &message["params"];
        let id = event["requestId"].as_str().unwrap_or_default();
        match message["method"].as_str().unwrap_or_default() {
            "Network.requestWillBeSent" => self.begin(id, event, window),
            "Network.responseReceived" => {
                let response = &event["response"];
                if let Some(request) = self.open(id) {
                    answered(&mut request.fetched, response);
                    request.open = response["mimeType"] != STREAM;
                }
            }
            "Network.dataReceived" => {
                if let Some(request) = self.last(id) {
                    request.fetched.bytes += size(&event["encodedDataLength"]);
                }
            }
            "Network.loadingFinished" => {
                if let Some(request) = self.last(id) {
                    request.fetched.bytes = size(&event["encodedDataLength"]);
                    request.open = false;
                }
            }
            "Network.loadingFailed" => {
                if let Some(request) = self.last(id) {
                    request.open = false;
                }
            }
            _ => {}
        }
    }

    fn begin(&mut self, id: &str, event: &Value, window: &str) {
        let url = event["request"]["url"].as_str().unwrap_or_default();
        if !url.starts_with("http") {
            return;
        }
        let redirected = &event["redirectResponse"];
        if let Some(request) = self.open(id) {
            answered(&mut request.fetched, redirected);
            request.open = false;
        }
        // The frame of the window itself has the name of the window.
        if event["type"] == "Document" && event["frameId"] == window {
            self.documents.insert(url.to_owned());
            if redirected.is_null() {
                self.requests.clear();
                event["loaderId"]
                    .as_str()
                    .unwrap_or_default()
                    .clone_into(&mut self.navigation);
            }
        }
        if event["loaderId"] != *self.navigation {
            return;
        }
        self.requests.push(Request {
            id: id.to_owned(),
            fetched: Fetched {
                url: url.to_owned(),
                status: 0,
                bytes: 0,
            },
            open: true,
        });
    }

    fn open(&mut self, id: &str) -> Option<&mut Request> {
        self.last(id).filter(|request| request.open)
    }

    fn last(&mut self, id: &str) -> Option<&mut Request> {
        self.requests
            .iter_mut()
            .rev()
            .find(|request| request.id == id)
    }
}

fn answered(fetched: &mut Fetched, response: &Value) {
    fetched.status = u16::try_from(size(&response["status"])).unwrap_or(0);
    fetched.bytes = size(&response["encodedDataLength"]);
}

/// A count, which the browser may write as a double.
fn size(value: &Value) -> u64 {
    let whole = value.as_u64();
    whole.unwrap_or_else(|| value.as_f64().map_or(0, |size| size.max(0.0) as u64))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What a browser with the window `w` tells of a request.
    fn tell(record: &mut Record, id: &str, loader: &str, what: &str, path: &str) {
        record.take(&json!({"webview": "w", "message": {
            "method": "Network.requestWillBeSent",
            "params": {
                "requestId": id, "loaderId": loader, "frameId": "w", "type": what,
                "request": {"url": format!("http://site{path}")},
            },
        }}));
    }

    fn finish(record: &mut Record, id: &str, bytes: u64) {
        record.take(&json!({"webview": "w", "message": {
            "method": "Network.loadingFinished",
            "params": {"requestId": id, "encodedDataLength": bytes},
        }}));
    }

    #[test]
    fn what_the_page_before_asks_for_late_is_not_waited_for() {
        let mut record = Record::default();
        tell(&mut record, "1", "1", "Document", "/first");
        finish(&mut record, "1", 10);
        tell(&mut record, "2", "2", "Document", "/second");
        tell(&mut record, "3", "1", "Other", "/favicon.ico");
        tell(&mut record, "4", "2", "Script", "/second.js");
        finish(&mut record, "2", 20);
        let waits = record.traffic().expect_err("a script is still to come");
        assert!(waits.to_string().contains("/second.js"), "{waits}");
        finish(&mut record, "4", 30);
        let traffic = record.traffic().expect("all has come");
        assert_eq!((traffic.requests.len(), traffic.bytes()), (2, 50));
    }
}
