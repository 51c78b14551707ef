//! Terms in the order of a run against a map that is always in order.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const FIELDS: [TermField; 3] = [TermField::UserId, TermField::Action, TermField::Tag];

/// Values that are empty, end in NUL bytes, begin alike, and some of which meet in one place while
/// they are recent: they begin and end alike.
fn values() -> impl Strategy<Value = Vec<u8>> {
    let short = proptest::collection::vec(prop_oneof![Just(0_u8), Just(b'a')], 0..4);
    let long = (0_u8..6).prop_map(|middle| [&[b'x'; 20][..], &[middle], &[b'y'; 20]].concat());
    prop_oneof![short, long]
}

proptest! {
    #[test]
    fn each_key_is_there_once_with_all_its_seqs(
        entries in proptest::collection::vec(
            proptest::collection::vec((0_usize..3, values()), 0..6), 0..200),
        is_recent_kept in any::<bool>(),
    ) {
        let mut terms = Terms::default();
        if is_recent_kept {
            terms.recent.resize(RECENT, u32::MAX);
        }
        let mut expected: BTreeMap<Vec<u8>, Vec<u64>> = BTreeMap::new();
        for (seq, entry) in (100..).zip(&entries) {
            for (field, value) in entry {
                let field = FIELDS[*field];
                terms.term(field, value, seq);
                expected.entry(key(field, value)).or_default().push(seq);
            }
        }
        let given: usize = entries.iter().map(Vec::len).sum();
        prop_assert!(terms.bytes() >= given * size_of::<u64>());
        let sorted = terms.sorted();
        let groups: Vec<_> = sorted
            .groups()
            .map(|(key, seqs)| (key.to_vec(), seqs.to_vec()))
            .collect();
        prop_assert_eq!(groups, expected.into_iter().collect::<Vec<_>>());
    }
}

#[test]
fn what_repeats_is_kept_once_while_it_is_recent() {
    let mut terms = Terms::default();
    terms.recent.resize(RECENT, u32::MAX);
    for seq in 0..1_000 {
        terms.term(TermField::Action, b"invoice.read", seq);
        terms.term(TermField::UserId, b"u1", seq);
    }
    assert_eq!(terms.keys.ends.len(), 2);
    assert_eq!(terms.pairs.len(), 2_000);
}
