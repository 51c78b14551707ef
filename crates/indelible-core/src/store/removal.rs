//! The seam through which content leaves a database.
//!
//! [`Store`] has no update and no delete. What takes content away stands here, apart from it, and
//! is asked for by name: the engine alone calls it, after the trail has an entry that says so.

use async_trait::async_trait;
use indelible_merkle::STORED_HEIGHT_STEP;

use super::{Store, StoreError};
use crate::entry::Erasure;
use crate::trail::TrailName;

/// A database that can take the content of entries away.
#[async_trait]
pub trait Removal: Store {
    /// Blanks parts: of each entry that an erasure names, body and salt of the parts it names are
    /// gone, and with them every column and every index row that was derived of them. The hashes
    /// stay. Answers how many parts were there and are gone.
    ///
    /// An entry or a part that is not there, or was erased already, counts as erased: the same
    /// call again changes nothing and answers 0. Ranges may end beyond the trail; what is recorded
    /// there later stays.
    ///
    /// Whether this program may erase is told first: where it may not, the answer is an error even
    /// for an empty list.
    ///
    /// It is done in steps of a bounded number of entries, each durable, atomic and complete in
    /// itself, between which writers go on; every read sees an entry as it was before, or as it is
    /// after. On an error some steps may be done.
    ///
    /// # Errors
    /// `Corrupt` where a part's body is no JSON of its form, so that what was derived of it cannot
    /// be told; `Unsupported` where this program may not erase here.
    async fn erase(&self, trail: &TrailName, erasures: &[Erasure]) -> Result<u64, StoreError>;

    /// Makes what was erased physically gone: its bytes stand in no file of the database that this
    /// program can reach. `erasures` is what was erased, so that only what held it is rewritten.
    ///
    /// May need as much room on disk again, and may keep writers and readers of the same entries
    /// waiting while they are rewritten. The same call again does no harm.
    ///
    /// # Errors
    /// `Unavailable` where somebody still reads what was erased, in a transaction that began
    /// before; `Unsupported` where this program may not do it.
    async fn purge(&self, trail: &TrailName, erasures: &[Erasure]) -> Result<Purged, StoreError>;

    /// Takes one step towards a trail that begins with the entry `first_kept`, and answers with
    /// which it begins now. It is called until the answer is what was asked for, or the end of the
    /// trail; the same call again changes nothing then. An answer that is no larger than the one
    /// before is the last.
    ///
    /// A step is one durable, atomic transaction over a bounded number of entries, between which
    /// writers go on. Of the entries before the place that it answers everything goes: rows, parts,
    /// ids, index rows, the spans of blocks of which no entry is left, and what they count for in
    /// the rollups. The nodes of the tree stay, and of the block of 256 that the place divides, the
    /// leaf hashes before it are kept ([`Store::hashes`] at height 0), so that what is left can be
    /// proved; those of a block that was divided before go with it.
    ///
    /// Whether this program may do it is told first, as by [`Removal::erase`].
    ///
    /// # Errors
    /// `Corrupt` where an entry cannot be read, so that what was derived of it cannot be told;
    /// `Unsupported` where this program may not remove anything here; `Unavailable` where it is
    /// to be tried again.
    async fn trim(&self, trail: &TrailName, first_kept: u64) -> Result<u64, StoreError>;
}

/// Where a step of [`Removal::trim`] ends that begins at `now`: not after so many entries, and if it
/// is not the last step at a multiple of them, so that steps of 256 divide no block on the way.
pub fn next_first_kept(now: u64, wanted: u64, size: u64, step_entries: u64) -> u64 {
    let last = wanted.min(size);
    let unit = step_entries.clamp(1, 1 << STORED_HEIGHT_STEP);
    let most = now.saturating_add(step_entries) / unit * unit;
    if last <= most {
        last.max(now)
    } else {
        most.max(now)
    }
}

/// What a purge came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Purged {
    /// Where copies of what was erased may still stand beside the database's own files, each in a
    /// sentence that says how it goes: journals, replicas.
    pub leftovers: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_of_any_length_come_to_what_is_wanted() {
        for step in [1, 2, 32, 100, 256, 512] {
            let (mut now, mut steps) = (300, 0);
            while now < 1_000 {
                let next = next_first_kept(now, 1_000, 5_000, step);
                assert!(
                    next > now && next - now <= step,
                    "{now} to {next} by {step}"
                );
                (now, steps) = (next, steps + 1);
            }
            assert_eq!(now, 1_000);
            assert!(steps <= 700 / step + 2, "{steps} of {step}");
        }
        assert_eq!(next_first_kept(10, 1_000, 200, 256), 200);
        assert_eq!(next_first_kept(300, 1_000, 5_000, 256), 512);
        assert_eq!(next_first_kept(300, 200, 5_000, 32), 300);
    }
}
