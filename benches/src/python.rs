//! Recording through the Python package, and the Python that measurements use.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use serde_json::json;

use crate::Arguments;
use crate::record;
use crate::report::{Report, Rounds};

/// Tasks that wait for `record` at once, on either side.
const TASKS: usize = 256;

/// Records per second of Python's asyncio, beside those of Rust through the facade: the same
/// events, as many tasks, a fresh SQLite file each.
pub fn beside_rust(arguments: &Arguments, report: &mut Report) -> anyhow::Result<()> {
    install_wheel()?;
    let mut rounds = Rounds::default();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..arguments.rounds {
        let folder = tempfile::tempdir()?;
        let url = format!("sqlite:{}", folder.path().join("python.db").display());
        let (rate, batch) = record(
            &url,
            &folder.path().join("python"),
            TASKS,
            arguments.events,
            0,
        )?;
        rounds.ours.push(rate);
        ours.push(batch);
        let (rate, batch) = record::record(folder.path(), TASKS, arguments.events)?;
        rounds.baseline.push(rate);
        theirs.push(batch);
    }
    let mean = |batches: &[f64]| (batches.iter().sum::<f64>() / batches.len() as f64).round();
    let facts = json!({
        "tasks": TASKS, "mean_batch": mean(&ours), "mean_batch_rust": mean(&theirs),
        "events": arguments.events,
    });
    report.add("python_vs_rust", &rounds, facts);
    Ok(())
}

/// Records per second through the package, and the mean batch. The events are those from `first`.
pub fn record(
    url: &str,
    state: &Path,
    tasks: usize,
    events: usize,
    first: usize,
) -> anyhow::Result<(f64, f64)> {
    let numbers = [tasks, events, first].map(|number| number.to_string());
    let places = [url.to_owned(), state.display().to_string()];
    let printed = run("record.py", places.into_iter().chain(numbers))?;
    let (rate, batch) = printed
        .trim()
        .split_once(' ')
        .context("record.py prints two numbers")?;
    Ok((rate.parse()?, batch.parse()?))
}

/// Builds the wheel, and installs it for the measurements.
pub fn install_wheel() -> anyhow::Result<()> {
    let root = root();
    let built = Command::new(root.join("scripts").join("wheel")).output();
    let built = built.context("scripts/wheel cannot be run")?;
    ensure!(
        built.status.success(),
        "scripts/wheel: {}",
        String::from_utf8_lossy(&built.stderr)
    );
    let printed = String::from_utf8_lossy(&built.stdout);
    let wheel = printed
        .split_whitespace()
        .find(|word| word.ends_with(".whl"));
    let wheel = wheel.context("scripts/wheel prints the wheel's path")?;
    let pip = Command::new(environment()?)
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--force-reinstall",
            "--no-deps",
        ])
        .arg(root.join(wheel))
        .status();
    ensure!(
        pip.is_ok_and(|status| status.success()),
        "pip cannot install {wheel}"
    );
    Ok(())
}

/// What a script of `benches/` prints.
pub fn run(script: &str, arguments: impl IntoIterator<Item = String>) -> anyhow::Result<String> {
    let ran = Command::new(environment()?)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(script))
        .args(arguments)
        .output()
        .context("python cannot be run")?;
    ensure!(
        ran.status.success(),
        "{script}: {}: {}{}",
        ran.status,
        String::from_utf8_lossy(&ran.stdout),
        String::from_utf8_lossy(&ran.stderr)
    );
    Ok(String::from_utf8_lossy(&ran.stdout).into_owned())
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The packages, as `pip` names them.
const PACKAGES: [&str; 3] = ["sqlalchemy", "asyncpg", "greenlet"];

/// A Python of our own with the packages, made at the first run.
fn environment() -> anyhow::Result<PathBuf> {
    let folder = root().join("target").join("bench-python");
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
