//! Everything that is made and checked, against the recursive definitions of RFC 6962.

use indelible_merkle::plan::{consistency_ranges, inclusion_ranges, root_ranges};
use indelible_merkle::{
    Frontier, Hash, MissingNode, NodeSet, ProofError, consistency_proof, frontier_at,
    inclusion_proof, root_at, verify_consistency, verify_inclusion,
};

use proptest::prelude::*;

use crate::tree::{self, StoredTree};

#[test]
fn inclusion_for_every_leaf_of_every_old_size() {
    let whole = StoredTree::numbered(130);
    for size in 1..=130 {
        let leaves = &whole.leaves[..size];
        let root = tree::root(leaves);
        for (index, leaf) in leaves.iter().enumerate() {
            let (at, of) = (index as u64, size as u64);
            let nodes = whole.read(&inclusion_ranges(at, of));
            let proof = inclusion_proof(at, of, &nodes).expect("the plan names every row");
            assert_eq!(proof, tree::path(index, leaves), "{index} of {size}");
            assert_eq!(verify_inclusion(leaf, at, of, &proof, &root), Ok(()));
        }
    }
}

#[test]
fn consistency_between_all_sizes() {
    let whole = StoredTree::numbered(130);
    let roots: Vec<_> = (0..=130)
        .map(|size| tree::root(&whole.leaves[..size]))
        .collect();
    for new in 1..=130 {
        for old in 1..=new {
            let (from, to) = (old as u64, new as u64);
            let nodes = whole.read(&consistency_ranges(from, to));
            let proof = consistency_proof(from, to, &nodes).expect("the plan names every row");
            assert_eq!(
                proof,
                tree::proof(old, &whole.leaves[..new]),
                "{old} to {new}"
            );
            let verdict = verify_consistency(from, &roots[old], to, &roots[new], &proof);
            assert_eq!(verdict, Ok(()), "{old} to {new}");
        }
    }
}

#[test]
fn larger_trees_at_block_boundaries() {
    let whole = StoredTree::numbered(600);
    assert_eq!(whole.node_rows(), 2);
    let sizes = [
        1, 2, 127, 128, 129, 255, 256, 257, 300, 511, 512, 513, 599, 600,
    ];
    for new in sizes {
        let leaves = &whole.leaves[..new];
        let new_root = tree::root(leaves);
        for index in (0..new).filter(|index| index % 7 == 0 || sizes.contains(&(index + 1))) {
            let (at, of) = (index as u64, new as u64);
            let proof = inclusion_proof(at, of, &whole.read(&inclusion_ranges(at, of)));
            assert_eq!(proof, Ok(tree::path(index, leaves)), "{index} of {new}");
        }
        for old in sizes.into_iter().filter(|old| *old <= new) {
            let (from, to) = (old as u64, new as u64);
            let proof = consistency_proof(from, to, &whole.read(&consistency_ranges(from, to)))
                .expect("the plan names every row");
            assert_eq!(proof, tree::proof(old, leaves), "{old} to {new}");
            let old_root = tree::root(&whole.leaves[..old]);
            assert_eq!(
                verify_consistency(from, &old_root, to, &new_root, &proof),
                Ok(())
            );
        }
    }
}

#[test]
fn roots_and_frontiers_of_every_old_size() {
    let whole = StoredTree::numbered(600);
    let mut grown = StoredTree::of([]);
    for size in 0..=600 {
        let nodes = whole.read(&root_ranges(size as u64));
        let root = tree::root(&whole.leaves[..size]);
        assert_eq!(root_at(size as u64, &nodes), Ok(root), "{size}");
        assert_eq!(grown.frontier.root(), root, "{size}");
        assert_eq!(
            frontier_at(size as u64, &nodes),
            Ok(grown.frontier.clone()),
            "{size}"
        );
        if let Some(leaf) = whole.leaves.get(size) {
            grown.push(*leaf);
        }
    }
}

#[test]
fn appending_hashes_each_interior_node_once() {
    let mut frontier = indelible_merkle::Frontier::new();
    let mut made = Vec::new();
    for number in 0..1000 {
        frontier.push(tree::numbered_leaf(number), &mut |node, _| made.push(node));
    }
    assert_eq!(made.len() as u32, 1000 - 1000_u32.count_ones());
    made.sort_unstable();
    made.dedup();
    assert_eq!(made.len() as u32, 1000 - 1000_u32.count_ones());
    assert!(
        made.iter()
            .all(|node| (node.index + 1) << node.height <= 1000)
    );
}

#[test]
fn questions_outside_the_tree_are_answered() {
    // T57: index 0, size 0, one past the end, sizes in the wrong order.
    let none = NodeSet::new();
    let missing = |index| MissingNode { height: 0, index };
    assert_eq!(inclusion_proof(0, 0, &none), Err(missing(0)));
    assert_eq!(inclusion_proof(3, 3, &none), Err(missing(3)));
    assert_eq!(inclusion_proof(0, 1, &none), Ok(Vec::new()));
    assert_eq!(consistency_proof(4, 3, &none), Err(missing(3)));
    assert_eq!(consistency_proof(0, 3, &none), Ok(Vec::new()));
    assert_eq!(consistency_proof(3, 3, &none), Ok(Vec::new()));
    assert_eq!(root_at(0, &none), Ok(Hash::EMPTY_ROOT));
    assert_eq!(root_at(2, &none), Err(missing(0)));
    assert_eq!(inclusion_ranges(3, 3), []);
    assert_eq!(consistency_ranges(0, 3), []);
    assert_eq!(consistency_ranges(4, 3), []);
    assert_eq!(root_ranges(0), []);

    let empty = Hash::EMPTY_ROOT;
    assert_eq!(
        verify_inclusion(&empty, 0, 0, &[], &empty),
        Err(ProofError::IndexOutside { index: 0, size: 0 })
    );
    assert_eq!(
        verify_consistency(0, &empty, 0, &empty, &[]),
        Err(ProofError::OldTreeEmpty)
    );
    assert_eq!(
        verify_consistency(0, &empty, 5, &empty, &[]),
        Err(ProofError::OldTreeEmpty)
    );
    assert_eq!(
        verify_consistency(2, &empty, 1, &empty, &[]),
        Err(ProofError::SizesReversed {
            old_size: 2,
            new_size: 1
        })
    );
}

#[test]
fn a_missing_row_is_named() {
    let whole = StoredTree::numbered(600);
    let mut plan = inclusion_ranges(3, 600);
    let dropped = plan.pop().expect("the path needs the second block");
    let proof = inclusion_proof(3, 600, &whole.read(&plan));
    assert_eq!(
        proof,
        Err(MissingNode {
            height: dropped.height,
            index: dropped.start
        })
    );
}

proptest! {
    /// A run of leaves is proved without a path for each: the frontier before it gives the older
    /// root, and, once the leaves are pushed, the newer one.
    #[test]
    fn a_frontier_proves_the_leaves_that_follow_it(
        old in 0_usize..90,
        more in 1_usize..90,
        at in any::<prop::sample::Index>(),
    ) {
        let whole = StoredTree::numbered(180);
        let new = old + more;
        let frontier = frontier_at(old as u64, &whole.read(&root_ranges(old as u64)));
        let frontier = frontier.expect("the plan names every row");
        let ends = |hashes: &[Hash], leaves: &[Hash]| {
            let mut grown = Frontier::from_parts(old as u64, hashes.to_vec()).expect("as many");
            let before = grown.root();
            leaves.iter().for_each(|leaf| grown.push(*leaf, &mut |_, _| {}));
            (before, grown.root())
        };
        let leaves = &whole.leaves[old..new];
        let roots = (tree::root(&whole.leaves[..old]), tree::root(&whole.leaves[..new]));
        prop_assert_eq!(ends(frontier.hashes(), leaves), roots);
        let place = at.index(more);
        let mut altered = leaves.to_vec();
        altered[place] = Hash::EMPTY_ROOT;
        prop_assert_ne!(ends(frontier.hashes(), &altered).1, roots.1);
        altered.remove(place);
        prop_assert_ne!(ends(frontier.hashes(), &altered).1, roots.1);
        altered.clone_from_slice(&leaves[1..]);
        prop_assert_ne!(ends(frontier.hashes(), &altered).1, roots.1);
        if old > 0 {
            let mut hashes = frontier.hashes().to_vec();
            let place = at.index(hashes.len());
            hashes[place] = Hash::EMPTY_ROOT;
            prop_assert_ne!(ends(&hashes, leaves).0, roots.0);
        }
    }
}
