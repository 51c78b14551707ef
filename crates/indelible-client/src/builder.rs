//! How a handle is made.

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hyper::header::HeaderValue;
use indelible_core::door::Door;
use indelible_core::redact::Redactor;
use indelible_core::{Clock, Entropy, SystemClock, SystemEntropy, TrailName};

use crate::address::{Address, AddressError};
use crate::attempts::{Attempts, Times};
use crate::audit::{HttpAudit, Inner};
use crate::connection::Connections;
use crate::exchange::Exchange;
use crate::kept::{Kept, KeptError};
use crate::key::Key;
use crate::pause::{Pause, SystemPause};
use crate::tls::{TlsError, connector};
use crate::trust::{TrustedServer, Verify};

/// Makes an [`HttpAudit`]. Its debug form does not show the key.
#[derive(Clone)]
pub struct HttpAuditBuilder {
    url: String,
    key: Option<Key>,
    trail: TrailName,
    connect_time_max: Duration,
    attempt_time_max: Duration,
    call_time_max: Duration,
    trust: TrustedServer,
    verify: Verify,
    certificates: Option<PathBuf>,
    redactor: Arc<Redactor>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    pause: Arc<dyn Pause>,
}

/// Why no handle could be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The URL is none.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The key holds what no header may; it is not shown.
    #[error("the key of the API holds characters that no key has")]
    Key,
    /// There is no TLS.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// What is known of the server cannot be read.
    #[error(transparent)]
    Kept(#[from] KeptError),
}

impl HttpAuditBuilder {
    pub(crate) fn new(url: String) -> Self {
        Self {
            url,
            key: None,
            trail: TrailName::standard(),
            connect_time_max: Duration::from_secs(5),
            attempt_time_max: Duration::from_secs(10),
            call_time_max: Duration::from_secs(30),
            trust: TrustedServer::first_use(),
            verify: Verify::default(),
            certificates: None,
            redactor: Arc::new(Redactor::default_mask()),
            clock: Arc::new(SystemClock::new()),
            entropy: Arc::new(SystemEntropy),
            pause: Arc::new(SystemPause),
        }
    }

    /// The key of the API, `indelible_…`.
    #[must_use]
    pub fn key(self, key: impl AsRef<str>) -> Self {
        let key = Some(Key::new(key.as_ref()));
        Self { key, ..self }
    }

    /// Another trail than `default`.
    #[must_use]
    pub fn trail(self, trail: TrailName) -> Self {
        Self { trail, ..self }
    }

    /// How long a connection may take; 5 s.
    #[must_use]
    pub fn connect_time_max(self, connect_time_max: Duration) -> Self {
        Self {
            connect_time_max,
            ..self
        }
    }

    /// How long one attempt may take, its connection included; 10 s.
    #[must_use]
    pub fn attempt_time_max(self, attempt_time_max: Duration) -> Self {
        Self {
            attempt_time_max,
            ..self
        }
    }

    /// How long a call may take with all its attempts and the pauses between them; 30 s. A pause
    /// that the server asks for and that would pass it is not begun.
    #[must_use]
    pub fn call_time_max(self, call_time_max: Duration) -> Self {
        Self {
            call_time_max,
            ..self
        }
    }

    /// Which server is believed; the one that answers first, for the life of the process.
    #[must_use]
    pub fn trust(self, trust: TrustedServer) -> Self {
        Self { trust, ..self }
    }

    /// How often it has to prove what it says; with one receipt every 10 s.
    #[must_use]
    pub fn verify(self, verify: Verify) -> Self {
        Self { verify, ..self }
    }

    /// A PEM file of the authorities that certificates of an `https://` server may be signed by;
    /// else those of the operating system.
    #[must_use]
    pub fn certificates(self, file: impl Into<PathBuf>) -> Self {
        let certificates = Some(file.into());
        Self {
            certificates,
            ..self
        }
    }

    /// The redaction that events go through before they leave the process.
    #[must_use]
    pub fn redactor(self, redactor: Arc<Redactor>) -> Self {
        Self { redactor, ..self }
    }

    /// The clock that events are stamped by, and deadlines kept.
    #[must_use]
    pub fn clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    /// The source of ids, and of what pauses differ by.
    #[must_use]
    pub fn entropy(self, entropy: Arc<dyn Entropy>) -> Self {
        Self { entropy, ..self }
    }

    /// How pauses between attempts pass.
    #[must_use]
    pub fn pause(self, pause: Arc<dyn Pause>) -> Self {
        Self { pause, ..self }
    }

    /// Makes the handle. Nothing is asked of the server yet.
    ///
    /// # Errors
    /// [`BuildError`].
    pub fn build(self) -> Result<HttpAudit, BuildError> {
        let address: Address = self.url.parse()?;
        let tls = match address.is_encrypted {
            true => Some(connector(self.certificates.as_deref())?),
            false => None,
        };
        let authorization = match &self.key {
            Some(key) => Some(key.header().ok_or(BuildError::Key)?),
            None => None,
        };
        let host = HeaderValue::from_str(address.authority());
        let exchange = Exchange {
            host: host.map_err(|_| AddressError::IllFormed)?,
            authorization,
            connect_time_max: self.connect_time_max,
            connections: Connections::new(address.clone(), tls),
        };
        let attempts = Attempts {
            exchange,
            times: Times {
                attempt: self.attempt_time_max,
                call: self.call_time_max,
            },
            clock: self.clock.clone(),
            entropy: self.entropy.clone(),
            pause: self.pause,
        };
        let origin = self.trust.key.as_ref().map(|key| key.name().to_owned());
        let kept = Arc::new(Kept::open(self.trust.file, origin)?);
        let inner = Inner {
            server: address.to_string(),
            events: address.path_of(&format!("/v1/trails/{}/events", self.trail)),
            trail: self.trail,
            door: Door::new(self.clock, self.entropy, self.redactor),
            attempts,
            verify: self.verify,
            pinned: self.trust.key,
            kept,
            turn: tokio::sync::Mutex::new(()),
            checked: Mutex::new(None),
            is_suspect: AtomicBool::new(false),
        };
        Ok(HttpAudit {
            inner: Arc::new(inner),
        })
    }
}

impl fmt::Debug for HttpAuditBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url: Result<Address, _> = self.url.parse();
        f.debug_struct("HttpAuditBuilder")
            .field("url", &url.as_ref().map(Address::to_string))
            .field("key", &self.key)
            .field("trail", &self.trail)
            .field("trust", &self.trust)
            .field("verify", &self.verify)
            .finish_non_exhaustive()
    }
}
