//! What the pages must contain: the map names every crate, and links lead somewhere.

use std::collections::BTreeSet;

use crate::file::File;
use crate::finding::Finding;
use crate::house::TOOLS;
use crate::words::contains_word;
use crate::workspace::Member;

const MAP: &str = "ARCHITECTURE.md";
const PAGES: &[&str] = &[
    "README.md",
    MAP,
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "LICENSE-MIT",
    "LICENSE-APACHE",
];

/// The pages a reader looks for exist, the map names every crate, and no relative link is dead.
pub fn check(members: &[Member], files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for page in PAGES {
        if !files.iter().any(|file| file.path == *page) {
            let remedy = "write it: it is where a newcomer looks first";
            findings.push(Finding::error(page, 1, "the page is missing", remedy));
        }
    }
    if let Some(map) = files.iter().find(|file| file.path == MAP) {
        let crates = members
            .iter()
            .filter(|member| !TOOLS.contains(&member.name.as_str()));
        for member in crates.filter(|member| !contains_word(&map.text, &member.name)) {
            let what = format!("the crate `{}` is not on the map", member.name);
            findings.push(Finding::error(
                MAP,
                1,
                what,
                "give it its line, with its reason",
            ));
        }
    }
    let known = paths(files);
    for page in files.iter().filter(|file| file.extension() == "md") {
        findings.extend(dead_links(page, &known));
    }
    findings
}

/// Every file, and every folder that holds one.
fn paths(files: &[File]) -> BTreeSet<&str> {
    let mut known = BTreeSet::new();
    for file in files {
        let folders = file
            .path
            .match_indices('/')
            .map(|(end, _)| &file.path[..end]);
        known.extend(folders.chain([file.path.as_str()]));
    }
    known
}

fn dead_links(page: &File, known: &BTreeSet<&str>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut fenced = false;
    for (number, line) in page.lines() {
        fenced ^= line.trim_start().starts_with("```");
        for target in line
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let path = target.split('#').next().unwrap_or(target);
            if fenced || path.is_empty() || path.contains(':') || path.contains(' ') {
                continue;
            }
            if !known.contains(resolve(&page.path, path).as_str()) {
                let what = format!("the link leads to `{target}`, which is not there");
                let remedy = "point it at a file of this repository, or take it out";
                findings.push(Finding::error(&page.path, number, what, remedy));
            }
        }
    }
    findings
}

/// A link's path, seen from the workspace root.
fn resolve(page: &str, link: &str) -> String {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::sample;

    fn found(members: &[Member], extra: &[File]) -> Vec<String> {
        let pages = PAGES
            .iter()
            .filter(|page| !extra.iter().any(|file| file.path == **page));
        let mut files: Vec<File> = pages.map(|page| sample(page, "")).collect();
        files.extend_from_slice(extra);
        check(members, &files)
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn a_missing_page_is_named() {
        let found: Vec<_> = check(&[], &[]).iter().map(ToString::to_string).collect();
        assert_eq!(found.len(), PAGES.len());
        assert!(found[0].starts_with("README.md:1: the page is missing"));
    }

    #[test]
    fn a_crate_off_the_map_is_named() {
        let members = [
            Member::sample("indelible", &[]),
            Member::sample("indelible-core", &[]),
            Member::sample("xtask", &[]),
        ];
        let found = found(&members, &[sample(MAP, "`indelible-core` is the engine\n")]);
        assert_eq!(
            found.len(),
            1,
            "a longer name is not the shorter one: {found:?}"
        );
        assert!(found[0].contains("the crate `indelible` is not on the map"));
    }

    #[test]
    fn a_dead_link_is_named_and_a_live_one_is_not() {
        let page = "[a](../README.md#tour) [b](formats) [c](https://example.com/x) [d](#here)\n\
                    ```\n[e](gone.md)\n```\n[f](gone.md)\n";
        let files = [
            sample("docs/guide.md", page),
            sample("docs/formats/event.md", ""),
        ];
        let found = found(&[], &files);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("docs/guide.md:5: the link leads to `gone.md`"));
    }
}
