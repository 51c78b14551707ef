//! Every small change of a proof, of its position or of its roots is refused.

use indelible_merkle::{
    Hash, ProofError, consistency_proof, inclusion_proof, leaf_hash, node_hash, root_at,
    verify_consistency, verify_inclusion,
};

use crate::tree::{StoredTree, numbered_leaf};

/// Sizes with all shapes of right edge.
const SIZES: [u64; 9] = [1, 2, 3, 7, 8, 9, 21, 33, 64];

#[test]
fn no_other_inclusion_proof_is_accepted() {
    let tree = StoredTree::numbered(64);
    for size in SIZES {
        let root = root_at(size, &tree).expect("rows");
        for index in 0..size {
            let leaf = tree.leaves[index as usize];
            let proof = inclusion_proof(index, size, &tree).expect("rows");
            assert_eq!(verify_inclusion(&leaf, index, size, &proof, &root), Ok(()));
            for other in mutations(&proof, &root) {
                assert!(verify_inclusion(&leaf, index, size, &other, &root).is_err());
            }
            for other in [flipped(root, 0), flipped(root, 255), Hash::EMPTY_ROOT] {
                let verdict = verify_inclusion(&leaf, index, size, &proof, &other);
                assert_eq!(verdict, Err(ProofError::Root));
            }
            let verdict = verify_inclusion(&flipped(leaf, 9), index, size, &proof, &root);
            assert_eq!(verdict, Err(ProofError::Root));
            for other in (0..=size + 1)
                .chain([u64::MAX])
                .filter(|other| *other != index)
            {
                let verdict = verify_inclusion(&leaf, other, size, &proof, &root);
                assert!(verdict.is_err(), "{other} for {index} of {size}");
            }
        }
    }
}

#[test]
fn an_inclusion_proof_holds_for_one_root_only() {
    // T72: the checkpoint signs the size together with the root. A proof for another size leads
    // to another root, or has another length.
    let tree = StoredTree::numbered(40);
    for size in 1..=40 {
        for other in (1..=40).filter(|other| *other != size) {
            let root = root_at(other, &tree).expect("rows");
            for index in 0..size.min(other) {
                let proof = inclusion_proof(index, size, &tree).expect("rows");
                let leaf = tree.leaves[index as usize];
                let verdict = verify_inclusion(&leaf, index, other, &proof, &root);
                assert!(verdict.is_err(), "{index} of {size} passed for {other}");
            }
        }
    }
}

#[test]
fn a_node_is_no_leaf() {
    // T56: an interior node offered as a leaf, with the rest of the path, at any position.
    let tree = StoredTree::numbered(4);
    let root = root_at(4, &tree).expect("rows");
    let pair = node_hash(&numbered_leaf(0), &numbered_leaf(1));
    let right = node_hash(&numbered_leaf(2), &numbered_leaf(3));
    assert_eq!(node_hash(&pair, &right), root);
    for index in 0..4 {
        let verdict = verify_inclusion(&pair, index, 4, &[right], &root);
        assert_eq!(
            verdict,
            Err(ProofError::Length {
                expected: 2,
                found: 1
            })
        );
    }
    let children = [pair.as_ref(), right.as_ref()].concat();
    assert_eq!(
        verify_inclusion(&leaf_hash(&children), 0, 1, &[], &root),
        Err(ProofError::Root)
    );
}

#[test]
fn no_other_consistency_proof_is_accepted() {
    let tree = StoredTree::numbered(64);
    for new in SIZES {
        let new_root = root_at(new, &tree).expect("rows");
        for old in 1..=new {
            let old_root = root_at(old, &tree).expect("rows");
            let proof = consistency_proof(old, new, &tree).expect("rows");
            assert_eq!(
                verify_consistency(old, &old_root, new, &new_root, &proof),
                Ok(())
            );
            for other in mutations(&proof, &new_root) {
                let verdict = verify_consistency(old, &old_root, new, &new_root, &other);
                assert!(verdict.is_err(), "{old} to {new}");
            }
            for bit in [0, 100, 255] {
                let other = flipped(old_root, bit);
                assert!(verify_consistency(old, &other, new, &new_root, &proof).is_err());
                let other = flipped(new_root, bit);
                let verdict = verify_consistency(old, &old_root, new, &other, &proof);
                assert_eq!(verdict, Err(ProofError::NewRoot), "{old} to {new}");
            }
        }
    }
}

#[test]
fn a_forked_history_has_no_consistency_proof() {
    // T49: the same sizes, one leaf of the old tree exchanged; whatever honest proof either
    // history has, the other's old root is refused.
    let honest = StoredTree::numbered(40);
    for changed in [0, 1, 17, 19] {
        let mut leaves = honest.leaves.clone();
        leaves[changed] = leaf_hash(b"another history");
        let forked = StoredTree::of(leaves);
        for old in changed as u64 + 1..=20 {
            let seen = root_at(old, &honest).expect("rows");
            for source in [&honest, &forked] {
                let proof = consistency_proof(old, 40, source).expect("rows");
                let verdict = verify_consistency(old, &seen, 40, &forked.frontier.root(), &proof);
                assert!(verdict.is_err(), "leaf {changed}, {old} to 40");
            }
        }
    }
}

/// Bits flipped, hashes removed, doubled, added, exchanged.
fn mutations(proof: &[Hash], root: &Hash) -> Vec<Vec<Hash>> {
    let mut all = Vec::new();
    let mut change = |change: &dyn Fn(&mut Vec<Hash>)| {
        let mut other = proof.to_vec();
        change(&mut other);
        if other != proof {
            all.push(other);
        }
    };
    for at in 0..proof.len() {
        for bit in [0, 7, 128, 255] {
            change(&|other| other[at] = flipped(other[at], bit));
        }
        change(&|other| other[at] = Hash::EMPTY_ROOT);
        change(&|other| {
            other.remove(at);
        });
        change(&|other| other.insert(at, proof[at]));
        change(&|other| other.swap(at, 0));
    }
    for extra in [*root, Hash::EMPTY_ROOT] {
        change(&|other| other.push(extra));
        change(&|other| other.insert(0, extra));
    }
    change(&|other| other.reverse());
    change(&|other| other.extend([Hash::EMPTY_ROOT; 1000]));
    change(&Vec::clear);
    all
}

fn flipped(hash: Hash, bit: usize) -> Hash {
    let mut bytes = *hash.as_bytes();
    bytes[bit / 8] ^= 1 << (bit % 8);
    Hash::from_bytes(bytes)
}
