//! Where a review stands: rules, what was decided, what is new.

use std::path::{Path, PathBuf};

use indelible_evidence::Progress;
use indelible_evidence::review::{Ledger, ReviewError, Reviewed, RuleSet, Undecided, ledger};

use crate::failure::{Failure, remark};
use crate::input;
use crate::progress::{self, Unit};
use crate::session::{Opened, Session};

/// The longest file of rules, in bytes.
const FILE_BYTES_MAX: usize = 1 << 20;

/// The rules that a review uses.
pub struct Used {
    pub rules: RuleSet,
    /// Their file; nothing for those that ship.
    path: Option<PathBuf>,
}

impl Used {
    /// The rules of this file, else of the settings' one, else those that ship.
    pub fn of(session: &Session, given: Option<&PathBuf>) -> Result<Self, Failure> {
        let path = match given {
            Some(path) => Some(path.clone()),
            None => session.settings()?.review_rules,
        };
        Ok(Self {
            rules: rules(path.as_deref())?,
            path,
        })
    }
}

/// Reads a file of rules; those that ship where none is named.
pub fn rules(path: Option<&Path>) -> Result<RuleSet, Failure> {
    path.map_or_else(|| Ok(RuleSet::standard()), rules_of)
}

/// Reads a file of rules.
pub fn rules_of(path: &Path) -> Result<RuleSet, Failure> {
    let name = path.display();
    let text = String::from_utf8(input::read(path, FILE_BYTES_MAX)?);
    let text = text.map_err(|_| Failure::usage(format!("{name}: not UTF-8")))?;
    RuleSet::parse(&text).map_err(|error| Failure::usage(format!("{name}, {error}")))
}

/// Reviews what is new up to a tree size.
pub async fn reviewed(
    opened: &Opened,
    Used { rules, path }: &Used,
    as_of: Option<u64>,
) -> Result<Reviewed, Failure> {
    let ledger = standing(opened).await?;
    compare(&ledger, rules);
    let bar = progress::bar("reviewing", None, Unit::Entries);
    let mut moved = |progress: Progress| {
        if bar.length().is_none() {
            bar.set_length(progress.of);
        }
        bar.set_position(progress.seq);
    };
    let reviewed = Reviewed::of(&opened.audit, ledger, (rules, as_of), &mut moved).await;
    bar.finish_and_clear();
    let reviewed = reviewed.map_err(|error| match error {
        ReviewError::Audit(error) => error.into(),
        ReviewError::Rules(error) => match path {
            Some(path) => Failure::usage(format!("{}, {error}", path.display())),
            None => Failure::usage(error),
        },
    })?;
    let empty = || Undecided::Empty(opened.audit.name().clone());
    Ok(reviewed.ok_or_else(empty)?)
}

/// How things stand.
pub async fn standing(opened: &Opened) -> Result<Ledger, Failure> {
    let ledger = ledger(&opened.audit).await?;
    let unread = ledger.not_understood.len();
    if let Some(first) = ledger.not_understood.first() {
        remark(&format!(
            "{unread} entries with actions of reviews decide nothing, because they do not say \
             what reviews say; the first is entry {first}"
        ));
    }
    if let Some(first) = ledger.invalid.first() {
        remark(&format!(
            "{} entries look like decisions of reviews and count for nothing; the first is entry {}: \
             {}",
            ledger.invalid.len(),
            first.seq,
            first.problem
        ));
    }
    if ledger.beyond > 0 {
        remark(&format!(
            "{} entries of reviews are beyond what is held at once: what they say is left out",
            ledger.beyond
        ));
    }
    Ok(ledger)
}

/// Says that other rules are at hand than those of the last sign-off.
fn compare(ledger: &Ledger, rules: &RuleSet) {
    let last = ledger.sign_offs.last();
    if let Some(last) = last.filter(|last| last.rules.sha256 != rules.sha256) {
        remark(&format!(
            "these rules ({} {}, {}) are not those of the last sign-off, entry {} ({} {}, {})",
            rules.name,
            rules.version,
            rules.sha256,
            last.seq,
            last.rules.name,
            last.rules.version,
            last.rules.sha256
        ));
    }
}

impl From<Undecided> for Failure {
    fn from(error: Undecided) -> Self {
        match error {
            Undecided::NotOnRecord(_) => {
                Self::not_found(format!("{error}; `indelible review raise` puts it there"))
            }
            Undecided::NotFlagged(_) => {
                Self::not_found(format!("{error}; `indelible review show` lists what is"))
            }
            Undecided::Empty(_) | Undecided::NoEntry(_) => Self::not_found(error),
            Undecided::OnRecord(_)
            | Undecided::NothingToDo(_)
            | Undecided::Closed { .. }
            | Undecided::Started { .. }
            | Undecided::Begun
            | Undecided::SignedInVain { .. } => Self::new(error),
        }
    }
}
