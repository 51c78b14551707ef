//! The thread that writes: whoever waits at the same time shares one sync of the disk.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::{Arc, mpsc};

use indelible_core::state::StateDir;
use indelible_core::{Timestamp, TrailName};
use tokio::sync::oneshot;

use crate::folder;
use crate::ledger::Ledger;
use crate::segment::{Segment, heading, path_of};

/// Lines of one sync at most.
const LINES_MAX: usize = 1024;

/// What the thread is asked for.
pub(crate) enum Job {
    /// A line is to be made durable.
    Append {
        line: Vec<u8>,
        since: Timestamp,
        answer: oneshot::Sender<Result<(), Refusal>>,
    },
    /// Segments in which nothing waits any more may go.
    Retire,
}

/// Why a line is not on disk.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The spool is full, with so many bytes.
    Full(u64),
    /// The operating system refused.
    Io(io::Error),
}

/// What the thread writes with.
pub(crate) struct Writer {
    pub folder: PathBuf,
    pub trail: TrailName,
    pub ledger: Arc<Ledger>,
    pub bytes_max: u64,
    pub segment_bytes: u64,
    /// The number of the next segment.
    pub next: u64,
    /// The segment that is open, with how many of its bytes are good.
    pub open: Option<(File, u64, u64)>,
}

type Answer = oneshot::Sender<Result<(), Refusal>>;

impl Writer {
    /// Writes until nobody can ask any more.
    pub fn run(mut self, jobs: &mpsc::Receiver<Job>) {
        while let Ok(job) = jobs.recv() {
            let mut lines = Vec::new();
            let mut retires = false;
            let more = std::iter::from_fn(|| jobs.try_recv().ok());
            for job in std::iter::once(job).chain(more).take(LINES_MAX) {
                match job {
                    Job::Append {
                        line,
                        since,
                        answer,
                    } => lines.push((line, since, answer)),
                    Job::Retire => retires = true,
                }
            }
            if !lines.is_empty() {
                self.append(lines);
            }
            if retires {
                self.retire();
            }
        }
    }

    fn append(&mut self, lines: Vec<(Vec<u8>, Timestamp, Answer)>) {
        let mut free = self.bytes_max.saturating_sub(self.ledger.bytes());
        let (mut bytes, mut answers) = (Vec::new(), Vec::new());
        let first = lines.first().map(|(_, since, _)| *since);
        for (line, _, answer) in lines {
            if line.len() as u64 > free {
                // Who asked and went away needs no answer.
                let _ = answer.send(Err(Refusal::Full(self.ledger.bytes())));
                continue;
            }
            free -= line.len() as u64;
            bytes.extend(line);
            answers.push(answer);
        }
        if answers.is_empty() {
            return;
        }
        let written = self.write(&bytes, answers.len() as u64, first);
        for answer in answers {
            let again = |error: &io::Error| io::Error::new(error.kind(), error.to_string());
            let _ = answer.send(match &written {
                Ok(()) => Ok(()),
                Err(error) => Err(Refusal::Io(again(error))),
            });
        }
    }

    fn write(&mut self, bytes: &[u8], events: u64, since: Option<Timestamp>) -> io::Result<()> {
        let (mut file, number, good) = match self.open.take() {
            Some((file, number, good)) if good < self.segment_bytes => (file, number, good),
            _ => self.begin()?,
        };
        if let Err(error) = file.write_all(bytes).and_then(|()| file.sync_data()) {
            // What is behind the good bytes was promised to nobody. A file that cannot be cut is
            // left: of it only the good bytes are read, and the next line begins another one.
            let cut = file
                .set_len(good)
                .and_then(|()| file.seek(SeekFrom::Start(good)));
            if cut.and_then(|_| file.sync_data()).is_ok() {
                self.open = Some((file, number, good));
            }
            return Err(error);
        }
        let good = good + bytes.len() as u64;
        self.open = Some((file, number, good));
        self.ledger.grew(number, good, events, since);
        Ok(())
    }

    /// A new segment, its heading on disk.
    fn begin(&mut self) -> io::Result<(File, u64, u64)> {
        let number = self.next;
        self.next += 1;
        let path = path_of(&self.folder, number);
        let mut file = StateDir::private_file(&path)?;
        let heading = heading(&self.trail);
        file.write_all(&heading)?;
        file.sync_all()?;
        folder::sync(&self.folder).map_err(io::Error::other)?;
        let good = heading.len() as u64;
        self.ledger.begun(Segment::empty(number, good));
        Ok((file, number, good))
    }

    /// Lets go of the segments that are dealt with.
    fn retire(&mut self) {
        for segment in self.ledger.take_done() {
            if matches!(&self.open, Some((_, number, _)) if *number == segment.number) {
                self.open = None;
            }
            // A file that stays is delivered once more, under the same ids.
            let _ = std::fs::remove_file(segment.path(&self.folder));
        }
    }
}
