//! The accumulated test vectors of draft-ietf-plants-merkle-tree-certs, appendix C: one digest
//! over all subtrees of a tree of 130 leaves, leaf `i` being the byte `i`.

use std::fmt::Write as _;

use indelible_merkle::plan::{inclusion_ranges, root_ranges};
use indelible_merkle::{Hash, inclusion_proof, leaf_hash, root_at};
use sha2::{Digest, Sha256};

use crate::tree::StoredTree;

/// Number of leaves of the largest tree.
const LEAVES: u64 = 130;

#[test]
fn all_subtree_hashes() {
    let mut digest = Sha256::new();
    for (start, end) in subtrees() {
        let size = end - start;
        let tree = subtree(start, end);
        let root = root_at(size, &tree.read(&root_ranges(size))).expect("rows are there");
        digest.update(format!("[{start}, {end}) {root}\n"));
    }
    let expected = "b82806ad4265bb151c1119c0f4db437bb4d1a1f887b3a7fba1cd4ebf552e3e81";
    assert_eq!(
        Hash::from_bytes(digest.finalize().into()).to_string(),
        expected
    );
}

#[test]
fn all_inclusion_proofs() {
    let mut digest = Sha256::new();
    for (start, end) in subtrees() {
        let size = end - start;
        let tree = subtree(start, end);
        for index in 0..size {
            let nodes = tree.read(&inclusion_ranges(index, size));
            let proof = inclusion_proof(index, size, &nodes).expect("rows are there");
            let mut line = format!("{} [{start}, {end})", start + index);
            for hash in proof {
                write!(line, " {hash}").expect("a string takes what is written");
            }
            line.push('\n');
            digest.update(line);
        }
    }
    let expected = "ac2a8f989e44d99e399db448050ff5f19757df53cfb716aa81015d3955d8163f";
    assert_eq!(
        Hash::from_bytes(digest.finalize().into()).to_string(),
        expected
    );
}

/// The ranges that are nodes of some tree: the start is a multiple of the length, rounded up to a
/// power of two. The empty ranges count, with the root of the empty tree.
fn subtrees() -> impl Iterator<Item = (u64, u64)> {
    (0..=LEAVES)
        .flat_map(|end| (0..=end).map(move |start| (start, end)))
        .filter(|(start, end)| start.is_multiple_of((end - start).next_power_of_two()))
}

fn subtree(start: u64, end: u64) -> StoredTree {
    StoredTree::of((start..end).map(|leaf| leaf_hash(&[leaf as u8])))
}
