//! External crates and features that are allowed in one place, or nowhere.

use crate::finding::Finding;
use crate::house::{FEATURES_NEVER, HOMES, NEVER};
use crate::workspace::{Member, Resolved};

const LOCK: &str = "Cargo.lock";

/// Each external crate of [`HOMES`] is declared only by the members that may.
pub fn check_members(members: &[Member]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in members {
        for dependency in &member.dependencies {
            let Some(home) = HOMES.iter().find(|home| home.guest == dependency.name) else {
                continue;
            };
            let name = member.name.as_str();
            let in_tests = dependency.dev && home.test_hosts.contains(&name);
            if in_tests || home.hosts.contains(&name) {
                continue;
            }
            findings.push(Finding::error(
                &member.manifest,
                1,
                format!("`{name}` depends on `{}`", home.guest),
                format!("only {} may: go through it", home.hosts.join(" and ")),
            ));
        }
    }
    findings
}

/// Nothing of [`NEVER`] and [`FEATURES_NEVER`] is in the graph, and SQLite is in it at most once
/// and bundled.
pub fn check_graph(resolved: &[Resolved]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in resolved {
        if let Some((name, reason)) = NEVER.iter().find(|(name, _)| *name == package.name) {
            let what = format!("`{name}` {} is in the graph", package.version);
            let remedy = format!("{reason}; `cargo tree -i {name}` shows who brings it");
            findings.push(Finding::error(LOCK, 1, what, remedy));
        }
        for (_, feature) in FEATURES_NEVER
            .iter()
            .filter(|(name, _)| *name == package.name)
        {
            if package.features.iter().any(|enabled| enabled == feature) {
                findings.push(Finding::error(
                    LOCK,
                    1,
                    format!("`{}/{feature}` is enabled", package.name),
                    format!(
                        "it changes every crate: `cargo tree -e features -i {}`",
                        package.name
                    ),
                ));
            }
        }
    }
    findings.extend(check_sqlite(resolved));
    findings
}

fn check_sqlite(resolved: &[Resolved]) -> Vec<Finding> {
    let copies: Vec<_> = resolved
        .iter()
        .filter(|p| p.name == "libsqlite3-sys")
        .collect();
    let mut findings = Vec::new();
    if copies.len() > 1 {
        let versions: Vec<_> = copies.iter().map(|copy| copy.version.as_str()).collect();
        let what = format!(
            "libsqlite3-sys is in the graph as {}",
            versions.join(" and ")
        );
        let remedy = "keep one: two copies in a process corrupt a file that both have open";
        findings.push(Finding::error(LOCK, 1, what, remedy));
    }
    for copy in copies {
        if !copy.features.iter().any(|feature| feature == "bundled") {
            let what = format!("libsqlite3-sys {} is not bundled", copy.version);
            let remedy = "enable `bundled` of rusqlite: distributions ship versions that corrupt";
            findings.push(Finding::error(LOCK, 1, what, remedy));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(name: &str, version: &str, features: &[&str]) -> Resolved {
        let features = features
            .iter()
            .map(|feature| (*feature).to_owned())
            .collect();
        Resolved {
            name: name.to_owned(),
            version: version.to_owned(),
            features,
        }
    }

    #[test]
    fn a_guest_stays_in_its_home() {
        let members = [
            Member::sample("indelible-sqlite", &["rusqlite"]),
            Member::sample("indelible-cli", &["clap", "dev:rusqlite"]),
            Member::sample("indelible-bench", &["rusqlite"]),
        ];
        assert!(check_members(&members).is_empty());
    }

    #[test]
    fn a_guest_elsewhere_is_named() {
        let members = [
            Member::sample("indelible-cli", &["rusqlite"]),
            Member::sample("indelible-core", &["dev:axum"]),
        ];
        let found = check_members(&members);
        assert_eq!(found.len(), 2);
        assert!(
            found[0]
                .to_string()
                .contains("`indelible-cli` depends on `rusqlite`")
        );
        assert!(
            found[1]
                .to_string()
                .contains("`indelible-core` depends on `axum`")
        );
    }

    #[test]
    fn banned_crates_and_features_are_named() {
        let graph = [
            resolved("ring", "0.17.0", &[]),
            resolved(
                "serde_json",
                "1.0.0",
                &["std", "arbitrary_precision", "preserve_order"],
            ),
            resolved("indexmap", "2.0.0", &["preserve_order"]),
        ];
        let found: Vec<_> = check_graph(&graph)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[0].contains("`ring` 0.17.0"));
        assert!(found[1].contains("`serde_json/arbitrary_precision` is enabled"));
    }

    #[test]
    fn sqlite_is_one_and_bundled() {
        assert!(check_graph(&[resolved("libsqlite3-sys", "0.40.0", &["bundled"])]).is_empty());
        let two = [
            resolved("libsqlite3-sys", "0.40.0", &["bundled"]),
            resolved("libsqlite3-sys", "0.30.0", &[]),
        ];
        let found: Vec<_> = check_graph(&two).iter().map(ToString::to_string).collect();
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("0.40.0 and 0.30.0"));
        assert!(found[1].contains("0.30.0 is not bundled"));
    }
}
