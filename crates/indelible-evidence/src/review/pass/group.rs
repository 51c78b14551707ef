//! The hits of one group of a rule.

use indelible_core::Timestamp;

use crate::review::window::{Hit, Threshold, counted};

/// Entries that make one finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// How many.
    pub entries: u64,
    /// What they count for, but for what follows.
    pub amount: u128,
    /// When the first happened.
    pub first: Timestamp,
    /// When the last did.
    pub last: Timestamp,
    /// The first of them that is new.
    pub first_new: Option<u64>,
    /// How many of them are new.
    pub new: u64,
    /// Which they are, those with the lowest seqs.
    pub seqs: Vec<u64>,
}

impl Tally {
    fn of(hit: Hit) -> Self {
        Self {
            entries: 0,
            amount: 0,
            first: hit.at,
            last: hit.at,
            first_new: None,
            new: 0,
            seqs: Vec::new(),
        }
    }

    fn add(&mut self, hit: Hit, from: u64) {
        self.entries += 1;
        self.amount += counted(&hit);
        self.first = self.first.min(hit.at);
        self.last = self.last.max(hit.at);
        if hit.seq >= from {
            self.new += 1;
            self.first_new = Some(self.first_new.map_or(hit.seq, |first| first.min(hit.seq)));
        }
    }
}

/// What is held of a group.
#[derive(Debug, Default)]
pub(super) struct Group {
    /// Hits of open windows.
    pub hits: Vec<Hit>,
    /// Bursts that nothing can be added to, or the one tally of a rule without a window.
    closed: Vec<Tally>,
    /// New hits that there was no room for, what they count for, and the last of them.
    passed: u64,
    passed_amount: u128,
    passed_to: Option<Timestamp>,
    /// New hits in no burst that were let go early to make room.
    let_go: u64,
    /// When there was no room to be made.
    full_at: Option<Timestamp>,
}

/// How hits are folded up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fold {
    /// What makes a burst.
    pub threshold: Threshold,
    /// Before this, nothing shares a window with what is still to come.
    pub horizon: Timestamp,
    /// The first entry that is new.
    pub from: u64,
    /// Entries that a finding names.
    pub seqs_max: usize,
}

impl Group {
    pub fn is_empty(&self) -> bool {
        self.hits.is_empty() && self.closed.is_empty() && self.passed + self.let_go == 0
    }

    /// Takes an entry of a rule without a window.
    pub fn flag(&mut self, hit: Hit, from: u64, seqs_max: usize) {
        if self.closed.is_empty() {
            self.closed.push(Tally::of(hit));
        }
        if let Some(tally) = self.closed.first_mut() {
            tally.add(hit, from);
            if tally.seqs.len() < seqs_max {
                tally.seqs.push(hit.seq);
            }
        }
    }

    /// Counts a hit that there is no room for.
    pub fn pass_over(&mut self, hit: Hit, from: u64) {
        if hit.seq >= from {
            self.passed += 1;
            self.passed_amount += counted(&hit);
        }
        self.passed_to = self.passed_to.max(Some(hit.at));
    }

    /// Makes room for the hit of an instant: what cannot matter any more is folded up, and if that
    /// is too little, the older half of what is in no burst is let go.
    pub fn make_room(&mut self, fold: &Fold, most: usize, at: Timestamp) {
        // A look at all that is held, for many hits and not for each.
        let again = |full: Timestamp| at >= full.later(fold.threshold.within / 8);
        if !self.full_at.is_none_or(again) {
            return;
        }
        self.fold(fold);
        if self.hits.len() >= most {
            let middle = self.hits[self.hits.len() / 2].at;
            let horizon = fold.horizon.max(middle);
            let before = self.new_hits(fold.from);
            let counted = |group: &Self| group.closed.iter().map(|it| it.new).sum::<u64>();
            let closed = counted(self);
            self.fold(&Fold { horizon, ..*fold });
            let closed = counted(self) - closed;
            self.let_go += before - self.new_hits(fold.from) - closed;
        }
        self.full_at = (self.hits.len() >= most).then_some(at);
    }

    fn new_hits(&self, from: u64) -> u64 {
        self.hits.iter().filter(|hit| hit.seq >= from).count() as u64
    }

    /// Closes the bursts that ended before the horizon, and lets go of what is in none.
    pub fn fold(&mut self, fold: &Fold) {
        let Fold {
            threshold,
            horizon,
            from,
            seqs_max,
        } = *fold;
        self.hits.sort_unstable();
        let bursts = threshold.bursts(&self.hits);
        let mut kept = Vec::new();
        let mut next = 0;
        for burst in bursts {
            let before = self.hits[next..burst.start].iter();
            kept.extend(before.filter(|hit| hit.at >= horizon));
            next = burst.end;
            let members = &self.hits[burst];
            // A burst has members: it begins and ends with one.
            let (Some(first), Some(last)) = (members.first(), members.last()) else {
                continue;
            };
            if last.at >= horizon {
                kept.extend(members);
                continue;
            }
            let mut tally = Tally::of(*first);
            for hit in members {
                tally.add(*hit, from);
            }
            if tally.first_new.is_none() {
                continue;
            }
            tally.seqs = members.iter().map(|hit| hit.seq).collect();
            tally.seqs.sort_unstable();
            tally.seqs.truncate(seqs_max);
            self.closed.push(tally);
        }
        let after = self.hits[next..].iter();
        kept.extend(after.filter(|hit| hit.at >= horizon));
        self.hits = kept;
    }

    /// What makes findings, and hits that are in none because there was no room for them. Those
    /// of a group in which a burst was going on belong to it.
    pub fn end(mut self) -> (Vec<Tally>, u64) {
        let last = self.closed.iter_mut().max_by_key(|tally| tally.last);
        match (last, self.passed_to) {
            (Some(tally), Some(to)) => {
                tally.entries += self.passed;
                tally.amount += self.passed_amount;
                tally.new += self.passed;
                tally.last = tally.last.max(to);
                (self.closed, self.let_go)
            }
            _ => (self.closed, self.passed + self.let_go),
        }
    }
}
