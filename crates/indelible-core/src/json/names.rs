//! The names of members whose key had to be repaired.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::{Map, Value};

use super::repair::{self, RepairKind, Repairs};

/// A member set aside because its key cannot stay as it is.
pub(super) struct Misnamed {
    /// The key as it was given: UTF-8, a lone surrogate in the three bytes that UTF-8 would use.
    pub(super) original: Vec<u8>,
    /// The key with U+FFFD in place of what cannot be kept.
    pub(super) key: String,
    pub(super) value: Value,
    /// The byte of the text at which the key begins.
    pub(super) at: usize,
    /// The repairs within the value, whose pointers wait for the key.
    pub(super) repairs: Range<usize>,
}

/// The later of two members with the same key, once `members` are in order of their original
/// keys (and equal ones in order of the text).
pub(super) fn duplicate(members: &[Misnamed]) -> Option<&Misnamed> {
    let twin = members
        .windows(2)
        .find(|pair| pair[0].original == pair[1].original)?;
    Some(&twin[1])
}

/// Puts the members, in order of their original keys, into the map under names that nothing else
/// in the object has.
///
/// Names depend on the set of keys alone, not on the order of the text. Each suffix of a key is
/// tried once, so that many keys that fall together stay linear.
pub(super) fn settle(map: &mut Map<String, Value>, members: Vec<Misnamed>, repairs: &mut Repairs) {
    let mut next_suffix: BTreeMap<String, u64> = BTreeMap::new();
    for member in members {
        let mut name = member.key;
        let mut kind = RepairKind::Replaced;
        if map.contains_key(&name) {
            kind = RepairKind::KeyRenamed;
            let suffix = next_suffix.entry(name.clone()).or_insert(2);
            let base = name.len();
            while map.contains_key(&name) {
                name.truncate(base);
                name.push('~');
                name.push_str(&suffix.to_string());
                *suffix += 1;
            }
        }
        repair::within(&mut repairs.list[member.repairs], &name);
        let mark = repairs.mark();
        repairs.push(kind);
        repairs.within_key(mark, &name);
        map.insert(name, member.value);
    }
}
