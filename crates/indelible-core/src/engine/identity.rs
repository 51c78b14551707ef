//! Whose trails these are: installation, key, origins.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use indelible_merkle::note::{SigningKey, VerifierKey};
use serde_json::json;

use super::Ground;
use crate::clock::Entropy;
use crate::error::{AuditError, Refusal};
use crate::head_key::HeadKey;
use crate::registry::Registry;
use crate::state::Secret;
use crate::store::{Store, StoreError};
use crate::trail::TrailName;

/// A name that no installation can have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InstallationError {
    /// Characters or length.
    #[error(
        "`{0}` cannot name an installation: 1 to 100 of A-Z, a-z, 0-9, `.`, `_`, `-`, beginning \
         with a letter or digit"
    )]
    IllFormed(String),
    /// The database belongs to another.
    #[error("the database belongs to the installation `{there}`, not to `{given}`")]
    Other {
        /// The name in the database.
        there: String,
        /// The name that was given.
        given: String,
    },
}

impl InstallationError {
    /// Refuses a text that cannot name an installation.
    ///
    /// # Errors
    /// [`InstallationError::IllFormed`].
    pub fn check(name: &str) -> Result<(), Self> {
        let shown = || name.chars().take(100).collect();
        if is_name(name) {
            Ok(())
        } else {
            Err(Self::IllFormed(shown()))
        }
    }
}

/// The name of the installation that a database belongs to. Where it has none yet, it gets
/// `wanted`, or a random one; of several processes that ask at once, all get the same answer.
/// With `create` false a database without a name answers `None`.
///
/// # Errors
/// [`StoreError`], or an [`InstallationError`] where `wanted` cannot be a name or the database
/// has another.
pub async fn installation(
    registry: &dyn Registry,
    store: &dyn Store,
    wanted: Option<&str>,
    create: bool,
    entropy: &dyn Entropy,
) -> Result<Result<Option<String>, InstallationError>, StoreError> {
    if let Some(wanted) = wanted
        && let Err(error) = InstallationError::check(wanted)
    {
        return Ok(Err(error));
    }
    loop {
        if let Some(there) = named(registry, store).await? {
            return Ok(match wanted {
                Some(given) if given != there => Err(InstallationError::Other {
                    there,
                    given: given.to_owned(),
                }),
                _ => Ok(Some(there)),
            });
        }
        if !create {
            return Ok(Ok(None));
        }
        let name = wanted.map_or_else(|| random_name(entropy), str::to_owned);
        registry
            .put(KIND, KEY, None, Some(&json!({ "name": name })))
            .await?;
    }
}

/// Where the name stands in the registry.
const KIND: &str = "installation";
const KEY: &str = "self";

/// The name that the heads carry in their signed-for origins, else the one in the registry.
async fn named(registry: &dyn Registry, store: &dyn Store) -> Result<Option<String>, StoreError> {
    let heads = match store.heads().await {
        Ok(heads) => heads,
        // A head that cannot be read is verification's to report; the name stands here too.
        Err(StoreError::Corrupt { .. }) => Vec::new(),
        Err(error) => return Err(error),
    };
    let of_head = heads
        .first()
        .and_then(|head| head.key.name().split('/').next());
    if let Some(name) = of_head {
        // It becomes the name of a folder: nothing but a name may come from a database.
        let problem = "the origin in a head begins with no installation's name";
        return if is_name(name) {
            Ok(Some(name.to_owned()))
        } else {
            Err(ill_named(problem))
        };
    }
    let row = registry.get(KIND, KEY).await?;
    row.map(|row| {
        let name = row.value["name"].as_str().filter(|name| is_name(name));
        name.map(str::to_owned)
            .ok_or_else(|| ill_named("the registry names no installation"))
    })
    .transpose()
}

fn ill_named(problem: &str) -> StoreError {
    let what = "the installation's name".to_owned();
    StoreError::Corrupt {
        what,
        seq: None,
        problem: problem.to_owned(),
    }
}

fn is_name(text: &str) -> bool {
    // The two are folders of their own beside the installations'.
    !matches!(text, "databases" | "unnamed")
        && (1..=100).contains(&text.len())
        && text.as_bytes()[0].is_ascii_alphanumeric()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

fn random_name(entropy: &dyn Entropy) -> String {
    let mut random = [0; 8];
    entropy.fill(&mut random);
    random.iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn has_no_trails(store: &dyn Store) -> Result<bool, StoreError> {
    match store.heads().await {
        Ok(heads) => Ok(heads.is_empty()),
        Err(StoreError::Corrupt { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The signing key at hand, if there is one, with those beside it while or after it was rotated.
pub(super) struct Identity {
    held: RwLock<Held>,
    installation: String,
    place: String,
}

#[derive(Default)]
struct Held {
    current: Option<Arc<Keys>>,
    /// What a rotation that is under way leads to.
    next: Option<Arc<Keys>>,
    /// Those that were current before.
    retired: Vec<Arc<Keys>>,
}

/// What is made of a seed, once: every commit signs and codes.
pub(super) struct Keys {
    signing: SigningKey,
    head: HeadKey,
}

impl Identity {
    /// Reads the key; makes one only for an installation without trails, and only to write.
    pub async fn establish(ground: &Ground, read_only: bool) -> Result<Self, AuditError> {
        let mut seed = ground.state.signing_seed()?;
        if seed.is_none() && !read_only && has_no_trails(&*ground.store).await? {
            let mut fresh = [0; 32];
            ground.entropy.fill(&mut fresh);
            seed = Some(ground.state.keep_signing_seed(Secret::new(fresh))?);
        }
        let (installation, place) = (ground.installation.clone(), ground.state.place());
        let keys = |seed: &Secret| Keys::of(seed, &installation).map(Arc::new);
        let retired = ground.state.retired_seeds()?;
        let held = Held {
            current: seed.as_ref().map(keys).transpose()?,
            next: ground.state.next_seed()?.as_ref().map(keys).transpose()?,
            retired: retired.iter().map(keys).collect::<Result<_, _>>()?,
        };
        Ok(Self {
            held: RwLock::new(held),
            installation,
            place,
        })
    }

    /// The keys that sign now.
    pub fn current(&self) -> Option<Arc<Keys>> {
        self.held().current.clone()
    }

    /// The keys that a rotation which is under way leads to.
    pub fn next(&self) -> Option<Arc<Keys>> {
        self.held().next.clone()
    }

    /// Begins a rotation to the keys of this seed.
    pub fn lead_to(&self, seed: &Secret) -> Result<(), AuditError> {
        let keys = Arc::new(Keys::of(seed, &self.installation)?);
        self.held_mut().next = Some(keys);
        Ok(())
    }

    /// Makes the next keys the current ones.
    pub fn promote(&self) {
        let mut held = self.held_mut();
        if let Some(next) = held.next.take() {
            let current = held.current.replace(next);
            held.retired.extend(current);
        }
    }

    /// Those of this installation's keys, whether they sign now or not, whose public half this is.
    pub fn holder(&self, key: &VerifierKey) -> Option<Arc<Keys>> {
        let held = self.held();
        let all = held.current.iter().chain(&held.next).chain(&held.retired);
        let mut own = all.filter(|keys| keys.are_of(key));
        own.next().cloned()
    }

    /// The verifier keys of all of them under one name, the current one first.
    pub fn own(&self, origin: &str) -> Vec<VerifierKey> {
        let held = self.held();
        let all = held.current.iter().chain(&held.next).chain(&held.retired);
        let mut own: Vec<VerifierKey> = Vec::new();
        for keys in all {
            if let Ok(key) = keys.under(origin).map(|key| key.verifier_key())
                && !own.contains(&key)
            {
                own.push(key);
            }
        }
        own
    }

    /// The key that signs for one incarnation of a trail; its name is the origin.
    pub fn key(&self, trail: &TrailName, incarnation: u32) -> Result<SigningKey, Refusal> {
        let keys = self.current().ok_or_else(|| Refusal::NoKey {
            installation: self.installation.clone(),
            place: self.place.clone(),
        })?;
        keys.under(&origin(&self.installation, trail, incarnation))
    }

    fn held(&self) -> RwLockReadGuard<'_, Held> {
        // Every change is of one field after the other and cannot fail between them.
        self.held.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn held_mut(&self) -> RwLockWriteGuard<'_, Held> {
        self.held.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Keys {
    pub fn of(seed: &Secret, installation: &str) -> Result<Self, AuditError> {
        let signing = SigningKey::from_seed(installation, *seed.expose())
            .map_err(|_| ill_named("the installation's name cannot name a key"))?;
        Ok(Self {
            signing,
            head: HeadKey::from_seed(seed),
        })
    }

    /// What heads are coded with.
    pub const fn head(&self) -> &HeadKey {
        &self.head
    }

    /// Whether this is their public half.
    pub fn are_of(&self, key: &VerifierKey) -> bool {
        self.signing.verifier_key().public_key() == key.public_key()
    }

    /// The signing key under an origin.
    pub fn under(&self, origin: &str) -> Result<SigningKey, Refusal> {
        self.signing
            .under_name(origin)
            .map_err(|e| Refusal::Damaged(format!("its origin `{origin}` names no key: {e}")))
    }
}

/// `<installation>/<trail>`, plus `/<incarnation>` after the first.
pub(super) fn origin(installation: &str, trail: &TrailName, incarnation: u32) -> String {
    match incarnation {
        0 | 1 => format!("{installation}/{trail}"),
        later => format!("{installation}/{trail}/{later}"),
    }
}
