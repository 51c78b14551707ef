//! The trail behind a server.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use hyper::Method;
use indelible_core::door::Door;
use indelible_core::{
    AuditError, AuditEvent, AuditProtocol, EventError, Page, Query, Receipt, TrailName,
};
use indelible_merkle::VerifierKey;
use serde::de::DeserializeOwned;

use crate::attempts::Attempts;
use crate::builder::HttpAuditBuilder;
use crate::check::{Belief, Proved};
use crate::error::ClientError;
use crate::exchange::{Answer, Ask};
use crate::kept::{Kept, KeptError};
use crate::problem::Asked;
use crate::trust::Verify;

/// The longest answer to one event, in bytes.
const RECEIPT_BYTES_MAX: usize = 4 << 20;
/// The longest page, in bytes.
const PAGE_BYTES_MAX: usize = 256 << 20;
/// How often a receipt is asked for again because another process was faster.
const RACES_MAX: u32 = 8;

/// A trail that a server keeps. Clones are the same handle.
///
/// `Ok` of [`AuditProtocol::record`] means that the server has said that the event is on its
/// disk; how far it has proved it is a matter of [`Verify`].
#[derive(Clone)]
pub struct HttpAudit {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub server: String,
    /// `/v1/trails/{trail}/events`, behind the path of the server.
    pub events: String,
    pub trail: TrailName,
    pub door: Door,
    pub attempts: Attempts,
    pub verify: Verify,
    pub pinned: Option<VerifierKey>,
    pub kept: Arc<Kept>,
    /// Whoever has it has the proofs checked.
    pub turn: tokio::sync::Mutex<()>,
    /// When the last check was good, as time passed.
    pub checked: Mutex<Option<Duration>>,
    /// Whether the last check was bad: then every receipt is checked until one is good.
    pub is_suspect: AtomicBool,
}

impl HttpAudit {
    /// A handle on the trail `default` of the server at this URL, `http(s)://HOST:PORT`.
    pub fn builder(url: impl Into<String>) -> HttpAuditBuilder {
        HttpAuditBuilder::new(url.into())
    }

    /// The trail.
    pub fn name(&self) -> &TrailName {
        &self.inner.trail
    }
}

impl fmt::Debug for HttpAudit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpAudit")
            .field("server", &self.inner.server)
            .field("trail", &self.inner.trail)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl AuditProtocol for HttpAudit {
    async fn record(&self, event: AuditEvent) -> Result<Receipt, AuditError> {
        let inner = &self.inner;
        let event = inner.prepare(event)?;
        let body = Bytes::from(event.to_json());
        if !inner.is_due() {
            return inner.plain(&event, body).await;
        }
        if inner.is_suspect.load(Ordering::Acquire) {
            let _turn = inner.turn.lock().await;
            return inner.checked(&event, body).await;
        }
        if let Ok(_turn) = inner.turn.try_lock() {
            return inner.checked(&event, body).await;
        }
        let receipt = inner.plain(&event, body.clone()).await?;
        if inner.verify == Verify::Receipts {
            let _turn = inner.turn.lock().await;
            let again = inner.checked(&event, body).await?;
            if (again.seq, again.leaf_hash) != (receipt.seq, receipt.leaf_hash) {
                return Err(inner.unreadable("two receipts for one event differ").into());
            }
        }
        Ok(receipt)
    }

    async fn query(&self, query: Query) -> Result<Page, AuditError> {
        let inner = &self.inner;
        let is_of_now = query.as_of.is_none() && query.cursor.is_none();
        let pairs = query.to_parameters();
        let encoded = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish();
        let known = inner.kept.size();
        let ask = Ask {
            method: Method::GET,
            target: format!("{}?{}", inner.events, encoded),
            body: Bytes::new(),
            prefer: None,
            answer_bytes_max: PAGE_BYTES_MAX,
        };
        let mut course = inner.attempts.begin();
        let asked = inner.asked(true);
        let answer = inner.attempts.answer(&ask, &asked, &mut course).await?;
        let page: Page = inner.read(&answer)?;
        if page.entries.iter().any(|entry| entry.trail != inner.trail) {
            return Err(inner.unreadable("entries of another trail").into());
        }
        if is_of_now {
            inner.refuse_older(known, page.as_of)?;
        }
        Ok(page)
    }
}

impl Inner {
    /// The event as every attempt sends it. An outcome that the caller left out is the server's to
    /// fill in, from the same catalogue, so that it stays left out when the same id comes again.
    pub(crate) fn prepare(&self, event: AuditEvent) -> Result<AuditEvent, EventError> {
        let outcome = event.outcome;
        let mut sent = self.door.prepare(event)?;
        sent.outcome = outcome;
        Ok(sent)
    }

    pub(crate) fn asked(&self, is_question: bool) -> Asked<'_> {
        Asked {
            server: &self.server,
            trail: &self.trail,
            is_question,
        }
    }

    pub(crate) fn is_due(&self) -> bool {
        let every = match self.verify {
            Verify::Off => return false,
            Verify::Receipts => return true,
            Verify::Checkpoints { every } => every,
        };
        if self.is_suspect.load(Ordering::Acquire) {
            return true;
        }
        let checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.attempts.clock.elapsed();
        checked.is_none_or(|checked| now.saturating_sub(checked) >= every)
    }

    /// Records, and believes the receipt but for what contradicts what is known.
    async fn plain(&self, event: &AuditEvent, body: Bytes) -> Result<Receipt, AuditError> {
        let known = self.kept.size();
        let ask = self.ask(body, None);
        let mut course = self.attempts.begin();
        let asked = self.asked(false);
        let answer = self.attempts.answer(&ask, &asked, &mut course).await?;
        let receipt: Receipt = self.read(&answer)?;
        self.expect(event, &receipt)?;
        if self.verify != Verify::Off {
            self.refuse_older(known, receipt.tree_size.unwrap_or(known))?;
        }
        Ok(receipt)
    }

    /// Records, and has the receipt proved. The caller has the turn.
    pub(crate) async fn checked(
        &self,
        event: &AuditEvent,
        body: Bytes,
    ) -> Result<Receipt, AuditError> {
        let mut course = self.attempts.begin();
        let mut races = 0;
        let mut first: Option<Receipt> = None;
        let mut doubted: Option<ClientError> = None;
        loop {
            let known = self.kept(|kept| kept.read()).await?;
            let belief = Belief {
                server: &self.server,
                pinned: self.pinned.as_ref(),
                known: known.as_ref(),
                place: self.kept.place(),
            };
            let prefer = format!("proof, consistency={}", belief.size());
            let ask = self.ask(body.clone(), Some(prefer));
            let asked = self.asked(false);
            let answer = match self.attempts.answer(&ask, &asked, &mut course).await {
                Ok(answer) => answer,
                // What was answered before says more than that the time ended in this attempt.
                Err(error @ AuditError::Store(_)) => {
                    let doubt = doubted.map(|doubt| self.distrust(doubt).into());
                    return Err(doubt.unwrap_or(error));
                }
                Err(error) => return Err(error),
            };
            let proved: Proved = self.read(&answer)?;
            self.expect(event, &proved.receipt)?;
            // What the first attempt recorded is a duplicate to the next.
            let receipt = first.get_or_insert_with(|| proved.receipt.clone()).clone();
            match belief.check(event, &proved) {
                Ok(now) => {
                    let is_kept = self.kept(move |kept| kept.replace(known.as_ref(), now));
                    if is_kept.await? {
                        self.is_good();
                        return Ok(receipt);
                    }
                    // Another process knows more by now: what it knows must be continued too.
                    races += 1;
                    if races >= RACES_MAX {
                        return Err(self.unproved("other processes were faster").into());
                    }
                }
                Err(error @ ClientError::Unproved { .. }) => {
                    if self.attempts.again(&course).await.is_err() {
                        return Err(self.distrust(error).into());
                    }
                    doubted = Some(error);
                }
                Err(error) => return Err(self.distrust(error).into()),
            }
        }
    }

    pub(crate) fn ask(&self, body: Bytes, prefer: Option<String>) -> Ask {
        Ask {
            method: Method::POST,
            target: self.events.clone(),
            body,
            prefer,
            answer_bytes_max: RECEIPT_BYTES_MAX,
        }
    }

    /// Reads or changes what is known, which may wait for a disk.
    async fn kept<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Kept) -> Result<T, KeptError> + Send + 'static,
    ) -> Result<T, AuditError> {
        let kept = Arc::clone(&self.kept);
        let done = tokio::task::spawn_blocking(move || work(&kept)).await;
        let done = done.map_err(|_| self.unproved("what is known of it could not be read"))?;
        done.map_err(|error| ClientError::Kept(Arc::new(error)).into())
    }

    pub(crate) fn read<T: DeserializeOwned>(&self, answer: &Answer) -> Result<T, ClientError> {
        serde_json::from_slice(&answer.body)
            .map_err(|error| self.unreadable(&format!("status {}, {error}", answer.status)))
    }

    /// The receipt must be for this event in this trail.
    pub(crate) fn expect(&self, event: &AuditEvent, receipt: &Receipt) -> Result<(), ClientError> {
        if Some(receipt.id) != event.id || receipt.trail != self.trail {
            return Err(self.unreadable("the receipt is for another event"));
        }
        Ok(())
    }

    pub(crate) fn refuse_older(&self, known: u64, found: u64) -> Result<(), ClientError> {
        if found >= known || self.verify == Verify::Off {
            return Ok(());
        }
        let server = self.server.clone();
        Err(self.distrust(ClientError::RolledBack {
            server,
            known,
            found,
        }))
    }

    fn is_good(&self) {
        let now = self.attempts.clock.elapsed();
        *self.checked.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
        self.is_suspect.store(false, Ordering::Release);
    }

    fn distrust(&self, error: ClientError) -> ClientError {
        tracing::error!(server = self.server, trail = %self.trail, %error, "not believed");
        self.is_suspect.store(true, Ordering::Release);
        error
    }

    pub(crate) fn unreadable(&self, problem: &str) -> ClientError {
        ClientError::Unreadable {
            server: self.server.clone(),
            problem: problem.to_owned(),
        }
    }

    fn unproved(&self, problem: &str) -> ClientError {
        ClientError::Unproved {
            server: self.server.clone(),
            problem: problem.to_owned(),
        }
    }
}
