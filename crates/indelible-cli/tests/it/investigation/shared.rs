//! Real events that are not part of this project. They lie in `shared` beside the workspace, or
//! where `INDELIBLE_SHARED` says; without them these tests say so and pass, unless
//! `INDELIBLE_REQUIRE_SHARED` is `1`.

use std::fs::File;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

use super::import;
use crate::desk::{Desk, files};

/// Who attacked on the real day, and did most of its ordinary work.
pub const BERT_JAN: &str = "arn:aws:iam::123837392027:user/bert-jan";
/// From where the attack was run.
pub const DESK_ADDRESS: &str = "192.168.10.20";

/// A file or folder of the real events.
pub fn place(name: &str) -> Option<String> {
    let variable = |name: &str| {
        #[expect(
            clippy::disallowed_methods,
            reason = "the place of data outside the project"
        )]
        std::env::var_os(name)
    };
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = variable("INDELIBLE_SHARED").map_or_else(beside, PathBuf::from);
    let path = shared.join("data").join(name);
    // The binary runs in a folder of its own.
    if let Ok(path) = path.canonicalize() {
        return Some(path.into_os_string().into_string().expect("UTF-8"));
    }
    let required = variable("INDELIBLE_REQUIRE_SHARED").is_some_and(|value| value == "1");
    assert!(!required, "{} is not there", path.display());
    println!("not run: {} is not there", path.display());
    None
}

/// A desk on which the real day was imported.
pub fn day(new: fn() -> Desk) -> Option<Desk> {
    let folder = place("cloudtrail-invictus")?;
    let desk = new();
    if desk.is_on_postgres() {
        import_day(&desk, &folder);
    } else {
        Prepared::of(&folder).copy_to(&desk);
    }
    Some(desk)
}

fn import_day(desk: &Desk, logs: &str) {
    assert_eq!(import(desk, &["cloudtrail", logs]), [2202, 2202, 0, 0]);
}

/// The real day in a file, as this binary imports it, made once for all tests, which are processes of their
/// own.
struct Prepared {
    folder: PathBuf,
    /// Shared by those who copy, so that nobody takes it away meanwhile.
    _lock: File,
}

impl Prepared {
    fn of(logs: &str) -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("investigation");
        std::fs::create_dir_all(&root).expect("a folder");
        let folder = root.join(key(logs));
        let lock = File::create(root.join("lock")).expect("a lock");
        lock.lock_shared().expect("locked");
        if !folder.is_dir() {
            lock.unlock().expect("unlocked");
            lock.lock().expect("locked");
            if !folder.is_dir() {
                Self::make(logs, &root, &folder);
            }
        }
        Self {
            folder,
            _lock: lock,
        }
    }

    fn make(logs: &str, root: &Path, folder: &Path) {
        // Those of other binaries are of no use any more.
        for old in std::fs::read_dir(root).expect("readable") {
            let old = old.expect("readable").path();
            if old.is_dir() {
                std::fs::remove_dir_all(old).expect("removed");
            }
        }
        let desk = Desk::new();
        import_day(&desk, logs);
        let beside = root.join("unfinished");
        copy(&desk.path(""), &beside);
        std::fs::rename(beside, folder).expect("renamed");
    }

    fn copy_to(&self, desk: &Desk) {
        copy(&self.folder, &desk.path(""));
    }
}

/// Tells binaries and inputs apart.
fn key(logs: &str) -> String {
    let mut hasher = DefaultHasher::new();
    let mut inputs = files(Path::new(logs));
    inputs.sort();
    inputs.push(PathBuf::from(env!("CARGO_BIN_EXE_indelible")));
    for path in inputs {
        let found = path.metadata().expect("readable");
        (&path, found.len(), found.modified().ok()).hash(&mut hasher);
    }
    format!("{:016x}", hasher.finish())
}

/// Copies all files below a folder.
fn copy(from: &Path, to: &Path) {
    for file in files(from) {
        let place = to.join(file.strip_prefix(from).expect("below it"));
        std::fs::create_dir_all(place.parent().expect("a folder")).expect("a folder");
        std::fs::copy(&file, &place).expect("copied");
    }
}
