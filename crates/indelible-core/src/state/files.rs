//! The state directory: `signing.key`, `secrets/<purpose>`, `marks/<trail>`, all mode 0600; once
//! the key was rotated `retired/<number>` and `rotations/<trail>`, and while it is `signing.key.next`;
//! once something was erased `erasures/<trail>`, and while an erasure waits for a second person
//! `erasure-requests/<trail>/<id>`.

mod private;
mod register;
mod requests;
mod secret;
mod whole;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use private::{make_private_folder, private_options};
use secret::{hex_line, read_secret};
use uuid::Uuid;
use whole::{read_text, replace};

use super::{Purpose, Secret, State, StateError};
use crate::rotation::KeyRotation;
use crate::trail::TrailName;

/// A directory outside the database's folder, mode 0700.
///
/// Seeds and secrets are 64 hexadecimal digits and a line feed; a mark is the text of a signed
/// note. Files are written whole under another name, synced and renamed, so that a reader or a
/// loss of power finds the old or the new one.
#[derive(Debug, Clone)]
pub struct StateDir {
    path: PathBuf,
    given_seed: Option<Secret>,
}

impl StateDir {
    /// The directory at `path`, made where it is missing.
    ///
    /// # Errors
    /// [`StateError::Io`] where it cannot be made.
    pub fn create(path: impl Into<PathBuf>) -> Result<Self, StateError> {
        let dir = Self::at(path);
        for folder in [
            dir.path.clone(),
            dir.path.join("secrets"),
            dir.path.join("marks"),
        ] {
            make_private_folder(&folder).map_err(at(&folder))?;
        }
        Ok(dir)
    }

    /// Ties the directory to one installation: written at first, compared ever after.
    ///
    /// # Errors
    /// [`StateError::Foreign`] where it is another installation's.
    pub fn claim(&self, installation: &str) -> Result<(), StateError> {
        let path = self.path.join("installation");
        let foreign = |there: String| StateError::Foreign {
            path: self.path.clone(),
            there,
            wanted: installation.to_owned(),
        };
        let there = self.owner()?;
        match there {
            Some(there) if there == installation => return Ok(()),
            Some(there) => return Err(foreign(there)),
            None => {}
        }
        self.locked(|| match self.owner()? {
            Some(there) if there == installation => Ok(()),
            Some(there) => Err(foreign(there)),
            None => replace(&path, format!("{installation}\n").as_bytes()).map_err(at(&path)),
        })
    }

    /// The installation that the directory is tied to, `None` where it is to none.
    ///
    /// # Errors
    /// [`StateError::Io`] where that cannot be read.
    pub fn owner(&self) -> Result<Option<String>, StateError> {
        let path = self.path.join("installation");
        match read_text(&path) {
            Ok(text) => Ok(Some(text.trim_end().to_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(at(&path)(error)),
        }
    }

    /// The directory at `path`, which may be missing: then it holds nothing.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            given_seed: None,
        }
    }

    /// The same directory with a signing seed that comes from elsewhere, a secret store as a rule,
    /// and is never written here.
    #[must_use]
    pub fn with_signing_seed(mut self, seed: Option<Secret>) -> Self {
        self.given_seed = seed;
        self
    }

    /// Makes a folder of mode 0700, durably, with those above it that are missing.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn create_private(folder: &Path) -> io::Result<()> {
        make_private_folder(folder)
    }

    /// Makes a new file of mode 0600.
    ///
    /// # Errors
    /// What the operating system says, also where there is one.
    pub fn private_file(path: &Path) -> io::Result<File> {
        private_options().create_new(true).open(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Runs `change` while no other process changes this directory.
    fn locked<T>(&self, change: impl FnOnce() -> Result<T, StateError>) -> Result<T, StateError> {
        Self::create(&self.path)?;
        let path = self.path.join("lock");
        let lock = private_options()
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(at(&path))?;
        lock.lock().map_err(at(&path))?;
        change()
    }

    fn secret_at(&self, path: &Path, fresh: Secret) -> Result<Secret, StateError> {
        if let Some(secret) = read_secret(path)? {
            return Ok(secret);
        }
        self.locked(|| {
            if let Some(secret) = read_secret(path)? {
                return Ok(secret);
            }
            replace(path, hex_line(&fresh).as_bytes()).map_err(at(path))?;
            Ok(fresh)
        })
    }

    fn next_seed_path(&self) -> PathBuf {
        self.path.join("signing.key.next")
    }

    fn rotations_path(&self, trail: &TrailName) -> PathBuf {
        self.path.join("rotations").join(trail.as_str())
    }

    /// Where the retired seed of this number is; the first has 1.
    fn retired_path(&self, number: usize) -> PathBuf {
        self.path.join("retired").join(number.to_string())
    }

    fn register_path(&self, trail: &TrailName) -> PathBuf {
        self.path.join("erasures").join(trail.as_str())
    }

    /// Where the orders that wait are, by trail.
    fn requests_path(&self) -> PathBuf {
        self.path.join("erasure-requests")
    }

    fn requests_of(&self, trail: &TrailName) -> PathBuf {
        self.requests_path().join(trail.as_str())
    }

    /// A folder that is made when it is needed first.
    fn folder_of(&self, file: &Path) -> Result<(), StateError> {
        let folder = file.parent().unwrap_or(&self.path);
        make_private_folder(folder).map_err(at(folder))
    }

    fn seed_path(&self) -> PathBuf {
        self.path.join("signing.key")
    }

    fn mark_path(&self, trail: &TrailName) -> PathBuf {
        self.path.join("marks").join(trail.as_str())
    }
}

impl State for StateDir {
    fn signing_seed(&self) -> Result<Option<Secret>, StateError> {
        if self.given_seed.is_some() {
            return Ok(self.given_seed.clone());
        }
        read_secret(&self.seed_path())
    }

    fn keep_signing_seed(&self, seed: Secret) -> Result<Secret, StateError> {
        if let Some(given) = &self.given_seed {
            return Ok(given.clone());
        }
        self.secret_at(&self.seed_path(), seed)
    }

    fn next_seed(&self) -> Result<Option<Secret>, StateError> {
        match self.given_seed {
            Some(_) => Ok(None),
            None => read_secret(&self.next_seed_path()),
        }
    }

    fn keep_next_seed(&self, seed: Secret) -> Result<Option<Secret>, StateError> {
        match self.given_seed {
            Some(_) => Ok(None),
            None => self.secret_at(&self.next_seed_path(), seed).map(Some),
        }
    }

    fn promote_next_seed(&self, next: &Secret) -> Result<(), StateError> {
        let (path, next_path) = (self.seed_path(), self.next_seed_path());
        self.locked(|| {
            let there = read_secret(&next_path)?;
            if there.as_ref().map(Secret::expose) != Some(next.expose()) {
                return Ok(());
            }
            // First a copy of the old one: after a cut there is one seed twice, never one lost.
            if let Some(old) = read_secret(&path)? {
                let retired = self.retired_seeds()?;
                if retired.last().map(Secret::expose) != Some(old.expose()) {
                    let place = self.retired_path(retired.len() + 1);
                    self.folder_of(&place)?;
                    replace(&place, hex_line(&old).as_bytes()).map_err(at(&place))?;
                }
            }
            fs::rename(&next_path, &path).map_err(at(&path))?;
            let synced = File::open(&self.path).and_then(|folder| folder.sync_all());
            synced.map_err(at(&self.path))
        })
    }

    fn retired_seeds(&self) -> Result<Vec<Secret>, StateError> {
        let mut seeds = Vec::new();
        while let Some(seed) = read_secret(&self.retired_path(seeds.len() + 1))? {
            seeds.push(seed);
        }
        Ok(seeds)
    }

    fn rotations(&self, trail: &TrailName) -> Result<Vec<String>, StateError> {
        let path = self.rotations_path(trail);
        match read_text(&path) {
            Ok(text) => Ok(KeyRotation::split(&text)
                .into_iter()
                .map(str::to_owned)
                .collect()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(at(&path)(error)),
        }
    }

    fn keep_rotation(&self, trail: &TrailName, note: &str) -> Result<(), StateError> {
        let path = self.rotations_path(trail);
        self.locked(|| {
            let mut notes = self.rotations(trail)?;
            if notes.iter().any(|there| there == note) {
                return Ok(());
            }
            notes.push(note.to_owned());
            self.folder_of(&path)?;
            replace(&path, notes.concat().as_bytes()).map_err(at(&path))
        })
    }

    fn secret(&self, purpose: Purpose, fresh: Secret) -> Result<Secret, StateError> {
        self.secret_at(&self.path.join("secrets").join(purpose.as_str()), fresh)
    }

    fn kept_secret(&self, purpose: Purpose) -> Result<Option<Secret>, StateError> {
        read_secret(&self.path.join("secrets").join(purpose.as_str()))
    }

    fn mark(&self, trail: &TrailName) -> Result<Option<String>, StateError> {
        let path = self.mark_path(trail);
        match read_text(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(at(&path)(error)),
        }
    }

    fn raise_mark(
        &self,
        trail: &TrailName,
        note: &str,
        keeps: &dyn Fn(&str) -> bool,
    ) -> Result<(), StateError> {
        self.locked(|| {
            if self.mark(trail)?.is_some_and(|there| keeps(&there)) {
                return Ok(());
            }
            let path = self.mark_path(trail);
            replace(&path, note.as_bytes()).map_err(at(&path))
        })
    }

    fn erasures(&self, trail: &TrailName) -> Result<Vec<String>, StateError> {
        let path = self.register_path(trail);
        register::lines(&path).map_err(at(&path))
    }

    fn keep_erasures(&self, trail: &TrailName, lines: &[String]) -> Result<(), StateError> {
        let path = self.register_path(trail);
        self.locked(|| {
            self.folder_of(&path)?;
            register::add(&path, lines).map_err(at(&path))
        })
    }

    fn erased_trails(&self) -> Result<Vec<TrailName>, StateError> {
        let folder = self.path.join("erasures");
        register::trails(&folder).map_err(at(&folder))
    }

    fn erasure_requests(&self, trail: &TrailName) -> Result<Vec<Uuid>, StateError> {
        let folder = self.requests_of(trail);
        requests::ids(&folder).map_err(at(&folder))
    }

    fn erasure_request(&self, trail: &TrailName, id: Uuid) -> Result<Option<String>, StateError> {
        let path = self.requests_of(trail).join(id.to_string());
        requests::read(&path).map_err(at(&path))
    }

    fn sweep_erasure_requests(&self, trail: &TrailName) -> Result<(), StateError> {
        let folder = self.requests_of(trail);
        if !requests::has_halves(&folder).map_err(at(&folder))? {
            return Ok(());
        }
        self.locked(|| requests::sweep(&folder).map_err(at(&folder)))
    }

    fn keep_erasure_request(
        &self,
        trail: &TrailName,
        id: Uuid,
        text: &str,
    ) -> Result<(), StateError> {
        let folder = self.requests_of(trail);
        let path = folder.join(id.to_string());
        self.locked(|| {
            self.folder_of(&path)?;
            requests::sweep(&folder).map_err(at(&folder))?;
            replace(&path, text.as_bytes()).map_err(at(&path))
        })
    }

    fn take_erasure_request(&self, trail: &TrailName, id: Uuid) -> Result<bool, StateError> {
        let folder = self.requests_of(trail);
        self.locked(|| {
            requests::sweep(&folder).map_err(at(&folder))?;
            requests::take(&folder, id).map_err(at(&folder))
        })
    }

    fn requested_trails(&self) -> Result<Vec<TrailName>, StateError> {
        let folder = self.requests_path();
        requests::trails(&folder).map_err(at(&folder))
    }

    fn place(&self) -> String {
        self.path.display().to_string()
    }
}

fn at(path: &Path) -> impl Fn(io::Error) -> StateError {
    let path = path.to_owned();
    move |source| StateError::Io {
        path: path.clone(),
        source,
    }
}
