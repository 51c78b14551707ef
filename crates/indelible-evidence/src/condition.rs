//! When a record is evidence: the condition language of the catalogue, in three values.
//!
//! `always`, or terms joined by `and`, or terms joined by `or`; the two are never mixed. A term
//! that cannot be told is unknown, never false: what is not known is no evidence, and is counted.

mod facts;
mod named;
mod term;

use std::fmt;
use std::str::FromStr;

pub use facts::{Contents, Facts};
pub use term::{Reason, Setting, Term, TermError};

use crate::scope::Scope;

/// True, false, or not to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Truth {
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// What it speaks of was not recorded, or is erased.
    Unknown,
}

impl Truth {
    /// Both hold; false as soon as one does not.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::False, _) | (_, Self::False) => Self::False,
            (Self::True, Self::True) => Self::True,
            _ => Self::Unknown,
        }
    }

    /// One holds at least; true as soon as one does.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::True, _) | (_, Self::True) => Self::True,
            (Self::False, Self::False) => Self::False,
            _ => Self::Unknown,
        }
    }
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        match holds {
            true => Self::True,
            false => Self::False,
        }
    }
}

/// When a record counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Whatever it says.
    Always,
    /// When all of these hold.
    All(Vec<Term>),
    /// When one of these holds.
    Any(Vec<Term>),
}

/// A text that is no condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConditionError {
    /// Both words in one.
    #[error("`and` and `or` are mixed in `{0}`")]
    Mixed(String),
    /// A term that is none.
    #[error(transparent)]
    Term(#[from] TermError),
}

impl Condition {
    /// Whether it holds for a record.
    pub fn holds(&self, facts: &Facts<'_>, scope: &Scope) -> Truth {
        let truths = |terms: &[Term]| terms.iter().map(|it| it.holds(facts, scope)).collect();
        match self {
            Self::Always => Truth::True,
            Self::All(terms) => {
                let truths: Vec<_> = truths(terms);
                truths.into_iter().fold(Truth::True, Truth::and)
            }
            Self::Any(terms) => {
                let truths: Vec<_> = truths(terms);
                truths.into_iter().fold(Truth::False, Truth::or)
            }
        }
    }

    /// The terms that cannot be told of a record.
    pub fn unknown<'c>(
        &'c self,
        facts: &'c Facts<'_>,
        scope: &'c Scope,
    ) -> impl Iterator<Item = &'c Term> {
        let unknown = move |term: &&Term| term.holds(facts, scope) == Truth::Unknown;
        self.terms().iter().filter(unknown)
    }

    /// What of the scope file decides it, where the record by itself would not say the same.
    pub fn declarations<'c>(
        &'c self,
        facts: &'c Facts<'_>,
        scope: &'c Scope,
    ) -> impl Iterator<Item = &'static str> {
        let terms = self.terms().iter();
        terms.filter_map(move |term| term.declaration(facts, scope))
    }

    /// Its terms.
    pub fn terms(&self) -> &[Term] {
        match self {
            Self::Always => &[],
            Self::All(terms) | Self::Any(terms) => terms,
        }
    }

    /// Whether the context must be looked at.
    pub fn asks_context(&self) -> bool {
        self.terms().iter().any(Term::asks_context)
    }
}

impl FromStr for Condition {
    type Err = ConditionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let words: Vec<&str> = text.split_whitespace().collect();
        if words == ["always"] {
            return Ok(Self::Always);
        }
        let (has_and, has_or) = (words.contains(&"and"), words.contains(&"or"));
        if has_and && has_or {
            return Err(ConditionError::Mixed(text.chars().take(200).collect()));
        }
        let join = if has_or { "or" } else { "and" };
        let terms = words.split(|word| *word == join);
        let terms: Vec<Term> = terms
            .map(|term| term.join(" ").parse())
            .collect::<Result<_, _>>()?;
        Ok(if has_or {
            Self::Any(terms)
        } else {
            Self::All(terms)
        })
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (terms, join) = match self {
            Self::Always => return f.write_str("always"),
            Self::All(terms) => (terms, " and "),
            Self::Any(terms) => (terms, " or "),
        };
        for (place, term) in terms.iter().enumerate() {
            if place > 0 {
                f.write_str(join)?;
            }
            write!(f, "{term}")?;
        }
        Ok(())
    }
}
