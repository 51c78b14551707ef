//! Checking proofs: what an auditor runs, and all that an auditor must trust.
//!
//! The number of hashes that a proof must have follows from the indexes and sizes alone, so it
//! is checked before anything is hashed, and the work is bounded by it.

use crate::hash::{Hash, node_hash};

/// Checks that `leaf` is at `index` of the tree of `size` leaves with this `root`.
///
/// # Errors
///
/// An index outside the tree, a proof of any but the exact length, another root.
pub fn verify_inclusion(
    leaf: &Hash,
    index: u64,
    size: u64,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::IndexOutside { index, size });
    }
    let path = Path::of(index, size);
    path.expect_length(proof.len(), path.inner + path.border)?;
    let (inner, border) = proof.split_at(path.inner);
    let found = climb_border(climb_inner(*leaf, index, inner), border);
    if found != *root {
        return Err(ProofError::Root);
    }
    Ok(())
}

/// Checks that the tree of `new_size` leaves begins with all leaves of that of `old_size`.
///
/// # Errors
///
/// An old size of 0, from which nothing can be proved; sizes in the wrong order; a proof of any
/// but the exact length (none for equal sizes); another old or new root.
pub fn verify_consistency(
    old_size: u64,
    old_root: &Hash,
    new_size: u64,
    new_root: &Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if old_size == 0 {
        return Err(ProofError::OldTreeEmpty);
    }
    if old_size > new_size {
        return Err(ProofError::SizesReversed { old_size, new_size });
    }
    let path = Path::of(old_size - 1, new_size);
    if old_size == new_size {
        path.expect_length(proof.len(), 0)?;
        return if old_root == new_root {
            Ok(())
        } else {
            Err(ProofError::NewRoot)
        };
    }
    // The proof starts at the last complete subtree of the old tree. When that is the whole old
    // tree, its hash is the old root and is left out.
    let skipped = old_size.trailing_zeros();
    let told = !old_size.is_power_of_two();
    let inner = path.inner - skipped as usize;
    path.expect_length(proof.len(), usize::from(told) + inner + path.border)?;
    let (seed, rest) = match proof.split_first() {
        Some((seed, rest)) if told => (*seed, rest),
        _ => (*old_root, proof),
    };
    let (inner, border) = rest.split_at(inner);
    let position = (old_size - 1) >> skipped;
    if climb_border(climb_left(seed, position, inner), border) != *old_root {
        return Err(ProofError::OldRoot);
    }
    if climb_border(climb_inner(seed, position, inner), border) != *new_root {
        return Err(ProofError::NewRoot);
    }
    Ok(())
}

/// The shape of the path from a leaf to the root.
struct Path {
    /// Levels at which the leaf's subtree has a sibling to its left or right.
    inner: usize,
    /// Levels above, along the right edge, where every sibling is to the left.
    border: usize,
}

impl Path {
    fn of(index: u64, size: u64) -> Self {
        let inner = u64::BITS - (index ^ (size - 1)).leading_zeros();
        let border = index.checked_shr(inner).unwrap_or(0).count_ones();
        Self {
            inner: inner as usize,
            border: border as usize,
        }
    }

    fn expect_length(&self, found: usize, expected: usize) -> Result<(), ProofError> {
        if found != expected {
            return Err(ProofError::Length { expected, found });
        }
        Ok(())
    }
}

fn climb_inner(seed: Hash, position: u64, siblings: &[Hash]) -> Hash {
    siblings
        .iter()
        .enumerate()
        .fold(seed, |hash, (level, sibling)| {
            if position >> level & 1 == 0 {
                node_hash(&hash, sibling)
            } else {
                node_hash(sibling, &hash)
            }
        })
}

/// As [`climb_inner`], but without what lies to the right, which the old tree did not have.
fn climb_left(seed: Hash, position: u64, siblings: &[Hash]) -> Hash {
    siblings
        .iter()
        .enumerate()
        .fold(seed, |hash, (level, sibling)| {
            if position >> level & 1 == 0 {
                hash
            } else {
                node_hash(sibling, &hash)
            }
        })
}

fn climb_border(seed: Hash, siblings: &[Hash]) -> Hash {
    siblings
        .iter()
        .fold(seed, |hash, sibling| node_hash(sibling, &hash))
}

/// Why a proof does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// The tree has no such leaf.
    #[error("index {index} is outside a tree of size {size}")]
    IndexOutside {
        /// The index asked about.
        index: u64,
        /// The size of the tree.
        size: u64,
    },
    /// Consistency from the empty tree says nothing.
    #[error("consistency from a tree of size 0 proves nothing")]
    OldTreeEmpty,
    /// The old tree is the larger one.
    #[error("old size {old_size} is above new size {new_size}")]
    SizesReversed {
        /// The old size.
        old_size: u64,
        /// The new size.
        new_size: u64,
    },
    /// Too few or too many hashes.
    #[error("the proof must have {expected} hashes, found {found}")]
    Length {
        /// The only right number.
        expected: usize,
        /// Hashes given.
        found: usize,
    },
    /// The leaf and the proof lead to another root.
    #[error("the proof leads to another root")]
    Root,
    /// The consistency proof leads to another old root.
    #[error("the proof leads to another old root")]
    OldRoot,
    /// The consistency proof leads to another new root.
    #[error("the proof leads to another new root")]
    NewRoot,
}
