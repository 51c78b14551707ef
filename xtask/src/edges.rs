//! Crate edges against the floors of the house.

use crate::finding::Finding;
use crate::house::{FLOORS, MERKLE_MAY, TOOLS};
use crate::workspace::Member;

/// Every edge between members points down, every member has a floor, and the ground floor
/// depends on nothing but what [`MERKLE_MAY`] lists.
pub fn check(members: &[Member]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in members {
        if TOOLS.contains(&member.name.as_str()) {
            continue;
        }
        let Some(floor) = floor(&member.name) else {
            findings.push(Finding::error(
                &member.manifest,
                1,
                format!("`{}` stands on no floor", member.name),
                "give it one in xtask/src/house.rs, and its line in ARCHITECTURE.md",
            ));
            continue;
        };
        findings.extend(upward_edges(member, floor, members));
    }
    let merkle = members
        .iter()
        .filter(|member| member.name == "indelible-merkle");
    findings.extend(merkle.flat_map(strangers));
    findings
}

fn floor(name: &str) -> Option<u8> {
    FLOORS
        .iter()
        .find(|(crate_name, _)| *crate_name == name)
        .map(|(_, floor)| *floor)
}

fn upward_edges(member: &Member, floor_of_member: u8, members: &[Member]) -> Vec<Finding> {
    let imports = member
        .dependencies
        .iter()
        .filter(|dependency| !dependency.dev);
    let ours = imports.filter(|dependency| members.iter().any(|m| m.name == dependency.name));
    ours.filter_map(|dependency| {
        let what = match floor(&dependency.name) {
            Some(below) if below < floor_of_member => return None,
            Some(other) => format!(
                "`{}` (floor {floor_of_member}) imports `{}` (floor {other})",
                member.name, dependency.name
            ),
            None => format!("`{}` imports the tool `{}`", member.name, dependency.name),
        };
        let remedy = "import only from lower floors: move the shared piece down, or the caller up";
        Some(Finding::error(&member.manifest, 1, what, remedy))
    })
    .collect()
}

fn strangers(merkle: &Member) -> Vec<Finding> {
    let imports = merkle
        .dependencies
        .iter()
        .filter(|dependency| !dependency.dev);
    imports
        .filter(|dependency| !MERKLE_MAY.contains(&dependency.name.as_str()))
        .filter(|dependency| floor(&dependency.name).is_none())
        .map(|dependency| {
            let what = format!("`indelible-merkle` depends on `{}`", dependency.name);
            let remedy = "an auditor has to trust what it uses: do without, or move the code up";
            Finding::error(&merkle.manifest, 1, what, remedy)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(members: &[Member]) -> Vec<String> {
        check(members).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn edges_that_point_down_are_silent() {
        let members = [
            Member::sample("indelible-merkle", &["sha2", "dev:serde_json"]),
            Member::sample(
                "indelible-core",
                &["indelible-merkle", "dev:indelible-sqlite"],
            ),
            Member::sample(
                "indelible-sqlite",
                &["indelible-core", "dev:indelible-conformance"],
            ),
            Member::sample("indelible-conformance", &["indelible-core"]),
            Member::sample("xtask", &["anyhow"]),
        ];
        assert_eq!(found(&members), Vec::<String>::new());
    }

    #[test]
    fn an_edge_up_and_an_edge_to_a_sibling_are_named() {
        let members = [
            Member::sample("indelible-merkle", &["indelible-core"]),
            Member::sample("indelible-core", &[]),
            Member::sample("indelible-sqlite", &["indelible-exchange"]),
            Member::sample("indelible-exchange", &[]),
        ];
        let found = found(&members);
        assert_eq!(found.len(), 2);
        assert!(found[0].contains("`indelible-merkle` (floor 0) imports `indelible-core`"));
        assert!(found[1].contains("`indelible-sqlite` (floor 2) imports `indelible-exchange`"));
    }

    #[test]
    fn an_unknown_crate_and_an_imported_tool_are_named() {
        let members = [
            Member::sample("indelible-lake", &[]),
            Member::sample("indelible-cli", &["xtask"]),
            Member::sample("xtask", &[]),
        ];
        let found = found(&members);
        assert_eq!(found.len(), 2);
        assert!(found[0].contains("`indelible-lake` stands on no floor"));
        assert!(found[1].contains("imports the tool `xtask`"));
    }

    #[test]
    fn the_ground_floor_has_a_closed_list() {
        let found = found(&[Member::sample(
            "indelible-merkle",
            &["sha2", "tokio", "serde"],
        )]);
        assert_eq!(found.len(), 2);
        assert!(found[0].contains("`indelible-merkle` depends on `tokio`"));
    }
}
