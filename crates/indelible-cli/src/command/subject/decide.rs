//! `indelible subject requests`, `approve` and `reject`: erasures that wait for a second person.

use clap::Args;
use indelible::Audit;
use indelible::core::engine::Signatory;
use indelible_evidence::subject::{Erasure, Rejected, Requests};
use uuid::Uuid;

use super::erase::verdict;
use super::planned::planned;
use super::show;
use crate::failure::{Failure, Status};
use crate::progress::Bars;
use crate::session::{Access, Session};

/// Lists the erasures that wait for somebody else's approval
///
/// As JSON, NDJSON or CSV with the persons' ids, which stand in the state directory alone while an
/// erasure waits. One that nobody has decided about in 14 days is over, and who was meant forgotten.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  indelible subject requests --output json")]
pub struct List {}

/// Approves an erasure that somebody else has asked for, and carries it out
///
/// Persons are looked for anew, as of now, and so are holds. Whoever asked cannot approve; trying is
/// refused, and recorded. The exit status is that of `subject erase`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  indelible subject approve 0197f0c2-… --by dpo-1
  indelible subject approve 0197f0c2-… --by dpo-1 --dry-run")]
pub struct Approve {
    /// The erasure
    request: Uuid,
    /// Who approves
    #[arg(long, value_name = "ID", required = true)]
    by: String,
    /// Says what would go as of now, and does nothing
    #[arg(long)]
    dry_run: bool,
}

/// Rejects an erasure that waits, or withdraws it: nothing goes, and who was meant is forgotten
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  indelible subject reject 0197f0c2-… --reason 'contract still runs' --by dpo-1")]
pub struct Reject {
    /// The erasure
    request: Uuid,
    /// Why, in words that name nobody: they stay in the trail
    #[arg(long, value_name = "TEXT", required = true)]
    reason: String,
    /// Who rejects
    #[arg(long, value_name = "ID", required = true)]
    by: String,
}

impl List {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        let opened = session.open(Access::Read).await?;
        let requests = opened.audit.erasure_requests().await;
        let trail = opened.audit.name().clone();
        let requests = opened.close(requests.map_err(Failure::from)).await?;
        session.output.print(&Requests::of(trail, requests))?;
        Ok(Status::Fine)
    }
}

impl Approve {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        let access = match self.dry_run {
            true => Access::Read,
            false => Access::Write,
        };
        let opened = session.open(access).await?;
        let spool = opened.settings.spool_folder.clone();
        let done = self.approve(&opened.audit).await;
        let answer = opened.close(done).await?.with_copies(spool.as_deref());
        session.output.print_judged(&answer, verdict(&answer))
    }

    async fn approve(&self, audit: &Audit) -> Result<Erasure, Failure> {
        let order = audit.erasure_request(self.request).await?.order;
        if self.dry_run {
            return planned(audit, &order, "without --dry-run it is").await;
        }
        let mut bars = Bars::default();
        let mut progress = |progress| show(&mut bars, progress);
        let trail = audit.name().clone();
        let who = Signatory {
            by: &self.by,
            name: None,
        };
        let approved = audit.approve_erasure(self.request, who, &mut progress);
        let (erased, plan) = approved.await?;
        Ok(Erasure::planned(trail, &order, plan).done(erased))
    }
}

impl Reject {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        let opened = session.open(Access::Write).await?;
        let rejected = self.reject(&opened.audit).await;
        let rejected = opened.close(rejected).await?;
        session.output.print(&rejected)?;
        Ok(Status::Fine)
    }

    async fn reject(&self, audit: &Audit) -> Result<Rejected, Failure> {
        let who = Signatory {
            by: &self.by,
            name: None,
        };
        let rejected = audit.reject_erasure(self.request, who, &self.reason);
        Ok(Rejected::of(audit.name().clone(), rejected.await?))
    }
}
