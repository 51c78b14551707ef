//! How an action ended.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How an action ended, as far as the recorder knew when it recorded.
///
/// The five words are part of the format: they stand in every skeleton.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Begun; whether it succeeded is told by a later entry, if at all.
    Attempted,
    /// Done as asked.
    Succeeded,
    /// Not done, for a technical reason or a wrong input.
    Failed,
    /// Not done, because it was not allowed.
    Denied,
    /// Happened; no attempt precedes it.
    Completed,
}

impl Outcome {
    /// All outcomes, in the order in which they are declared.
    pub const ALL: [Self; 5] = [
        Self::Attempted,
        Self::Succeeded,
        Self::Failed,
        Self::Denied,
        Self::Completed,
    ];

    /// The stored word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Attempted => "attempted",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Denied => "denied",
            Self::Completed => "completed",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Outcome {
    type Err = OutcomeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|outcome| outcome.as_str() == text)
            .ok_or(OutcomeError)
    }
}

/// A text that is no outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an outcome is one of attempted, succeeded, failed, denied, completed")]
pub struct OutcomeError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_reads_back() {
        for outcome in Outcome::ALL {
            assert_eq!(outcome.as_str().parse(), Ok(outcome));
            assert_eq!(serde_json::to_value(outcome).unwrap(), outcome.as_str());
            let json = serde_json::Value::from(outcome.as_str());
            assert_eq!(serde_json::from_value::<Outcome>(json).unwrap(), outcome);
        }
    }

    #[test]
    fn other_spellings_are_refused() {
        for text in [
            "",
            "Succeeded",
            "SUCCEEDED",
            "success",
            " failed",
            "failed ",
        ] {
            assert_eq!(text.parse::<Outcome>(), Err(OutcomeError), "{text:?}");
        }
    }
}
