//! What verification trusts: keys and checkpoints that were kept outside the database.

use std::path::Path;

use indelible::core::HeadKey;
use indelible::merkle::note::VerifierKey;
use indelible::merkle::{Checkpoint, Note};
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
    /// Gathers what the state directory has of a trail, and those of the given keys that are the
    /// trail's. All trails of an installation share one key under different names.
    ///
    /// # Errors
    /// A state directory that cannot be read.
    pub async fn of(
        database: &Database,
        trail: &TrailName,
        given: &[VerifierKey],
    ) -> Result<Self, Failure> {
        let ground = database.engine().ground();
        // An unreadable head is for verification to name.
        let head = ground.store.head(trail).await.ok().flatten();
        let mark = ground.state.mark(trail).map_err(Failure::new)?;
        let seed = ground.state.signing_seed().map_err(Failure::new)?;
        let own = database.trail(trail.clone()).trusted_key();
        let keys = of_trail(trail, given.iter().cloned().chain(own));
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

/// Those of the keys that are the trail's. The same key under the names of two incarnations is one
/// key.
fn of_trail(trail: &TrailName, keys: impl IntoIterator<Item = VerifierKey>) -> Vec<VerifierKey> {
    let mut own: Vec<VerifierKey> = Vec::new();
    for key in keys {
        let Some((installation, named)) = lineage(key.name()) else {
            continue;
        };
        let is_met = own.iter().any(|met| {
            met.public_key() == key.public_key()
                && met.kind() == key.kind()
                && lineage(met.name()) == Some((installation, named))
        });
        if named == trail.as_str() && !is_met {
            own.push(key);
        }
    }
    own
}

fn origin_of(note: &str) -> Option<String> {
    let checkpoint: Checkpoint = Note::parse(note).ok()?.text().parse().ok()?;
    Some(checkpoint.origin().to_owned())
}

/// A key under another incarnation's name, if it is of the same trail.
fn renamed(key: &VerifierKey, origin: &str) -> Option<VerifierKey> {
    if lineage(key.name())? != lineage(origin)? {
        return None;
    }
    VerifierKey::new(origin, key.kind(), key.public_key()).ok()
}

/// The installation and the trail that an origin names, whichever the incarnation:
/// `<installation>/<trail>`, plus `/<incarnation>` after the first.
fn lineage(origin: &str) -> Option<(&str, &str)> {
    let mut parts = origin.split('/');
    let (installation, trail) = (parts.next()?, parts.next()?);
    let is_whole = match (parts.next(), parts.next()) {
        (None, _) => true,
        (Some(number), None) => number
            .parse()
            .is_ok_and(|n: u32| n > 1 && n.to_string() == number),
        (Some(_), Some(_)) => false,
    };
    is_whole.then_some((installation, trail))
}

#[cfg(test)]
mod tests {
    use indelible::merkle::SigningKey;

    use super::*;

    #[test]
    fn a_trail_trusts_the_keys_that_name_it_and_each_once() {
        let key = |origin: &str, seed: u8| {
            let key = SigningKey::from_seed(origin, [seed; 32]).expect("a key");
            key.verifier_key()
        };
        let given = [
            key("house/default", 1),
            key("house/pay", 1),
            key("house/pay/2", 1),
            key("house/pay/02", 1),
            key("house/pay/2/3", 1),
            key("house/payments", 1),
            key("other/pay", 1),
            key("house/pay", 2),
            key("house", 1),
        ];
        let trail: TrailName = "pay".parse().expect("a name");
        let kept = of_trail(&trail, given.clone());
        let expected = [&given[1], &given[6], &given[7]];
        assert_eq!(kept.iter().collect::<Vec<_>>(), expected);
    }
}
