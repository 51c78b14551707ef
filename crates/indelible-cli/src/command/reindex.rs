//! `indelible reindex`

use clap::Args;
use indelible::core::store::IndexCondition;
use serde::Serialize;

use crate::answer::{Answer, Layout, Sheet};
use crate::failure::{Failure, Status};
use crate::progress::Bars;
use crate::session::{Access, Opened, Session};

/// Throws the index of a database file away and makes it again from the log
///
/// The index (`<database>-index`) makes searches fast and holds nothing that the log does not. What
/// it lacks is read from the log, so that answers are the same without it, and later. It is made
/// again by itself where it is missing or found damaged: this is for after whatever kept it from
/// that, a full disk for one, and for when somebody wants it made now. Others may read and write
/// meanwhile. A PostgreSQL database keeps its index with the entries: there is nothing to make again.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  indelible reindex
  indelible reindex --database sqlite:/var/lib/indelible/indelible.db --output json")]
pub struct Reindex {}

impl Reindex {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        let opened = session.open(Access::Write).await?;
        let reindexed = reindex(&opened).await;
        let reindexed = opened.close(reindexed).await?;
        session.output.print(&reindexed)?;
        Ok(Status::Fine)
    }
}

async fn reindex(opened: &Opened) -> Result<Reindexed, Failure> {
    let store = &opened.database.engine().ground().store;
    let mut bars = Bars::default();
    let mut entries = 0;
    let progress = &mut |done, of| {
        entries = done;
        bars.show("indexing", done, Some(of));
    };
    let made = store.reindex(progress).await?;
    let IndexCondition { bytes, runs, .. } = store.index().await?.unwrap_or_default();
    Ok(Reindexed {
        made,
        entries,
        bytes,
        runs,
    })
}

/// What was made.
#[derive(Serialize)]
struct Reindexed {
    /// Whether there is an index apart from the entries.
    made: bool,
    /// Entries that it covers.
    entries: u64,
    bytes: u64,
    runs: u64,
}

impl Answer for Reindexed {
    fn layout(&self) -> Layout {
        let Self { entries, bytes, .. } = self;
        let size = *bytes as f64 / f64::from(1 << 20);
        Layout::Line(match self.made {
            true => format!("indexed anew: {entries} entries, {size:.1} MiB"),
            false => "this database keeps its index with the entries: there is none to make again"
                .to_owned(),
        })
    }

    fn sheet(&self) -> Sheet {
        Sheet::of_fields(vec![
            ("made", self.made.to_string()),
            ("entries", self.entries.to_string()),
            ("bytes", self.bytes.to_string()),
            ("runs", self.runs.to_string()),
        ])
    }
}
