//! The banks, as processes.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::place::Place;

/// How long the banks wait for an answer of the trail: long enough for a slow disk.
const AUDIT_DEADLINE_MS: &str = "1500";

/// The path of the interpreter.
const PYTHON: &str = "INDELIBLE_TEST_PYTHON";

/// Which bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum App {
    Axum,
    FastApi,
}

impl App {
    fn command(self) -> Command {
        match self {
            Self::Axum => Command::new(env!("CARGO_BIN_EXE_bank")),
            Self::FastApi => {
                let mut command = Command::new(python());
                command.args(["-m", "fastapi_bank"]);
                let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../fastapi_bank");
                command.current_dir(beside);
                command
            }
        }
    }
}

/// The interpreter that has the package `indelible` and FastAPI.
#[expect(
    clippy::disallowed_methods,
    reason = "only who installed it knows where it is"
)]
fn python() -> std::ffi::OsString {
    std::env::var_os(PYTHON).unwrap_or_else(|| {
        panic!(
            "no Python with the package ({PYTHON} is not set): run the tests through ./scripts/test"
        )
    })
}

/// A bank that is running.
pub struct Running {
    process: Child,
    pub url: String,
    said: BufReader<ChildStdout>,
    log: PathBuf,
}

/// What a bank said until its end.
pub struct Ended {
    pub status: Option<i32>,
    pub said: String,
    pub logged: String,
}

impl Running {
    /// Starts a bank on a free port, whose trail is at `place` and whose state lies in `folder`.
    pub fn start(app: App, place: &Place, folder: &Path) -> Self {
        let log = folder.join("log");
        let mut process = app
            .command()
            .env("INDELIBLE_DATABASE_URL", place.url())
            .env("INDELIBLE__STATE__DIR", folder.join("state"))
            .env("BANK_LISTEN", "127.0.0.1:0")
            .env("BANK_TRUSTED_PROXIES", "127.0.0.0/8, ::1")
            .env("BANK_AUDIT_DEADLINE_MS", AUDIT_DEADLINE_MS)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).expect("a file"))
            .spawn()
            .unwrap_or_else(|error| panic!("{app:?} does not start: {error}"));
        let mut said = BufReader::new(process.stdout.take().expect("piped"));
        let mut line = String::new();
        said.read_line(&mut line).expect("UTF-8");
        let Some(url) = line.trim_end().strip_prefix("bank listens on ") else {
            let _ = process.kill();
            let _ = process.wait();
            let logged = std::fs::read_to_string(&log).unwrap_or_default();
            panic!("{app:?} said {line:?}\n{logged}");
        };
        Self {
            url: url.to_owned(),
            process,
            said,
            log,
        }
    }

    /// Asks it to end, and waits for that.
    pub fn stop(mut self) -> Ended {
        testbed::signal("TERM", self.process.id());
        let mut said = String::new();
        self.said.read_to_string(&mut said).expect("UTF-8");
        let status = self.process.wait().expect("it ends");
        Ended {
            status: status.code(),
            said,
            logged: std::fs::read_to_string(&self.log).expect("UTF-8"),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A test that failed leaves no bank behind; one that was stopped is gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
