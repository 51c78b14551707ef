//! One ORM insert and commit for each record, 16 at once: SQLAlchemy over asyncpg.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

use super::plain::Plain;

/// The packages, as `pip` names them.
const PACKAGES: [&str; 3] = ["sqlalchemy", "asyncpg", "greenlet"];

/// Events per second, as the script measures it.
pub fn rate(plain: &Plain, events: usize) -> anyhow::Result<f64> {
    let url = plain
        .url()
        .replacen("postgres://", "postgresql+asyncpg://", 1);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("orm.py");
    let ran = Command::new(python()?)
        .arg(script)
        .args([url, events.to_string()])
        .output()
        .context("python cannot be run")?;
    let printed = String::from_utf8_lossy(&ran.stdout);
    ensure!(
        ran.status.success(),
        "orm.py: {}",
        String::from_utf8_lossy(&ran.stderr)
    );
    printed.trim().parse().context("orm.py prints a rate")
}

/// A Python of our own with the packages, made at the first run.
fn python() -> anyhow::Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folder = root.join("target").join("bench-python");
    let python = folder.join("bin").join("python");
    let has_packages = Command::new(&python)
        .args(["-c", "import sqlalchemy, asyncpg, greenlet"])
        .output()
        .is_ok_and(|ran| ran.status.success());
    if !has_packages {
        eprintln!("  installing {} …", PACKAGES.join(", "));
        let made = Command::new("python3")
            .args(["-m", "venv"])
            .arg(&folder)
            .status();
        ensure!(
            made.is_ok_and(|status| status.success()),
            "python3 -m venv failed: install python3 and python3-venv"
        );
        let pip = Command::new(&python)
            .args(["-m", "pip", "install", "--quiet"])
            .args(PACKAGES)
            .status();
        ensure!(
            pip.is_ok_and(|status| status.success()),
            "pip cannot install {}",
            PACKAGES.join(", ")
        );
    }
    Ok(python)
}
