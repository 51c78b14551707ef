//! A trail behind a server.

use std::fmt;
use std::path::{Path, PathBuf};

use indelible_client::{HttpAudit, TrustedServer, Verify};
use indelible_core::TrailName;
use indelible_core::state::StateError;
use indelible_merkle::VerifierKey;

use crate::database::Settings;
use crate::error::ConnectError;

/// How a server is spoken with.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ClientSettings {
    /// The key of its API.
    pub key: Option<ApiKey>,
    /// The verifier key of the trail; the one that is shown first when absent.
    pub verifier_key: Option<VerifierKey>,
    /// The PEM file of authorities for its certificate; those of the operating system when absent.
    pub certificates: Option<PathBuf>,
    /// Where the verifier key and the last checkpoint are kept; a file for this server and trail
    /// in `<state_home>/indelible/servers` when absent.
    pub file: Option<PathBuf>,
    /// How often the server has to prove what it says.
    pub verify: Verify,
}

/// The key of an API. Its debug form hides it.
#[derive(Clone)]
pub struct ApiKey(String);

impl ApiKey {
    /// The key with this text; white space around it does not belong to it.
    pub fn new(text: impl AsRef<str>) -> Self {
        Self(text.as_ref().trim().to_owned())
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(…)")
    }
}

/// The trail behind the server that the URL names, `None` where it names none.
pub(crate) fn open(
    url: &str,
    trail: &TrailName,
    settings: &Settings,
) -> Result<Option<HttpAudit>, ConnectError> {
    let (scheme, _) = url.split_once(':').unwrap_or((url, ""));
    if !["http", "https"]
        .iter()
        .any(|own| scheme.eq_ignore_ascii_case(own))
    {
        return Ok(None);
    }
    let client = &settings.client;
    let trust = client.verifier_key.clone();
    let mut trust = trust.map_or_else(TrustedServer::first_use, TrustedServer::pinned);
    let standard = || {
        let home = settings.state_home.as_ref()?;
        let name = format!("{}~{trail}", file_name(url));
        Some(home.join("indelible").join("servers").join(name))
    };
    if let Some(file) = client.file.clone().or_else(standard) {
        if let Some(folder) = file.parent() {
            make(folder)?;
        }
        trust = trust.kept_in(file);
    }
    let mut builder = HttpAudit::builder(url)
        .trail(trail.clone())
        .trust(trust)
        .verify(client.verify)
        .redactor(settings.redactor.clone())
        .clock(settings.clock.clone())
        .entropy(settings.entropy.clone());
    if let Some(key) = &client.key {
        builder = builder.key(&key.0);
    }
    if let Some(file) = &client.certificates {
        builder = builder.certificates(file);
    }
    Ok(Some(builder.build()?))
}

/// The folder of the spools for all trails of a server.
#[cfg(feature = "spool")]
pub(crate) fn spools(url: &str, settings: &Settings) -> Option<PathBuf> {
    let home = settings.state_home.as_ref()?;
    Some(home.join("indelible").join("spool").join(file_name(url)))
}

/// A file name of its own for each URL.
fn file_name(url: &str) -> String {
    form_urlencoded::byte_serialize(url.trim_end_matches('/').as_bytes()).collect()
}

fn make(folder: &Path) -> Result<(), ConnectError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    let made = builder.create(folder);
    made.map_err(|source| {
        let path = folder.to_owned();
        StateError::Io { path, source }.into()
    })
}
