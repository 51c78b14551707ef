//! What an installation keeps outside its database: signing key, secrets, high-water marks.

mod files;
mod memory;

use std::io;
use std::path::PathBuf;

use uuid::Uuid;
use zeroize::{Zeroize, ZeroizeOnDrop};

pub use files::StateDir;
pub use memory::StateInMemory;

use crate::trail::TrailName;

/// Operational secrets and marks of one installation.
///
/// Calls may block on a disk for a short time. Several processes may share one state.
pub trait State: Send + Sync + 'static {
    /// The installation's Ed25519 seed, `None` where none was made yet.
    fn signing_seed(&self) -> Result<Option<Secret>, StateError>;

    /// Keeps a new seed, unless one is there already; answers the one that is there afterwards.
    fn keep_signing_seed(&self, seed: Secret) -> Result<Secret, StateError>;

    /// The seed that a rotation of the key which is under way leads to.
    fn next_seed(&self) -> Result<Option<Secret>, StateError>;

    /// Keeps the seed that a rotation is to lead to, durably, unless one is there already; answers
    /// the one that is there afterwards. `None` where the signing seed is not kept here.
    fn keep_next_seed(&self, seed: Secret) -> Result<Option<Secret>, StateError>;

    /// Puts the next seed in the place of the signing seed, which joins the retired ones. Does
    /// nothing where `next` is not the next one, as after another process has done it.
    fn promote_next_seed(&self, next: &Secret) -> Result<(), StateError>;

    /// The seeds that were signing seeds before. They sign nothing more; with them heads of older
    /// copies can be told from forged ones.
    fn retired_seeds(&self) -> Result<Vec<Secret>, StateError>;

    /// The statements of the rotations of a trail's key, the oldest first.
    fn rotations(&self, trail: &TrailName) -> Result<Vec<String>, StateError>;

    /// Keeps a statement durably, unless it is there already.
    fn keep_rotation(&self, trail: &TrailName, note: &str) -> Result<(), StateError>;

    /// A further secret of 32 bytes, made from `fresh` when it is asked for first.
    fn secret(&self, purpose: Purpose, fresh: Secret) -> Result<Secret, StateError>;

    /// That secret where it was made already.
    fn kept_secret(&self, purpose: Purpose) -> Result<Option<Secret>, StateError>;

    /// The latest checkpoint of a trail that was kept, as the text of a signed note.
    fn mark(&self, trail: &TrailName) -> Result<Option<String>, StateError>;

    /// Keeps a checkpoint durably, unless `keeps` says that the one there is to stay.
    fn raise_mark(
        &self,
        trail: &TrailName,
        note: &str,
        keeps: &dyn Fn(&str) -> bool,
    ) -> Result<(), StateError>;

    /// The register of what was erased of a trail: lines without line feeds, the oldest first.
    fn erasures(&self, trail: &TrailName) -> Result<Vec<String>, StateError>;

    /// Adds lines to the register, durably, all of them or none.
    fn keep_erasures(&self, trail: &TrailName, lines: &[String]) -> Result<(), StateError>;

    /// The trails of which something was erased.
    fn erased_trails(&self) -> Result<Vec<TrailName>, StateError>;

    /// The ids of the orders of erasure of a trail that wait for a second person.
    fn erasure_requests(&self, trail: &TrailName) -> Result<Vec<Uuid>, StateError>;

    /// An order that waits. It names the persons, who stand nowhere else. Where it cannot be read
    /// the others still can.
    fn erasure_request(&self, trail: &TrailName, id: Uuid) -> Result<Option<String>, StateError>;

    /// Takes away what a process left half written of orders: it may name persons.
    fn sweep_erasure_requests(&self, trail: &TrailName) -> Result<(), StateError>;

    /// Keeps an order that waits, durably.
    fn keep_erasure_request(
        &self,
        trail: &TrailName,
        id: Uuid,
        text: &str,
    ) -> Result<(), StateError>;

    /// Takes an order that waits away, durably; answers whether it was there. Of several who take
    /// it one finds it.
    fn take_erasure_request(&self, trail: &TrailName, id: Uuid) -> Result<bool, StateError>;

    /// The trails of which orders may wait.
    fn requested_trails(&self) -> Result<Vec<TrailName>, StateError>;

    /// Where this state is, for messages.
    fn place(&self) -> String;
}

/// What a secret beside the signing key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Making ids from the natural keys of imported records.
    Ids,
    /// Replacing secrets by keyed hashes.
    Redaction,
    /// Naming erased subjects by a digest.
    Subjects,
    /// Telling the API keys that were made with this state at hand from others in the database.
    ApiKeys,
    /// Telling what Indelible itself recorded from entries of others that look alike.
    OwnRecords,
}

impl Purpose {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Ids,
        Self::Redaction,
        Self::Subjects,
        Self::ApiKeys,
        Self::OwnRecords,
    ];

    /// The name, as in file names.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ids => "ids",
            Self::Redaction => "redaction",
            Self::Subjects => "subjects",
            Self::ApiKeys => "api-keys",
            Self::OwnRecords => "own-records",
        }
    }
}

/// 32 secret bytes, wiped from memory when dropped, never printed.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Secret([u8; 32]);

impl Secret {
    /// The secret made of these bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads a secret from 64 hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let mut bytes = [0; 32];
        for (place, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * place..2 * place + 2], 16).ok()?;
        }
        Some(Self(bytes))
    }

    /// The bytes.
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Why the state could not be read or kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// The file system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The directory belongs to another installation than the database.
    #[error(
        "{} is the state directory of the installation {there}, but the database belongs to \
         {wanted}: the database was replaced, or --state-dir points elsewhere", path.display()
    )]
    Foreign {
        /// The directory.
        path: PathBuf,
        /// Whose it is.
        there: String,
        /// Whose the database is.
        wanted: String,
    },
    /// A file that is there is not of its form.
    #[error("{}: {problem}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
}
