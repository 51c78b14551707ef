//! `indelible review sign`

use std::path::PathBuf;

use clap::Args;
use indelible::{Query, Timestamp};
use indelible_evidence::review::{RuleSet, SignRequest, ledger, signed};

use super::answer::Signed;
use super::place::{Reviewed, record, rules};
use super::raise::raise;
use crate::failure::{Failure, Status};
use crate::session::{Access, Opened, Session};

/// Signs a review off
///
/// The rules are run once more over exactly the entries that were shown, what they flag and is not
/// on record yet is raised, and an entry says who reviewed which entries and which time by which
/// rules, what was found, what is still open, and the root of the tree that was reviewed. What was
/// recorded since waits for the next review. Findings may still be open: they stay in sight. What
/// was recorded is read again: where it does not count, the exit status is 1.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  indelible review sign --as-of 4711 --by 'q. sa'
  indelible review sign --as-of 4711 --by 'q. sa' --rules reviews.toml --to 2026-03-02 \\
      --scope 'card systems' --comment 'two findings, both benign'")]
pub struct Sign {
    /// The size of the trail that was shown
    #[arg(long, value_name = "SIZE")]
    as_of: u64,
    /// Who reviewed it
    #[arg(long, value_name = "NAME")]
    by: String,
    /// The rules [default: those that ship]
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// The first day or instant that is signed off [default: where the last sign-off ends]
    #[arg(long, value_name = "DATE", allow_hyphen_values = true)]
    from: Option<String>,
    /// The last one; a bare date is meant to its end [default: as far as was reviewed]
    #[arg(long, value_name = "DATE", allow_hyphen_values = true)]
    to: Option<String>,
    /// What was reviewed, in words
    #[arg(long, value_name = "TEXT")]
    scope: Option<String>,
    /// What there is to say
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
}

impl Sign {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        if self.by.trim().is_empty() {
            return Err(Failure::usage("--by is empty"));
        }
        let now = session.now();
        let rules = rules(self.rules.as_ref())?;
        let request = self.request(&rules, now)?;
        let opened = session.open(Access::Write).await?;
        let signed = self.sign(&opened, &rules, &request).await;
        let signed = opened.close(signed).await?;
        session.output.print(&signed)?;
        Ok(Status::Fine)
    }

    fn request(&self, rules: &RuleSet, now: Timestamp) -> Result<SignRequest, Failure> {
        let mut dates = Query::new();
        dates.start_date.clone_from(&self.from);
        dates.end_date.clone_from(&self.to);
        let dates = dates.dated(now);
        // Each end by itself: the other one may follow from what was signed off before.
        let period = |from: Option<&str>, to: Option<&str>| {
            let any = "0000-01-01";
            let never = "9999-12-31";
            let zone = rules.schedule.zone;
            let period = zone.period(from.unwrap_or(any), to.unwrap_or(never));
            period.map_err(Failure::usage)
        };
        let (from, to) = (dates.start_date.as_deref(), dates.end_date.as_deref());
        let whole = period(from, to)?;
        Ok(SignRequest {
            reviewer: self.by.clone(),
            from: from.map(|_| whole.from),
            to: to.map(|_| whole.to),
            scope: self.scope.clone(),
            comment: self.comment.clone(),
            schedule: rules.schedule,
            now,
        })
    }

    async fn sign(
        &self,
        opened: &Opened,
        rules: &RuleSet,
        request: &SignRequest,
    ) -> Result<Signed, Failure> {
        let path = self.rules.as_ref();
        let reviewed = Reviewed::of(opened, rules, path, Some(self.as_of)).await?;
        let (review, standing) = (&reviewed.review, &reviewed.ledger);
        // What cannot be signed off raises nothing.
        signed(&opened.audit, review, standing, request).await?;
        let raised = raise(opened, &reviewed, &[], (&self.by, None)).await?;
        let standing = match raised.is_empty() {
            true => reviewed.ledger,
            false => ledger(&opened.audit).await?,
        };
        let event = signed(&opened.audit, &reviewed.review, &standing, request).await?;
        let seq = record(opened, event.clone()).await?;
        // Somebody may have signed meanwhile, or entries may have gone.
        if let Some(problem) = ledger(&opened.audit).await?.problem_of(seq) {
            return Err(Failure::new(format!(
                "entry {seq} was recorded and counts for nothing as a sign-off: {problem}"
            )));
        }
        Ok(Signed::of(&event, seq, raised))
    }
}
