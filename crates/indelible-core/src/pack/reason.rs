//! Why a pack or a proof is refused: a closed set of words.

use std::fmt;

/// The class of what is wrong. The words are part of the format and the same in every verifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// A line is not of its form, or something follows the trailer.
    Malformed,
    /// Another version of the format.
    Version,
    /// The file ends before its trailer.
    Truncated,
    /// The file is not the one that was written.
    Digest,
    /// A head, an entry or the key belongs to another trail.
    WrongTrail,
    /// No key at hand has signed a head.
    WrongKey,
    /// A signature under the name of a key at hand is bad.
    Signature,
    /// A head is not of the size that the range says.
    Heads,
    /// The last head does not continue the first.
    Consistency,
    /// An entry of a selection is not in the trail.
    Inclusion,
    /// The entries of a complete pack are not those of the trail.
    Root,
    /// An entry is out of place, or there twice.
    Order,
    /// An entry is left out, or one that matches is not opened.
    Omission,
    /// An entry is shown that the question does not ask for.
    Question,
    /// The content of an entry is not what was recorded, or is missing, or too much.
    Part,
    /// The counts of the trailer are not those of the lines.
    Count,
}

impl Reason {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Version => "version",
            Self::Truncated => "truncated",
            Self::Digest => "digest",
            Self::WrongTrail => "wrong-trail",
            Self::WrongKey => "wrong-key",
            Self::Signature => "signature",
            Self::Heads => "heads",
            Self::Consistency => "consistency",
            Self::Inclusion => "inclusion",
            Self::Root => "root",
            Self::Order => "order",
            Self::Omission => "omission",
            Self::Question => "question",
            Self::Part => "part",
            Self::Count => "count",
        }
    }

    /// The same as a refusal with what is to be said of it.
    pub(super) fn because(self, problem: impl fmt::Display) -> Refused {
        Refused {
            reason: self,
            line: None,
            problem: problem.to_string(),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Why a pack or a proof is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct Refused {
    /// The class.
    pub reason: Reason,
    /// The line of a pack, from 1; none for a proof.
    pub line: Option<u64>,
    /// What is wrong, in words.
    pub problem: String,
}

impl Refused {
    pub(super) fn at(self, line: u64) -> Self {
        Self {
            line: Some(line),
            ..self
        }
    }
}

/// What the readers of a pack answer.
pub(super) type Judged<T> = Result<T, Refused>;

pub(super) fn malformed<T>(problem: impl fmt::Display) -> Judged<T> {
    Err(Reason::Malformed.because(problem))
}
