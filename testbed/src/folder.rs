//! Folders that go away with their owner, or, when the owner was killed, at the next start.

use std::fs::{self, File, Permissions, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::process::{children, signal};
use crate::programs::{own_uid, run};

/// Free space that a file system in memory must have to hold clusters, in KiB.
const MEMORY_FREE_MIN_KIB: u64 = 2 * 1024 * 1024;
const PREFIX: &str = "server-";
const OWNER: &str = "owner.lock";

/// A folder of a cluster. Its lock file tells the living from the left behind.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    _owner: File,
}

impl Folder {
    /// A new folder, in memory when there is room and `on_disk` does not forbid it. Clears away
    /// the folders of killed processes first, and the servers still running in them.
    pub(crate) fn create(on_disk: bool) -> Result<Self> {
        let base = base(&place(on_disk))?;
        // Held to the end: a folder without its lock is never seen by another sweep.
        let _turn = take_turn(&base)?;
        sweep(&base)?;
        // Never a name of before: who asks whether a folder is gone must not meet another.
        let mut names = (1_u32..).map(|nth| format!("{PREFIX}{}-{nth}", std::process::id()));
        let free = names.find(|name| !base.join(name).exists());
        let path = base.join(free.context("no free name for a folder")?);
        fs::create_dir(&path).with_context(|| path.display().to_string())?;
        fs::set_permissions(&path, Permissions::from_mode(0o755))?;
        let owner = File::create(path.join(OWNER))?;
        owner.lock()?;
        Ok(Self {
            path,
            _owner: owner,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

/// Clears away what killed processes left in memory and on disk.
pub(crate) fn sweep_all() -> Result<()> {
    for place in [place(false), place(true)] {
        let base = base(&place)?;
        let _turn = take_turn(&base)?;
        sweep(&base)?;
    }
    Ok(())
}

/// The folder of this user's throwaway things below `place`. Other users may pass through it,
/// because the servers do not run as root.
pub(crate) fn base(place: &Path) -> Result<PathBuf> {
    let uid = own_uid()?;
    let base = place.join(format!("indelible-testbed-{uid}"));
    match fs::create_dir(&base) {
        Ok(()) => fs::set_permissions(&base, Permissions::from_mode(0o711))?,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error).context(base.display().to_string()),
    }
    let owner = fs::symlink_metadata(&base)?;
    let ours = owner.is_dir() && owner.uid() == uid;
    ensure!(ours, "{} belongs to somebody else", base.display());
    Ok(base)
}

fn place(on_disk: bool) -> PathBuf {
    let memory = Path::new("/dev/shm");
    if !on_disk && free_kib(memory).is_some_and(|free| free > MEMORY_FREE_MIN_KIB) {
        memory.to_owned()
    } else {
        std::env::temp_dir()
    }
}

fn free_kib(path: &Path) -> Option<u64> {
    let table = run(Command::new("df").arg("-Pk").arg(path)).ok()?;
    table
        .lines()
        .nth(1)?
        .split_whitespace()
        .nth(3)?
        .parse()
        .ok()
}

fn take_turn(base: &Path) -> Result<File> {
    let turn = File::create(base.join("turn.lock"))?;
    turn.lock()?;
    Ok(turn)
}

fn sweep(base: &Path) -> Result<()> {
    for entry in fs::read_dir(base)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default();
        if !name.to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        let owned = File::open(path.join(OWNER)).map(|owner| owner.try_lock());
        if !matches!(owned, Ok(Err(TryLockError::WouldBlock))) {
            end_server(&path.join("data"));
            remove(&path);
        }
    }
    Ok(())
}

/// Ends the server that still runs in `data`, if any. Its process id may long belong to another
/// program: only one that stands in this very folder is ended.
fn end_server(data: &Path) {
    let Some(pid) = pid_in(data) else {
        return;
    };
    if fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|folder| folder == data) {
        signal("STOP", &[pid]);
        let mut all = children(pid);
        all.push(pid);
        signal("KILL", &all);
    }
    free_shared_memory(data);
}

/// The process id that a running or killed server wrote into its data folder.
pub(crate) fn pid_in(data: &Path) -> Option<u32> {
    let text = fs::read_to_string(data.join("postmaster.pid")).ok()?;
    text.lines().next()?.trim().parse().ok()
}

/// A killed server leaves a few bytes of System V memory that only its next start would free.
pub(crate) fn free_shared_memory(data: &Path) {
    let Ok(text) = fs::read_to_string(data.join("postmaster.pid")) else {
        return;
    };
    let segment = text
        .lines()
        .nth(6)
        .and_then(|line| line.split_whitespace().nth(1));
    if let Some(segment) = segment {
        // Somebody else may have freed it: then there is nothing to do.
        run(Command::new("ipcrm").args(["-m", segment])).ok();
    }
}

/// What cannot be removed now is removed by the next sweep.
fn remove(path: &Path) {
    if let Err(error) = fs::remove_dir_all(path)
        && error.kind() != ErrorKind::NotFound
    {
        eprintln!("{} is left behind: {error}", path.display());
    }
}
