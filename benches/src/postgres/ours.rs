//! The product: `record` from many waiting tasks.

use std::collections::BTreeSet;

use indelible::{Audit, AuditEvent, AuditProtocol, Database, Settings, TrailName};
use indelible_postgres::{Options, PostgresStore};
use testbed::TestDatabase;
use tokio::runtime::Runtime;

use crate::python;
use crate::timing;
use crate::workload;

/// An open database.
pub struct Ours {
    runtime: Runtime,
    database: Database,
    audit: Audit,
    recorded: u64,
    url: String,
    state: tempfile::TempDir,
}

impl Ours {
    /// Migrates and opens a database.
    pub fn new(database: &TestDatabase) -> anyhow::Result<Self> {
        let runtime = super::runtime()?;
        let state = tempfile::tempdir()?;
        let mut settings = Settings::default();
        settings.state_dir = Some(state.path().join("state"));
        settings.options.long_lived = false;
        let url = database.superuser_url();
        let address = url.parse()?;
        let options = Options::default();
        runtime.block_on(PostgresStore::migrate(&address, &options))?;
        let database = runtime.block_on(Database::open(&url.parse()?, settings))?;
        let audit = database.trail(TrailName::standard());
        // The first record makes trail and mark; what is measured is the steady state.
        runtime.block_on(audit.record(workload::event(u64::MAX)))?;
        Ok(Self {
            runtime,
            database,
            audit,
            recorded: 0,
            url,
            state,
        })
    }

    /// Records without measuring.
    pub fn fill(&mut self, count: usize) -> anyhow::Result<()> {
        for start in (0..count).step_by(8192) {
            let end = (start + 8192).min(count);
            let events: Vec<AuditEvent> = (start..end)
                .map(|n| workload::event(self.recorded + n as u64))
                .collect();
            for answer in self.runtime.block_on(self.audit.record_all(events)) {
                answer?;
            }
        }
        self.recorded += count as u64;
        Ok(())
    }

    /// Events per second, and the mean batch.
    pub fn round(&mut self, events: usize, tasks: usize) -> anyhow::Result<(f64, f64)> {
        let first = self.recorded;
        self.recorded += events as u64;
        let share = events / tasks;
        let (rate, sizes) = timing::rate(share * tasks, || {
            self.runtime.block_on(async {
                let handles: Vec<_> = (0..tasks)
                    .map(|task| {
                        let audit = self.audit.clone();
                        tokio::spawn(async move {
                            let mut sizes = Vec::with_capacity(share);
                            for n in 0..share {
                                let event = workload::event(first + (task * share + n) as u64);
                                sizes.push(audit.record(event).await?.tree_size);
                            }
                            anyhow::Ok(sizes)
                        })
                    })
                    .collect();
                let mut sizes = BTreeSet::new();
                for handle in handles {
                    sizes.extend(handle.await??);
                }
                anyhow::Ok(sizes)
            })
        })?;
        // One commit gives all its receipts the same tree size.
        Ok((rate, (share * tasks) as f64 / sizes.len() as f64))
    }

    /// As [`Ours::round`], from a Python process of its own, which writes the same trail.
    pub fn python_round(
        &self,
        tasks: usize,
        events: usize,
        first: usize,
    ) -> anyhow::Result<(f64, f64)> {
        python::record(
            &self.url,
            &self.state.path().join("state"),
            tasks,
            events,
            first,
        )
    }

    /// Releases the database.
    pub fn close(self) -> anyhow::Result<()> {
        Ok(self.runtime.block_on(self.database.close())?)
    }
}
