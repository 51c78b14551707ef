//! Which installation a database belongs to, kept outside it: a database that was replaced by
//! another installation's, or removed and made anew, is told from the one that was there.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use indelible_core::Entropy;
use indelible_core::state::{StateDir, StateError};

/// The memory of one database, in the folder of all state directories.
pub(crate) struct Known {
    file: PathBuf,
    /// Where it is, without secrets.
    database: String,
}

impl Known {
    /// The memory of the database file at `path`, `None` where its place cannot be told.
    pub fn of_file(states: &Path, path: &Path) -> Option<Self> {
        let folder = path
            .parent()
            .filter(|p| !p.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        let database = folder.canonicalize().ok()?.join(path.file_name()?);
        let bytes = database.as_os_str().as_encoded_bytes();
        Some(Self::of(states, bytes, database.display().to_string()))
    }

    /// The memory of the database on a server at `place`: host, port and name, whoever connects.
    #[cfg(feature = "postgres")]
    pub fn of_server(states: &Path, place: String) -> Self {
        Self::of(states, format!("postgres://{place}").as_bytes(), place)
    }

    fn of(states: &Path, bytes: &[u8], database: String) -> Self {
        let name = indelible_merkle::leaf_hash(bytes);
        Self {
            file: states.join("databases").join(name.to_string()),
            database,
        }
    }

    /// The installation that the file belonged to.
    pub fn installation(&self) -> Result<Option<String>, StateError> {
        match fs::read_to_string(&self.file) {
            Ok(text) => Ok(text.lines().next().map(str::to_owned)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(StateError::Io {
                path: self.file.clone(),
                source,
            }),
        }
    }

    /// Remembers the installation that the file belongs to.
    pub fn remember(&self, installation: &str, entropy: &dyn Entropy) -> Result<(), StateError> {
        if self.installation()?.as_deref() == Some(installation) {
            return Ok(());
        }
        let write = || {
            let folder = self.file.parent().unwrap_or(Path::new("."));
            StateDir::create_private(folder)?;
            // Several may write the same at once: each its own file, then one name.
            let mut fresh = [0; 8];
            entropy.fill(&mut fresh);
            let unique = u64::from_be_bytes(fresh);
            let beside = self.file.with_extension(format!("{unique:016x}"));
            let mut file = StateDir::private_file(&beside)?;
            write!(file, "{installation}\n{}\n", self.database)?;
            file.sync_all()?;
            fs::rename(&beside, &self.file)
        };
        write().map_err(|source| StateError::Io {
            path: self.file.clone(),
            source,
        })
    }
}
