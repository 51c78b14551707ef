//! What a key does about what a trail keeps, the same over HTTP and on pages.

use indelible_core::engine::{Audit, HoldOrder, RetentionPolicy, Signatory};
use indelible_core::{AuditError, TrailName};
use indelible_evidence::retention::{Held, Holds, Outcome, Standing};
use uuid::Uuid;

use super::runs::Ending;
use crate::access::Caller;
use crate::app::App;
use crate::problem::{Kind, Problem};

/// A trail whose entries a key keeps, or lets go. Who does it is the key, whatever else a request
/// says.
pub struct Keeper<'k> {
    app: &'k App,
    caller: &'k Caller,
    audit: Audit,
    by: String,
}

impl<'k> Keeper<'k> {
    /// This trail, in the hands of this caller.
    pub fn of(app: &'k App, caller: &'k Caller, trail: &TrailName) -> Self {
        Self {
            app,
            caller,
            audit: app.trail(trail),
            by: caller.name(),
        }
    }

    /// The policy in force, and what a run would mend.
    ///
    /// # Errors
    /// [`Kind::RetentionConflict`] where the database keeps another policy than the trail says.
    pub async fn standing(&self) -> Result<Standing, Problem> {
        Ok(Standing::of(&self.audit, self.app.now()).await?)
    }

    /// Sets the policy.
    ///
    /// # Errors
    /// The field that is ill-formed or contradicts another one.
    pub async fn set(&self, policy: &RetentionPolicy) -> Result<Standing, Problem> {
        let _turn = self.app.deciding(self.audit.name()).await;
        let set = self.audit.set_retention_policy(policy, self.who()).await;
        set.map_err(|error| Problem::from(error).in_body())?;
        self.standing().await
    }

    /// What a run would take away now.
    ///
    /// # Errors
    /// As [`Keeper::standing`]; [`Kind::Overloaded`] where too many read at once.
    pub async fn plan(&self) -> Result<Outcome, Problem> {
        // It reads as much as an export may.
        let _seat = self.app.exports().take(&self.caller.key.id)?;
        let now = self.app.now();
        let plan = self.audit.plan_retention(now, &mut |_| {}).await?;
        Ok(Outcome::of(self.audit.name().clone(), plan, None))
    }

    /// Begins to take it away. The run goes on whether or not anybody waits for its end.
    ///
    /// # Errors
    /// [`Kind::RunInProgress`]; [`Kind::Overloaded`] where too many run at once.
    pub fn run(&self) -> Result<Ending, Problem> {
        let runs = self.app.retention_runs();
        runs.begin(self.app, self.audit.clone(), &self.who())
    }

    /// All holds of the trail, the oldest first.
    ///
    /// # Errors
    /// The trail cannot be read.
    pub async fn holds(&self) -> Result<Holds, Problem> {
        Ok(Holds::from(self.audit.holds().await?))
    }

    /// Places a hold.
    ///
    /// # Errors
    /// The field that is ill-formed.
    pub async fn place(&self, order: HoldOrder) -> Result<Held, Problem> {
        let by = self.by.clone();
        let placed = self.audit.place_hold(&HoldOrder { by, ..order }).await;
        let held = placed.map_err(|error| {
            let problem = Problem::from(error).in_body();
            match problem.field.as_deref() {
                // A filter that is none of a question, by its name.
                Some(field) if !["reason", "matter"].contains(&field) => problem.at("filter"),
                _ => problem,
            }
        })?;
        Ok(held.into())
    }

    /// Asks for the release of a hold.
    ///
    /// # Errors
    /// There is no such hold, or it is over.
    pub async fn ask_release(&self, hold: Uuid, reason: &str) -> Result<Held, Problem> {
        let _turn = self.app.deciding(self.audit.name()).await;
        self.expect(hold).await?;
        let asked = self.audit.request_release(hold, self.who(), reason).await;
        Ok(asked.map_err(of_step)?.into())
    }

    /// Approves the release that another key has asked for, which has another name, too.
    ///
    /// # Errors
    /// As [`Keeper::ask_release`]; nobody has asked, or [`Kind::SamePerson`] has.
    pub async fn approve(&self, hold: Uuid) -> Result<Held, Problem> {
        let _turn = self.app.deciding(self.audit.name()).await;
        self.expect(hold).await?;
        let approved = self.audit.approve_release(hold, self.who()).await;
        Ok(approved.map_err(of_step)?.into())
    }

    /// Who decides.
    fn who(&self) -> Signatory<'_> {
        Signatory {
            by: &self.by,
            name: Some(&self.caller.key.name),
        }
    }

    async fn expect(&self, hold: Uuid) -> Result<(), Problem> {
        let missing = || {
            let trail = self.audit.name();
            Problem::not_found(format!("trail {trail} has no hold {hold}"))
        };
        self.audit.hold(hold).await?.ok_or_else(missing).map(drop)
    }
}

/// Why a step in the release of a hold was not done.
fn of_step(error: AuditError) -> Problem {
    match error {
        // The hold is there: it is not as it has to be for this step.
        AuditError::Query(query) if query.field() == "id" => {
            Problem::new(Kind::HoldConflict, query.problem())
        }
        error => Problem::from(error).in_body(),
    }
}
