//! What verification trusts: keys and checkpoints that were kept outside the database.

use std::path::Path;

use indelible::core::verify::KeyChain;
use indelible::core::{HeadKey, KeyRotation};
use indelible::merkle::note::VerifierKey;
use indelible::merkle::{Checkpoint, Note};
use indelible::{Database, TrailName};

use crate::failure::Failure;
use crate::input;

/// What is known of one trail from outside the database.
pub struct Trust {
    /// The keys that may have signed.
    pub keys: Vec<VerifierKey>,
    /// The statements of its key rotations.
    pub rotations: Vec<String>,
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
        let audit = database.trail(trail.clone());
        let own = audit.trusted_keys();
        let keys = of_trail(trail, given.iter().cloned().chain(own));
        let size = head.as_ref().map(|head| head.size);
        Ok(Self {
            keys,
            rotations: ground.state.rotations(trail).map_err(Failure::new)?,
            mark,
            head_key: audit.head_key(head.as_ref()),
            told_key: head.map(|head| head.key),
            size,
        })
    }

    /// Adds the statements that are of this trail, and those that are of none, which verification
    /// names.
    pub fn add_rotations(&mut self, trail: &TrailName, statements: Vec<String>) {
        for statement in statements {
            let origin = KeyRotation::open(&statement).map(|opened| opened.origin().to_owned());
            let named = origin
                .as_deref()
                .ok()
                .and_then(lineage)
                .map(|(_, trail)| trail);
            let is_others = named.is_some_and(|named| named != trail.as_str());
            if !is_others && !self.rotations.contains(&statement) {
                self.rotations.push(statement);
            }
        }
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
        let rotations = trust.rotations.iter();
        let rotations = rotations.filter_map(|text| KeyRotation::open(text).ok());
        let keys = KeyChain::new(keys.iter().cloned(), rotations);
        keys.open(&self.text, &self.origin)
            .map_err(|error| Failure::unverified(format!("{}: {error}", self.name)))
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
