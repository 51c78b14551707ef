//! `indelible hold`

mod answer;

use clap::{Args, Subcommand};
use indelible::Audit;
use indelible::core::engine::{Hold, HoldOrder};
use indelible_evidence::retention::{Held, Holds};
use uuid::Uuid;

use crate::failure::{Failure, Status};
use crate::filters::Filters;
use crate::session::{Access, Session};

/// Keeps entries from expiry and erasure until two people let them go
///
/// A hold names entries by the filters of a query, those that come later included. Nothing that it
/// names goes by age or is erased; the order to erase it is refused, and recorded. Its release is
/// asked for by one person and approved by another. Each step is an entry of the trail. The name of
/// who acts is taken as it is given: whoever may write the database can give any.
#[derive(Debug, Subcommand)]
#[command(after_long_help = "\
Examples:
  indelible hold place --user-id u-17 --reason 'letter of 3 May' --matter '4 Js 17/26' --by alice
  indelible hold list
  indelible hold release 0197f0c2-… --reason 'matter closed' --by alice
  indelible hold approve 0197f0c2-… --by bob

More: docs/guide/retention.md.")]
pub enum HoldCommand {
    Place(Box<Place>),
    List(List),
    Release(Release),
    Approve(Approve),
}

/// Places a hold on entries
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  indelible hold place --resource-id invoice-7 --reason 'tax audit' --by alice
  indelible hold place --everything --reason 'preservation letter' --matter C-12 --by alice")]
// A hold is of what comes, too.
#[command(mut_arg("as_of", |arg| arg.hide(true)))]
pub struct Place {
    #[command(flatten)]
    filters: Filters,
    /// All of the trail, where no filter is given
    #[arg(long)]
    everything: bool,
    /// Why, in words that stay in the trail
    #[arg(long, value_name = "TEXT", required = true)]
    reason: String,
    /// The matter or authority
    #[arg(long, value_name = "TEXT")]
    matter: Option<String>,
    /// Who places it
    #[arg(long, value_name = "ID", required = true)]
    by: String,
}

/// Lists the trail's holds, and how each of them stands
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  indelible hold list --output json")]
pub struct List {}

/// Asks for the release of a hold, which somebody else approves
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  indelible hold release 0197f0c2-… --reason 'matter closed' --by alice")]
pub struct Release {
    /// The hold
    id: Uuid,
    /// Why
    #[arg(long, value_name = "TEXT", required = true)]
    reason: String,
    /// Who asks
    #[arg(long, value_name = "ID", required = true)]
    by: String,
}

/// Approves the release that somebody else has asked for: the hold is over
///
/// Whoever asked cannot approve; trying is refused, and recorded.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  indelible hold approve 0197f0c2-… --by bob")]
pub struct Approve {
    /// The hold
    id: Uuid,
    /// Who approves
    #[arg(long, value_name = "ID", required = true)]
    by: String,
}

impl HoldCommand {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        if let Self::List(_) = self {
            return list(session).await;
        }
        let now = session.now();
        let opened = session.open_begun().await?;
        let done = self.step(&opened.audit, now).await;
        let hold = opened.close(done).await?;
        session.output.print(&Held::from(hold))?;
        Ok(Status::Fine)
    }

    async fn step(self, audit: &Audit, now: indelible::Timestamp) -> Result<Hold, Failure> {
        Ok(match self {
            Self::Place(place) => audit.place_hold(&place.order(now)?).await?,
            Self::Release(Release { id, reason, by }) => {
                there(audit, id).await?;
                audit
                    .request_release(id, by.as_str().into(), &reason)
                    .await?
            }
            Self::Approve(Approve { id, by }) => {
                there(audit, id).await?;
                audit.approve_release(id, by.as_str().into()).await?
            }
            Self::List(_) => return Err(Failure::usage("a list is no step")),
        })
    }
}

impl Place {
    fn order(self, now: indelible::Timestamp) -> Result<HoldOrder, Failure> {
        let query = self.filters.query(now);
        if query.to_parameters().is_empty() != self.everything {
            let problem = "name what is held by a filter, or all of the trail by --everything";
            return Err(Failure::usage(problem));
        }
        Ok(HoldOrder {
            query,
            reason: self.reason,
            matter: self.matter,
            by: self.by,
        })
    }
}

async fn list(session: &Session) -> Result<Status, Failure> {
    let opened = session.open(Access::Read).await?;
    let holds = opened.audit.holds().await.map_err(Failure::from);
    let holds = opened.close(holds).await?;
    session.output.print(&Holds::from(holds))?;
    Ok(Status::Fine)
}

async fn there(audit: &Audit, id: Uuid) -> Result<(), Failure> {
    match audit.hold(id).await? {
        Some(_) => Ok(()),
        None => Err(Failure::not_found(format!(
            "trail {} has no hold {id}",
            audit.name()
        ))),
    }
}
