//! What erasures change while a trail is verified: the entries and their index rows are read at
//! different moments.

use std::ops::Range;

use super::erasure::{Ranges, said};
use super::reading::Trail;
use super::report::{FindingKind, Findings};
use crate::store::StoreError;

/// The entries of which something was erased since the trail was so long.
pub(super) struct Meanwhile<'t> {
    trail: Trail<'t>,
    /// The first entry that was not asked yet what it says was erased.
    next: u64,
    erased: Ranges,
    unchecked: u64,
}

impl<'t> Meanwhile<'t> {
    pub fn since(trail: Trail<'t>, size: u64) -> Self {
        Self {
            trail,
            next: size,
            erased: Ranges::default(),
            unchecked: 0,
        }
    }

    /// Reads on. An erasure is an entry before anything is gone: whoever has read rows that differ
    /// for its sake finds it by then.
    pub async fn read_on(&mut self) -> Result<(), StoreError> {
        let head = self.trail.store.head(self.trail.name).await?;
        let Some(head) = head.filter(|head| self.next < head.size) else {
            return Ok(());
        };
        let erased = &mut self.erased;
        let mut take = |entry| {
            for (_, range) in said(&entry) {
                erased.add(range);
            }
        };
        self.trail
            .each_entry(self.next..head.size, &mut take)
            .await?;
        self.next = head.size;
        Ok(())
    }

    /// Whether some of these entries may differ for that reason: nothing can be said of them.
    pub fn excuses(&mut self, range: &Range<u64>) -> bool {
        let is_erased = self.erased.meets(range);
        if is_erased {
            self.unchecked += range.end - range.start;
        }
        is_erased
    }

    /// Says of how many entries nothing can be said.
    pub fn tell(self, findings: &mut Findings) {
        if self.unchecked > 0 {
            let unchecked = self.unchecked;
            let detail = format!(
                "the index rows of {unchecked} entries were not compared, since something of \
                 these was erased meanwhile"
            );
            findings.push(None, FindingKind::IndexUnchecked, detail);
        }
    }
}
