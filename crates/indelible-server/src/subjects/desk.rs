//! What a key does about persons in a trail, the same over HTTP and on pages.

use indelible_core::TrailName;
use indelible_core::engine::{Audit, ErasureOrder, ErasureRequest, Signatory, Subjects};
use indelible_core::state::Purpose;
use indelible_evidence::subject::{
    Erasure, Known, Listed, Rejected, Request, Requests, Wanted, known,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::asked::{Erasing, Showing, of_erasing};
use crate::access::{Caller, looked};
use crate::app::App;
use crate::erasures::{Ordered, Running, Turn};
use crate::keys::Permission;
use crate::limits::KNOWN_BYTES_MAX;
use crate::problem::Problem;
use crate::proofs;

/// Persons in a trail, for a key. Who orders is the key, whatever else a request says.
pub struct Desk<'d> {
    app: &'d App,
    caller: &'d Caller,
    audit: Audit,
}

impl<'d> Desk<'d> {
    /// This trail, for this caller.
    pub fn of(app: &'d App, caller: &'d Caller, trail: &TrailName) -> Self {
        Self {
            app,
            caller,
            audit: app.trail(trail),
        }
    }

    /// Whether erasures take two people.
    pub fn takes_two(&self) -> bool {
        self.app.engine().erasure_takes_two()
    }

    /// What stands for persons in the trail, where that can be told.
    pub async fn refs(&self, subjects: &Subjects) -> Vec<String> {
        let secret = self.app.engine().secret(Purpose::Subjects).await;
        secret.map_or_else(|_| Vec::new(), |secret| subjects.refs(&secret))
    }

    /// The order that this caller gives.
    pub fn order(&self, erasing: Erasing) -> ErasureOrder {
        ErasureOrder {
            subjects: erasing.subjects,
            reason: erasing.reason,
            legal_basis: erasing.legal_basis,
            request_id: erasing.request_id,
            by: Some(self.caller.name()),
            by_name: Some(self.caller.key.name.clone()),
            holds: Vec::new(),
        }
    }

    /// What is known about a person, the newest up to so many entries. That somebody looked is on
    /// record before an answer is made of it, and also where nothing was found.
    ///
    /// # Errors
    /// Too many read at once; nobody of this id is named.
    pub async fn known(&self, showing: Showing, entries: usize) -> Result<Known, Problem> {
        // It reads as much as an export does.
        let _seat = self.app.exports().take(&self.caller.key.id)?;
        let refs = self.refs(&showing.subjects()).await;
        let listed = Listed {
            entries,
            bytes: KNOWN_BYTES_MAX,
            before: showing.before,
        };
        let wanted = Wanted {
            id: showing.id,
            also: showing.also,
            names: showing.names,
        };
        let known = known(&self.audit, &wanted, listed, &mut |_| {}).await;
        let known = known.map_err(of_erasing)?;
        let listed = known.entries.len() as u64;
        let asked = json!({"subject_refs": refs});
        self.note(asked, (Permission::Read, listed)).await?;
        if known.total == 0 {
            let trail = self.audit.name();
            return Err(Problem::not_found(format!(
                "trail {trail} names the person nowhere"
            )));
        }
        Ok(known)
    }

    /// What an order would take away. That somebody looked is on record.
    ///
    /// # Errors
    /// Too many read at once; those of planning.
    pub async fn plan(&self, order: &ErasureOrder) -> Result<Erasure, Problem> {
        let _seat = self.app.exports().take(&self.caller.key.id)?;
        let trail = self.audit.name();
        let plan = self.audit.plan_erasure(order, &mut |_| {}).await;
        let plan = plan.map_err(of_erasing)?;
        let asked = json!({"subject_refs": self.refs(&order.subjects).await});
        self.note(asked, (Permission::Erase, plan.entries)).await?;
        Ok(Erasure::planned(trail.clone(), order, plan).with_copies(None))
    }

    /// Erases, to the end whoever leaves.
    ///
    /// # Errors
    /// Another erasure runs; a trail without entries; those of erasing.
    pub async fn erase(&self, order: ErasureOrder) -> Result<Erasure, Problem> {
        let (turn, running) = self.begin().await?;
        turn.erase(self.app, running, Ordered::Now(order)).await
    }

    /// The turn at erasing in this trail, which is seen to run from here on.
    ///
    /// # Errors
    /// Another erasure runs; a trail without entries.
    pub async fn begin(&self) -> Result<(Turn, Running), Problem> {
        self.check_there().await?;
        let turn = self.app.erasures().take()?;
        let running = turn.begin(self.app, self.caller, self.audit.name());
        Ok((turn, running))
    }

    /// Asks for an erasure, which somebody else is to approve.
    ///
    /// # Errors
    /// Too many read at once; a trail without entries; those of asking.
    pub async fn ask(&self, order: &ErasureOrder) -> Result<Erasure, Problem> {
        self.check_there().await?;
        let _seat = self.app.exports().take(&self.caller.key.id)?;
        let asked = self.audit.request_erasure(order, &mut |_| {}).await;
        let (request, plan) = asked.map_err(of_erasing)?;
        let erasure = Erasure::planned(self.audit.name().clone(), order, plan);
        Ok(erasure.asked(&request).with_copies(None))
    }

    /// The erasures that wait, with whom they are about. For each it is on record that somebody
    /// looked.
    ///
    /// # Errors
    /// The state directory failed; the look could not be recorded.
    pub async fn requests(&self) -> Result<Requests, Problem> {
        let requests = self.requests_unseen().await?;
        for request in &requests.requests {
            self.note_seen(request).await?;
        }
        Ok(requests)
    }

    /// The same, not on record: whoever asks for it shows nobody whom they are about.
    ///
    /// # Errors
    /// The state directory failed.
    pub async fn requests_unseen(&self) -> Result<Requests, Problem> {
        let requests = self.audit.erasure_requests().await?;
        Ok(Requests::of(self.audit.name().clone(), requests))
    }

    /// Puts on record that this caller is shown whom an order that waits is about.
    ///
    /// # Errors
    /// Those of recording.
    pub async fn note_seen(&self, request: &Request) -> Result<(), Problem> {
        let refs = &request.subject_refs;
        let asked = json!({"erasure_request": request.id, "subject_refs": refs});
        self.note(asked, (Permission::Erase, refs.len() as u64))
            .await
    }

    async fn note(
        &self,
        asked: Value,
        (permission, results): (Permission, u64),
    ) -> Result<(), Problem> {
        let asked = asked.as_object().cloned().unwrap_or_default();
        let trail = self.audit.name().clone();
        let look = looked(self.caller, permission, trail, asked, results);
        // A flood of other looks must not leave out whom this one was about.
        Ok(self.app.tally().record_apart(look).await?)
    }

    /// The erasure of this id that waits.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub async fn waiting(&self, id: Uuid) -> Result<ErasureRequest, Problem> {
        Ok(self.audit.erasure_request(id).await?)
    }

    /// Approves what somebody else has asked for, and carries it out, to the end whoever leaves.
    ///
    /// # Errors
    /// The same key or name asked; as [`Desk::erase`].
    pub async fn approve(&self, request: ErasureRequest) -> Result<Erasure, Problem> {
        let (turn, running) = self.begin().await?;
        let ordered = Ordered::Approved(request.id, request.order);
        turn.erase(self.app, running, ordered).await
    }

    /// Rejects an erasure that waits.
    ///
    /// # Errors
    /// Nothing of this id waits; no reason.
    pub async fn reject(&self, id: Uuid, reason: &str) -> Result<Rejected, Problem> {
        let (by, name) = (self.caller.name(), self.caller.key.name.as_str());
        let who = Signatory {
            by: &by,
            name: Some(name),
        };
        let rejected = self.audit.reject_erasure(id, who, reason).await;
        let rejected = rejected.map_err(of_erasing)?;
        Ok(Rejected::of(self.audit.name().clone(), rejected))
    }

    async fn check_there(&self) -> Result<(), Problem> {
        match self.audit.head().await? {
            Some(_) => Ok(()),
            None => Err(proofs::empty(self.audit.name())),
        }
    }
}
