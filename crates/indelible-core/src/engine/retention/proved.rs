//! That what goes is what was recorded: its age is read from rows, of which none is left to verify.

use crate::engine::audit::Audit;
use crate::engine::{load, prove};
use crate::error::AuditError;

use indelible_merkle::Hash;

/// Entries that are read at once.
const CHUNK_ENTRIES: u64 = 1024;
/// Entries under one stored node: up to its end rows are held against more than themselves.
const BLOCK_ENTRIES: u64 = 256;

/// The root of the tree over all entries before a place. Every entry from the first kept one to the
/// end of the block that the place lies in is derived again and held against the tree.
///
/// # Errors
/// [`AuditError::Store`], `Corrupt` where an entry is not as it was recorded.
pub(super) async fn root_before(
    audit: &Audit,
    first_kept: u64,
    place: u64,
) -> Result<Hash, AuditError> {
    let (store, trail) = (&audit.engine.shared.ground.store, &audit.trail);
    let head = audit.head().await?.ok_or_else(prove::missing)?;
    let end = place.next_multiple_of(BLOCK_ENTRIES).min(head.size);
    let mut tree = load::frontier(&**store, trail, first_kept).await?;
    let tree = tree.as_mut().ok_or_else(prove::missing)?;
    let (mut root, mut first) = (tree.root(), first_kept);
    while first < end {
        let next = end.min(first + CHUNK_ENTRIES);
        let entries = store.entries(trail, first..next).await?;
        for (entry, seq) in entries.iter().zip(first..) {
            audit.check_entry(entry)?;
            if entry.seq != seq {
                return Err(prove::missing().into());
            }
            tree.push(entry.leaf_hash, &mut |_, _| {});
            if seq + 1 == place {
                root = tree.root();
            }
        }
        if entries.len() as u64 != next - first {
            return Err(prove::missing().into());
        }
        first = next;
    }
    let known = match end == head.size {
        true => Some(head.root),
        false => load::frontier(&**store, trail, end)
            .await?
            .map(|tree| tree.root()),
    };
    if known != Some(tree.root()) {
        return Err(prove::altered(first_kept));
    }
    Ok(root)
}
