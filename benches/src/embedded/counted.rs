//! What Linux counts of this process.

use anyhow::Context;

/// Forgets the most memory there was. Answers what there is now, in MiB.
pub fn restart_peak() -> anyhow::Result<f64> {
    std::fs::write("/proc/self/clear_refs", "5").context("only Linux forgets it")?;
    mebibytes("VmRSS:")
}

/// The most memory since then, in MiB.
pub fn peak() -> anyhow::Result<f64> {
    mebibytes("VmHWM:")
}

/// Bytes that were sent to the disk.
pub fn sent_to_disk() -> anyhow::Result<u64> {
    Ok(told("/proc/self/io", "write_bytes:")?.parse()?)
}

fn mebibytes(name: &str) -> anyhow::Result<f64> {
    let told = told("/proc/self/status", name)?;
    let kibibytes = told.strip_suffix(" kB").context("it is told in kB")?;
    Ok(kibibytes.parse::<f64>()? / 1024.0)
}

fn told(file: &str, name: &str) -> anyhow::Result<String> {
    let told = std::fs::read_to_string(file).context("only Linux counts it")?;
    let value = told.lines().find_map(|line| line.strip_prefix(name));
    let value = value.with_context(|| format!("{name} is not told"))?;
    Ok(value.trim().to_owned())
}
