//! Absolute paths that exist on one machine only.

use crate::file::File;
use crate::finding::Finding;
use crate::house::MACHINE_FOLDERS;

/// No file holds an absolute path below a folder of [`MACHINE_FOLDERS`].
pub fn check(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files {
        for (number, line) in file.lines() {
            for folder in MACHINE_FOLDERS
                .iter()
                .filter(|folder| stands_in(line, folder))
            {
                let what = format!("a path of one machine, below /{folder}");
                let remedy = "write it relative to the repository, or make it at run time";
                findings.push(Finding::error(&file.path, number, what, remedy));
            }
        }
    }
    findings
}

/// Whether `/folder/` begins a path: what stands before its slash belongs to no longer one.
fn stands_in(line: &str, folder: &str) -> bool {
    let continues = |c: char| c.is_alphanumeric() || "_-.})*$".contains(c);
    line.match_indices(&format!("/{folder}/"))
        .any(|(start, _)| !line[..start].chars().next_back().is_some_and(continues))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::sample;

    fn found(line: &str) -> usize {
        check(&[sample("a.md", line)]).len()
    }

    #[test]
    fn paths_of_a_machine_are_named() {
        for folder in MACHINE_FOLDERS {
            assert_eq!(found(&format!("see `/{folder}/someone/file`")), 1);
            assert_eq!(found(&format!("/{folder}/x")), 1);
            assert_eq!(found(&format!("sqlite:///{folder}/x.db")), 1);
        }
    }

    #[test]
    fn parts_of_longer_paths_are_left_alone() {
        for folder in MACHINE_FOLDERS {
            assert_eq!(found(&format!("https://example.com/{folder}/x")), 0);
            assert_eq!(found(&format!("../{folder}/x and role/{folder}/x")), 0);
            assert_eq!(found(&format!("/{folder} alone, /{folder}ing/on")), 0);
        }
    }
}
