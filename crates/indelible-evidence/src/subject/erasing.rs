//! What an erasure came to, would come to, or waits for.

use std::path::Path;

use indelible_core::TrailName;
use indelible_core::engine::{Erased, ErasureOrder, ErasurePlan, ErasureRequest};
use indelible_core::part::PerPart;
use serde::Serialize;

use super::waiting::Request;

/// What went, or would go. Its JSON is its `Serialize`.
#[derive(Debug, Clone, Serialize)]
pub struct Erasure {
    /// The trail.
    pub trail: TrailName,
    /// Whether nothing was to be done.
    pub dry_run: bool,
    /// The size of the trail that was looked at.
    pub as_of: u64,
    /// How many persons and places were named.
    pub subjects: usize,
    /// The ids that the trail names nowhere.
    pub unknown: Vec<String>,
    /// Entries of which something goes.
    pub entries: u64,
    /// How many parts go, by kind.
    pub parts: Parts,
    /// Entries of which the actor part is another's, who acted on behalf of the person.
    pub of_other_actors: u64,
    /// Entries that keep their details, since they are Indelible's own records.
    pub kept_own: u64,
    /// Entries that are held.
    pub held: u64,
    /// Parts that went in this run, of earlier orders too.
    pub erased: u64,
    /// The entries that say so.
    pub recorded: Vec<u64>,
    /// Orders that wait for a hold.
    pub held_back: u64,
    /// Why bytes are still in the database's files.
    pub unpurged: Option<String>,
    /// Where copies may still stand.
    pub leftovers: Vec<String>,
    /// What somebody else is to approve before anything goes.
    pub request: Option<Request>,
}

/// Numbers of parts, by kind.
#[derive(Debug, Clone, Serialize)]
pub struct Parts {
    /// Who acted, and from where.
    pub actor: u64,
    /// Upon whom.
    pub target: u64,
    /// Context and correlation.
    pub details: u64,
}

impl Erasure {
    /// What would go.
    pub fn planned(trail: TrailName, order: &ErasureOrder, plan: ErasurePlan) -> Self {
        let PerPart {
            actor,
            target,
            details,
        } = plan.parts;
        Self {
            trail,
            dry_run: true,
            as_of: plan.as_of,
            subjects: order.subjects.ids.len() + order.subjects.also.len(),
            unknown: plan.unknown,
            entries: plan.entries,
            parts: Parts {
                actor,
                target,
                details,
            },
            of_other_actors: plan.of_other_actors,
            kept_own: plan.kept_own,
            held: plan.held.len() as u64,
            erased: 0,
            recorded: Vec::new(),
            held_back: 0,
            unpurged: None,
            leftovers: Vec::new(),
            request: None,
        }
    }

    /// The same once it was done.
    #[must_use]
    pub fn done(self, erased: Erased) -> Self {
        Self {
            dry_run: false,
            erased: erased.parts,
            recorded: erased.recorded,
            held_back: erased.held_back,
            unpurged: erased.unpurged,
            leftovers: erased.leftovers,
            ..self
        }
    }

    /// The same where it waits for somebody else.
    #[must_use]
    pub fn asked(self, request: &ErasureRequest) -> Self {
        Self {
            dry_run: false,
            request: Some(Request::of(request)),
            ..self
        }
    }

    /// The same with the copies that nothing of ours reaches, events in spools among them.
    #[must_use]
    pub fn with_copies(mut self, spool: Option<&Path>) -> Self {
        self.leftovers.extend(elsewhere(spool));
        self
    }

    /// What went otherwise than it should; what is told of it beside, a command or a page says.
    pub fn trouble(&self) -> Option<String> {
        match (&self.unpurged, self.held_back) {
            (Some(problem), _) => Some(format!(
                "what was erased is still in the database's files: {problem}; run it again"
            )),
            (None, 0) => None,
            (None, count) => Some(format!(
                "{count} orders wait, since entries that they name are held; `indelible hold list` \
                 names the holds, and once they are released the next run goes on"
            )),
        }
    }
}

/// Copies that no command of ours reaches.
fn elsewhere(spool: Option<&Path>) -> Vec<String> {
    let spool = match spool {
        Some(folder) => format!(" (here {})", folder.display()),
        None => String::new(),
    };
    vec![
        "backups and snapshots of the database: let them expire; a restored one is erased again \
         when it is opened to write, by the register in the state directory, or, where the trail \
         has gone on elsewhere, when it is succeeded"
            .to_owned(),
        "the database that `indelible copy` has read from: it keeps everything; take it away"
            .to_owned(),
        "the state directories of other hosts: copy `erasures` there".to_owned(),
        format!("events that wait in spools{spool} and outboxes: drain them first"),
        "look-ups of the person in the last minute, which a server that runs records at its end: \
         erase again then"
            .to_owned(),
        "exports, evidence packs and proofs with opened parts that were handed out".to_owned(),
        "legal holds whose filter named the person: the trail's own records keep it \
         (`indelible hold list`)"
            .to_owned(),
    ]
}
