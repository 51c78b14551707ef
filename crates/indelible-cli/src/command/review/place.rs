//! Where a review stands: rules, what was decided, what is new.

use std::path::{Path, PathBuf};

use indelible::{AuditEvent, AuditProtocol, TrailName};
use indelible_evidence::Progress;
use indelible_evidence::review::{
    Bounds, Ledger, Review, ReviewError, ReviewRequest, RuleSet, ledger, review,
};

use crate::failure::{Failure, remark};
use crate::input;
use crate::progress::{self, Unit};
use crate::session::Opened;

/// The longest file of rules, in bytes.
const FILE_BYTES_MAX: usize = 1 << 20;

/// Reads a file of rules; those that ship where none is named.
pub fn rules(path: Option<&PathBuf>) -> Result<RuleSet, Failure> {
    match path {
        None => Ok(RuleSet::standard()),
        Some(path) => rules_of(path),
    }
}

/// Reads a file of rules.
pub fn rules_of(path: &Path) -> Result<RuleSet, Failure> {
    let name = path.display();
    let text = String::from_utf8(input::read(path, FILE_BYTES_MAX)?);
    let text = text.map_err(|_| Failure::usage(format!("{name}: not UTF-8")))?;
    RuleSet::parse(&text).map_err(|error| Failure::usage(format!("{name}, {error}")))
}

/// A review of what is new, and how things stand.
pub struct Reviewed {
    pub review: Review,
    pub ledger: Ledger,
}

impl Reviewed {
    /// Reviews what is new up to a tree size.
    pub async fn of(
        opened: &Opened,
        rules: &RuleSet,
        path: Option<&PathBuf>,
        as_of: Option<u64>,
    ) -> Result<Self, Failure> {
        let ledger = standing(opened).await?;
        compare(&ledger, rules);
        let request = ReviewRequest {
            rules,
            from: ledger.reviewed_to(),
            as_of,
            bounds: Bounds::default(),
        };
        let bar = progress::bar("reviewing", None, Unit::Entries);
        let mut moved = |progress: Progress| {
            if bar.length().is_none() {
                bar.set_length(progress.of);
            }
            bar.set_position(progress.seq);
        };
        let reviewed = review(&opened.audit, &request, &mut moved).await;
        bar.finish_and_clear();
        let reviewed = reviewed.map_err(|error| match error {
            ReviewError::Audit(error) => error.into(),
            ReviewError::Rules(error) => match path {
                Some(path) => Failure::usage(format!("{}, {error}", path.display())),
                None => Failure::usage(error),
            },
        })?;
        let review = reviewed.ok_or_else(|| nothing(opened))?;
        Ok(Self { review, ledger })
    }
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

fn nothing(opened: &Opened) -> Failure {
    let trail = opened.audit.name();
    Failure::not_found(format!("the trail {trail} has no entry"))
}

/// Records what was decided, in the trail that it is about, and answers where.
pub async fn record(opened: &Opened, event: AuditEvent) -> Result<u64, Failure> {
    let receipt = match *opened.audit.name() == TrailName::system() {
        true => opened.database.engine().record_of_itself(event).await?,
        false => opened.audit.record(event).await?,
    };
    receipt
        .seq
        .ok_or_else(|| Failure::new("it waits in the spool and has no place in the trail yet"))
}
