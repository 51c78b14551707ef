//! Sizes beyond one and two stored heights, up to the largest that 64 bits can name.

use indelible_merkle::plan::{consistency_ranges, inclusion_ranges, root_ranges};
use indelible_merkle::{
    Frontier, Hash, NodeRange, STORED_HEIGHT_STEP, StoredNodes, TREE_SIZE_MAX, consistency_proof,
    frontier_at, inclusion_proof, leaf_hash, node_hash, root_at, verify_consistency,
    verify_inclusion,
};
use proptest::prelude::*;

use crate::tree::{self, StoredTree};

#[test]
fn a_tree_above_65536_leaves() {
    let size = 65_536 + 256 + 3;
    let whole = StoredTree::numbered(size);
    assert_eq!(whole.node_rows(), 257 + 1, "heights 8 and 16");
    let root = tree::root(&whole.leaves);
    let of = u64::from(size);
    assert_eq!(whole.frontier.root(), root);
    assert_eq!(root_at(of, &whole.read(&root_ranges(of))), Ok(root));
    for index in [
        0, 1, 255, 256, 32_768, 65_535, 65_536, 65_791, 65_792, 65_794,
    ] {
        let at = index as u64;
        let proof = inclusion_proof(at, of, &whole.read(&inclusion_ranges(at, of)));
        let proof = proof.expect("the plan names every row");
        assert_eq!(proof, tree::path(index, &whole.leaves), "{index}");
        assert_eq!(
            verify_inclusion(&whole.leaves[index], at, of, &proof, &root),
            Ok(())
        );
    }
    for old in [
        1, 255, 256, 257, 32_768, 65_535, 65_536, 65_537, 65_792, 65_794,
    ] {
        let from = old as u64;
        let proof = consistency_proof(from, of, &whole.read(&consistency_ranges(from, of)));
        let proof = proof.expect("the plan names every row");
        assert_eq!(proof, tree::proof(old, &whole.leaves), "{old}");
        let old_root = root_at(from, &whole.read(&root_ranges(from))).expect("rows are there");
        assert_eq!(old_root, tree::root(&whole.leaves[..old]));
        assert_eq!(
            verify_consistency(from, &old_root, of, &root, &proof),
            Ok(())
        );
    }
}

/// A tree whose leaves are all the same, so that a node depends on its height alone and a tree
/// of any size fits into 64 hashes.
struct UniformTree(Vec<Hash>);

impl UniformTree {
    fn new() -> Self {
        let grow = |hash: &Hash| Some(node_hash(hash, hash));
        Self(
            std::iter::successors(Some(leaf_hash(b"same")), grow)
                .take(64)
                .collect(),
        )
    }

    /// The root by the definition, skipping the halves that are complete.
    fn root(&self, size: u64) -> Hash {
        match size {
            0 => Hash::EMPTY_ROOT,
            _ if size.is_power_of_two() => self.0[size.ilog2() as usize],
            _ => node_hash(
                &self.0[size.ilog2() as usize],
                &self.root(size - (1 << size.ilog2())),
            ),
        }
    }
}

impl StoredNodes for UniformTree {
    fn stored(&self, height: u8, _: u64) -> Option<Hash> {
        height
            .is_multiple_of(STORED_HEIGHT_STEP)
            .then(|| self.0[usize::from(height)])
    }
}

/// Sizes of all magnitudes, powers of two and their neighbours included.
fn sizes() -> impl Strategy<Value = u64> {
    (1..64_u32, any::<u64>(), -2..=2_i64).prop_flat_map(|(bits, noise, near)| {
        let power = 1_u64 << bits;
        prop_oneof![
            Just(power.saturating_add_signed(near).max(1)),
            Just((power | (noise & (power - 1))).max(1)),
        ]
    })
}

/// What a plan promises: few ranges, each inside one block of 256 stored rows.
fn check_plan(plan: &[NodeRange], size: u64) {
    let heights = (size - 1)
        .checked_ilog2()
        .map_or(1, |levels| levels / 8 + 1) as usize;
    assert!(plan.len() <= 2 * heights, "{plan:?}");
    for range in plan {
        assert!(!range.is_empty() && range.len() <= 256, "{range:?}");
        assert!(range.height.is_multiple_of(STORED_HEIGHT_STEP), "{range:?}");
        assert_eq!(
            range.start >> 8,
            (range.end - 1) >> 8,
            "{range:?} is in one block"
        );
        let end = u128::from(range.end) << range.height;
        assert!(
            end <= u128::from(size),
            "{range:?} exists in a tree of {size}"
        );
        let same_height = plan.iter().filter(|other| other.height == range.height);
        assert!(same_height.count() <= 2, "{plan:?}");
    }
}

proptest! {
    #[test]
    fn inclusion_at_any_size(size in sizes(), draw in any::<u64>()) {
        let tree = UniformTree::new();
        let index = draw % size;
        check_plan(&inclusion_ranges(index, size), size);
        let proof = inclusion_proof(index, size, &tree).expect("every node is at hand");
        let root = tree.root(size);
        prop_assert_eq!(verify_inclusion(&tree.0[0], index, size, &proof, &root), Ok(()));
        prop_assert!(proof.len() <= 64);
        let other = leaf_hash(b"other");
        prop_assert!(verify_inclusion(&other, index, size, &proof, &root).is_err());
    }

    #[test]
    fn consistency_at_any_size(new in sizes(), draw in any::<u64>()) {
        let tree = UniformTree::new();
        let old = draw % new + 1;
        check_plan(&consistency_ranges(old, new), new);
        let proof = consistency_proof(old, new, &tree).expect("every node is at hand");
        let (old_root, new_root) = (tree.root(old), tree.root(new));
        prop_assert_eq!(verify_consistency(old, &old_root, new, &new_root, &proof), Ok(()));
        let other = leaf_hash(b"other");
        prop_assert!(verify_consistency(old, &other, new, &new_root, &proof).is_err());
        prop_assert!(verify_consistency(old, &old_root, new, &other, &proof).is_err());
    }

    #[test]
    fn roots_at_any_size(size in sizes()) {
        let tree = UniformTree::new();
        check_plan(&root_ranges(size), size);
        prop_assert_eq!(root_at(size, &tree), Ok(tree.root(size)));
        match frontier_at(size, &tree) {
            Ok(frontier) => {
                prop_assert_eq!(frontier.root(), tree.root(size));
                let read = Frontier::from_bytes(size, &frontier.to_bytes());
                prop_assert_eq!(read, Ok(frontier));
            }
            Err(_) => prop_assert!(size > TREE_SIZE_MAX),
        }
    }
}

#[test]
fn the_largest_sizes() {
    let tree = UniformTree::new();
    let size = u64::MAX;
    for index in [0, 1, size / 2, size - 2, size - 1] {
        let proof = inclusion_proof(index, size, &tree).expect("every node is at hand");
        assert_eq!(
            verify_inclusion(&tree.0[0], index, size, &proof, &tree.root(size)),
            Ok(())
        );
    }
    for old in [1, 2, size / 2, size / 2 + 1, size - 1, size] {
        let proof = consistency_proof(old, size, &tree).expect("every node is at hand");
        let verdict = verify_consistency(old, &tree.root(old), size, &tree.root(size), &proof);
        assert_eq!(verdict, Ok(()), "{old}");
    }
}
