//! What a key does in the review of a trail, the same over HTTP and on pages.

use indelible_core::TrailName;
use indelible_evidence::Recorder;
use indelible_evidence::review::{
    DayLines, DaysAsked, DaysSeen, Disposition, Done, Ledger, ReviewError, Reviewed, RuleSet,
    SignRequest, Signed, Undecided, begun, ledger, missed, read_first_day,
};
use tokio::sync::MutexGuard;

use super::asked::{Raising, Signing};
use crate::access::Caller;
use crate::app::App;
use crate::problem::{Kind, Problem};
use crate::recorder::InTrail;
use crate::seats::Seat;

/// A trail that a key reviews. Who reviews is the key, whatever else a request says.
pub struct Desk<'d> {
    app: &'d App,
    trail: InTrail<'d>,
    by: String,
    /// It reads as much as an export does.
    _seat: Seat,
}

impl<'d> Desk<'d> {
    /// The review of this trail by this caller.
    ///
    /// # Errors
    /// [`Kind::Overloaded`] where too many read at once.
    pub fn of(app: &'d App, caller: &'d Caller, trail: &TrailName) -> Result<Self, Problem> {
        Ok(Self {
            app,
            trail: InTrail::of(app, caller, trail),
            by: caller.name(),
            _seat: app.exports().take(&caller.key.id)?,
        })
    }

    fn rules(&self) -> &'d RuleSet {
        self.app.review_rules()
    }

    /// Decisions about a trail are made one after the other, each on how things stand after the
    /// one before.
    async fn turn(&self) -> MutexGuard<'d, ()> {
        self.app.deciding(self.trail.audit.name()).await
    }

    /// What was decided so far.
    ///
    /// # Errors
    /// The trail cannot be read.
    pub async fn ledger(&self) -> Result<Ledger, Problem> {
        Ok(ledger(&self.trail.audit).await?)
    }

    /// What is new, and what the server's rules flag in it.
    ///
    /// # Errors
    /// A trail without entries, a size that it does not have or that was signed off.
    pub async fn reviewed(&self, as_of: Option<u64>) -> Result<Reviewed, Problem> {
        let ledger = self.ledger().await?;
        let what = (self.rules(), as_of);
        let reviewed = Reviewed::of(&self.trail.audit, ledger, what, &mut |_| {}).await;
        let reviewed = reviewed.map_err(|error| match error {
            ReviewError::Audit(error) => error.into(),
            ReviewError::Rules(error) => {
                Problem::new(Kind::Internal, "a rule of the server cannot be asked").because(error)
            }
        })?;
        reviewed.ok_or_else(|| self.empty())
    }

    /// How days stand.
    ///
    /// # Errors
    /// What is no date; a trail without entries.
    pub async fn days(&self, dates: (Option<&str>, Option<&str>)) -> Result<DayLines, Problem> {
        let (seen, ledger) = self.seen(dates).await?;
        Ok(DayLines::of(seen, &ledger, self.rules()))
    }

    /// Puts missed days on record, each once; how days stand then.
    ///
    /// # Errors
    /// As [`Desk::days`].
    pub async fn record_missed(
        &self,
        dates: (Option<&str>, Option<&str>),
    ) -> Result<DayLines, Problem> {
        let _turn = self.turn().await;
        let (seen, _) = self.seen(dates).await?;
        for line in seen.unrecorded() {
            self.trail.record(missed(line)).await?;
        }
        self.days(dates).await
    }

    async fn seen(
        &self,
        dates: (Option<&str>, Option<&str>),
    ) -> Result<(DaysSeen, Ledger), Problem> {
        let (rules, now) = (self.rules(), self.app.now());
        let asked = DaysAsked::read(dates, rules, now)?;
        let begun = begun(&self.trail.audit).await?;
        let begun = begun.ok_or_else(|| self.empty())?;
        let ledger = self.ledger().await?;
        Ok((asked.of(&ledger, rules, (begun, now)), ledger))
    }

    /// Says from which day on is reviewed.
    ///
    /// # Errors
    /// What is no date, or to come; a trail of which days were reviewed or missed.
    pub async fn start(&self, day: &str, why: &str) -> Result<Done, Problem> {
        let day = read_first_day(day, self.app.now())?;
        let _turn = self.turn().await;
        let ledger = self.ledger().await?;
        let done = ledger.start(&self.trail, day, (&self.by, why)).await?;
        Ok(Done {
            recorded: vec![done],
        })
    }

    /// Puts findings on record.
    ///
    /// # Errors
    /// What no rule flags, an entry that is not there, a finding that is on record.
    pub async fn raise(&self, raising: Raising, owner: Option<&str>) -> Result<Done, Problem> {
        let _turn = self.turn().await;
        let who = (self.by.as_str(), owner);
        let recorded = match raising {
            Raising::Flagged { as_of, findings } => {
                let reviewed = self.reviewed(Some(as_of)).await?;
                reviewed.raise(&self.trail, &findings, who).await?
            }
            Raising::ByHand(found) => {
                let ledger = self.ledger().await?;
                let raised = ledger.raise_by_hand(&self.trail.audit, &self.trail, found, who);
                vec![raised.await?]
            }
        };
        Ok(Done { recorded })
    }

    /// Gives a finding an owner.
    ///
    /// # Errors
    /// A finding that is not on record, or closed.
    pub async fn assign(&self, id: &str, to: &str, comment: Option<&str>) -> Result<Done, Problem> {
        let _turn = self.turn().await;
        let ledger = self.ledger().await?;
        let done = ledger
            .assign(&self.trail, (id, to), (&self.by, comment))
            .await?;
        Ok(Done {
            recorded: vec![done],
        })
    }

    /// Closes a finding.
    ///
    /// # Errors
    /// As [`Desk::assign`].
    pub async fn close(
        &self,
        (id, disposition): (&str, Disposition),
        why: (&str, Option<&str>),
    ) -> Result<Done, Problem> {
        let _turn = self.turn().await;
        let ledger = self.ledger().await?;
        let done = ledger
            .close(&self.trail, (id, disposition), &self.by, why)
            .await?;
        Ok(Done {
            recorded: vec![done],
        })
    }

    /// Signs off exactly what was shown as of a size.
    ///
    /// # Errors
    /// What is no date, an end that is too late, a size that was signed off already.
    pub async fn sign(&self, signing: Signing) -> Result<Signed, Problem> {
        let (rules, now) = (self.rules(), self.app.now());
        let ends = (signing.from.as_deref(), signing.to.as_deref());
        let request = SignRequest::read(&self.by, ends, rules, now)?;
        let request = SignRequest {
            scope: signing.scope,
            comment: signing.comment,
            ..request
        };
        let _turn = self.turn().await;
        let reviewed = self.reviewed(Some(signing.as_of)).await?;
        reviewed
            .sign(&self.trail.audit, &self.trail, &request)
            .await
    }

    fn empty(&self) -> Problem {
        Undecided::Empty(self.trail.audit.name().clone()).into()
    }
}

impl From<Undecided> for Problem {
    fn from(error: Undecided) -> Self {
        match error {
            Undecided::Empty(_)
            | Undecided::NotFlagged(_)
            | Undecided::NotOnRecord(_)
            | Undecided::NoEntry(_) => Self::not_found(error),
            Undecided::OnRecord(_)
            | Undecided::NothingToDo(_)
            | Undecided::Closed { .. }
            | Undecided::Started { .. }
            | Undecided::Begun
            | Undecided::SignedInVain { .. } => Self::new(Kind::AlreadyDecided, error),
        }
    }
}
