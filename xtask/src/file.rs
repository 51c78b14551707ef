//! The files of the repository, as git lists them: tracked, or new and not ignored.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// A file below the workspace root.
#[derive(Clone, Debug)]
pub struct File {
    /// Path below the workspace root, with `/` between its parts.
    pub path: String,
    /// Its whole text; none of one that is not text.
    pub text: String,
}

impl File {
    /// The last part of the path.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// The part of the name behind its last dot, or nothing.
    pub fn extension(&self) -> &str {
        self.name()
            .rsplit_once('.')
            .map_or("", |(_, extension)| extension)
    }

    /// Whether the whole file is test code: it stands below a `tests` folder or is `tests.rs`.
    pub fn is_test(&self) -> bool {
        self.path
            .split('/')
            .any(|part| part == "tests" || part == "tests.rs")
    }

    /// The line, from 1, on which the file's own test module begins; past the end without one.
    pub fn tests_begin(&self) -> usize {
        self.lines()
            .find(|(_, line)| line.trim_start().starts_with("#[cfg(test)]"))
            .map_or(usize::MAX, |(number, _)| number)
    }

    /// Its lines, numbered from 1.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line))
    }
}

/// Reads every file that git lists below `root`; of one that is not text, only where it is. Files
/// that are listed but deleted are passed over.
///
/// # Errors
/// `root` is not in a git work tree, or a file cannot be read.
pub fn read_all(root: &Path) -> Result<Vec<File>> {
    let listed = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(root)
        .output()
        .context("git, which lists the files, cannot be run")?;
    ensure!(
        listed.status.success(),
        "git ls-files: {}",
        String::from_utf8_lossy(&listed.stderr)
    );
    let names = String::from_utf8(listed.stdout).context("a file name is not UTF-8")?;
    let mut files = Vec::new();
    for path in names.split_terminator('\0') {
        let bytes = match std::fs::read(root.join(path)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error).with_context(|| path.to_owned()),
        };
        files.push(File {
            path: path.to_owned(),
            text: String::from_utf8(bytes).unwrap_or_default(),
        });
    }
    Ok(files)
}

/// A file of a test's own.
#[cfg(test)]
pub fn sample(path: &str, text: &str) -> File {
    File {
        path: path.to_owned(),
        text: text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_tells_name_extension_and_test_code() {
        let file = sample("crates/a/tests/it/kill.rs", "");
        assert_eq!(
            (file.name(), file.extension(), file.is_test()),
            ("kill.rs", "rs", true)
        );
        assert!(sample("crates/a/src/lease/tests.rs", "").is_test());
        assert!(!sample("crates/a/src/attests.rs", "").is_test());
        assert_eq!(sample("scripts/test", "").extension(), "");
    }

    #[test]
    fn the_test_module_begins_at_its_attribute() {
        let file = sample("a.rs", "fn a() {}\n\n#[cfg(test)]\nmod tests {}\n");
        assert_eq!(file.tests_begin(), 3);
        assert_eq!(sample("a.rs", "fn a() {}").tests_begin(), usize::MAX);
    }
}
