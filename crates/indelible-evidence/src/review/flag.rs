//! What a rule flagged.

use std::collections::BTreeMap;

use indelible_core::Timestamp;
use serde::Serialize;

use super::pass::{GroupKey, Tally};
use super::rules::{Rule, Severity};

/// Entries that a rule flagged together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Flag {
    /// The finding's id: the rule, and the first entry of the review that it rests on. It stays
    /// the same when more comes to it, and holds nothing of what the entries hold.
    pub id: String,
    /// The rule.
    pub rule: String,
    /// How bad it is.
    pub severity: Severity,
    /// Whose entries they are, by the fields that the rule groups by.
    pub group: BTreeMap<&'static str, Option<String>>,
    /// How many entries.
    pub entries: u64,
    /// How many of them are new since the last sign-off.
    pub new: u64,
    /// What the numbers of the context add up to, where the rule adds them up.
    pub sum: Option<u64>,
    /// When the first of them happened.
    pub first: Timestamp,
    /// When the last did.
    pub last: Timestamp,
    /// The first of them that is new.
    pub first_seq: u64,
    /// The entries, by seq; the first thousand of them.
    pub seqs: Vec<u64>,
    /// Entries beyond those.
    pub more: u64,
}

impl Flag {
    /// `None` where nothing of it is new.
    pub(super) fn of(rule: &Rule, key: &GroupKey, tally: Tally) -> Option<Self> {
        let first_seq = tally.first_new?;
        let fields = rule.group_by.iter().map(|field| field.as_str());
        let sum = u64::try_from(tally.amount).unwrap_or(u64::MAX);
        Some(Self {
            id: format!("{}-{first_seq}", rule.name),
            rule: rule.name.clone(),
            severity: rule.severity,
            group: fields.zip(key.iter().cloned()).collect(),
            entries: tally.entries,
            new: tally.new,
            sum: rule.sum.as_ref().map(|_| sum),
            first: tally.first,
            last: tally.last,
            first_seq,
            more: tally.entries.saturating_sub(tally.seqs.len() as u64),
            seqs: tally.seqs,
        })
    }
}
