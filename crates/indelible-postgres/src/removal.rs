//! Taking content away: erasure in steps between commits, and files without what was erased.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use indelible_core::TrailName;
use indelible_core::entry::Erasure;
use indelible_core::part::PartKind;
use indelible_core::store::{Purged, Removal, StoreError};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use crate::connection::{Connections, Lent, Param};
use crate::error::{PostgresError, is_passing, refused, unavailable};
use crate::open::{Options, one};
use crate::placement::{Month, Stretch};
use crate::store::PostgresStore;
use crate::{partition, read, sql};

/// Entries that are blanked in one transaction.
const STEP_ENTRIES: u64 = 512;
/// How long one partition may take to be written anew.
const REWRITE: Duration = Duration::from_secs(6 * 60 * 60);
/// How often the end of older transactions, or the lock on a partition, is waited for, each time
/// for a fraction of a second, before it is given up.
const TRIES_MAX: u32 = 40;

#[async_trait]
impl Removal for PostgresStore {
    async fn erase(&self, trail: &TrailName, erasures: &[Erasure]) -> Result<u64, StoreError> {
        self.writable()?;
        let lent = self.connections.lend().await?;
        // Told before anything is done, and where nothing is to be done.
        if !one::<bool>(&lent, sql::MAY_ERASE).await? {
            return Err(not_an_eraser());
        }
        let size = read::size(&lent, trail).await?;
        let mut gone = 0;
        for step in steps(erasures, size) {
            let done = self.step(&lent, trail, size, &step).await;
            if done.is_err() && (lent.is_silent() || lent.batch(sql::ROLLBACK).await.is_err()) {
                lent.abandon();
                return done;
            }
            gone += done?;
        }
        Ok(gone)
    }

    async fn purge(&self, trail: &TrailName, erasures: &[Erasure]) -> Result<Purged, StoreError> {
        self.writable()?;
        let names = self.partitions_of(trail, erasures).await?;
        let mut purged = Purged::default();
        if names.is_empty() {
            return Ok(purged);
        }
        // With patience of its own: what is large takes long.
        let options = Options {
            connections: 2,
            statement_timeout: REWRITE,
            ..Options::default()
        };
        let connections = Connections::new(&self.address, &options)?;
        let lent = connections.lend().await?;
        older_ended(&lent).await?;
        for name in names {
            rewrite(&lent, &name).await?;
        }
        if let Err(error) = lent.batch("CHECKPOINT").await? {
            if error.code() != Some(&SqlState::INSUFFICIENT_PRIVILEGE) {
                return Err(refused(error));
            }
            purged.leftovers.push(
                "the server's write-ahead log: this role may not make a checkpoint, after which \
                 its old segments are used again; the server makes one by itself \
                 (checkpoint_timeout)"
                    .to_owned(),
            );
        }
        purged.leftovers.push(
            "the server's write-ahead log until its segments are written over, its archive \
             (archive_command), standbys that lag and base backups: PostgreSQL keeps them by its \
             own settings"
                .to_owned(),
        );
        Ok(purged)
    }

    async fn trim(&self, trail: &TrailName, first_kept: u64) -> Result<u64, StoreError> {
        self.trim_step(trail, first_kept).await
    }
}

/// The seqs of one step, rising, and for each part those it is to be erased of.
struct Step {
    seqs: Vec<(PartKind, Vec<i64>)>,
    first: u64,
    last: u64,
}

/// Cuts erasures into steps of a bounded number of entries, none beyond the trail's `size`.
fn steps(erasures: &[Erasure], size: u64) -> impl Iterator<Item = Step> {
    let mut left: Vec<_> = erasures
        .iter()
        .map(|erasure| {
            let end = erasure.last.saturating_add(1).min(size);
            (erasure.first..end, erasure.parts.as_slice())
        })
        .filter(|(range, parts)| !range.is_empty() && !parts.is_empty())
        .collect();
    left.reverse();
    std::iter::from_fn(move || {
        let mut taken: Vec<(u64, &[PartKind])> = Vec::new();
        while (taken.len() as u64) < STEP_ENTRIES
            && let Some((range, parts)) = left.pop()
        {
            let room = STEP_ENTRIES - taken.len() as u64;
            let end = range.end.min(range.start.saturating_add(room));
            taken.extend((range.start..end).map(|seq| (seq, parts)));
            if end < range.end {
                left.push((end..range.end, parts));
            }
        }
        let first = taken.iter().map(|(seq, _)| *seq).min()?;
        let last = taken.iter().map(|(seq, _)| *seq).max()?;
        let of = |kind: PartKind| {
            let with = taken.iter().filter(|(_, parts)| parts.contains(&kind));
            // Rising, so that two that erase at once take rows in one order.
            let seqs: BTreeSet<i64> = with.map(|(seq, _)| read::signed(*seq)).collect();
            (kind, seqs.into_iter().collect())
        };
        let seqs = PartKind::ALL.map(of).into();
        Some(Step { seqs, first, last })
    })
}

impl PostgresStore {
    /// Blanks the parts of a step in one transaction.
    async fn step(
        &self,
        lent: &Lent,
        trail: &TrailName,
        size: u64,
        step: &Step,
    ) -> Result<u64, StoreError> {
        let range = step.first..step.last + 1;
        let stretches = self.placements.of(lent, trail, range, size).await?;
        lent.batch(&self.begin).await?.map_err(refused)?;
        // However few rows the planner takes a partition to have.
        let by_index = "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off";
        lent.batch(by_index).await?.map_err(refused)?;
        let mut gone = 0;
        for (kind, seqs) in step.seqs.iter().filter(|(_, seqs)| !seqs.is_empty()) {
            for stretch in &stretches {
                gone += blank(lent, trail, *kind, seqs, stretch).await?;
            }
        }
        lent.batch(sql::COMMIT).await?.map_err(refused)?;
        Ok(gone)
    }

    /// The partitions in which the entries of some erasures lie.
    async fn partitions_of(
        &self,
        trail: &TrailName,
        erasures: &[Erasure],
    ) -> Result<BTreeSet<String>, StoreError> {
        let lent = self.connections.lend().await?;
        let size = read::size(&lent, trail).await?;
        let months = partition::months(&lent).await?;
        let mut names = BTreeSet::new();
        for erasure in erasures {
            let range = erasure.first..erasure.last.saturating_add(1);
            for stretch in self.placements.of(&lent, trail, range, size).await? {
                let within =
                    |month: &&Month| month.begin() >= stretch.from && month.begin() < stretch.to;
                let own: Vec<_> = months.iter().filter(within).collect();
                names.extend(own.iter().map(|month| partition::name(**month)));
                // Of a month that has none, and of many at once some may have none.
                if own
                    .first()
                    .map(|month| (month.begin(), month.next().begin()))
                    != Some((stretch.from, stretch.to))
                {
                    names.insert(partition::DEFAULT.to_owned());
                }
            }
        }
        Ok(names)
    }
}

async fn blank(
    lent: &Lent,
    trail: &TrailName,
    kind: PartKind,
    seqs: &[i64],
    stretch: &Stretch,
) -> Result<u64, StoreError> {
    let sql = match kind {
        PartKind::Actor => sql::ACTOR_ERASE,
        PartKind::Target => sql::TARGET_ERASE,
        PartKind::Details => sql::DETAILS_ERASE,
    };
    let begin = seqs.partition_point(|seq| *seq < read::signed(stretch.seqs.start));
    let end = seqs.partition_point(|seq| *seq < read::signed(stretch.seqs.end));
    let within = seqs.get(begin..end).unwrap_or_default();
    if within.is_empty() {
        return Ok(0);
    }
    let name = trail.as_str();
    let params: [Param<'_>; 4] = [
        (&name, Type::TEXT),
        (&within, Type::INT8_ARRAY),
        (&stretch.from, Type::TIMESTAMPTZ),
        (&stretch.to, Type::TIMESTAMPTZ),
    ];
    lent.execute(sql, &params).await?.map_err(denied)
}

/// Waits until no transaction is open that began before now: for one that is, a partition that is
/// written anew would keep the rows as they were.
async fn older_ended(lent: &Lent) -> Result<(), StoreError> {
    let now: String = one(lent, "SELECT pg_current_xact_id()::xid::text").await?;
    let params: [Param<'_>; 1] = [(&now, Type::TEXT)];
    for _ in 0..TRIES_MAX {
        let rows = lent.rows(sql::OLDER, &params).await?;
        let older = rows.first().map(|row| row.try_get(0));
        if older.transpose().map_err(unavailable)? == Some(false) {
            return Ok(());
        }
    }
    Err(unavailable(PostgresError::Read))
}

/// Writes one partition anew. The lock on it is asked for again and again, each time for a short
/// time: others queue behind whoever waits.
async fn rewrite(lent: &Lent, name: &str) -> Result<(), StoreError> {
    let mut tries = 0;
    loop {
        tries += 1;
        // An autovacuum makes way for whoever has waited for longer than `deadlock_timeout`, one
        // second as it ships, and for nobody else.
        let patience = if tries % 8 == 0 { 1_500 } else { 100 };
        let statement = format!(
            "BEGIN; SET LOCAL lock_timeout = '{patience}ms'; SET LOCAL statement_timeout = 0; \
             SET LOCAL synchronous_commit = on; SELECT indelible.rewrite_partition('{name}'); \
             COMMIT"
        );
        let Err(error) = lent.batch(&statement).await? else {
            return Ok(());
        };
        lent.batch(sql::ROLLBACK).await?.map_err(refused)?;
        if !is_passing(&error) || tries >= TRIES_MAX {
            return Err(denied(error));
        }
        let pause = "SELECT pg_catalog.pg_sleep(0.1)";
        lent.batch(pause).await?.map_err(refused)?;
    }
}

/// As [`refused`]; of a privilege that lacks, with what gives it.
pub(crate) fn denied(error: tokio_postgres::Error) -> StoreError {
    if error.code() != Some(&SqlState::INSUFFICIENT_PRIVILEGE) {
        return refused(error);
    }
    not_an_eraser()
}

pub(crate) fn not_an_eraser() -> StoreError {
    let text = "the connected role may not erase: erase as a member of indelible_writer and \
                indelible_eraser (GRANT indelible_eraser TO …); an application's own role should \
                be none";
    StoreError::Unsupported(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn erasure(first: u64, last: u64, parts: &[PartKind]) -> Erasure {
        let parts = parts.to_vec();
        Erasure { first, last, parts }
    }

    #[test]
    fn steps_hold_every_entry_once_and_few_at_a_time() {
        use PartKind::{Actor, Target};
        let erasures = [
            erasure(0, 0, &[Actor]),
            erasure(5, 1400, &[Actor]),
            erasure(1402, 1402, &[]),
            erasure(1900, u64::MAX, &[Actor, Target]),
            erasure(3000, 4000, &[Target]),
        ];
        let (mut actors, mut targets) = (Vec::new(), Vec::new());
        for step in steps(&erasures, 2000) {
            for (kind, seqs) in step.seqs {
                assert!(seqs.len() as u64 <= STEP_ENTRIES);
                match kind {
                    Actor => actors.extend(seqs),
                    Target => targets.extend(seqs),
                    PartKind::Details => assert!(seqs.is_empty()),
                }
            }
        }
        let expected = [0..=0, 5..=1400, 1900..=1999].into_iter().flatten();
        assert!(actors.into_iter().eq(expected));
        assert!(targets.into_iter().eq(1900..=1999));
    }
}
