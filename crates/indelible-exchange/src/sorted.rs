//! Records in the order of their time, however many there are.

mod redaction;
mod run;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use indelible_core::redact::Redactor;

use crate::error::ImportError;
use crate::import::{Progress, Reading};
use crate::item::{ImportItem, ImportRecord, Position};
pub(crate) use redaction::redact;
use run::{Run, RunWriter};

/// How many bytes of records are sorted in memory unless the importer says other.
pub(crate) const RUN_BYTES: usize = 32 * 1024 * 1024;
/// What a record takes in memory besides its text, however short that is.
const RECORD_BYTES: usize = 1024;
/// The most runs merged at once, each of them an open file.
const RUNS_MAX: usize = 64;

/// The items of some sources, the records among them in the order of their time; made by
/// [`Importer::read_sorted`](crate::Importer::read_sorted).
pub struct Sorted<'p> {
    reading: Reading<'p>,
    run_bytes: usize,
    redactor: Arc<Redactor>,
    held: Vec<ImportRecord>,
    held_bytes: usize,
    runs: Vec<Run>,
    merge: Option<Merge>,
    /// Up to where records are passed over, and how many were.
    after: Option<Position>,
    passed: u64,
}

impl<'p> Sorted<'p> {
    pub(crate) fn new(reading: Reading<'p>, run_bytes: usize, redactor: Arc<Redactor>) -> Self {
        let (held, runs) = (Vec::new(), Vec::new());
        Self {
            reading,
            run_bytes,
            redactor,
            held,
            held_bytes: 0,
            runs,
            merge: None,
            after: None,
            passed: 0,
        }
    }

    /// Calls back after every item read; reading is done before the first record is given.
    #[must_use]
    pub fn on_progress(mut self, callback: impl FnMut(&Progress) + Send + 'p) -> Self {
        self.reading = self.reading.on_progress(callback);
        self
    }

    /// Passes over the records up to this position: they are read, neither held nor given, and
    /// counted by [`Sorted::passed`].
    #[must_use]
    pub fn after(mut self, position: Option<Position>) -> Self {
        self.after = position;
        self
    }

    /// How many records were passed over.
    pub fn passed(&self) -> u64 {
        self.passed
    }

    /// How far the reading is.
    pub fn progress(&self) -> Progress {
        self.reading.progress()
    }

    fn hold(&mut self, record: ImportRecord) -> Result<(), ImportError> {
        self.held_bytes += record.bytes + RECORD_BYTES;
        self.held.push(record);
        if self.held_bytes < self.run_bytes {
            return Ok(());
        }
        self.held_bytes = 0;
        self.held.sort_unstable_by_key(ImportRecord::position);
        let mut writer = RunWriter::new()?;
        for mut record in self.held.drain(..) {
            redact(&mut record.event, &self.redactor);
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
        self.held.sort_unstable_by_key(ImportRecord::position);
        let last = Run::in_memory(std::mem::take(&mut self.held));
        Merge::begin(self.runs.drain(..).chain([last]), &self.reading)
    }
}

impl Iterator for Sorted<'_> {
    type Item = Result<ImportItem, ImportError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.merge.is_none() {
            match self.reading.next() {
                Some(Ok(ImportItem::Record(record)))
                    if self.after.is_some_and(|after| record.position() <= after) =>
                {
                    self.passed += 1;
                }
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
    first: BinaryHeap<Reverse<(Position, usize)>>,
}

impl Merge {
    fn begin(runs: impl Iterator<Item = Run>, reading: &Reading<'_>) -> Result<Self, ImportError> {
        let mut merge = Self::default();
        for mut run in runs {
            if let Some(record) = run.next(reading)? {
                merge
                    .first
                    .push(Reverse((record.position(), merge.runs.len())));
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
            self.first.push(Reverse((next.position(), place)));
        }
        Ok(record)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read as _};

    use super::*;
    use crate::import::Importer;
    use crate::mapping::Mapping;
    use crate::source::Source;

    const SECRETS: [&str; 4] = [
        "correct-horse-battery-staple",
        "4111 1111 1111 1111",
        "hunter2-of-the-agent",
        "ghp_0123456789abcdefghijklmnopqrstuvwx01",
    ];

    fn line(n: usize) -> String {
        let [password, card, agent, token] = SECRETS;
        let event = serde_json::json!({
            "action": format!("push.{token}"), "resource_type": format!("repo/{token}"),
            "tags": [token.to_lowercase(), "kept"], "user_id": card, "on_behalf_of": card,
            "ip_address": card, "user_agent": format!("curl -u x --password={agent}"),
            "resource_id": format!("https://x/?access_token={agent}"), "correlation_id": token,
            "context": {"n": n, "deep": [{"password": password}], token: card},
            "notes": [{"field": "context", "kind": "replaced", "password": password}],
        });
        format!("{event}\n")
    }

    /// All that lies on the disk of records read in runs of so many bytes.
    fn spilled(records: usize, redactor: Redactor) -> String {
        let text: String = (0..records).map(line).collect();
        let mapping = Mapping::shipped("ndjson").expect("it is shipped");
        let importer = Importer::new(mapping, [7; 32])
            .run_bytes(1)
            .redactor(Arc::new(redactor));
        let mut sorted = importer.read_sorted(vec![Source::reader("text", Cursor::new(text))]);
        while let Some(item) = sorted.reading.next() {
            match item {
                Ok(ImportItem::Record(record)) => sorted.hold(*record).expect("a disk"),
                other => panic!("{other:?}"),
            }
        }
        let mut bytes = String::new();
        for run in sorted.runs {
            let Run::File(mut file) = run else { continue };
            file.read_to_string(&mut bytes).expect("readable");
        }
        bytes
    }

    #[test]
    fn no_secret_waits_on_a_disk() {
        use indelible_core::redact::{Mode, Rules};
        let modes = [Mode::Mask, Mode::KeyedHash, Mode::Drop];
        // The second number is of more runs than are merged at once.
        for (mode, records) in modes.into_iter().zip([3, RUNS_MAX + 3, 3]) {
            let bytes = spilled(records, Redactor::new(Rules::standard(), mode, [9; 32]));
            assert_eq!(bytes.lines().count(), records);
            for secret in SECRETS {
                let at = bytes
                    .find(secret)
                    .map(|at| &bytes[at.saturating_sub(80)..at]);
                assert_eq!(at, None, "{mode}: {secret}");
            }
            assert!(bytes.contains("\"kept\""));
            let notes = bytes.matches("\"kind\":\"redacted\"").count();
            assert!(notes >= 10 * records, "{mode}: {notes} notes");
        }
    }

    #[test]
    fn many_short_records_do_not_all_wait_in_memory() {
        let mapping = Mapping::shipped("generic-text").expect("it is shipped");
        let importer = Importer::new(mapping, [7; 32]).run_bytes(10 * RECORD_BYTES);
        let source = Source::reader("text", Cursor::new("x\n".repeat(95)));
        let mut sorted = importer.read_sorted(vec![source]);
        while let Some(item) = sorted.reading.next() {
            match item {
                Ok(ImportItem::Record(record)) => sorted.hold(*record).expect("a disk"),
                other => panic!("{other:?}"),
            }
            assert!(sorted.held.len() < 10);
        }
        assert_eq!((sorted.runs.len(), sorted.held.len()), (9, 5));
    }

    #[test]
    fn what_is_not_to_be_redacted_waits_as_it_is() {
        use indelible_core::redact::{Mode, Rules};
        let bytes = spilled(2, Redactor::new(Rules::standard(), Mode::Off, [0; 32]));
        assert!(bytes.contains(SECRETS[0]) && !bytes.contains("\"kind\":\"redacted\""));
    }
}
