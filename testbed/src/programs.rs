//! The programs of PostgreSQL, and the user that its servers run as.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// Names the folder of the programs, for the processes below `testbed run`.
pub(crate) const BIN: &str = "INDELIBLE_TEST_POSTGRES_BIN";

const INSTALL: &str = "install PostgreSQL 15 or newer (Debian: `apt-get install postgresql`)";

/// Where the programs are and how a server is run: PostgreSQL refuses to run as root.
#[derive(Clone, Debug)]
pub(crate) struct Programs {
    bin: PathBuf,
    identity: Identity,
}

#[derive(Clone, Debug)]
enum Identity {
    /// The user of the tests.
    Own { setpriv: bool },
    /// The user `postgres`, because the tests run as root.
    Postgres { uid: u32, gid: u32, setpriv: bool },
}

impl Programs {
    /// Looks where `INDELIBLE_TEST_POSTGRES_BIN` says, where `pg_config` says, in Debian's
    /// folders (the newest version first) and in `PATH`.
    ///
    /// # Errors
    /// No server is installed, or the tests run as root and there is no user `postgres`.
    pub(crate) fn find() -> Result<Self> {
        let bin = candidates()
            .into_iter()
            .find(|folder| folder.join("initdb").exists() && folder.join("postgres").exists())
            .with_context(|| format!("the PostgreSQL server is missing: {INSTALL}"))?;
        let identity = Identity::find()?;
        Ok(Self { bin, identity })
    }

    pub(crate) fn bin(&self) -> &Path {
        &self.bin
    }

    /// A program of PostgreSQL that runs as the user of the tests.
    pub(crate) fn client(&self, name: &str) -> Command {
        Command::new(self.bin.join(name))
    }

    /// A program that runs as the user of the servers. The kernel sends it the signal
    /// `at_orphaning` when the thread that started it ends.
    pub(crate) fn server(&self, program: &Path, at_orphaning: &str) -> Command {
        match self.identity {
            Identity::Own { setpriv: false } => Command::new(program),
            Identity::Own { setpriv: true } => {
                let mut command = Command::new("setpriv");
                command.args(["--pdeathsig", at_orphaning]).arg(program);
                command
            }
            Identity::Postgres { setpriv: true, .. } => {
                let mut command = Command::new("setpriv");
                command
                    .args(["--reuid=postgres", "--regid=postgres", "--clear-groups"])
                    .args(["--pdeathsig", at_orphaning])
                    .arg(program);
                command
            }
            Identity::Postgres { setpriv: false, .. } => {
                let mut command = Command::new("runuser");
                command.args(["-u", "postgres", "--"]).arg(program);
                command
            }
        }
    }

    /// Gives a file or folder to the user of the servers.
    pub(crate) fn hand_over(&self, path: &Path) -> Result<()> {
        if let Identity::Postgres { uid, gid, .. } = self.identity {
            std::os::unix::fs::chown(path, Some(uid), Some(gid))
                .with_context(|| format!("{} cannot be given to postgres", path.display()))?;
        }
        Ok(())
    }
}

impl Identity {
    fn find() -> Result<Self> {
        let setpriv = in_path("setpriv").is_some();
        if own_uid()? != 0 {
            return Ok(Self::Own { setpriv });
        }
        if !setpriv && in_path("runuser").is_none() {
            bail!("PostgreSQL does not run as root, and neither setpriv nor runuser is there");
        }
        Ok(Self::Postgres {
            uid: id("-u")?,
            gid: id("-g")?,
            setpriv,
        })
    }
}

/// The user that this process runs as.
pub(crate) fn own_uid() -> Result<u32> {
    let own = std::fs::metadata("/proc/self").context("/proc/self, to learn who runs this")?;
    Ok(own.uid())
}

/// The program of that name in `PATH` or in the folders of daemons, which Debian keeps out of it.
pub(crate) fn in_path(name: &str) -> Option<PathBuf> {
    let path = variable("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place of the harness that reads the environment"
)]
pub(crate) fn variable(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name)
}

/// Runs a program to its end.
///
/// # Errors
/// It cannot be run, or it ends with a failure: its name and what it printed.
pub(crate) fn run(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| name.clone())?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        bail!("{name}: {}\n{text}{errors}", output.status);
    }
    Ok(text)
}

fn candidates() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = variable(BIN).map(PathBuf::from).into_iter().collect();
    if let Ok(bin) = run(Command::new("pg_config").arg("--bindir")) {
        folders.push(bin.trim().into());
    }
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    let mut versions: Vec<u32> = versions
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    versions.sort_unstable_by(|a, b| b.cmp(a));
    let debian = versions
        .iter()
        .map(|version| format!("/usr/lib/postgresql/{version}/bin").into());
    folders.extend(debian);
    let initdb = in_path("initdb");
    folders.extend(initdb.and_then(|file| Some(file.parent()?.to_owned())));
    folders
}

fn id(flag: &str) -> Result<u32> {
    let text = run(Command::new("id").args([flag, "postgres"]))
        .with_context(|| format!("the user postgres, who comes with the server: {INSTALL}"))?;
    text.trim().parse().context("`id` prints a number")
}
