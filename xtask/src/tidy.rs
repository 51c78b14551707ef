//! The whole run: reads the workspace and its files, applies every check, prints what it found.

use std::path::Path;

use anyhow::{Context, Result};

use crate::file::{self, File};
use crate::finding::{Finding, Weight};
use crate::workspace::Workspace;
use crate::{bans, documents, edges, machine, manifests, mirror, mounts, names, sizes, sql, words};

/// Runs every check and prints the findings; true when none of them is an error.
///
/// # Errors
/// `cargo metadata` or `git ls-files` cannot be run here, or a listed file cannot be read.
pub fn run() -> Result<bool> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .context("the folder of xtask stands in the workspace")?;
    let workspace = Workspace::read(root)?;
    let files = file::read_all(root)?;
    let mut findings = check(&workspace, &files);
    findings.sort();
    for finding in &findings {
        println!("{finding}");
    }
    let errors = findings
        .iter()
        .filter(|finding| finding.weight == Weight::Error)
        .count();
    let warnings = findings.len() - errors;
    println!(
        "tidy: {} files, {errors} errors, {warnings} warnings",
        files.len()
    );
    Ok(errors == 0)
}

fn check(workspace: &Workspace, files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(edges::check(&workspace.members));
    findings.extend(bans::check_members(&workspace.members));
    findings.extend(bans::check_graph(&workspace.resolved));
    findings.extend(manifests::check(&workspace.members, files));
    findings.extend(documents::check(&workspace.members, files));
    findings.extend(sizes::check(files));
    findings.extend(words::check(files));
    findings.extend(names::check(files));
    findings.extend(sql::check(files));
    findings.extend(mounts::check(files));
    findings.extend(mirror::check(files));
    findings.extend(machine::check(files));
    findings
}
