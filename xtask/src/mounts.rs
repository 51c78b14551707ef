//! Files that nothing mounts: code that is never compiled, tests and cases that never run.

use crate::file::File;
use crate::finding::Finding;
use crate::words::contains_word;

const CASES: &str = "crates/indelible-conformance/src/cases/";
const CASE_LISTS: &[&str] = &[
    "crates/indelible-conformance/src/suite.rs",
    "crates/indelible-conformance/src/lib.rs",
];

/// Every module file is declared by its parent, every integration test stands in the one binary
/// of its crate, and every conformance case is on the list of names.
pub fn check(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.extension() == "rs") {
        findings.extend(check_module(file, files));
    }
    findings.extend(check_cases(files));
    findings
}

fn check_module(file: &File, files: &[File]) -> Option<Finding> {
    let parts: Vec<&str> = file.path.split('/').collect();
    let top = parts
        .iter()
        .position(|part| *part == "src" || *part == "tests")?;
    let root = parts[..=top].join("/");
    let (name, folders) = parts[top + 1..].split_last()?;
    let stem = name.strip_suffix(".rs")?;
    let parents = match (parts[top], folders, stem) {
        ("src", [], "lib" | "main") | ("src", ["bin", ..], _) | ("tests", ["it"], "main") => {
            return None;
        }
        ("tests", [], _) => {
            let remedy = "move it into tests/it/ and mount it in main.rs: one test binary a crate";
            return Some(Finding::error(
                &file.path,
                1,
                "a test binary of its own",
                remedy,
            ));
        }
        ("src", [], _) => vec![format!("{root}/lib.rs"), format!("{root}/main.rs")],
        ("tests", ["it"], _) => vec![format!("{root}/it/main.rs")],
        _ => vec![format!("{root}/{}.rs", folders.join("/"))],
    };
    let mounted = files
        .iter()
        .filter(|parent| parents.contains(&parent.path))
        .any(|parent| parent.lines().any(|(_, line)| declares(line, stem)));
    let what = "no module mounts this file";
    let remedy = format!("declare `mod {stem};` in {}", parents.join(" or "));
    (!mounted).then(|| Finding::error(&file.path, 1, what, remedy))
}

fn declares(line: &str, stem: &str) -> bool {
    let code = line.split("//").next().unwrap_or(line);
    let declaration = format!("mod {stem};");
    code.contains(&declaration) || code.contains(&format!("mod r#{stem};"))
}

fn check_cases(files: &[File]) -> Vec<Finding> {
    let lists: Vec<&File> = files
        .iter()
        .filter(|file| CASE_LISTS.contains(&file.path.as_str()))
        .collect();
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.path.starts_with(CASES)) {
        for (number, line) in file.lines() {
            let Some(rest) = line.trim_start().strip_prefix("pub async fn ") else {
                continue;
            };
            let name = rest.split(['(', '<']).next().unwrap_or(rest);
            if !lists.iter().any(|list| contains_word(&list.text, name)) {
                let what = format!("no store runs the case `{name}`");
                let remedy = format!("add its name to the list in {}", CASE_LISTS[0]);
                findings.push(Finding::error(&file.path, number, what, remedy));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::sample;

    fn found(files: &[File]) -> Vec<String> {
        check(files).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn mounted_modules_are_silent() {
        let files = [
            sample("crates/a/src/lib.rs", "pub mod note;\nmod tree;\n"),
            sample(
                "crates/a/src/note.rs",
                "mod line;\n#[cfg(test)]\nmod tests;\n",
            ),
            sample("crates/a/src/note/line.rs", ""),
            sample("crates/a/src/note/tests.rs", ""),
            sample("crates/a/src/tree.rs", ""),
            sample("crates/a/src/bin/a.rs", ""),
            sample("crates/a/tests/it/main.rs", "mod kill;\n"),
            sample("crates/a/tests/it/kill.rs", "mod child;\n"),
            sample("crates/a/tests/it/kill/child.rs", ""),
            sample("crates/a/build.rs", ""),
        ];
        assert_eq!(found(&files), Vec::<String>::new());
    }

    #[test]
    fn unmounted_files_are_named() {
        let files = [
            sample("crates/a/src/lib.rs", "mod notes; // mod note;\n"),
            sample("crates/a/src/note.rs", ""),
            sample("crates/a/src/note/line.rs", ""),
            sample("crates/a/tests/it/main.rs", ""),
            sample("crates/a/tests/it/kill.rs", ""),
            sample("crates/a/tests/odd.rs", ""),
        ];
        let found = found(&files);
        assert_eq!(found.len(), 4, "{found:?}");
        assert!(found[0].contains("src/note.rs:1: no module mounts this file"));
        assert!(found[1].contains("declare `mod line;` in crates/a/src/note.rs"));
        assert!(found[2].contains("tests/it/kill.rs:1: no module mounts"));
        assert!(found[3].contains("tests/odd.rs:1: a test binary of its own"));
    }

    #[test]
    fn a_case_off_the_list_is_named() {
        let mut files = vec![
            sample("crates/indelible-conformance/src/lib.rs", "mod cases;\n"),
            sample(
                "crates/indelible-conformance/src/cases.rs",
                "pub mod append;\n",
            ),
            sample(
                "crates/indelible-conformance/src/cases/append.rs",
                "pub async fn head_moves(h: &H) {}\npub async fn head_moves_twice<T>(h: T) {}\n",
            ),
        ];
        assert_eq!(found(&files).len(), 2);
        files[0].text.push_str("list!(head_moves_twice);\n");
        let found = found(&files);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("append.rs:1: no store runs the case `head_moves`"));
    }
}
