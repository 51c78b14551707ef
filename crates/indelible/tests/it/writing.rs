//! The writing program `steady_writer` at work.

use std::io::{BufRead, BufReader, Lines};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use indelible::Database;

use crate::site::{Site, expect_clean};

/// A receipt as `steady_writer` prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledged {
    pub trail: String,
    pub seq: u64,
    pub id: String,
    pub leaf: String,
}

/// What `steady_writer` prints in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    Receipt(Acknowledged),
    Refusal(String),
}

impl Site {
    /// The writing program, not yet started: so many tasks, so many events each.
    pub fn writer(&self, tasks: usize, count: usize) -> Command {
        self.writer_of("default", tasks, count)
    }

    /// The writing program on several trails, separated by commas.
    pub fn writer_of(&self, trails: &str, tasks: usize, count: usize) -> Command {
        // A URL is shown without secrets, and there is none here.
        let mut command = Command::new(writer_path());
        command
            .arg(self.url().to_string())
            .arg(self.state())
            .arg(trails)
            .args([tasks.to_string(), count.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit());
        command
    }

    /// The writing program as the `nth` writer: its ids are its own, it repeats what failed in
    /// passing until it has its receipt, and it ends in order when its standard input does.
    pub fn steady(&self, trails: &str, tasks: usize, nth: usize) -> Command {
        let mut command = self.writer_of(trails, tasks, usize::MAX);
        command.arg(nth.to_string()).stdin(Stdio::piped());
        command
    }
}

/// The writing program.
pub fn writer_path() -> PathBuf {
    example_path("steady_writer")
}

/// An example of this package, by its name: Cargo builds them with its tests, beside their folder.
pub fn example_path(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("this test's own path");
    let folder = test
        .parent()
        .and_then(|folder| folder.parent())
        .expect("target/<profile>");
    folder
        .join("examples")
        .join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
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

    /// The process, and the lines that it prints.
    pub fn split(self) -> (Child, Printed) {
        (self.child, Printed(self.reader.lines()))
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
                Line::Receipt(receipt) => receipts.push(receipt),
                Line::Refusal(refusal) => refusals.push(refusal),
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

/// The lines of a program, until it ends.
pub struct Printed(Lines<BufReader<ChildStdout>>);

impl Iterator for Printed {
    type Item = Line;

    fn next(&mut self) -> Option<Line> {
        let line = self.0.next()?.expect("readable");
        // What the end of the program cut short has no closing dot.
        line.strip_suffix('.').map(parse).or_else(|| self.next())
    }
}

fn parse(line: &str) -> Line {
    let line = line.strip_suffix('.').unwrap_or(line);
    let receipt = || {
        let mut words = line.split(' ');
        Some(Acknowledged {
            trail: words.next()?.to_owned(),
            seq: words.next()?.parse().ok()?,
            id: words.next()?.to_owned(),
            leaf: words.next()?.to_owned(),
        })
    };
    match receipt() {
        Some(receipt) => Line::Receipt(receipt),
        None => Line::Refusal(line.to_owned()),
    }
}

/// Expects every acknowledged entry where its receipt says, and every trail gap-free and clean.
pub async fn expect_all(site: &Site, acknowledged: &[Acknowledged]) {
    let database = site.open().await;
    expect_recorded(&database, acknowledged).await;
    expect_clean(&database).await;
    database.close().await.expect("closes");
}

async fn expect_recorded(database: &Database, acknowledged: &[Acknowledged]) {
    let store = &database.engine().ground().store;
    for head in database.engine().heads().await.expect("readable") {
        let of_trail = acknowledged.iter();
        let of_trail = of_trail.filter(|receipt| receipt.trail == head.trail.as_str());
        let mut of_trail: Vec<_> = of_trail.collect();
        of_trail.sort_by_key(|receipt| receipt.seq);
        let mut receipts = of_trail.into_iter().peekable();
        for start in (0..head.size).step_by(1000) {
            let range = start..head.size.min(start + 1000);
            let entries = store.entries(&head.trail, range.clone()).await;
            let entries = entries.expect("readable");
            assert!(entries.iter().map(|entry| entry.seq).eq(range), "gap-free");
            for entry in entries {
                while let Some(receipt) = receipts.next_if(|receipt| receipt.seq == entry.seq) {
                    assert_eq!(entry.id.to_string(), receipt.id, "{receipt:?}");
                    assert_eq!(entry.leaf_hash.to_string(), receipt.leaf, "{receipt:?}");
                }
            }
        }
        let lost: Vec<_> = receipts.collect();
        assert!(lost.is_empty(), "{lost:?}");
    }
}
