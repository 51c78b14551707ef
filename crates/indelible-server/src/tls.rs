//! TLS before the server's connections, with certificates that may change while it runs.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// A certificate with its key, read from files. Clones share them.
#[derive(Clone)]
pub struct Tls {
    cert: PathBuf,
    key: PathBuf,
    current: Arc<RwLock<Arc<ServerConfig>>>,
}

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file that cannot be read, or is no PEM of its kind.
    #[error("{path}: {source}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        source: pem::Error,
    },
    /// A file without any certificate.
    #[error("{path}: there is no certificate in it")]
    NoCertificate {
        /// The file.
        path: String,
    },
    /// The key is not the certificate's, or neither is of a kind that is known.
    #[error("certificate and key: {0}")]
    Unfit(#[from] rustls::Error),
}

impl Tls {
    /// Reads certificate and key, both PEM: the server's certificate first, then those between it
    /// and the authority's.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn read(cert: &Path, key: &Path) -> Result<Self, TlsError> {
        Ok(Self {
            cert: cert.to_owned(),
            key: key.to_owned(),
            current: Arc::new(RwLock::new(configuration(cert, key)?)),
        })
    }

    /// Reads both again; connections that come from now on are shown the new certificate.
    ///
    /// # Errors
    /// [`TlsError`]; the old ones stay in force.
    pub fn reload(&self) -> Result<(), TlsError> {
        let fresh = configuration(&self.cert, &self.key)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// Agrees on TLS with a client that has connected, which must not take longer than that.
    pub(crate) async fn accept<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
        longest: Duration,
    ) -> io::Result<TlsStream<S>> {
        let acceptor = TlsAcceptor::from(self.current());
        let accepted = tokio::time::timeout(longest, acceptor.accept(stream)).await;
        accepted.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }

    fn current(&self) -> Arc<ServerConfig> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&current)
    }
}

fn configuration(cert: &Path, key: &Path) -> Result<Arc<ServerConfig>, TlsError> {
    let unreadable = |path: &Path| {
        let path = path.display().to_string();
        move |source| TlsError::Unreadable { path, source }
    };
    let chain = CertificateDer::pem_file_iter(cert).map_err(unreadable(cert))?;
    let chain: Result<Vec<_>, _> = chain.collect();
    let chain = chain.map_err(unreadable(cert))?;
    if chain.is_empty() {
        let path = cert.display().to_string();
        return Err(TlsError::NoCertificate { path });
    }
    let key = PrivateKeyDer::from_pem_file(key).map_err(unreadable(key))?;
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut configuration = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    configuration.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(configuration))
}
