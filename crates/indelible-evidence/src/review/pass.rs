//! What a rule has met so far. Memory is bounded: where a bound is reached, what happened too
//! long ago to matter is folded up, and what still does not fit is counted and told.

mod group;

use std::collections::HashMap;

use indelible_core::Timestamp;
use indelible_core::entry::Unreadable;
use serde::Serialize;

use super::flag::Flag;
use super::matching::{Compiled, Fit, Looked};
use super::rules::{GroupField, Rule, Severity};
use super::window::{Hit, Threshold};
pub(super) use group::Tally;
use group::{Fold, Group};

/// How much of a rule is held at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Hits that are held for windows, of each rule.
    pub hits_max: usize,
    /// Hits of one group.
    pub group_hits_max: usize,
    /// Groups of each rule.
    pub groups_max: usize,
    /// Findings of each rule.
    pub findings_max: usize,
    /// Entries that a finding names.
    pub seqs_max: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            hits_max: 250_000,
            group_hits_max: 20_000,
            groups_max: 50_000,
            findings_max: 1_000,
            seqs_max: 1_000,
        }
    }
}

/// What a rule came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleCount {
    /// The rule.
    pub rule: String,
    /// How bad what it flags is.
    pub severity: Severity,
    /// What it means.
    pub why: String,
    /// Entries of the review that it matches, flagged or not.
    pub matched: u64,
    /// What it found, listed or not.
    pub findings: u64,
    /// Entries that it may match: what decides was erased.
    pub erased: u64,
    /// Entries that it matches and whose number to be added up is not there.
    pub without_number: u64,
    /// Entries that it matches and that no window counts, because too much is held already.
    pub uncounted: u64,
    /// Findings beyond those that are listed.
    pub unlisted: u64,
}

/// Who is looked at apart, by the fields of the rule; `None` for an absent value.
pub(super) type GroupKey = Vec<Option<String>>;

/// A rule on its way through the trail.
pub(super) struct Watch {
    pub compiled: Compiled,
    pub count: RuleCount,
    bounds: Bounds,
    groups: HashMap<GroupKey, Group>,
    hits: usize,
    /// Before this, hits were folded up.
    swept_to: Timestamp,
}

/// Where a review stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// The first entry that is new.
    pub from: u64,
    /// Before this, no entry is expected any more.
    pub settled: Timestamp,
}

impl Watch {
    pub fn new(compiled: Compiled, bounds: Bounds) -> Self {
        let rule = &compiled.rule;
        Self {
            count: RuleCount {
                rule: rule.name.clone(),
                severity: rule.severity,
                why: rule.why.clone(),
                matched: 0,
                findings: 0,
                erased: 0,
                without_number: 0,
                uncounted: 0,
                unlisted: 0,
            },
            compiled,
            bounds,
            groups: HashMap::new(),
            hits: 0,
            swept_to: Timestamp::MIN,
        }
    }

    fn rule(&self) -> &Rule {
        &self.compiled.rule
    }

    /// Takes an entry that may fit.
    pub fn add(&mut self, looked: &Looked<'_>, place: Place) -> Result<(), Unreadable> {
        let is_new = looked.stored.seq >= place.from;
        let at = looked.stored.occurred_at;
        if self
            .rule()
            .outside
            .as_ref()
            .is_some_and(|it| it.contain(at))
        {
            return Ok(());
        }
        let fit = self.compiled.matches.fits(looked)?;
        let follows = self.compiled.followed_by.fits(looked)? == Fit::Yes;
        match fit {
            Fit::Yes => self.count.matched += u64::from(is_new),
            Fit::Unknown if !follows => {
                self.count.erased += u64::from(is_new);
                return Ok(());
            }
            _ if !follows => return Ok(()),
            _ => {}
        }
        let follows = follows && fit != Fit::Yes;
        let Some(key) = self.key(looked) else {
            // Nobody knows whose window it belongs to.
            self.count.erased += u64::from(is_new);
            return Ok(());
        };
        let Some(weight) = self.weight(looked, follows) else {
            self.count.without_number += u64::from(is_new);
            return Ok(());
        };
        let hit = Hit {
            at,
            seq: looked.stored.seq,
            weight,
            follows,
        };
        match self.rule().threshold {
            Some(threshold) => self.hold(key, hit, threshold, place),
            None if is_new => self.flag(key, hit, place),
            None => {}
        }
        Ok(())
    }

    /// Who the entry is counted for; `None` where that was erased and windows are counted. A rule
    /// without a window flags it all the same, as of nobody.
    fn key(&self, looked: &Looked<'_>) -> Option<GroupKey> {
        let value = |field: &GroupField| match looked.value(*field) {
            Ok(value) => Some(value),
            Err(_) if self.rule().threshold.is_none() => Some(None),
            Err(_) => None,
        };
        self.rule().group_by.iter().map(value).collect()
    }

    fn weight(&self, looked: &Looked<'_>, follows: bool) -> Option<u64> {
        match &self.rule().sum {
            Some(path) if !follows => looked.number(path),
            _ => Some(1),
        }
    }

    fn flag(&mut self, key: GroupKey, hit: Hit, place: Place) {
        if self.groups.len() >= self.bounds.groups_max && !self.groups.contains_key(&key) {
            self.count.uncounted += 1;
            return;
        }
        let group = self.groups.entry(key).or_default();
        group.flag(hit, place.from, self.bounds.seqs_max);
    }

    fn hold(&mut self, key: GroupKey, hit: Hit, threshold: Threshold, place: Place) {
        let is_known = self.groups.contains_key(&key);
        let full = self.hits >= self.bounds.hits_max
            || (!is_known && self.groups.len() >= self.bounds.groups_max);
        if full && !self.sweep(threshold, place) {
            self.count.uncounted += u64::from(hit.seq >= place.from);
            return;
        }
        let horizon = place.settled.earlier(threshold.within);
        let group = self.groups.entry(key).or_default();
        let most = self.bounds.group_hits_max;
        if group.hits.len() >= most {
            let before = group.hits.len();
            let fold = Fold {
                threshold,
                horizon,
                from: place.from,
                seqs_max: self.bounds.seqs_max,
            };
            group.make_room(&fold, most, hit.at);
            self.hits -= before - group.hits.len();
        }
        // What makes a burst of what came before is not passed over for want of room.
        let most = if hit.follows { 2 * most } else { most };
        if group.hits.len() >= most {
            group.pass_over(hit, place.from);
            return;
        }
        group.hits.push(hit);
        self.hits += 1;
    }

    /// Folds up what happened too long ago to share a window with what is still to come. Answers
    /// whether there is room now.
    fn sweep(&mut self, threshold: Threshold, place: Place) -> bool {
        let horizon = place.settled.earlier(threshold.within);
        // A sweep costs a look at all that is held: not for a few hits more.
        if horizon <= self.swept_to.later(threshold.within / 8) {
            return false;
        }
        self.swept_to = horizon;
        let fold = Fold {
            threshold,
            horizon,
            from: place.from,
            seqs_max: self.bounds.seqs_max,
        };
        self.groups.retain(|_, group| {
            group.fold(&fold);
            !group.is_empty()
        });
        self.hits = self.groups.values().map(|group| group.hits.len()).sum();
        self.hits < self.bounds.hits_max && self.groups.len() < self.bounds.groups_max
    }

    /// What the rule found, the first first, and what it came to.
    pub fn conclude(mut self, place: Place) -> (Vec<Flag>, RuleCount) {
        let mut flags = Vec::new();
        for (key, mut group) in std::mem::take(&mut self.groups) {
            if let Some(threshold) = self.rule().threshold {
                group.fold(&Fold {
                    threshold,
                    horizon: Timestamp::MAX,
                    from: place.from,
                    seqs_max: self.bounds.seqs_max,
                });
            }
            let (tallies, uncounted) = group.end();
            self.count.uncounted += uncounted;
            let found = tallies.into_iter().filter_map(|tally| {
                let rule = &self.compiled.rule;
                Flag::of(rule, &key, tally)
            });
            flags.extend(found);
        }
        flags.sort_by_key(|flag| flag.first_seq);
        self.count.findings = flags.len() as u64;
        let listed = flags.len().min(self.bounds.findings_max);
        self.count.unlisted = (flags.len() - listed) as u64;
        flags.truncate(listed);
        (flags, self.count)
    }
}
