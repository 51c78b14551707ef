//! `indelible retention plan` and `run`

use clap::Args;
use indelible::Audit;
use indelible::core::engine::{Retained, RetentionPlan, RetentionProgress};
use indelible_evidence::retention::Outcome;

use crate::failure::{Failure, Status, remark};
use crate::progress::Bars;
use crate::session::{Access, Session};

/// Says what `run` would do now, and does nothing
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  indelible retention plan --output json")]
pub struct Plan {}

/// Does what the trail's policy says, as of now
///
/// Without --yes nothing goes: what would go is counted, as by `plan`. Entries are removed in small
/// steps with pauses between, so that writers go on; what is cut short is finished by the next run.
/// On PostgreSQL the role must be a member of indelible_eraser. Where erasures take two people, so
/// does this: whoever has set the policy cannot run it. The exit status is 1 where bytes of parts are
/// still in the database's files.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  indelible retention run --by 'c. iso'
  indelible retention run --by cron@audit-1 --yes")]
pub struct Run {
    /// Who has it done
    #[arg(long, value_name = "ID", required = true)]
    by: String,
    /// Remove it
    #[arg(long)]
    yes: bool,
}

impl Plan {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        let opened = session.open(Access::Read).await?;
        let planned = plan(&opened.audit, session).await;
        let trail = opened.audit.name().clone();
        let plan = opened.close(planned).await?;
        session.output.print(&Outcome::of(trail, plan, None))?;
        Ok(Status::Fine)
    }
}

impl Run {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        if !self.yes {
            let planned = Plan {}.run(session).await?;
            remark("nothing was removed; --yes removes");
            return Ok(planned);
        }
        let opened = session.open(Access::Write).await?;
        let mut bars = Bars::default();
        let done = opened
            .audit
            .retain(self.by.as_str(), &mut |progress| show(&mut bars, progress))
            .await;
        drop(bars);
        let trail = opened.audit.name().clone();
        let (retained, plan) = opened.close(done.map_err(Failure::from)).await?;
        let verdict = left(&retained);
        let outcome = Outcome::of(trail, plan, Some(retained));
        session.output.print_judged(&outcome, verdict)
    }
}

/// What of that which was recorded as removed is still there.
fn left(retained: &Retained) -> Result<Status, Failure> {
    if retained.is_held_back {
        return Err(Failure::new(
            "a hold that was placed since keeps some of what was recorded as removed: `indelible \
             hold list` says which; what it names goes by the next run after its release",
        ));
    }
    match &retained.unpurged {
        Some(problem) => Err(Failure::new(format!(
            "parts that went are still in the database's files: {problem}; run it again"
        ))),
        None => Ok(Status::Fine),
    }
}

async fn plan(audit: &Audit, session: &Session) -> Result<RetentionPlan, Failure> {
    let mut bars = Bars::default();
    let mut show = |progress| show(&mut bars, progress);
    let plan = audit.plan_retention(session.now(), &mut show).await;
    drop(bars);
    Ok(plan?)
}

fn show(bars: &mut Bars, progress: RetentionProgress) {
    match progress {
        RetentionProgress::Search(done, all) => bars.show("searching", done, Some(all)),
        RetentionProgress::Remove(done, all) => bars.show("removing", done, Some(all)),
        _ => bars.show("blanking", 0, None),
    }
}
