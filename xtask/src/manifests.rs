//! What every manifest must say, and what the root manifest must give a reason for.

use crate::file::File;
use crate::finding::Finding;
use crate::workspace::Member;

const ROOT: &str = "Cargo.toml";
const REASONS: &str = "docs/decisions/0006-dependencies.md";

/// Every member inherits the lints of the workspace, and every external dependency of the root
/// manifest has its line of reason in the decision record.
pub fn check(members: &[Member], files: &[File]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = members
        .iter()
        .filter_map(|member| check_lints(member, files))
        .collect();
    findings.extend(check_reasons(files));
    findings
}

fn check_lints(member: &Member, files: &[File]) -> Option<Finding> {
    let manifest = files.iter().find(|file| file.path == member.manifest)?;
    let inherits =
        section(manifest, "[lints]").any(|(_, line)| line.replace(' ', "") == "workspace=true");
    let what = format!(
        "`{}` does not inherit the lints of the workspace",
        member.name
    );
    let remedy = "add `[lints]` with `workspace = true`";
    (!inherits).then(|| Finding::error(&manifest.path, 1, what, remedy))
}

fn check_reasons(files: &[File]) -> Vec<Finding> {
    let Some(root) = files.iter().find(|file| file.path == ROOT) else {
        return Vec::new();
    };
    let reasons = files.iter().find(|file| file.path == REASONS);
    let mut findings = Vec::new();
    for (number, line) in section(root, "[workspace.dependencies]") {
        let Some((name, value)) = line.split_once('=') else {
            continue;
        };
        let name = name.trim();
        let external = !name.starts_with('#') && !value.contains("path =");
        let row = format!("| `{name}` |");
        if external && !reasons.is_some_and(|file| file.text.contains(&row)) {
            let what = format!("the dependency `{name}` has no reason");
            let remedy = format!("add a row `{row} …` to {REASONS}, or do without it");
            findings.push(Finding::error(ROOT, number, what, remedy));
        }
    }
    findings
}

/// The lines of one table of a manifest, numbered from 1.
fn section<'a>(manifest: &'a File, header: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
    manifest
        .lines()
        .skip_while(move |(_, line)| line.trim() != header)
        .skip(1)
        .take_while(|(_, line)| !line.starts_with('['))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::sample;

    #[test]
    fn a_manifest_without_the_lints_is_named() {
        let members = [Member::sample("a", &[]), Member::sample("b", &[])];
        let files = [
            sample(
                "crates/a/Cargo.toml",
                "[package]\n\n[lints]\nworkspace = true\n\n[x]\n",
            ),
            sample(
                "crates/b/Cargo.toml",
                "[package]\n[lints]\n[dependencies]\nworkspace = true\n",
            ),
        ];
        let found = check(&members, &files);
        assert_eq!(found.len(), 1);
        assert!(
            found[0]
                .to_string()
                .starts_with("crates/b/Cargo.toml:1: `b` does not inherit")
        );
    }

    #[test]
    fn a_dependency_without_a_reason_is_named_at_its_line() {
        let root = "[workspace]\n[workspace.dependencies]\nours = { path = \"x\" }\nserde = \"1\"\n\
                    sha2 = \"1\"\n[profile.dev]\nlto = 1\n";
        let files = [
            sample(ROOT, root),
            sample(REASONS, "| `serde` | shapes |\n"),
        ];
        let found = check(&[], &files);
        assert_eq!(found.len(), 1);
        assert!(
            found[0]
                .to_string()
                .starts_with("Cargo.toml:5: the dependency `sha2`")
        );
        assert_eq!(
            check(&[], &files[..1]).len(),
            2,
            "without the record none has a reason"
        );
    }
}
