//! Memory of this process, as Linux counts it, in MiB.

use anyhow::Context;

/// Forgets the largest there was. Answers what there is now.
pub fn restart_peak() -> anyhow::Result<f64> {
    std::fs::write("/proc/self/clear_refs", "5").context("only Linux forgets it")?;
    of_status("VmRSS:")
}

/// The largest since then.
pub fn peak() -> anyhow::Result<f64> {
    of_status("VmHWM:")
}

fn of_status(name: &str) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status").context("only Linux tells it")?;
    let mut lines = status.lines();
    let line = lines.find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    Ok(kib
        .with_context(|| format!("{name} is not told"))?
        .parse::<f64>()?
        / 1024.0)
}
