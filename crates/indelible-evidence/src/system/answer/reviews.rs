//! Reviews: SYS-28 to SYS-31, by the sign-offs that count.

use super::{Found, elsewhere, met, met_if, not_met};
use crate::system::installation::{Installation, Reviews, TrailFacts};

pub fn answer(number: usize, it: &Installation) -> Found {
    let own: Vec<_> = it
        .trails
        .iter()
        .filter(|trail| !trail.trail.is_system())
        .collect();
    if own.is_empty() {
        return elsewhere("no trail has an entry yet");
    }
    let fact = |say: fn(&Reviews) -> String| {
        let each = own
            .iter()
            .map(|it| format!("{}: {}", it.trail, say(&it.reviews)));
        each.collect::<Vec<_>>().join("; ")
    };
    let all = |holds: fn(&Reviews) -> bool| own.iter().all(|it| holds(&it.reviews));
    match number {
        28 => {
            let fact = fact(|it| {
                let last = it.last_at.map(|at| at.to_string());
                format!(
                    "{} sign-offs, the last {}, {} of the last 90 days missed",
                    it.sign_offs,
                    last.as_deref().unwrap_or("never"),
                    it.missed
                )
            });
            met_if(all(|it| it.sign_offs > 0 && it.missed == 0), fact)
        }
        29 => {
            let fact = fact(|it| {
                let often = it.frequency.as_deref().unwrap_or("never");
                match &it.declared {
                    Some(by) => format!("{often}, by {} on {}: {}", by.by, by.on, by.why),
                    None => format!("{often}, and nobody stands for it"),
                }
            });
            met_if(all(|it| it.declared.is_some()), fact)
        }
        30 => findings(&own),
        _ => {
            let fact = fact(|it| {
                format!(
                    "{} sign-offs that hold against the trail, {} that cannot be checked any more, \
                     {} that count for nothing",
                    it.sign_offs, it.unchecked, it.invalid
                )
            });
            // Who may record may record what looks like one, and that stays for ever.
            met_if(all(|it| it.sign_offs > 0), fact)
        }
    }
}

fn findings(own: &[&TrailFacts]) -> Found {
    let sum = |of: fn(&Reviews) -> u64| own.iter().map(|it| of(&it.reviews)).sum::<u64>();
    let (all, open) = (sum(|it| it.findings), sum(|it| it.open));
    let without = sum(|it| it.without_owner);
    let fact =
        format!("{all} findings on record, {open} open, {without} of these without an owner");
    match (all, without) {
        (0, _) => elsewhere(format!("{fact}: nothing had to be followed yet")),
        (_, 0) => met(fact),
        _ => not_met(fact),
    }
}
