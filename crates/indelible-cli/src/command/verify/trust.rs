//! What verification trusts: keys and checkpoints that were kept outside the database.

use std::path::Path;

use indelible::core::HeadKey;
use indelible::core::engine::Ground;
use indelible::merkle::note::VerifierKey;
use indelible::merkle::{Checkpoint, Note, SigningKey};
use indelible::{Database, TrailName};

use crate::failure::Failure;
use crate::input;

/// What is known of one trail from outside the database.
pub struct Trust {
    /// The keys that may have signed.
    pub keys: Vec<VerifierKey>,
    /// The high-water mark.
    pub mark: Option<String>,
    /// What the installation's own heads are coded with.
    pub head_key: Option<HeadKey>,
    /// The key in the head, which the database itself says.
    told_key: Option<VerifierKey>,
    /// The size in the head.
    pub size: Option<u64>,
}

impl Trust {
    /// Gathers what the state directory has of a trail, and the keys that were given.
    ///
    /// # Errors
    /// A state directory that cannot be read.
    pub async fn of(
        ground: &Ground,
        trail: &TrailName,
        given: &[VerifierKey],
    ) -> Result<Self, Failure> {
        // An unreadable head is for verification to name.
        let head = ground.store.head(trail).await.ok().flatten();
        let mark = ground.state.mark(trail).map_err(Failure::new)?;
        let mut keys = given.to_vec();
        let seed = ground.state.signing_seed().map_err(Failure::new)?;
        if let Some(seed) = &seed {
            let origin = format!("{}/{trail}", ground.installation);
            let key = SigningKey::from_seed(&origin, *seed.expose()).map_err(Failure::new)?;
            keys.push(key.verifier_key());
        }
        // The same key under the names of two incarnations is one key.
        let mut met = Vec::new();
        keys.retain(|key| {
            let public = *key.public_key();
            !met.contains(&public) && {
                met.push(public);
                true
            }
        });
        let size = head.as_ref().map(|head| head.size);
        Ok(Self {
            keys,
            mark,
            head_key: seed.as_ref().map(HeadKey::from_seed),
            told_key: head.map(|head| head.key),
            size,
        })
    }
}

/// A checkpoint that somebody kept.
pub struct Since {
    name: String,
    text: Vec<u8>,
    origin: String,
    /// The trail that it is of.
    pub trail: TrailName,
}

/// The longest file of a checkpoint.
const NOTE_BYTES_MAX: usize = 1 << 20;

impl Since {
    /// Reads the file; `-` is standard input.
    ///
    /// # Errors
    /// A file that is not there or holds no checkpoint.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let text = input::read(path, NOTE_BYTES_MAX)?;
        let problem = |problem: String| Failure::unverified(format!("{name}: {problem}"));
        let note = Note::parse(&text).map_err(|error| problem(error.to_string()))?;
        let checkpoint: Checkpoint = note
            .text()
            .parse()
            .map_err(|error| problem(format!("{error}")))?;
        let trail = checkpoint
            .origin()
            .split('/')
            .nth(1)
            .and_then(|trail| trail.parse().ok());
        let trail = trail.ok_or_else(|| problem("it is no trail's checkpoint".to_owned()))?;
        Ok(Self {
            name,
            text,
            origin: checkpoint.origin().to_owned(),
            trail,
        })
    }

    /// The checkpoint, its signature checked.
    ///
    /// # Errors
    /// No key that is trusted has signed it.
    pub fn open(&self, trust: &Trust) -> Result<Checkpoint, Failure> {
        let own = trust.told_key.as_slice();
        // Where no key is at hand, verification finds that the head's was taken.
        let keys = if trust.keys.is_empty() {
            own
        } else {
            &trust.keys
        };
        let keys: Vec<_> = keys
            .iter()
            .filter_map(|key| renamed(key, &self.origin))
            .collect();
        match Checkpoint::open(&self.text, &keys) {
            Ok(opened) => Ok(opened.into_checkpoint()),
            Err(error) => Err(Failure::unverified(format!("{}: {error}", self.name))),
        }
    }
}

/// The trails of which the state directory has a mark, whether the database still knows them or
/// not. Marks of other installations are passed over.
pub fn marked(database: &Database) -> Vec<TrailName> {
    let Some(dir) = database.state_dir() else {
        return Vec::new();
    };
    // Without a readable folder there are no marks, which verification warns of.
    let Ok(marks) = std::fs::read_dir(dir.join("marks")) else {
        return Vec::new();
    };
    let ground = database.engine().ground();
    let own = |trail: &TrailName| {
        let mark = ground.state.mark(trail).ok().flatten();
        let origin = mark.as_deref().and_then(origin_of).unwrap_or_default();
        origin.split('/').next() == Some(ground.installation.as_str())
    };
    let names = marks
        .flatten()
        .filter_map(|file| file.file_name().into_string().ok());
    names
        .filter_map(|name| name.parse().ok())
        .filter(own)
        .collect()
}

fn origin_of(note: &str) -> Option<String> {
    let checkpoint: Checkpoint = Note::parse(note).ok()?.text().parse().ok()?;
    Some(checkpoint.origin().to_owned())
}

/// A key under another incarnation's name, if it is of the same trail.
fn renamed(key: &VerifierKey, origin: &str) -> Option<VerifierKey> {
    let trail = |name: &str| {
        name.split('/')
            .take(2)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    if trail(key.name()) != trail(origin) {
        return None;
    }
    VerifierKey::new(origin, key.kind(), key.public_key()).ok()
}
