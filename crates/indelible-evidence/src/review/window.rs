//! Bursts: hits of which enough lie within a window of time.

use std::ops::Range;
use std::time::Duration;

use indelible_core::Timestamp;

/// An entry that a rule matches. Hits are ordered by when they happened, then as the trail is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    /// When it happened.
    pub at: Timestamp,
    /// Its place in the trail.
    pub seq: u64,
    /// What it counts for.
    pub weight: u64,
    /// Whether it is what has to follow, and counts for nothing.
    pub follows: bool,
}

/// What makes a burst.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Threshold {
    /// At least so much weight…
    pub at_least: u64,
    /// …in a window of this width, both ends inclusive.
    pub within: Duration,
    /// Whether a burst is one only where a hit follows that says so, in the same window.
    pub followed: bool,
}

impl Threshold {
    /// The bursts among hits that are in order: ranges of them that do not touch. All hits of all
    /// windows that hold enough are in one; windows that share a hit are one burst.
    pub fn bursts(&self, hits: &[Hit]) -> Vec<Range<usize>> {
        let mut bursts: Vec<Range<usize>> = Vec::new();
        let (mut left, mut weight) = (0, 0_u128);
        for (right, hit) in hits.iter().enumerate() {
            weight += counted(hit);
            while hits[left].at < hit.at.earlier(self.within) {
                weight -= counted(&hits[left]);
                left += 1;
            }
            if weight < u128::from(self.at_least) || (self.followed && !hit.follows) {
                continue;
            }
            // Both ends of the windows only grow, so that only neighbours can share a hit.
            match bursts.last_mut() {
                Some(last) if left < last.end => last.end = right + 1,
                _ => bursts.push(left..right + 1),
            }
        }
        bursts
    }
}

/// What a hit counts for.
pub fn counted(hit: &Hit) -> u128 {
    match hit.follows {
        true => 0,
        false => hit.weight.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn hit(second: i64, seq: u64, follows: bool) -> Hit {
        Hit {
            at: Timestamp::from_micros(second * 1_000_000),
            seq,
            weight: 1,
            follows,
        }
    }

    fn of(at_least: u64, seconds: u64, followed: bool) -> Threshold {
        Threshold {
            at_least,
            within: Duration::from_secs(seconds),
            followed,
        }
    }

    fn times(times: &[i64]) -> Vec<Hit> {
        let hit = |(seq, time): (usize, &i64)| hit(*time, seq as u64, false);
        times.iter().enumerate().map(hit).collect()
    }

    fn found(threshold: Threshold, hits: &[Hit]) -> Vec<(usize, usize)> {
        let bursts = threshold.bursts(hits).into_iter();
        bursts.map(|burst| (burst.start, burst.end)).collect()
    }

    #[test]
    fn both_ends_of_a_window_are_inclusive() {
        assert_eq!(found(of(3, 10, false), &times(&[0, 5, 10])), [(0, 3)]);
        assert!(of(3, 10, false).bursts(&times(&[0, 5, 11])).is_empty());
        assert!(of(4, 10, false).bursts(&times(&[0, 5, 10])).is_empty());
        assert_eq!(found(of(3, 0, false), &times(&[7, 7, 7, 8])), [(0, 3)]);
        assert!(of(1, 10, false).bursts(&[]).is_empty());
    }

    #[test]
    fn windows_that_share_a_hit_are_one_burst() {
        let hits = times(&[0, 1, 9, 10, 18, 30, 60, 61, 62]);
        assert_eq!(found(of(3, 10, false), &hits), [(0, 5), (6, 9)]);
    }

    #[test]
    fn what_follows_has_to_follow() {
        let burst = of(2, 10, true);
        assert!(
            burst
                .bursts(&[hit(0, 0, false), hit(1, 1, false)])
                .is_empty()
        );
        let before = [hit(0, 0, true), hit(1, 1, false), hit(2, 2, false)];
        assert!(burst.bursts(&before).is_empty());
        let after = [hit(0, 0, false), hit(1, 1, false), hit(10, 2, true)];
        assert_eq!(found(burst, &after), [(0, 3)]);
        let late = [hit(0, 0, false), hit(1, 1, false), hit(11, 2, true)];
        assert!(burst.bursts(&late).is_empty());
        // At the same instant the order of the trail decides.
        let same = [hit(1, 0, false), hit(1, 1, false), hit(1, 2, true)];
        assert_eq!(found(burst, &same), [(0, 3)]);
    }

    /// Every window looked at by itself, and hits that share one gathered until nothing changes.
    fn naive(threshold: Threshold, hits: &[Hit]) -> Vec<BTreeSet<u64>> {
        let mut sets: Vec<BTreeSet<u64>> = Vec::new();
        for last in hits {
            let within = |it: &&Hit| it.at >= last.at.earlier(threshold.within) && *it <= last;
            let members: Vec<&Hit> = hits.iter().filter(within).collect();
            let counted = members.iter().filter(|it| !it.follows);
            let weight: u128 = counted.map(|it| u128::from(it.weight)).sum();
            if weight >= threshold.at_least.into() && (!threshold.followed || last.follows) {
                sets.push(members.iter().map(|it| it.seq).collect());
            }
        }
        let mut joined: Vec<BTreeSet<u64>> = Vec::new();
        for mut set in sets {
            while let Some(at) = joined.iter().position(|other| !other.is_disjoint(&set)) {
                set.extend(joined.swap_remove(at));
            }
            joined.push(set);
        }
        joined.sort_by_key(|set| set.first().copied());
        joined
    }

    proptest! {
        #[test]
        fn bursts_are_those_that_a_naive_count_finds(
            raw in prop::collection::vec((0_i64..60, 0_u64..4, prop::bool::weighted(0.2)), 0..40),
            at_least in 1_u64..8,
            seconds in 0_u64..20,
            followed: bool,
        ) {
            let threshold = of(at_least, seconds, followed);
            let made = raw.iter().enumerate().map(|(seq, (second, weight, follows))| Hit {
                weight: *weight,
                ..hit(*second, seq as u64, *follows)
            });
            let mut hits: Vec<Hit> = made.collect();
            hits.sort();
            let found = threshold.bursts(&hits);
            let mut found: Vec<BTreeSet<u64>> = found
                .into_iter()
                .map(|range| hits[range].iter().map(|it| it.seq).collect())
                .collect();
            found.sort_by_key(|set| set.first().copied());
            prop_assert_eq!(found, naive(threshold, &hits));
        }
    }
}
