//! Whether entries are in the tree, for those who act on what an entry says.

use indelible_merkle::{inclusion_proof, plan, verify_inclusion};

use super::audit::Audit;
use super::nodes::NodeCache;
use super::{load, prove};
use crate::entry::StoredEntry;
use crate::error::AuditError;
use crate::store::{Head, StoreError};

/// The tree of a trail under a head that the holder of its key has made. Asked in the order of the
/// trail it reads little.
pub struct Tree {
    audit: Audit,
    under: Option<(Head, NodeCache)>,
}

impl Tree {
    /// The tree of a trail, read when it is asked first.
    pub(super) fn of(audit: &Audit) -> Self {
        Self {
            audit: audit.clone(),
            under: None,
        }
    }

    /// Whether an entry is as it was recorded: its bytes give its leaf, and that stands in the tree
    /// at its place.
    ///
    /// # Errors
    /// [`AuditError::Refused`] where the head is not this installation's; [`AuditError::Store`].
    pub async fn has(&mut self, entry: &StoredEntry) -> Result<bool, AuditError> {
        if self.audit.check_entry(entry).is_err() {
            return Ok(false);
        }
        let is_newer = |(head, _): &(Head, NodeCache)| head.size <= entry.seq;
        if self.under.as_ref().is_none_or(is_newer) {
            self.under = checked(&self.audit).await?;
        }
        let Some((head, nodes)) = self.under.as_mut().filter(|under| !is_newer(under)) else {
            return Ok(false);
        };
        let (seq, size) = (entry.seq, head.size);
        let store = &self.audit.engine.shared.ground.store;
        let ranges = plan::inclusion_ranges(seq, size);
        match nodes.fill(&**store, &self.audit.trail, ranges).await {
            Err(AuditError::Store(error)) if matches!(*error, StoreError::Corrupt { .. }) => {
                return Ok(false);
            }
            filled => filled?,
        }
        let path = inclusion_proof(seq, size, &*nodes);
        Ok(path.is_ok_and(|path| {
            verify_inclusion(&entry.leaf_hash, seq, size, &path, &head.root).is_ok()
        }))
    }

    /// Checks the same.
    ///
    /// # Errors
    /// [`AuditError::Store`], `Corrupt` where the entry is not as it was recorded; as [`Tree::has`].
    pub async fn check(&mut self, entry: &StoredEntry) -> Result<(), AuditError> {
        match self.has(entry).await? {
            true => Ok(()),
            false => Err(prove::altered(entry.seq)),
        }
    }
}

impl Audit {
    /// The tree of the trail, for who acts on what an entry says: that its bytes fit together, as
    /// [`Audit::check_entry`] has it, whoever owns the database can see to.
    pub fn tree(&self) -> Tree {
        Tree::of(self)
    }
}

async fn checked(audit: &Audit) -> Result<Option<(Head, NodeCache)>, AuditError> {
    let shared = &audit.engine.shared;
    let Some(head) = audit.head().await? else {
        return Ok(None);
    };
    let sound = load::check_head(&*shared.ground.store, &head).await;
    sound.map_err(|error| error.of(&audit.trail))?;
    shared.check_code(&head)?;
    let nodes = NodeCache::new(head.size);
    Ok(Some((head, nodes)))
}
