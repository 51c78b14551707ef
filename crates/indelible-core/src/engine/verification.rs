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
            trusted: self.trusted_key().into_iter().collect(),
            head_key: self.engine.shared.identity.head_key().cloned(),
            mark,
            checkpoints,
            since,
            digest_key,
        };
        Ok(verify(&*ground.store, &self.trail, &request, progress).await?)
    }

    /// The trail's key, where the signing key is at hand. It stands for every incarnation: their
    /// keys differ in their names only.
    pub fn trusted_key(&self) -> Option<VerifierKey> {
        let key = self.engine.shared.identity.key(&self.trail, 1).ok()?;
        Some(key.verifier_key())
    }
}
