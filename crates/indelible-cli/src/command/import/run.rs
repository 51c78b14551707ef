//! Taking what an importer reads into a trail.

use std::pin::{Pin, pin};
use std::time::Duration;

use indelible::core::{Clock, SystemClock};
use indelible::{Audit, AuditError, Delivery, Receipt};
use indelible_exchange::{ImportError, ImportItem, ImportRecord, Origin, Progress, Sorted};
use indicatif::ProgressBar;

use super::dry::Dry;
use super::resume::Resume;
use super::tally::Tally;
use crate::failure::{Failure, Status, complain, remark};
use crate::progress::{self, Unit};
use crate::session::Session;
use crate::text::count;

/// One import.
pub struct Run {
    /// What came of it so far.
    pub tally: Tally,
    clock: SystemClock,
    /// How many more lines standard error gets; without a bound where the caller wants all.
    lines_left: Option<u32>,
    unsaid: u64,
    is_verbose: bool,
    /// Whether what an import before this one recorded is counted.
    has_passed: bool,
    bar: ProgressBar,
}

/// Where events go.
pub enum Target {
    /// Into a trail, and where it is kept how far that is.
    Trail(Audit, Option<Resume>),
    /// Nowhere.
    Dry(Box<Dry>),
}

/// Lines on standard error about rejected records, unless all are wanted.
const LINES_MAX: u32 = 20;
/// Events handed over at once.
const CHUNK_EVENTS: usize = 4096;

impl Run {
    pub fn new(session: &Session, files: usize) -> Self {
        let tally = Tally {
            files: files as u64,
            ..Tally::default()
        };
        Self {
            tally,
            clock: SystemClock::new(),
            lines_left: (!session.is_verbose()).then_some(LINES_MAX),
            unsaid: 0,
            is_verbose: session.is_verbose(),
            has_passed: false,
            bar: ProgressBar::hidden(),
        }
    }

    /// Takes everything that is read.
    ///
    /// # Errors
    /// What keeps the trail from taking more; what was recorded until then stays and is counted.
    pub async fn take(&mut self, items: Sorted<'_>, mut target: Target) -> Result<(), Failure> {
        self.tally.dry_run = matches!(target, Target::Dry(_));
        let taken = self.take_items(items, &mut target).await;
        self.bar.finish_and_clear();
        if self.unsaid > 0 {
            complain(&format!(
                "{} more were rejected; --verbose names them all",
                self.unsaid
            ));
        }
        let elapsed = self.clock.elapsed();
        self.tally.seconds = elapsed.as_millis() as f64 / 1000.0;
        match (taken, target) {
            (taken, Target::Dry(dry)) => dry.close(taken).await,
            (Ok(()), Target::Trail(_, Some(resume))) => {
                resume.done();
                Ok(())
            }
            (taken, Target::Trail(..)) => taken,
        }
    }

    async fn take_items(&mut self, items: Sorted<'_>, target: &mut Target) -> Result<(), Failure> {
        let reading = progress::bar("reading", items.progress().bytes_total, Unit::Bytes);
        self.bar = reading.clone();
        let mut items =
            items.on_progress(move |progress: &Progress| reading.set_position(progress.bytes_read));
        let mut stop = pin!(tokio::signal::ctrl_c());
        let mut chunk = Vec::with_capacity(CHUNK_EVENTS);
        let mut first = true;
        loop {
            match items.next() {
                Some(Ok(ImportItem::Record(record))) => {
                    self.pass(items.passed());
                    chunk.push(*record);
                }
                Some(Ok(other)) => self.pass_over(other),
                Some(Err(error)) => self.fail_file(&error)?,
                None => {
                    self.pass(items.passed());
                    self.hand_over(&mut chunk, target).await?;
                    return Ok(());
                }
            }
            if chunk.len() == CHUNK_EVENTS {
                if std::mem::take(&mut first) {
                    self.bar.finish_and_clear();
                    let records = items.progress().records;
                    self.bar = progress::bar("recording", Some(records), Unit::Entries);
                    self.bar.set_position(self.tally.read);
                    // What an import before this one recorded says nothing of the rate.
                    self.bar.reset_eta();
                }
                self.hand_over(&mut chunk, target).await?;
                interrupted(stop.as_mut()).await?;
            }
        }
    }

    async fn hand_over(
        &mut self,
        chunk: &mut Vec<ImportRecord>,
        target: &mut Target,
    ) -> Result<(), Failure> {
        match target {
            Target::Trail(audit, resume) => self.record(audit, chunk, resume).await?,
            Target::Dry(dry) => {
                for line in dry.count(chunk, &mut self.tally).await? {
                    self.say(&line);
                }
            }
        }
        chunk.clear();
        self.bar.set_position(self.tally.read);
        Ok(())
    }

    async fn record(
        &mut self,
        audit: &Audit,
        chunk: &[ImportRecord],
        resume: &mut Option<Resume>,
    ) -> Result<(), Failure> {
        let events = chunk.iter().map(|record| record.event.clone()).collect();
        let mut answers = audit.try_record_all(events).await;
        // A natural key that is not unique is no fault of the trail: no record of it, another id.
        let places: Vec<usize> = answers
            .iter()
            .enumerate()
            .filter(|(_, answer)| matches!(answer, Err(AuditError::IdConflict { .. })))
            .map(|(place, _)| place)
            .collect();
        let again = places.iter().map(|place| chunk[*place].under_fallback_id());
        let again = audit.record_all(again.collect()).await;
        for (place, answer) in places.into_iter().zip(again) {
            answers[place] = answer;
        }
        let last = answers
            .iter()
            .rev()
            .find_map(|answer| answer.as_ref().ok().cloned());
        let rejected = self.tally.rejected;
        let mut stopped = Ok(());
        for (record, answer) in chunk.iter().zip(answers) {
            match self.count(&record.origin, answer) {
                Ok(()) => {}
                // The rest of the chunk was answered too, and counts.
                Err(failure) => stopped = stopped.and(Err(failure)),
            }
        }
        stopped?;
        if self.tally.rejected > rejected {
            // Who goes on behind a record counts it as recorded.
            *resume = None;
        }
        if let (Some(place), Some(receipt), Some(record)) = (&mut *resume, last, chunk.last())
            && let Err(failure) = place.keep(record.position(), &receipt).await
        {
            // The trail has what it was given: that is what an import is for.
            *resume = None;
            let text = format!(
                "{}; if this import is interrupted, the next one begins at the start",
                failure.message()
            );
            self.bar.suspend(|| remark(&text));
        }
        Ok(())
    }

    /// Counts what an import before this one recorded, once.
    fn pass(&mut self, records: u64) {
        if records == 0 || std::mem::replace(&mut self.has_passed, true) {
            return;
        }
        self.tally.passed(records);
        let line = format!(
            "going on where an import of the same files stopped, after {}",
            count(records, "record")
        );
        self.bar.suspend(|| remark(&line));
    }

    fn count(
        &mut self,
        origin: &Origin,
        answer: Result<Receipt, AuditError>,
    ) -> Result<(), Failure> {
        match answer {
            Ok(receipt) if receipt.delivery == Delivery::Duplicate => self.tally.duplicate(),
            Ok(_) => self.tally.record(),
            Err(error @ (AuditError::Invalid(_) | AuditError::IdConflict { .. })) => {
                self.tally.reject();
                self.say(&format!("{origin}: {error}"));
            }
            Err(error) => {
                let failure = Failure::from(error);
                let text = format!(
                    "{}; what is recorded stays, import again to go on",
                    failure.message()
                );
                return Err(Failure::with(failure.status, text));
            }
        }
        Ok(())
    }

    fn pass_over(&mut self, item: ImportItem) {
        match item {
            ImportItem::Rejected { origin, reason } => {
                self.tally.reject();
                self.say(&format!("{origin}: {reason}"));
            }
            ImportItem::Skipped { file, reason } => {
                self.tally.files = self.tally.files.saturating_sub(1);
                if self.is_verbose {
                    self.bar
                        .suspend(|| remark(&format!("{file} skipped: {reason}")));
                }
            }
            _ => {}
        }
    }

    fn fail_file(&mut self, error: &ImportError) -> Result<(), Failure> {
        if let ImportError::Spill(_) = error {
            return Err(Failure::new(error));
        }
        self.tally.files_failed += 1;
        self.bar.suspend(|| complain(&error.to_string()));
        Ok(())
    }

    fn say(&mut self, line: &str) {
        match &mut self.lines_left {
            Some(0) => {
                self.unsaid += 1;
                return;
            }
            Some(left) => *left -= 1,
            None => {}
        }
        self.bar.suspend(|| complain(line));
    }
}

/// Whether the user wants to stop; between two chunks everything is recorded or not begun.
async fn interrupted(
    stop: Pin<&mut impl Future<Output = std::io::Result<()>>>,
) -> Result<(), Failure> {
    match tokio::time::timeout(Duration::ZERO, stop).await {
        Ok(Ok(())) => Err(Failure::with(
            Status::Failed,
            "interrupted; what is recorded stays, import again to go on",
        )),
        // Without a handler the signal ends the process, which is as safe.
        Ok(Err(_)) | Err(_) => Ok(()),
    }
}
