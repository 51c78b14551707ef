//! What a pack was found to prove.

use serde::Serialize;
use serde_json::Value;

use super::verify::Found;

/// A pack that holds: what it proves, and what it does not.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// The first line of the pack: range, question, and, unproved, who asked and when.
    pub manifest: Value,
    /// The root of the tree under the last head, in hexadecimal.
    pub root: String,
    /// The keys that signed the last head.
    pub signed_by: Vec<String>,
    /// Entries that have a line.
    pub entries: u64,
    /// Those that match, and are opened.
    pub opened: u64,
    /// Parts whose content was erased.
    pub erased: u64,
    /// Those of them for which no entry of the pack accounts.
    pub unaccounted: u64,
    /// Parts that whoever made the pack left out.
    pub withheld: u64,
    /// What is proved.
    pub proved: Vec<&'static str>,
    /// What is not.
    pub not_proved: Vec<&'static str>,
}

impl Verdict {
    pub(super) fn of(found: Found) -> Self {
        let Found {
            manifest,
            root,
            signed_by,
            sums,
            unaccounted,
        } = found;
        let mut not_proved = manifest.not_proved();
        if unaccounted > 0 {
            not_proved.push("erasure");
        }
        Self {
            proved: manifest.proved(),
            not_proved,
            manifest: manifest.to_value(),
            root: root.to_string(),
            signed_by,
            entries: sums.entries,
            opened: sums.opened,
            erased: sums.erased,
            unaccounted,
            withheld: sums.withheld,
        }
    }
}
