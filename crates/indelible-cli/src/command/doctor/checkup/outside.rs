//! What is kept outside the database: state directory, key, high-water marks.

use std::path::Path;

use indelible::TrailName;
use indelible::core::engine::{Ground, Kept};
use indelible::core::state::{Purpose, StateDir};
use indelible::core::store::Head;
use indelible::merkle::{Checkpoint, Note, SigningKey};
use indelible_server::keys::Keys;

use super::Checkup;
use crate::command::doctor::place;
use crate::session::Opened;
use crate::settings::Settings;

impl Checkup {
    /// `is_new`: nothing was ever recorded, as far as the database knows.
    pub(super) fn state_dir(&mut self, dir: &Path, settings: &Settings, is_new: bool) {
        let shown = dir.display();
        match place::of(dir, &settings.database) {
            Ok(()) => self.ok("state", format!("{shown}, for its owner alone")),
            Err(place::Fault::Missing) if is_new => {
                self.warn("state", "there is none yet", "the first record makes it");
            }
            Err(place::Fault::Missing) => {
                let remedy = "bring it back from a copy, or name it with --state-dir";
                self.warn("state", format!("{shown} is not there"), remedy);
            }
            Err(place::Fault::Open { path, mode }) => {
                let remedy = format!("chmod go-rwx {}", path.display());
                self.fail(
                    "state",
                    format!("{} has mode {mode:o}", path.display()),
                    &remedy,
                );
            }
            Err(place::Fault::BesideDatabase) => {
                let remedy = "move it: who can replace the one could replace the other";
                self.warn(
                    "state",
                    format!("{shown} lies in the database's folder"),
                    remedy,
                );
            }
            Err(place::Fault::Unreadable(problem)) => {
                self.fail(
                    "state",
                    format!("{shown}: {problem}"),
                    "mend its permissions",
                );
            }
        }
    }

    /// Whether state directory and database are known to belong together.
    pub(super) fn tie(&mut self, dir: &Path, installation: &str) {
        let remedy = format!("name the state directory of {installation} with --state-dir");
        match StateDir::at(dir).owner() {
            Ok(Some(owner)) if owner == installation => {
                let detail = format!("database and state directory are of {installation}");
                self.ok("tie", detail);
            }
            Ok(Some(owner)) => {
                let detail = format!("the state directory is of {owner}, not {installation}");
                self.fail("tie", detail, &remedy);
            }
            Ok(None) => {
                let detail = "the state directory is tied to no installation yet";
                let remedy = "the next record ties it; until then another's would pass";
                self.warn("tie", detail, remedy);
            }
            Err(error) => self.fail("tie", error.to_string(), "mend its permissions"),
        }
    }

    pub(super) fn key(&mut self, ground: &Ground, heads: &[Head]) {
        let seed = match ground.state.signing_seed() {
            Ok(seed) => seed,
            Err(error) => {
                self.fail(
                    "key",
                    error.to_string(),
                    "bring the state directory back from a copy",
                );
                return;
            }
        };
        let Some(seed) = seed else {
            let remedy = "name the installation's state directory with --state-dir";
            if heads.is_empty() {
                self.warn("key", "there is none yet", "the first record makes it");
            } else {
                self.fail(
                    "key",
                    "there is none: the trails can be read, not written to",
                    remedy,
                );
            }
            return;
        };
        let is_own = |head: &&Head| {
            let key = SigningKey::from_seed(head.key.name(), *seed.expose());
            key.is_ok_and(|key| key.verifier_key() == head.key)
        };
        if matches!(ground.state.next_seed(), Ok(Some(_))) {
            let detail = "it is being changed: a rotation runs, or was cut short";
            let remedy = "`indelible trail rotate-key --reason …` finishes it";
            return self.fail("key", detail, remedy);
        }
        match heads.iter().find(|head| !is_own(head)) {
            Some(head) => {
                let detail = format!("the key at hand is not that of trail {}", head.trail);
                let remedy = "name the installation's own state directory with --state-dir";
                self.fail("key", detail, remedy);
            }
            None => self.ok(
                "key",
                format!("signs for installation {}", ground.installation),
            ),
        }
    }

    /// The secrets that the database was written with.
    pub(super) async fn secrets(&mut self, opened: &Opened) {
        for purpose in Purpose::ALL {
            let name = purpose.as_str();
            let detail = match opened.database.engine().kept_secret(purpose).await {
                Ok(Kept::Same) => continue,
                Ok(Kept::Missing) => format!("the one for {name} is not at hand"),
                Ok(Kept::Other) => format!("the one for {name} is not the database's"),
                Err(error) => error.to_string(),
            };
            let remedy = "copy `secrets` from the state directory of a host that has recorded \
                          before: with another, imports record everything again, no API key \
                          opens, and no hold or review can be told from others";
            self.fail("secrets", detail, remedy);
        }
    }

    /// The API keys whose rows this installation did not write as they stand.
    pub(super) async fn keys(&mut self, opened: &Opened) {
        let keys = Keys::new(opened.database.engine().clone());
        let keys = match keys.list().await {
            Ok(keys) if keys.is_empty() => return,
            Ok(keys) => keys,
            Err(error) => {
                let remedy = "no API key opens until this is mended";
                return self.fail("keys", error.to_string(), remedy);
            }
        };
        let (sealed, unsealed): (Vec<_>, Vec<_>) = keys.iter().partition(|key| key.is_sealed());
        if unsealed.is_empty() {
            return self.ok("keys", format!("{} API keys, all sealed", sealed.len()));
        }
        let ids: Vec<&str> = unsealed.iter().map(|key| key.id.as_str()).collect();
        let detail = format!(
            "somebody wrote to the database past this program, or they are from before keys had \
             seals: {}",
            ids.join(", ")
        );
        let remedy = "`indelible keys revoke ID`, or `indelible keys seal ID` for one of your own";
        self.fail("keys", detail, remedy);
    }

    pub(super) fn mark(&mut self, ground: &Ground, head: &Head) {
        let trail = &head.trail;
        let verify = format!("`indelible verify --trail {trail}`");
        let mark = match ground.state.mark(trail) {
            Ok(mark) => mark,
            Err(error) => return self.fail("mark", error.to_string(), &verify),
        };
        let Some(mark) = mark else {
            let remedy = "the next record makes one; until then an older copy would pass";
            return self.warn("mark", format!("{trail} has none"), remedy);
        };
        let checkpoint = Note::parse(&mark)
            .ok()
            .and_then(|n| n.text().parse::<Checkpoint>().ok());
        let Some(checkpoint) = checkpoint else {
            return self.fail("mark", format!("that of {trail} is unreadable"), &verify);
        };
        if checkpoint.size() > head.size {
            let detail = format!(
                "{trail} has {} entries, its mark {}",
                head.size,
                checkpoint.size()
            );
            let remedy = format!(
                "bring the newer database back, or `indelible trail succeed --trail {trail} --reason …`"
            );
            return self.fail("mark", detail, &remedy);
        }
        if checkpoint.size() == head.size && checkpoint.root() != head.root {
            return self.fail(
                "mark",
                format!("{trail} has another root than its mark"),
                &verify,
            );
        }
        let mut detail = format!("{trail} at {} of {} entries", checkpoint.size(), head.size);
        if head.incarnation > 1 {
            let (start, origin) = (head.incarnation_start, head.key.name());
            detail.push_str(&format!("; goes on since #{start} under {origin}"));
        }
        self.ok("mark", detail);
    }

    /// A trail that there is a mark of, and no head.
    pub(super) fn missed(&mut self, ground: &Ground, trail: &TrailName) {
        let mark = ground.state.mark(trail).ok().flatten();
        let size = mark.as_deref().and_then(size_of).unwrap_or_default();
        let detail = format!("{trail} is not in the database, its mark has {size} entries");
        let remedy = format!(
            "bring the database back, or `indelible trail succeed --trail {trail} --reason …`"
        );
        self.fail("mark", detail, &remedy);
    }
}

/// The size that a mark names.
fn size_of(mark: &str) -> Option<u64> {
    let checkpoint: Checkpoint = Note::parse(mark).ok()?.text().parse().ok()?;
    Some(checkpoint.size())
}
