//! Verification with what this installation keeps outside the database.

use indelible_merkle::Checkpoint;
use indelible_merkle::note::VerifierKey;

use super::Audit;
use super::hold::HoldStanding;
use super::identity::origin;
use crate::error::AuditError;
use crate::head_key::HeadKey;
use crate::store::{Head, StoreError};
use crate::verify::{FindingKind, KeptCheckpoint, Progress, Request, TrailReport, verify};

impl Audit {
    /// Verifies the trail, comparing it with the installation's own key and high-water mark, and
    /// with further checkpoints kept elsewhere. With `since`, whose signature the caller has
    /// checked, only the entries after that checkpoint are read.
    ///
    /// # Errors
    /// [`AuditError::Store`] where the database cannot be read at all, [`AuditError::State`] where
    /// the mark cannot. Whatever is damaged in the trail is a finding.
    pub async fn verify(
        &self,
        checkpoints: Vec<KeptCheckpoint>,
        since: Option<Checkpoint>,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<TrailReport, AuditError> {
        let ground = &self.engine.shared.ground;
        let mut digest_key = [0; 16];
        ground.entropy.fill(&mut digest_key);
        // Read before the head is: a mark raised in between would look like a rollback.
        let mark = ground.state.mark(&self.trail)?;
        let head = ground.store.head(&self.trail).await.ok().flatten();
        let request = Request {
            trusted: self.trusted_keys(),
            rotations: ground.state.rotations(&self.trail)?,
            head_key: self.head_key(head.as_ref()),
            mark,
            checkpoints,
            since,
            digest_key,
        };
        let mut report = verify(&*ground.store, &self.trail, &request, progress).await?;
        self.look_at_holds(&mut report).await;
        Ok(report)
    }

    /// Warns of what is odd about the holds, and where they cannot be read.
    async fn look_at_holds(&self, report: &mut TrailReport) {
        let holds = match self.holds().await {
            Ok(holds) => holds,
            // What is in the way is among the findings.
            Err(error) if !report.ok && is_of_trail(&error) => return,
            Err(error) => {
                let detail = format!("which holds are in force cannot be told: {error}");
                return report.warn(FindingKind::HoldsUnread, detail);
            }
        };
        for hold in holds {
            if hold.standing == HoldStanding::Missing && hold.is_in_force() {
                let detail = format!(
                    "the registry knows the legal hold {}, and the trail has no entry of it: it \
                     holds everything",
                    hold.id
                );
                report.warn(FindingKind::HoldWithoutEntry, detail);
            }
        }
    }

    /// The trail's keys, where the signing key is at hand: the present one, and while it is being
    /// rotated the next one. Each stands for every incarnation: their keys differ in their names
    /// only. Earlier ones follow from the rotations that the state keeps.
    pub fn trusted_keys(&self) -> Vec<VerifierKey> {
        let identity = &self.engine.shared.identity;
        let origin = origin(&self.engine.shared.ground.installation, &self.trail, 1);
        let keys = identity.current().into_iter().chain(identity.next());
        keys.filter_map(|keys| Some(keys.under(&origin).ok()?.verifier_key()))
            .collect()
    }

    /// What a head is coded with: what belongs to the key that it carries, else the present one.
    pub fn head_key(&self, head: Option<&Head>) -> Option<HeadKey> {
        let identity = &self.engine.shared.identity;
        let holder = head.and_then(|head| identity.holder(&head.key));
        holder
            .or_else(|| identity.current())
            .map(|keys| keys.head().clone())
    }
}

/// Whether an error comes from what is damaged in a trail.
fn is_of_trail(error: &AuditError) -> bool {
    match error {
        AuditError::Store(error) => matches!(**error, StoreError::Corrupt { .. }),
        AuditError::Refused { .. } => true,
        _ => false,
    }
}
