//! A database with its state directory in a folder of its own.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use indelible::core::verify::{FindingKind, TrailReport};
use indelible::{Audit, Database, DatabaseUrl, Settings, TrailName};
use tempfile::TempDir;

/// A folder with a database and, beside it, a state directory.
pub struct Site {
    pub folder: TempDir,
}

/// A receipt as `steady_writer` prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledged {
    pub seq: u64,
    pub id: String,
    pub leaf: String,
}

impl Site {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    pub fn database(&self) -> PathBuf {
        self.folder.path().join("data").join("trail.db")
    }

    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// Settings of a process that writes now and then.
    pub fn settings(&self) -> Settings {
        std::fs::create_dir_all(self.folder.path().join("data")).expect("a folder");
        let mut settings = Settings::default();
        settings.state_dir = Some(self.state());
        settings.options.long_lived = false;
        settings
    }

    pub async fn open(&self) -> Database {
        let url = DatabaseUrl::Sqlite(self.database());
        Database::open(&url, self.settings()).await.expect("opens")
    }

    /// The writing program, not yet started.
    pub fn writer(&self, tasks: usize, count: usize) -> Command {
        std::fs::create_dir_all(self.folder.path().join("data")).expect("a folder");
        let mut command = Command::new(writer_path());
        command
            .arg(self.database())
            .arg(self.state())
            .args([tasks.to_string(), count.to_string()])
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit());
        command
    }
}

/// Cargo builds the examples of a package with its tests, beside their folder.
pub fn writer_path() -> PathBuf {
    let test = std::env::current_exe().expect("this test's own path");
    let folder = test
        .parent()
        .and_then(Path::parent)
        .expect("target/<profile>");
    folder
        .join("examples")
        .join(format!("steady_writer{}", std::env::consts::EXE_SUFFIX))
}

/// The writing program at work.
pub struct Writing {
    pub child: Child,
    /// One for the life of the child: what it holds beyond the line read last is not lost.
    reader: BufReader<ChildStdout>,
}

impl Writing {
    /// Starts a program whose standard output is piped.
    pub fn start(mut command: Command) -> Self {
        let mut child = command.spawn().expect("starts");
        let reader = BufReader::new(child.stdout.take().expect("piped"));
        Self { child, reader }
    }

    /// The receipts that were printed, up to `most` of them, and the refusals. A line that the
    /// end of the program cut short is neither.
    pub fn lines(&mut self, most: usize) -> (Vec<Acknowledged>, Vec<String>) {
        let (mut receipts, mut refusals) = (Vec::new(), Vec::new());
        let mut line = String::new();
        while receipts.len() < most && self.reader.read_line(&mut line).expect("readable") > 0 {
            let Some(whole) = line.strip_suffix('\n') else {
                break;
            };
            match parse(whole) {
                Some(receipt) => receipts.push(receipt),
                None => refusals.push(whole.to_owned()),
            }
            line.clear();
        }
        (receipts, refusals)
    }

    /// Whether it ended well.
    pub fn ended(&mut self) -> bool {
        self.child.wait().expect("ended").success()
    }
}

fn parse(line: &str) -> Option<Acknowledged> {
    let mut words = line.split(' ');
    let seq = words.next()?.parse().ok()?;
    Some(Acknowledged {
        seq,
        id: words.next()?.to_owned(),
        leaf: words.next()?.to_owned(),
    })
}

/// Verifies one trail.
pub async fn verify(audit: &Audit) -> TrailReport {
    audit
        .verify(Vec::new(), None, &mut |_| {})
        .await
        .expect("readable")
}

/// Verifies every trail of a database and expects nothing but warnings.
pub async fn expect_clean(database: &Database) {
    for head in database.engine().heads().await.expect("readable") {
        let report = verify(&database.trail(head.trail.clone())).await;
        assert!(report.ok, "{}: {:?}", head.trail, report.findings);
        assert_eq!(report.entries_checked, report.size);
        assert!(
            !report
                .findings
                .iter()
                .any(|f| f.kind == FindingKind::MarkMissing)
        );
    }
}

pub fn standard(database: &Database) -> Audit {
    database.trail(TrailName::standard())
}
