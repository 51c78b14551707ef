//! What can be said of a control: one of eight words.

use serde::{Serialize, Serializer};

/// The coverage of a control in a period: the first that applies, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// It was declared so, with who, when and why.
    NotApplicable,
    /// No record can show it.
    NeedsEvidenceElsewhere,
    /// There is direct evidence in the period.
    Operating,
    /// Records exist, but what their condition asks was not recorded with them; or nothing
    /// happened by what is left of a period of which retention removed records.
    CannotTell,
    /// There is only supporting evidence in the period.
    SupportingOnly,
    /// It is instrumented, recording was alive all through, and nothing happened.
    NoOccurrence,
    /// It was seen, there is no evidence in this period, and that recording was alive all through it
    /// cannot be shown.
    Stale,
    /// No action that would be evidence is on record.
    NotInstrumented,
}

/// What a state is decided from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// Declared not applicable.
    pub not_applicable: bool,
    /// A control of design, or one that no action speaks of.
    pub elsewhere: bool,
    /// Records that are direct evidence.
    pub direct: u64,
    /// Records that may be evidence, if only it were known.
    pub undecidable: u64,
    /// Records that are supporting evidence.
    pub supporting: u64,
    /// An action that would be evidence was seen in the period or before, or is declared to be
    /// recorded whenever it happens.
    pub instrumented: bool,
    /// An action that would be evidence was seen in the period or before.
    pub seen: bool,
    /// Recording was alive all through the period.
    pub alive: bool,
    /// Entries of the period may have been removed by retention.
    pub removed: bool,
}

impl State {
    /// All states, in the order of their precedence.
    pub const ALL: [Self; 8] = [
        Self::NotApplicable,
        Self::NeedsEvidenceElsewhere,
        Self::Operating,
        Self::CannotTell,
        Self::SupportingOnly,
        Self::NoOccurrence,
        Self::Stale,
        Self::NotInstrumented,
    ];

    /// The first state that applies.
    pub fn of(standing: Standing) -> Self {
        let applies = |state: &Self| match state {
            Self::NotApplicable => standing.not_applicable,
            Self::NeedsEvidenceElsewhere => standing.elsewhere,
            Self::Operating => standing.direct > 0,
            // Nothing is said not to have happened of what is not there any more.
            Self::CannotTell => {
                standing.undecidable > 0 || (standing.removed && standing.supporting == 0)
            }
            Self::SupportingOnly => standing.supporting > 0,
            Self::NoOccurrence => standing.instrumented && standing.alive,
            Self::Stale => standing.seen,
            Self::NotInstrumented => true,
        };
        let first = Self::ALL.into_iter().find(applies);
        first.unwrap_or(Self::NotInstrumented)
    }

    /// The word in files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotApplicable => "not_applicable",
            Self::NeedsEvidenceElsewhere => "needs_evidence_elsewhere",
            Self::Operating => "operating",
            Self::CannotTell => "cannot_tell",
            Self::SupportingOnly => "supporting_only",
            Self::NoOccurrence => "no_occurrence",
            Self::Stale => "stale",
            Self::NotInstrumented => "not_instrumented",
        }
    }

    /// The words for people.
    pub const fn title(self) -> &'static str {
        match self {
            Self::NotApplicable => "not applicable",
            Self::NeedsEvidenceElsewhere => "needs evidence elsewhere",
            Self::Operating => "operating",
            Self::CannotTell => "cannot tell",
            Self::SupportingOnly => "supporting only",
            Self::NoOccurrence => "no occurrence",
            Self::Stale => "stale",
            Self::NotInstrumented => "not instrumented",
        }
    }

    /// What it says.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::NotApplicable => "declared so, with who, when and why",
            Self::NeedsEvidenceElsewhere => "records alone do not show it",
            Self::Operating => "direct evidence in the period",
            Self::CannotTell => {
                "records exist, but what the condition asks was not recorded; or some were removed"
            }
            Self::SupportingOnly => "only supporting evidence in the period",
            Self::NoOccurrence => "instrumented, alive all through, and nothing happened",
            Self::Stale => "seen, no evidence in this period, and liveness cannot be shown",
            Self::NotInstrumented => "no action that would be evidence is on record",
        }
    }
}

impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_applies_in_each_of_the_combinations() {
        for bits in 0_u32..512 {
            let is = |bit: u32| bits & 1 << bit != 0;
            let seen = is(6);
            let standing = Standing {
                not_applicable: is(0),
                elsewhere: is(1),
                direct: is(2).into(),
                undecidable: is(3).into(),
                supporting: is(4).into(),
                instrumented: is(5) || seen,
                seen,
                alive: is(7),
                removed: is(8),
            };
            let expected = if is(0) {
                State::NotApplicable
            } else if is(1) {
                State::NeedsEvidenceElsewhere
            } else if is(2) {
                State::Operating
            } else if is(3) {
                State::CannotTell
            } else if is(4) {
                State::SupportingOnly
            } else if is(8) {
                State::CannotTell
            } else if (is(5) || seen) && is(7) {
                State::NoOccurrence
            } else if seen {
                State::Stale
            } else {
                State::NotInstrumented
            };
            assert_eq!(State::of(standing), expected, "{standing:?}");
        }
    }
}
