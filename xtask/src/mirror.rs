//! The two stores, mirrored file for file: who has read one finds the way in the other.

use std::collections::BTreeSet;

use crate::file::File;
use crate::finding::Finding;
use crate::house::{MIRRORED, UNMIRRORED};

/// Both stores have the same Rust files, as soon as both exist.
pub fn check(files: &[File]) -> Vec<Finding> {
    let (one, other) = (names(files, MIRRORED.0), names(files, MIRRORED.1));
    if one.is_empty() || other.is_empty() {
        return Vec::new();
    }
    let mut findings = missing(&one, &other, MIRRORED.0);
    findings.extend(missing(&other, &one, MIRRORED.1));
    findings
}

fn names<'a>(files: &'a [File], folder: &str) -> BTreeSet<&'a str> {
    files
        .iter()
        .filter(|file| file.extension() == "rs")
        .filter_map(|file| file.path.strip_prefix(folder)?.strip_prefix('/'))
        .collect()
}

fn missing(here: &BTreeSet<&str>, there: &BTreeSet<&str>, folder: &str) -> Vec<Finding> {
    here.difference(there)
        .filter(|name| !UNMIRRORED.contains(name))
        .map(|name| {
            let remedy = "give the other store its file, or list it in xtask/src/house.rs";
            Finding::error(
                &format!("{folder}/{name}"),
                1,
                "only one store has this file",
                remedy,
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::sample;

    #[test]
    fn one_store_alone_has_no_mirror() {
        assert!(check(&[sample("crates/indelible-sqlite/src/append.rs", "")]).is_empty());
    }

    #[test]
    fn a_file_without_its_twin_is_named() {
        let files = [
            sample("crates/indelible-sqlite/src/append.rs", ""),
            sample("crates/indelible-sqlite/src/find/page.rs", ""),
            sample("crates/indelible-postgres/src/append.rs", ""),
            sample("crates/indelible-postgres/src/schema.sql", ""),
        ];
        let found: Vec<_> = check(&files).iter().map(ToString::to_string).collect();
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("crates/indelible-sqlite/src/find/page.rs:1: only one"));
    }
}
