//! What a receipt is checked against: the key that is trusted, and the history that is known.

use indelible_core::{AuditEvent, Delivery, Receipt};
use indelible_merkle::{
    Checkpoint, CheckpointError, ConsistencyFile, ConsistencyFileError, Note, NoteError,
    ProofError, TlogProof, TlogProofError, VerifierKey, leaf_hash,
};
use serde::Deserialize;

use crate::error::ClientError;
use crate::kept::Known;

/// A receipt with what is to prove it.
#[derive(Debug, Deserialize)]
pub(crate) struct Proved {
    #[serde(flatten)]
    pub receipt: Receipt,
    proof: Option<String>,
    consistency: Option<String>,
    verifier_key: Option<String>,
}

/// What is believed before the receipt.
pub(crate) struct Belief<'a> {
    pub server: &'a str,
    /// The key that the caller has given.
    pub pinned: Option<&'a VerifierKey>,
    pub known: Option<&'a Known>,
    /// The file in which that is kept.
    pub place: Option<String>,
}

#[derive(Deserialize)]
struct Extra {
    skeleton: String,
}

#[derive(Deserialize)]
struct Skeleton {
    trail: String,
    id: String,
    action: String,
    resource_type: String,
}

impl Belief<'_> {
    /// The size of the trail that the server must continue.
    pub fn size(&self) -> u64 {
        self.known.map_or(0, |known| known.checkpoint.size())
    }

    /// Checks a receipt, and answers what is known by it.
    ///
    /// # Errors
    /// [`ClientError::Unproved`] where nothing is proved, every other one where something else is.
    pub fn check(&self, event: &AuditEvent, proved: &Proved) -> Result<Known, ClientError> {
        let receipt = &proved.receipt;
        self.refuse_older(receipt.tree_size.unwrap_or(0))?;
        let key = self.key(proved)?;
        let (checkpoint, note) = self.continues(proved, &key)?;
        self.contains(event, proved, (&key, &checkpoint))?;
        if receipt.delivery == Delivery::Recorded && receipt.seq < Some(self.size()) {
            return Err(self.forked("an entry that is new stands among those that were there"));
        }
        Ok(Known {
            key,
            checkpoint,
            note,
        })
    }

    /// Refuses a trail of fewer entries than are known.
    pub fn refuse_older(&self, found: u64) -> Result<(), ClientError> {
        let known = self.size();
        if found < known {
            return Err(ClientError::RolledBack {
                server: self.server.to_owned(),
                known,
                found,
            });
        }
        Ok(())
    }

    /// The key that must have signed: the one that is trusted, else the one that is shown first.
    fn key(&self, proved: &Proved) -> Result<VerifierKey, ClientError> {
        let shown = proved.verifier_key.as_deref();
        let shown: Option<VerifierKey> = shown.and_then(|key| key.parse().ok());
        let shown = shown.ok_or_else(|| self.unproved("it names no verifier key"))?;
        let trusted = self.pinned.or(self.known.map(|known| &known.key));
        match trusted {
            Some(trusted) if *trusted != shown => Err(self.other(trusted, shown.to_string())),
            _ => Ok(shown),
        }
    }

    fn continues(
        &self,
        proved: &Proved,
        key: &VerifierKey,
    ) -> Result<(Checkpoint, String), ClientError> {
        let file = proved.consistency.as_deref();
        let file = file.ok_or_else(|| self.unproved("that the trail continues is not shown"))?;
        let file = ConsistencyFile::parse(file).map_err(|e| self.unproved(&e.to_string()))?;
        let known = std::slice::from_ref(key);
        let Some(old) = self.known.map(|known| &known.checkpoint) else {
            let opened = Checkpoint::open(&file.checkpoint, known);
            let opened = opened.map_err(|e| self.distrusted(e, key, &file.checkpoint))?;
            if opened.checkpoint().origin() != key.name() {
                return Err(self.other(key, opened.checkpoint().origin().to_owned()));
            }
            return Ok((opened.into_checkpoint(), file.checkpoint));
        };
        let verified = file.verify(old, known);
        let verified = verified.map_err(|error| match error {
            ConsistencyFileError::Checkpoint(e) => self.distrusted(e, key, &file.checkpoint),
            ConsistencyFileError::Origin { new, .. } => self.other(key, new),
            ConsistencyFileError::Proof(ProofError::SizesReversed { new_size, .. }) => {
                ClientError::RolledBack {
                    server: self.server.to_owned(),
                    known: old.size(),
                    found: new_size,
                }
            }
            ConsistencyFileError::Proof(e) => self.forked(&e.to_string()),
            e => self.unproved(&e.to_string()),
        })?;
        Ok((verified.into_checkpoint(), file.checkpoint))
    }

    /// The entry of the event is under the checkpoint.
    fn contains(
        &self,
        event: &AuditEvent,
        proved: &Proved,
        (key, checkpoint): (&VerifierKey, &Checkpoint),
    ) -> Result<(), ClientError> {
        let wrong = |problem: &str| self.unproved(problem);
        let proof = proved.proof.as_deref();
        let proof = proof.ok_or_else(|| wrong("that the entry is in the trail is not shown"))?;
        let proof = TlogProof::parse(proof).map_err(|e| wrong(&e.to_string()))?;
        let extra = proof.extra.as_deref().unwrap_or_default();
        let extra: Extra =
            serde_json::from_slice(extra).map_err(|_| wrong("the proof shows no entry"))?;
        let leaf = leaf_hash(extra.skeleton.as_bytes());
        let under = proof.verify(&leaf, std::slice::from_ref(key));
        let under = under.map_err(|error| match error {
            TlogProofError::Checkpoint(e) => self.distrusted(e, key, &proof.checkpoint),
            e => wrong(&e.to_string()),
        })?;
        if under.checkpoint() != checkpoint {
            return Err(wrong("the two proofs are for two checkpoints"));
        }
        let receipt = &proved.receipt;
        if receipt.seq != Some(proof.index) || receipt.leaf_hash != Some(leaf) {
            return Err(wrong("the proof is for another entry than the receipt"));
        }
        let skeleton: Skeleton =
            serde_json::from_str(&extra.skeleton).map_err(|_| wrong("the proof shows no entry"))?;
        let is_the_event = skeleton.trail == receipt.trail.as_str()
            && event.id.is_some_and(|id| skeleton.id == id.to_string())
            && event.action == *skeleton.action.as_str()
            && skeleton.resource_type == event.resource_type;
        match is_the_event {
            true => Ok(()),
            false => Err(wrong("the entry that is proved is of another event")),
        }
    }

    fn unproved(&self, problem: &str) -> ClientError {
        ClientError::Unproved {
            server: self.server.to_owned(),
            problem: problem.to_owned(),
        }
    }

    fn forked(&self, problem: &str) -> ClientError {
        ClientError::Forked {
            server: self.server.to_owned(),
            known: self.size(),
            problem: problem.to_owned(),
        }
    }

    fn other(&self, expected: &VerifierKey, found: String) -> ClientError {
        ClientError::OtherServer {
            server: self.server.to_owned(),
            expected: expected.to_string(),
            found,
            place: self.place.clone(),
        }
    }

    /// A checkpoint that the key has not signed: by whom it says that it is.
    fn distrusted(&self, error: CheckpointError, key: &VerifierKey, note: &str) -> ClientError {
        let is_foreign = matches!(
            error,
            CheckpointError::NotSignedByLog { .. }
                | CheckpointError::Note(NoteError::NotSigned | NoteError::BadSignature { .. })
        );
        if !is_foreign {
            return self.unproved(&error.to_string());
        }
        let signed_by = |note: Note| {
            let names = note.signatures().iter();
            let names = names.map(|s| format!("{}+{:08x}", s.name(), s.key_id()));
            names.collect::<Vec<_>>().join(", ")
        };
        let found = Note::parse(note).map_or_else(|_| "nobody".to_owned(), signed_by);
        self.other(key, found)
    }
}
