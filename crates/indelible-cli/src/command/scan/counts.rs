//! Counts by name that stay small whatever the names are.

use std::collections::BTreeMap;

/// The most names that are counted apart; further ones are counted as one.
const NAMES_MAX: usize = 1000;

/// Findings and entries with findings, by name.
#[derive(Debug, Default)]
pub struct Counts {
    named: BTreeMap<String, Count>,
    others: Count,
}

/// What was counted under one name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    pub findings: u64,
    pub entries: u64,
}

impl Counts {
    /// Counts the findings of one entry under this name.
    pub fn add(&mut self, name: &str, findings: u64) {
        let is_new = !self.named.contains_key(name);
        let count = if is_new && self.named.len() == NAMES_MAX {
            &mut self.others
        } else {
            self.named.entry(name.to_owned()).or_default()
        };
        count.findings += findings;
        count.entries += 1;
    }

    /// The names with most findings first, those beyond the limit as `(others)` last.
    pub fn sorted(&self) -> Vec<(&str, Count)> {
        let named = self.named.iter();
        let mut sorted: Vec<_> = named.map(|(name, count)| (name.as_str(), *count)).collect();
        sorted.sort_by_key(|(_, count)| std::cmp::Reverse(count.findings));
        if self.others != Count::default() {
            sorted.push(("(others)", self.others));
        }
        sorted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thousand_and_first_name_is_one_of_the_others() {
        let mut counts = Counts::default();
        for name in 0..1003 {
            counts.add(&format!("n{name:04}"), 2);
        }
        counts.add("n0007", 5);
        let sorted = counts.sorted();
        let count = |findings, entries| Count { findings, entries };
        assert_eq!(sorted[0], ("n0007", count(7, 2)));
        assert_eq!(sorted[1000], ("(others)", count(6, 3)));
        assert_eq!(sorted.len(), 1001);
    }
}
