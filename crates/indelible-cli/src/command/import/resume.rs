//! Where an interrupted import stopped, kept in the state directory until it is done.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use indelible::core::state::StateDir;
use indelible::{Audit, Receipt};
use indelible_exchange::Position;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::failure::Failure;
use crate::session::Opened;

/// The place that an import has reached, on a disk.
///
/// It is written after the receipts of what it says: an import that is killed goes on a little
/// before where it stopped, never behind, and what it meets again is a duplicate.
pub struct Resume {
    path: PathBuf,
    audit: Audit,
    /// The trail's, once it is there.
    life: Option<Life>,
}

/// What is kept.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reached {
    life: Life,
    /// Up to where every record was answered.
    position: Position,
    /// An entry that was recorded or found by then.
    entry: Uuid,
}

/// One life of a trail: after a succession its entries may be fewer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Life {
    trail: String,
    origin: String,
    incarnation: u32,
}

/// The folder within the state directory.
const FOLDER: &str = "imports";

impl Resume {
    /// The place of the import with this fingerprint into this trail; `None` where nothing can be
    /// kept, for want of a state directory.
    pub fn of(opened: &Opened, fingerprint: &str) -> Option<Self> {
        let folder = opened.database.state_dir()?.join(FOLDER);
        let audit = opened.audit.clone();
        Some(Self {
            path: folder.join(format!("{}.{fingerprint}", audit.name())),
            audit,
            life: None,
        })
    }

    /// Up to where the same import came before, if what it recorded is still there.
    ///
    /// # Errors
    /// A database that cannot be read. What is kept and cannot be used counts as nothing: the
    /// import then meets again what it recorded.
    pub async fn reached(&mut self) -> Result<Option<Position>, Failure> {
        let Ok(text) = fs::read(&self.path) else {
            return Ok(None);
        };
        let Ok(reached) = serde_json::from_slice::<Reached>(&text) else {
            return Ok(None);
        };
        if self.life().await? != Some(&reached.life) {
            return Ok(None);
        }
        let store = &self.audit.engine().ground().store;
        let seqs = store.seqs(self.audit.name(), &[reached.entry]).await?;
        let is_there = seqs.first().is_some_and(Option::is_some);
        Ok(is_there.then_some(reached.position))
    }

    /// Keeps that everything up to this position was answered, the last with this receipt.
    ///
    /// # Errors
    /// A database that cannot be read; what the operating system says.
    pub async fn keep(&mut self, position: Position, receipt: &Receipt) -> Result<(), Failure> {
        let Some(life) = self.life().await?.cloned() else {
            return Ok(());
        };
        let text = serde_json::to_vec(&Reached {
            life,
            position,
            entry: receipt.id,
        })?;
        self.put(&text)
            .map_err(|error| Failure::new(format!("{}: {error}", self.path.display())))
    }

    async fn life(&mut self) -> Result<Option<&Life>, Failure> {
        if self.life.is_none()
            && let Some(head) = self.audit.head().await?
        {
            self.life = Some(Life {
                trail: self.audit.name().to_string(),
                origin: head.key.name().to_owned(),
                incarnation: head.incarnation,
            });
        }
        Ok(self.life.as_ref())
    }

    /// Forgets the place: the import is done.
    pub fn done(&self) {
        // What is left is used by the same import alone, and is true for it.
        let _ = fs::remove_file(&self.path);
    }

    fn put(&self, text: &[u8]) -> io::Result<()> {
        if let Some(folder) = self.path.parent()
            && !folder.is_dir()
        {
            StateDir::create_private(folder)?;
        }
        let beside = self.path.with_extension(format!("{}~", std::process::id()));
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        StateDir::private_file(&beside)?.write_all(text)?;
        fs::rename(&beside, &self.path)
    }
}
