//! What was changed in a value so that every store can hold it.

use super::pointer;
use super::scan::prefix;

/// One change that was made to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repair {
    /// The place as an RFC 6901 pointer into the repaired value; one that is longer than
    /// [`Repairs::POINTER_BYTES_MAX`] ends there. A change to a key names its member.
    pub pointer: String,
    /// What was done.
    pub kind: RepairKind,
}

/// What was done to a string, number or key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RepairKind {
    /// NUL characters or lone surrogates in the string or key became U+FFFD.
    Replaced,
    /// The number became a string of its digits.
    NumberAsText,
    /// As [`RepairKind::Replaced`] in a key, which then got a suffix to differ from another one.
    KeyRenamed,
}

/// The changes made to one value, in the order in which they were met, those to an object's keys
/// at its end: the first [`Repairs::KEPT_MAX`] of them and the count of all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Repairs {
    /// The changes that were kept.
    pub list: Vec<Repair>,
    /// How many changes were made, kept or not.
    pub total: u64,
}

impl Repairs {
    /// The most changes kept, one more than an event keeps notes.
    pub const KEPT_MAX: usize = 65;
    /// The longest pointer kept, in bytes.
    pub const POINTER_BYTES_MAX: usize = 4096;

    /// Whether nothing was changed.
    pub fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// How many changes were made beyond those kept.
    pub fn dropped(&self) -> u64 {
        self.total - self.list.len() as u64
    }

    /// Adds a change at the place being looked at; containers around it prefix their token.
    pub(super) fn push(&mut self, kind: RepairKind) {
        self.total += 1;
        if self.list.len() < Self::KEPT_MAX {
            self.list.push(Repair {
                pointer: String::new(),
                kind,
            });
        }
    }

    /// How many changes are kept so far: where a member's own changes begin.
    pub(super) fn mark(&self) -> usize {
        self.list.len()
    }

    /// Puts the key before the pointers of the changes kept since `mark`.
    pub(super) fn within_key(&mut self, mark: usize, key: &str) {
        if self.list.len() > mark {
            within(&mut self.list[mark..], key);
        }
    }

    /// Puts the index before the pointers of the changes kept since `mark`.
    pub(super) fn within_index(&mut self, mark: usize, index: usize) {
        if self.list.len() > mark {
            within(&mut self.list[mark..], &index.to_string());
        }
    }
}

/// Puts the token before the pointers of the given changes.
pub(super) fn within(repairs: &mut [Repair], token: &str) {
    if repairs.is_empty() {
        return;
    }
    let mut step = String::new();
    pointer::push(&mut step, prefix(token, Repairs::POINTER_BYTES_MAX));
    for repair in repairs {
        repair.pointer.insert_str(0, &step);
        let kept = prefix(&repair.pointer, Repairs::POINTER_BYTES_MAX).len();
        repair.pointer.truncate(kept);
    }
}
