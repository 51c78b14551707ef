//! The spool of one process: where events wait on the local disk.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;

use indelible_core::{Timestamp, TrailName, uuid_of_name};
use serde_json::{Map, Value};
use tokio::sync::oneshot;

use crate::error::SpoolError;
use crate::folder::{self, LOSSES, Place};
use crate::inspection::lines_of;
use crate::ledger::{Depth, Ledger};
use crate::line::{self, Waiting};
use crate::segment::{self, Found, Segment};
use crate::writer::{Job, Refusal, Writer};

/// The events that can never be recorded.
pub(crate) const DEAD_LETTERS: &str = "dead-letters";
/// The lines whose checksum did not fit.
pub(crate) const DAMAGED: &str = "damaged";

/// The bounds of a spool.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub bytes_max: u64,
    pub segment_bytes: u64,
}

pub(crate) struct Spool {
    path: PathBuf,
    ledger: Arc<Ledger>,
    held: Mutex<Option<Held>>,
}

/// What is let go of at the end.
struct Held {
    place: Place,
    jobs: mpsc::Sender<Job>,
    writer: JoinHandle<()>,
}

impl Spool {
    /// Takes a place in `folder`, with what is left there from before.
    pub fn open(folder: &Path, trail: &TrailName, bounds: Bounds) -> Result<Self, SpoolError> {
        let place = Place::take(folder)?;
        let path = place.path().to_owned();
        let left = segment::left_in(&path, trail)?;
        let next = left.last().map_or(0, |last| last.number + 1);
        let ledger = Arc::new(Ledger::new(left));
        let writer = Writer {
            folder: path.clone(),
            trail: trail.clone(),
            ledger: Arc::clone(&ledger),
            bytes_max: bounds.bytes_max,
            segment_bytes: bounds.segment_bytes,
            next,
            open: None,
        };
        let (jobs, queue) = mpsc::channel();
        let writer = std::thread::Builder::new()
            .name("indelible-spool".to_owned())
            .spawn(move || writer.run(&queue))
            .map_err(SpoolError::at(&path))?;
        let held = Held {
            place,
            jobs,
            writer,
        };
        let spool = Self {
            path,
            ledger,
            held: Mutex::new(Some(held)),
        };
        spool.retire();
        Ok(spool)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn depth(&self) -> Depth {
        self.ledger.depth()
    }

    /// Whether something waits.
    pub fn has_backlog(&self) -> bool {
        self.ledger.front().is_some()
    }

    /// Makes an event durable.
    pub async fn append(&self, waiting: &Waiting) -> Result<(), Refusal> {
        let (answer, answered) = oneshot::channel();
        self.ask(Job::Append {
            line: waiting.to_line(),
            since: waiting.since,
            answer,
        });
        let ended = |_| Refusal::Io(std::io::Error::other("the spool is closed"));
        answered.await.map_err(ended)?
    }

    /// The first events that wait, at most `max`, and the segment they stand in.
    pub fn front(&self, max: usize) -> std::io::Result<Option<(Segment, Vec<Found>)>> {
        let Some(segment) = self.ledger.front() else {
            return Ok(None);
        };
        let found = segment.read(&self.path, max)?;
        Ok(Some((segment, found)))
    }

    /// The lines up to byte `done` are dealt with.
    pub fn advance(&self, segment: &Segment, done: u64, events: u64, since: Option<Timestamp>) {
        self.ledger.advanced(segment.number, done, events, since);
        self.retire();
    }

    fn retire(&self) {
        self.ask(Job::Retire);
    }

    fn ask(&self, job: Job) {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = &*held {
            // A writer that is gone drops the answer with the job.
            let _ = held.jobs.send(job);
        }
    }

    /// Keeps an event that can never be recorded, with the reason.
    pub fn set_aside(
        &self,
        waiting: &Waiting,
        reason: &str,
        now: Timestamp,
    ) -> std::io::Result<()> {
        let mut object = Map::new();
        object.insert("event".to_owned(), Value::Object(waiting.event.to_object()));
        object.insert("reason".to_owned(), reason.into());
        object.insert("set_aside_at".to_owned(), now.to_string().into());
        object.insert("spooled_at".to_owned(), waiting.since.to_string().into());
        folder::append(&self.path.join(DEAD_LETTERS), &line::sealed(&object))
    }

    /// Keeps a line that cannot be read.
    pub fn keep_damaged(&self, bytes: &[u8]) -> std::io::Result<()> {
        folder::append(&self.path.join(DAMAGED), &[bytes, b"\n"].concat())
    }

    /// What was given up in processes before, here and in places that were taken over. Blocks.
    pub fn losses(&self) -> Result<Vec<Map<String, Value>>, SpoolError> {
        let own = self.path.join(LOSSES);
        let (mut losses, mut taken) = (Vec::new(), Vec::new());
        for path in folder::losses_of(&self.path)? {
            for line in lines_of(&path)? {
                let Some(mut loss) = line::opened(&line) else {
                    continue;
                };
                if path != own {
                    // A name of its own, by which it is known where it was kept here before.
                    let file = path.file_name().unwrap_or_default();
                    let name = [file.as_encoded_bytes(), b" ", &line].concat();
                    let id = || uuid_of_name(&name).to_string().into();
                    loss.entry("id").or_insert_with(id);
                }
                let is_same = |kept: &&Map<String, Value>| {
                    loss.contains_key("id") && kept.get("id") == loss.get("id")
                };
                if !losses.iter().any(|kept| is_same(&kept)) {
                    losses.push(loss);
                }
            }
            taken.extend((path != own).then_some(path));
        }
        if !taken.is_empty() {
            let at = SpoolError::at(&self.path);
            self.keep_losses(&losses).map_err(&at)?;
            for path in taken {
                std::fs::remove_file(&path).map_err(SpoolError::at(&path))?;
            }
            folder::sync(&self.path)?;
        }
        Ok(losses)
    }

    /// Keeps what was given up and not yet recorded as such, in the place of what was kept.
    pub fn keep_losses(&self, losses: &[Map<String, Value>]) -> std::io::Result<()> {
        let path = self.path.join(LOSSES);
        let beside = path.with_extension("new");
        for stale in [&beside, &path] {
            if losses.is_empty() || stale == &beside {
                match std::fs::remove_file(stale) {
                    Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                        return Err(error);
                    }
                    _ => {}
                }
            }
        }
        if losses.is_empty() {
            return Ok(());
        }
        folder::append(
            &beside,
            &losses.iter().flat_map(line::sealed).collect::<Vec<_>>(),
        )?;
        std::fs::rename(&beside, &path)?;
        std::fs::File::open(&self.path)?.sync_all()
    }

    /// Waits for what was taken, and lets go of the place. Blocks for as long as the disk takes.
    pub fn close(&self) {
        let held = self
            .held
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(Held {
            place,
            jobs,
            writer,
        }) = held
        {
            drop(jobs);
            // A writer that panicked has answered nobody since.
            let _ = writer.join();
            drop(place);
        }
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        self.close();
    }
}
