//! Records in the order of their time, however many there are.

mod run;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::error::ImportError;
use crate::import::{ImportItem, ImportRecord, Progress, Reading};
use run::{Run, RunWriter};

/// How many bytes of records are sorted in memory unless the importer says other.
pub(crate) const RUN_BYTES: usize = 32 * 1024 * 1024;
/// The most runs merged at once, each of them an open file.
const RUNS_MAX: usize = 64;

/// The items of some sources, the records among them in the order of their time; made by
/// [`Importer::read_sorted`](crate::Importer::read_sorted).
pub struct Sorted<'p> {
    reading: Reading<'p>,
    run_bytes: usize,
    held: Vec<ImportRecord>,
    held_bytes: usize,
    runs: Vec<Run>,
    merge: Option<Merge>,
}

/// What records are ordered by: time in µs with the absent ones last, source, place in it.
type Rank = (i64, u32, u64);

fn rank(record: &ImportRecord) -> Rank {
    let time = record
        .event
        .occurred_at
        .map_or(i64::MAX, |time| time.as_micros());
    (time, record.source, record.origin.record)
}

impl<'p> Sorted<'p> {
    pub(crate) fn new(reading: Reading<'p>, run_bytes: usize) -> Self {
        let (held, runs) = (Vec::new(), Vec::new());
        Self {
            reading,
            run_bytes,
            held,
            held_bytes: 0,
            runs,
            merge: None,
        }
    }

    /// Calls back after every item read; reading is done before the first record is given.
    #[must_use]
    pub fn on_progress(mut self, callback: impl FnMut(&Progress) + Send + 'p) -> Self {
        self.reading = self.reading.on_progress(callback);
        self
    }

    /// How far the reading is.
    pub fn progress(&self) -> Progress {
        self.reading.progress()
    }

    fn hold(&mut self, record: ImportRecord) -> Result<(), ImportError> {
        self.held_bytes += record.bytes;
        self.held.push(record);
        if self.held_bytes < self.run_bytes {
            return Ok(());
        }
        self.held_bytes = 0;
        self.held.sort_unstable_by_key(rank);
        let mut writer = RunWriter::new()?;
        for record in self.held.drain(..) {
            writer.write(&record)?;
        }
        self.runs.push(writer.finish()?);
        if self.runs.len() == RUNS_MAX {
            let mut writer = RunWriter::new()?;
            let mut merge = Merge::begin(self.runs.drain(..), &self.reading)?;
            while let Some(record) = merge.next(&self.reading)? {
                writer.write(&record)?;
            }
            self.runs.push(writer.finish()?);
        }
        Ok(())
    }

    fn begin_merge(&mut self) -> Result<Merge, ImportError> {
        self.held.sort_unstable_by_key(rank);
        let last = Run::in_memory(std::mem::take(&mut self.held));
        Merge::begin(self.runs.drain(..).chain([last]), &self.reading)
    }
}

impl Iterator for Sorted<'_> {
    type Item = Result<ImportItem, ImportError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.merge.is_none() {
            match self.reading.next() {
                Some(Ok(ImportItem::Record(record))) => {
                    if let Err(error) = self.hold(*record) {
                        return Some(Err(error));
                    }
                }
                Some(other) => return Some(other),
                None => match self.begin_merge() {
                    Ok(merge) => self.merge = Some(merge),
                    Err(error) => {
                        self.merge = Some(Merge::default());
                        return Some(Err(error));
                    }
                },
            }
        }
        let record = self.merge.as_mut()?.next(&self.reading);
        record
            .map(|record| record.map(|record| ImportItem::Record(Box::new(record))))
            .transpose()
    }
}

/// Sorted runs, read as one.
#[derive(Default)]
struct Merge {
    runs: Vec<(Run, Option<ImportRecord>)>,
    first: BinaryHeap<Reverse<(Rank, usize)>>,
}

impl Merge {
    fn begin(runs: impl Iterator<Item = Run>, reading: &Reading<'_>) -> Result<Self, ImportError> {
        let mut merge = Self::default();
        for mut run in runs {
            if let Some(record) = run.next(reading)? {
                merge.first.push(Reverse((rank(&record), merge.runs.len())));
                merge.runs.push((run, Some(record)));
            }
        }
        Ok(merge)
    }

    fn next(&mut self, reading: &Reading<'_>) -> Result<Option<ImportRecord>, ImportError> {
        let Some(Reverse((_, place))) = self.first.pop() else {
            return Ok(None);
        };
        let (run, head) = &mut self.runs[place];
        let record = head.take();
        *head = run.next(reading)?;
        if let Some(next) = head {
            self.first.push(Reverse((rank(next), place)));
        }
        Ok(record)
    }
}
