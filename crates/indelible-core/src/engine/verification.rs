//! Verification with what this installation keeps outside the database.

use indelible_merkle::Checkpoint;
use indelible_merkle::note::VerifierKey;

use super::Audit;
use crate::error::AuditError;
use crate::verify::{KeptCheckpoint, Progress, Request, TrailReport, verify};

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
        let request = Request {
            trusted: self.trusted_keys().await,
            mark,
            checkpoints,
            since,
            digest_key,
        };
        Ok(verify(&*ground.store, &self.trail, &request, progress).await?)
    }

    /// The keys of all incarnations that the trail can have had, where the signing key is at hand.
    pub async fn trusted_keys(&self) -> Vec<VerifierKey> {
        // A head that cannot be read is verification's to report.
        let incarnation = self.head().await.ok().flatten().map_or(1, |head| head.incarnation);
        let identity = &self.engine.shared.identity;
        (1..=incarnation.min(INCARNATIONS_MAX))
            .filter_map(|number| Some(identity.key(&self.trail, number).ok()?.verifier_key()))
            .collect()
    }
}

/// Incarnations whose keys are made at most; a head that claims more was altered.
const INCARNATIONS_MAX: u32 = 1000;
