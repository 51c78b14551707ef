//! Names of files, folders and modules.

use crate::file::File;
use crate::finding::Finding;
use crate::house::{LAYERS_NEVER, NAMES_NEVER};

/// No file, folder or module has a name that says nothing, no folder is named for a layer, and
/// no module is a `mod.rs`.
pub fn check(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files
        .iter()
        .filter(|file| matches!(file.extension(), "rs" | "py" | "sql"))
    {
        findings.extend(check_path(file));
        if file.extension() == "rs" {
            findings.extend(check_modules(file));
        }
    }
    findings
}

fn check_path(file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut report = |what: String, remedy: &str| {
        findings.push(Finding::error(&file.path, 1, what, remedy));
    };
    if file.name() == "mod.rs" {
        let remedy = "name the file after the module, beside the folder of its parts";
        report(
            "`mod.rs` says nothing in a list of files".to_owned(),
            remedy,
        );
    }
    let mut parts = file.path.split('/').rev();
    let stem = parts
        .next()
        .and_then(|name| name.split('.').next())
        .unwrap_or_default();
    if NAMES_NEVER.contains(&stem) {
        report(format!("the name `{stem}` says nothing"), NAME_THE_CONCEPT);
    }
    for folder in parts {
        if NAMES_NEVER.contains(&folder) {
            report(
                format!("the folder name `{folder}` says nothing"),
                NAME_THE_CONCEPT,
            );
        }
        if LAYERS_NEVER.contains(&folder) {
            let remedy = "name the thing: layers are crates, and crates are edges";
            report(
                format!("the folder `{folder}` is named for a layer"),
                remedy,
            );
        }
    }
    findings
}

fn check_modules(file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in file.lines() {
        let mut words = line
            .split([' ', ';', '{', '(', ')'])
            .filter(|word| !word.is_empty());
        let declares = words.find(|word| !matches!(*word, "pub" | "crate" | "super" | "in"));
        let name = words.next().unwrap_or_default();
        if declares == Some("mod") && NAMES_NEVER.contains(&name) {
            let what = format!("the module name `{name}` says nothing");
            findings.push(Finding::error(&file.path, number, what, NAME_THE_CONCEPT));
        }
    }
    findings
}

const NAME_THE_CONCEPT: &str =
    "name the concept: a function without a home is usually a missing type";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::sample;

    fn found(path: &str, text: &str) -> Vec<String> {
        check(&[sample(path, text)])
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn nouns_are_silent() {
        assert!(
            found(
                "crates/a/src/checkpoint.rs",
                "mod note;\npub mod tests {\n}\n"
            )
            .is_empty()
        );
        assert!(found("docs/services/common.md", "").is_empty());
    }

    #[test]
    fn files_and_folders_that_say_nothing_are_named() {
        assert!(found("crates/a/src/utils.rs", "")[0].contains("the name `utils`"));
        let found = found("crates/a/tests/common/mod.rs", "");
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("`mod.rs`"));
        assert!(found[1].contains("the folder name `common`"));
    }

    #[test]
    fn layers_are_named() {
        assert!(found("crates/a/src/ports/store.rs", "")[0].contains("named for a layer"));
    }

    #[test]
    fn modules_that_say_nothing_are_named_wherever_declared() {
        let text = "mod store;\npub(crate) mod helpers;\nmod misc {\n}\nlet module = misc;\n";
        let found = found("a.rs", text);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with("a.rs:2: the module name `helpers`"));
        assert!(found[1].starts_with("a.rs:3: the module name `misc`"));
    }
}
