//! What the bodies of reviews say.

use indelible_evidence::review::{ByHand, Disposition, Severity};

use crate::fields::Fields;
use crate::limits::FINDINGS_RAISED_MAX;
use crate::problem::{Kind, Problem};

/// What is put on record.
#[derive(Debug)]
pub enum Raising {
    /// What rules flag in the trail of a size: these findings, or all where none is named.
    Flagged {
        /// The size.
        as_of: u64,
        /// The findings.
        findings: Vec<String>,
    },
    /// What somebody found without a rule.
    ByHand(ByHand),
}

/// What a reviewer says with a sign-off.
#[derive(Debug, Default)]
pub struct Signing {
    /// The size that was shown.
    pub as_of: u64,
    /// From when on.
    pub from: Option<String>,
    /// Until when.
    pub to: Option<String>,
    /// What was reviewed, in words.
    pub scope: Option<String>,
    /// What there is to say.
    pub comment: Option<String>,
}

impl Raising {
    /// Reads which findings a body means.
    ///
    /// # Errors
    /// Fields that do not go together, or are ill-formed.
    pub fn read(fields: &mut Fields) -> Result<Self, Problem> {
        let findings = fields.texts("findings")?;
        let is_all = fields.truth("all")?.unwrap_or(false);
        let seqs = fields.counts("seqs")?;
        let as_of = fields.count("as_of")?;
        let why = filled(fields.text("why")?, "why")?;
        let severity = fields.text("severity")?;
        if let Some(seqs) = seqs {
            if findings.is_some() || is_all {
                return Err(wrong("`seqs` stands alone".to_owned(), "seqs"));
            }
            return Self::by_hand(ByHand {
                seqs,
                severity: severity.map_or(Ok(Severity::Medium), |text| read_severity(&text))?,
                why: why.ok_or_else(|| wrong("`why` is missing".to_owned(), "why"))?,
            });
        }
        for (name, is_given) in [("why", why.is_some()), ("severity", severity.is_some())] {
            if is_given {
                return Err(wrong(format!("`{name}` goes with `seqs`"), name));
            }
        }
        let findings = match (findings, is_all) {
            (Some(findings), false) => {
                many(findings.len(), "findings")?;
                findings
            }
            (None, true) => Vec::new(),
            _ => {
                let detail = "say `findings`, `all`: true, or `seqs`";
                return Err(wrong(detail.to_owned(), "findings"));
            }
        };
        let missing = || {
            wrong(
                "`as_of` is missing: the size that was shown".to_owned(),
                "as_of",
            )
        };
        Ok(Self::Flagged {
            as_of: as_of.ok_or_else(missing)?,
            findings,
        })
    }

    /// What somebody found.
    ///
    /// # Errors
    /// No entry, or too many.
    pub fn by_hand(found: ByHand) -> Result<Self, Problem> {
        many(found.seqs.len(), "seqs")?;
        Ok(Self::ByHand(found))
    }
}

fn many(count: usize, name: &str) -> Result<(), Problem> {
    match count {
        1..=FINDINGS_RAISED_MAX => Ok(()),
        _ => Err(wrong(
            format!("`{name}` holds 1 to {FINDINGS_RAISED_MAX}"),
            name,
        )),
    }
}

impl Signing {
    /// Reads what a body says.
    ///
    /// # Errors
    /// A field that is missing or ill-formed.
    pub fn read(fields: &mut Fields) -> Result<Self, Problem> {
        let missing = || {
            wrong(
                "`as_of` is missing: the size that was shown".to_owned(),
                "as_of",
            )
        };
        Ok(Self {
            as_of: fields.count("as_of")?.ok_or_else(missing)?,
            from: fields.text("from")?,
            to: fields.text("to")?,
            scope: fields.text("scope")?,
            comment: fields.text("comment")?,
        })
    }
}

/// How bad it is.
///
/// # Errors
/// A text that says no such thing.
pub fn read_severity(text: &str) -> Result<Severity, Problem> {
    let known = Severity::ALL.map(Severity::as_str).join(", ");
    Severity::named(text).ok_or_else(|| wrong(format!("`severity` is one of {known}"), "severity"))
}

/// What came of a finding.
///
/// # Errors
/// A text that says no such thing.
pub fn read_disposition(text: &str) -> Result<Disposition, Problem> {
    let known = Disposition::ALL.map(Disposition::as_str).join(", ");
    Disposition::named(text).ok_or_else(|| wrong(format!("`as` is one of {known}"), "as"))
}

/// A text that says something, where there is one.
///
/// # Errors
/// A text of white space alone.
pub fn filled(text: Option<String>, name: &str) -> Result<Option<String>, Problem> {
    match text {
        Some(text) if text.trim().is_empty() => Err(wrong(format!("`{name}` is empty"), name)),
        text => Ok(text),
    }
}

fn wrong(detail: String, name: &str) -> Problem {
    Problem::new(Kind::InvalidBody, detail).at(name)
}
