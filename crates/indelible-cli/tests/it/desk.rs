//! A place to call the binary from: a folder of its own and a state directory outside it.

use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

/// A working folder with a database in it, and everything that belongs to it.
pub struct Desk {
    folder: TempDir,
}

impl Desk {
    pub fn new() -> Self {
        let desk = Self {
            folder: tempfile::tempdir().expect("a folder"),
        };
        std::fs::create_dir(desk.path("here")).expect("a folder");
        desk
    }

    /// A path in the temporary folder: `here` is the working folder, `state` the state home.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The database of the working folder.
    pub fn database(&self) -> PathBuf {
        self.path("here/indelible.db")
    }

    /// Writes a file in the working folder and answers its name.
    pub fn file<'n>(&self, name: &'n str, content: impl AsRef<[u8]>) -> &'n str {
        let path = self.path("here").join(name);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).expect("a folder");
        }
        std::fs::write(path, content).expect("written");
        name
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path("here").join(name)).expect(name)
    }

    /// The binary with these arguments, in the working folder, with nothing of the environment
    /// but what it needs.
    pub fn call(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_indelible"));
        command
            .args(arguments)
            .current_dir(self.path("here"))
            .env_clear();
        command.env("XDG_STATE_HOME", self.path("state"));
        command
    }

    /// What a call answers.
    pub fn run(&self, arguments: &[&str]) -> Answered {
        Answered::of(self.call(arguments).output().expect("the binary runs"))
    }

    /// What a call answers to this on standard input.
    pub fn fed(&self, arguments: &[&str], input: impl AsRef<[u8]>) -> Answered {
        let output = self.call(arguments).write_stdin(input.as_ref()).output();
        Answered::of(output.expect("the binary runs"))
    }

    /// What a call answers whose standard output nobody reads.
    pub fn unread(&self, arguments: &[&str]) -> Answered {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_indelible"));
        let command = command
            .args(arguments)
            .current_dir(self.path("here"))
            .env_clear();
        let command = command.env("XDG_STATE_HOME", self.path("state"));
        Answered::of(command.stdout(writer).output().expect("the binary runs"))
    }

    /// The JSON that a call answers, which must be fine.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let arguments = [arguments, &["--output", "json"]].concat();
        self.run(&arguments).fine().json()
    }

    /// Records some entries: users `u-0`, `u-1`, …, each with its number in the context.
    pub fn records(&self, count: u32) {
        let event = |n: u32| {
            let time = format!(
                "2026-03-01T{:02}:{:02}:{:02}Z",
                n / 3600,
                n / 60 % 60,
                n % 60
            );
            format!(
                "{{\"action\":\"page_viewed\",\"resource_type\":\"page\",\"user_id\":\"u-{n}\",\
                 \"context\":{{\"n\":{n}}},\"occurred_at\":\"{time}\"}}\n"
            )
        };
        let lines: String = (0..count).map(event).collect();
        self.fed(&["import", "ndjson", "-"], lines).fine();
    }

    /// The state directory of the only installation.
    pub fn state(&self) -> PathBuf {
        let installations = std::fs::read_dir(self.path("state/indelible")).expect("a state");
        installations
            .map(|found| found.expect("readable").path())
            .find(|path| path.join("marks").is_dir())
            .expect("one")
    }
}

/// What a call answered.
#[derive(Debug)]
pub struct Answered {
    pub status: i32,
    pub out: String,
    pub err: String,
}

impl Answered {
    fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Self {
            status: output.status.code().expect("no signal"),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }

    /// The same, which must be exit status 0.
    #[track_caller]
    pub fn fine(self) -> Self {
        assert_eq!(self.status, 0, "{self:?}");
        self
    }

    /// The same, which must be this exit status, say this on standard error, and say it as
    /// everything there is said.
    #[track_caller]
    pub fn fails(self, status: i32, said: &str) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        assert!(self.err.starts_with("indelible: "), "{self:?}");
        assert!(self.err.contains(said), "{self:?}");
        self
    }

    /// The same, which must be this exit status.
    #[track_caller]
    pub fn status_is(self, status: i32) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    /// The same, which must say this on standard output.
    #[track_caller]
    pub fn says(self, said: &str) -> Self {
        assert!(self.out.contains(said), "{self:?}");
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).expect("JSON")
    }

    #[track_caller]
    pub fn lines(&self) -> Vec<Value> {
        self.out
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect()
    }
}

/// The bytes, packed by gzip.
pub fn packed(content: &str) -> Vec<u8> {
    use std::io::Write;
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(content.as_bytes()).expect("memory");
    packer.finish().expect("memory")
}

/// All files below a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for item in std::fs::read_dir(folder).into_iter().flatten() {
        let path = item.expect("readable").path();
        if path.is_dir() {
            found.extend(files(&path))
        } else {
            found.push(path)
        }
    }
    found
}
