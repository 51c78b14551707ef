//! Making proofs and roots, for any size that the tree ever had, from stored nodes.

use crate::frontier::{Frontier, NodeId, TREE_SIZE_MAX, fold_right};
use crate::hash::{Hash, node_hash};
use crate::plan::{NodeRange, Subtree, consistency_subtrees, inclusion_subtrees};
use crate::stored::{MissingNode, StoredNodes};

/// The inclusion proof of leaf `index` in the tree of `size` leaves: its sibling first, the
/// root's child last (RFC 6962 §2.1.1). `plan::inclusion_ranges` names the nodes it reads.
///
/// # Errors
///
/// The first node that is not at hand; for an index outside the tree, that leaf.
pub fn inclusion_proof(
    index: u64,
    size: u64,
    nodes: &dyn StoredNodes,
) -> Result<Vec<Hash>, MissingNode> {
    if index >= size {
        return Err(MissingNode { height: 0, index });
    }
    inclusion_subtrees(index, size)
        .into_iter()
        .map(|subtree| root_of(subtree, nodes))
        .collect()
}

/// The consistency proof from the tree of `old` leaves to that of `new` leaves (RFC 6962 §2.1.2).
/// `plan::consistency_ranges` names the nodes it reads.
///
/// Empty when the sizes are equal, and from size 0, where there is nothing to prove and
/// [`verify_consistency`](crate::verify::verify_consistency) refuses.
///
/// # Errors
///
/// The first node that is not at hand; when `old` is above `new`, the first leaf that the new
/// tree lacks.
pub fn consistency_proof(
    old: u64,
    new: u64,
    nodes: &dyn StoredNodes,
) -> Result<Vec<Hash>, MissingNode> {
    if old > new {
        return Err(MissingNode {
            height: 0,
            index: new,
        });
    }
    consistency_subtrees(old, new)
        .into_iter()
        .map(|subtree| root_of(subtree, nodes))
        .collect()
}

/// The root of the tree at `size` leaves. `plan::root_ranges` names the nodes it reads.
///
/// # Errors
///
/// The first node that is not at hand.
pub fn root_at(size: u64, nodes: &dyn StoredNodes) -> Result<Hash, MissingNode> {
    if size == 0 {
        return Ok(Hash::EMPTY_ROOT);
    }
    root_of(
        Subtree {
            start: 0,
            end: size,
        },
        nodes,
    )
}

/// The frontier of the tree at `size` leaves, as it was when the tree had that size.
/// `plan::root_ranges` names the nodes it reads.
///
/// # Errors
///
/// The first node that is not at hand; for a size above [`TREE_SIZE_MAX`], the leaf at that
/// limit.
pub fn frontier_at(size: u64, nodes: &dyn StoredNodes) -> Result<Frontier, MissingNode> {
    let hashes = Subtree {
        start: 0,
        end: size,
    }
    .complete_nodes()
    .map(|node| complete(node, nodes))
    .collect::<Result<_, _>>()?;
    Frontier::from_parts(size, hashes).map_err(|_| MissingNode {
        height: 0,
        index: TREE_SIZE_MAX,
    })
}

fn root_of(subtree: Subtree, nodes: &dyn StoredNodes) -> Result<Hash, MissingNode> {
    let hashes = subtree
        .complete_nodes()
        .map(|node| complete(node, nodes))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(fold_right(&hashes).expect("a subtree has leaves"))
}

/// Folds the stored rows below a complete node, level by level.
fn complete(node: NodeId, nodes: &dyn StoredNodes) -> Result<Hash, MissingNode> {
    let NodeRange { height, start, end } = NodeRange::below(node);
    let mut row = (start..end)
        .map(|index| {
            nodes
                .stored(height, index)
                .ok_or(MissingNode { height, index })
        })
        .collect::<Result<Vec<_>, _>>()?;
    while row.len() > 1 {
        row = row
            .chunks_exact(2)
            .map(|pair| node_hash(&pair[0], &pair[1]))
            .collect();
    }
    Ok(row[0])
}
