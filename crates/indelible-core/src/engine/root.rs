//! Roots of a trail as it was, without a signature.

use indelible_merkle::{Hash, plan, root_at};

use super::prove::missing;
use super::{Audit, load};
use crate::error::AuditError;

impl Audit {
    /// The root of the tree of the first `size` entries, by the stored hashes; nothing is signed,
    /// so that no key is needed. `None` where the trail does not have as many entries, or `size`
    /// is 0.
    ///
    /// # Errors
    /// [`AuditError::Store`].
    pub async fn root_at(&self, size: u64) -> Result<Option<Hash>, AuditError> {
        let head = self.head().await?;
        if size == 0 || head.is_none_or(|head| head.size < size) {
            return Ok(None);
        }
        let store = &self.engine.shared.ground.store;
        let ranges = plan::root_ranges(size);
        let nodes = load::nodes(&**store, &self.trail, ranges)
            .await?
            .ok_or_else(missing)?;
        Ok(Some(root_at(size, &nodes).map_err(|_| missing())?))
    }
}
