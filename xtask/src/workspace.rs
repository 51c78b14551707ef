//! What `cargo metadata` says of the workspace and of the graph it resolves to.

use std::collections::HashSet;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// The members of the workspace and everything they resolve to.
pub struct Workspace {
    /// The packages of this repository.
    pub members: Vec<Member>,
    /// Every package of the resolved graph, members included.
    pub resolved: Vec<Resolved>,
}

/// A package of this repository.
pub struct Member {
    /// Package name.
    pub name: String,
    /// Path of its manifest below the workspace root.
    pub manifest: String,
    /// What it declares, whether optional or not.
    pub dependencies: Vec<Dependency>,
}

/// One declared dependency.
pub struct Dependency {
    /// Package name, not the name it is renamed to.
    pub name: String,
    /// Whether only tests, examples and benches see it.
    pub dev: bool,
}

/// A package as it is built.
pub struct Resolved {
    /// Package name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The features that anything in the graph enables.
    pub features: Vec<String>,
}

impl Workspace {
    /// Asks cargo about the workspace at `root`, for the platform of this machine.
    ///
    /// # Errors
    /// cargo or rustc cannot be run, or Cargo.lock is out of date.
    pub fn read(root: &Path) -> Result<Self> {
        let rustc = output(Command::new("rustc").arg("-vV"))?;
        let host = rustc
            .lines()
            .find_map(|line| line.strip_prefix("host: "))
            .context("rustc -vV names no host")?;
        let metadata = output(
            Command::new("cargo")
                .args([
                    "metadata",
                    "--format-version",
                    "1",
                    "--locked",
                    "--filter-platform",
                    host,
                ])
                .current_dir(root),
        )?;
        let mut workspace = Self::parse(&serde_json::from_str(&metadata)?)?;
        // The metadata also holds crates that a feature of another one names (`ring?/alloc`) and
        // nothing enables; the tree is what is built.
        let tree = output(
            Command::new("cargo")
                .args(["tree", "--workspace", "--locked", "--target", host])
                .args([
                    "--edges",
                    "normal,build,dev",
                    "--prefix",
                    "none",
                    "--format",
                    "{p}",
                ])
                .current_dir(root),
        )?;
        let built: HashSet<(&str, &str)> = tree
            .lines()
            .filter_map(|line| {
                let mut words = line.split(' ');
                Some((words.next()?, words.next()?.strip_prefix('v')?))
            })
            .collect();
        let is_built = |p: &Resolved| built.contains(&(p.name.as_str(), p.version.as_str()));
        workspace.resolved.retain(is_built);
        Ok(workspace)
    }

    fn parse(metadata: &Value) -> Result<Self> {
        let root = text(metadata, "workspace_root")?;
        let ids = list(metadata, "workspace_members")?;
        let packages = list(metadata, "packages")?;
        let mut members = Vec::new();
        for package in packages
            .iter()
            .filter(|package| ids.contains(&package["id"]))
        {
            members.push(member(package, root)?);
        }
        let mut resolved = Vec::new();
        for node in list(&metadata["resolve"], "nodes")? {
            let package = packages
                .iter()
                .find(|package| package["id"] == node["id"])
                .context("a resolved package is not among the packages")?;
            resolved.push(Resolved {
                name: text(package, "name")?.to_owned(),
                version: text(package, "version")?.to_owned(),
                features: list(node, "features")?
                    .iter()
                    .filter_map(Value::as_str)
                    .map(str::to_owned)
                    .collect(),
            });
        }
        Ok(Self { members, resolved })
    }
}

fn member(package: &Value, root: &str) -> Result<Member> {
    let path = text(package, "manifest_path")?;
    let manifest = path.strip_prefix(root).unwrap_or(path).replace('\\', "/");
    let mut dependencies = Vec::new();
    for dependency in list(package, "dependencies")? {
        dependencies.push(Dependency {
            name: text(dependency, "name")?.to_owned(),
            dev: dependency["kind"] == "dev",
        });
    }
    Ok(Member {
        name: text(package, "name")?.to_owned(),
        manifest: manifest.trim_start_matches('/').to_owned(),
        dependencies,
    })
}

fn output(command: &mut Command) -> Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let ran = command
        .output()
        .with_context(|| format!("{program} cannot be run"))?;
    ensure!(
        ran.status.success(),
        "{program}: {}",
        String::from_utf8_lossy(&ran.stderr)
    );
    String::from_utf8(ran.stdout).with_context(|| format!("{program} printed no UTF-8"))
}

fn text<'a>(value: &'a Value, key: &str) -> Result<&'a str> {
    value[key]
        .as_str()
        .with_context(|| format!("cargo metadata: `{key}` is no text"))
}

fn list<'a>(value: &'a Value, key: &str) -> Result<&'a Vec<Value>> {
    value[key]
        .as_array()
        .with_context(|| format!("cargo metadata: `{key}` is no list"))
}

#[cfg(test)]
impl Member {
    /// A member of a test's own; names after a `dev:` are dev-dependencies.
    pub fn sample(name: &str, dependencies: &[&str]) -> Self {
        let dependencies = dependencies
            .iter()
            .map(|entry| match entry.strip_prefix("dev:") {
                Some(name) => Dependency {
                    name: name.to_owned(),
                    dev: true,
                },
                None => Dependency {
                    name: (*entry).to_owned(),
                    dev: false,
                },
            })
            .collect();
        let manifest = format!("crates/{name}/Cargo.toml");
        Self {
            name: name.to_owned(),
            manifest,
            dependencies,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn members_kinds_and_features_are_read() {
        let metadata = json!({
            "workspace_root": "/w",
            "workspace_members": ["a#1"],
            "packages": [
                {"id": "a#1", "name": "a", "version": "0.1.0", "manifest_path": "/w/crates/a/Cargo.toml",
                 "dependencies": [{"name": "x", "kind": null}, {"name": "y", "kind": "dev"},
                                  {"name": "z", "kind": "build"}]},
                {"id": "x#2", "name": "x", "version": "2.0.0", "manifest_path": "/r/x/Cargo.toml",
                 "dependencies": []},
            ],
            "resolve": {"nodes": [{"id": "a#1", "features": []},
                                  {"id": "x#2", "features": ["std", "big"]}]},
        });
        let workspace = Workspace::parse(&metadata).expect("the sample is complete");
        assert_eq!(workspace.members.len(), 1);
        let member = &workspace.members[0];
        assert_eq!(member.manifest, "crates/a/Cargo.toml");
        let dev: Vec<bool> = member.dependencies.iter().map(|entry| entry.dev).collect();
        assert_eq!(dev, [false, true, false]);
        assert_eq!(workspace.resolved[1].version, "2.0.0");
        assert_eq!(workspace.resolved[1].features, ["std", "big"]);
    }

    #[test]
    fn metadata_of_another_shape_is_an_error() {
        assert!(Workspace::parse(&json!({"workspace_root": "/w"})).is_err());
    }
}
