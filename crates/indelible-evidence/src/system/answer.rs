//! The answers that follow from what was measured. None is a constant: where the product does
//! what is asked, the answer hangs on what shows it here.

mod content;
mod keeping;
mod reviews;
mod trust;

use serde::Serialize;

use super::installation::Installation;

/// Whether a requirement is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It is.
    Met,
    /// It is not.
    NotMet,
    /// What was measured does not show it: ask elsewhere.
    NeedsEvidenceElsewhere,
}

impl Answer {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Met, Self::NotMet, Self::NeedsEvidenceElsewhere];

    /// The same in words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::NotMet => "not met",
            Self::NeedsEvidenceElsewhere => "needs evidence elsewhere",
        }
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// An answer with the fact behind it.
type Found = (Answer, String);

/// The answer to the requirement of this number, 1 for SYS-01.
pub fn answer(number: usize, it: &Installation) -> Found {
    match number {
        1..=17 => content::answer(number, it),
        18..=27 | 40 | 41 | 45 => trust::answer(number, it),
        _ => keeping::answer(number, it),
    }
}

fn met(fact: impl Into<String>) -> Found {
    (Answer::Met, fact.into())
}

fn not_met(fact: impl Into<String>) -> Found {
    (Answer::NotMet, fact.into())
}

fn elsewhere(fact: impl Into<String>) -> Found {
    (Answer::NeedsEvidenceElsewhere, fact.into())
}

/// Met where it holds.
fn met_if(holds: bool, fact: String) -> Found {
    match holds {
        true => met(fact),
        false => not_met(fact),
    }
}

/// Met where it was seen, else to be shown by who operates.
fn seen_or_elsewhere(seen: bool, fact: String) -> Found {
    match seen {
        true => met(fact),
        false => elsewhere(fact),
    }
}

impl Installation {
    /// How often these actions were recorded.
    fn recorded(&self, actions: &[&str]) -> u64 {
        let count = |action: &&str| self.actions.get(*action).copied().unwrap_or(0);
        actions.iter().map(count).sum()
    }

    /// The same in words.
    fn told(&self, actions: &[&str]) -> String {
        let each = actions.iter().map(|action| {
            let count = self.actions.get(*action).copied().unwrap_or(0);
            format!("{action} {count}")
        });
        format!("on record: {}", each.collect::<Vec<_>>().join(", "))
    }

    fn entries(&self) -> u64 {
        self.trails.iter().map(|trail| trail.size).sum()
    }

    /// The sum over the newest entries of trails other than `system`.
    fn newest(&self, of: impl Fn(&super::Newest) -> u64) -> u64 {
        let own = self.trails.iter().filter(|it| !it.trail.is_system());
        own.map(|it| of(&it.newest)).sum()
    }
}
