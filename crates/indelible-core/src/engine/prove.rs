//! Proofs: inclusion of one entry, consistency of two sizes, checkpoints.

use std::collections::BTreeMap;

use indelible_merkle::consistency_file::ConsistencyFile;
use indelible_merkle::note::VerifierKey;
use indelible_merkle::tlog_proof::TlogProof;
use indelible_merkle::{
    Hash, StoredNodes, consistency_proof, frontier_at, inclusion_proof, plan, root_at,
    verify_inclusion,
};
use serde_json::json;

use super::marks::read_mark;
use super::nodes::NodeCache;
use super::{Audit, load};
use crate::entry::StoredEntry;
use crate::error::{AuditError, Refusal};
use crate::json::canonical;
use crate::part::PartKind;
use crate::query::QueryError;
use crate::store::{Head, StoreError};

/// An inclusion proof and what it proves.
#[derive(Debug, Clone)]
pub struct Proved {
    /// The file, c2sp.org/tlog-proof@v1.
    pub text: String,
    /// The entry's position.
    pub seq: u64,
    /// The tree size that the proof is for.
    pub tree_size: u64,
}

/// A checkpoint and what it is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SizedCheckpoint {
    /// The entries of the tree.
    pub size: u64,
    /// Its root.
    pub root: Hash,
    /// The checkpoint, as the text of a signed note.
    pub note: String,
}

/// The newest checkpoint that can be given out, and what it is of.
#[derive(Clone)]
pub(super) struct Signed {
    /// The entries of the trail, of which the checkpoint may cover fewer.
    head_size: u64,
    pub size: u64,
    pub root: Hash,
    pub note: String,
}

/// One checkpoint, under which entries are proved; see [`Audit::prover`].
pub struct Prover {
    audit: Audit,
    signed: Signed,
    nodes: NodeCache,
}

impl Prover {
    /// Proves that the entry at `seq` is in the trail, as [`Audit::prove`] does. `None` where the
    /// checkpoint does not cover it.
    ///
    /// # Errors
    /// [`AuditError::Store`].
    pub async fn prove(&mut self, seq: u64) -> Result<Option<Proved>, AuditError> {
        let (audit, size) = (&self.audit, self.signed.size);
        if seq >= size {
            return Ok(None);
        }
        let Some(entry) = audit.entry_to_prove(seq).await? else {
            return Ok(None);
        };
        let store = &audit.engine.shared.ground.store;
        let ranges = plan::inclusion_ranges(seq, size);
        self.nodes.fill(&**store, &audit.trail, ranges).await?;
        let proved = audit.proved(&self.signed, &entry, &self.nodes, false)?;
        Ok(Some(proved))
    }
}

impl Audit {
    /// The checkpoint of the trail as it is now, as the text of a signed note. Without the signing
    /// key the latest one in the high-water mark.
    ///
    /// # Errors
    /// `None` where the trail has no entry; [`AuditError::Refused`] where the database is behind
    /// or beside the high-water mark.
    pub async fn checkpoint(&self) -> Result<Option<String>, AuditError> {
        Ok(self.signed().await?.map(|signed| signed.note))
    }

    /// The checkpoint of the trail as it was with `size` entries, made again where it is not the
    /// newest one. `None` where the trail has no entry, or `size` is 0.
    ///
    /// # Errors
    /// [`AuditError::Query`] where the newest checkpoint that can be given out is of fewer entries;
    /// [`AuditError::Refused`] where an older one would have to be made without the signing key;
    /// else as [`Audit::checkpoint`].
    pub async fn checkpoint_at(&self, size: u64) -> Result<Option<SizedCheckpoint>, AuditError> {
        let newest = match self.signed().await? {
            Some(newest) if size > 0 => newest,
            _ => return Ok(None),
        };
        if size > newest.size {
            let problem = format!("the newest checkpoint is of {} entries", newest.size);
            return Err(QueryError::new("as_of", problem).into());
        }
        let Signed {
            size, root, note, ..
        } = self.signed_at(&newest, size).await?;
        Ok(Some(SizedCheckpoint { size, root, note }))
    }

    /// The trail's verifier key, `None` where the trail has no entry.
    ///
    /// # Errors
    /// [`AuditError::Store`].
    pub async fn verifier_key(&self) -> Result<Option<VerifierKey>, AuditError> {
        Ok(self.head().await?.map(|head| head.key))
    }

    /// Proves that the entry at `seq` is in the trail. With `open` the file carries the entry's
    /// parts too, else only its skeleton. `None` where there is no such entry.
    ///
    /// # Errors
    /// As [`Audit::checkpoint`].
    pub async fn prove(&self, seq: u64, open: bool) -> Result<Option<Proved>, AuditError> {
        match self.signed().await? {
            Some(signed) => self.prove_under(signed, seq, open).await,
            None => Ok(None),
        }
    }

    /// Proves both under one checkpoint: that the entry at `seq` is in the trail, as
    /// [`Audit::prove`] does, and that the trail continues the one of `from` entries, as
    /// [`Audit::consistency`] does. `None` where there is no such entry.
    ///
    /// # Errors
    /// As both.
    pub async fn prove_continuing(
        &self,
        seq: u64,
        from: u64,
    ) -> Result<Option<(Proved, String)>, AuditError> {
        let Some(signed) = self.signed().await? else {
            return Ok(None);
        };
        let consistency = self.consistency_under(signed.clone(), from).await?;
        let proved = self.prove_under(signed, seq, false).await?;
        Ok(proved.map(|proved| (proved, consistency)))
    }

    /// Proves many entries under one checkpoint. `None` where the trail has no entry.
    ///
    /// # Errors
    /// As [`Audit::checkpoint`].
    pub async fn prover(&self) -> Result<Option<Prover>, AuditError> {
        let audit = self.clone();
        let signed = self.signed().await?;
        Ok(signed.map(|signed| Prover {
            audit,
            nodes: NodeCache::new(signed.size),
            signed,
        }))
    }

    async fn prove_under(
        &self,
        signed: Signed,
        seq: u64,
        open: bool,
    ) -> Result<Option<Proved>, AuditError> {
        let store = &self.engine.shared.ground.store;
        if seq >= signed.head_size {
            return Ok(None);
        }
        let Some(entry) = self.entry_to_prove(seq).await? else {
            return Ok(None);
        };
        let tree_size = signed.size;
        if seq >= tree_size {
            let what = format!(
                "the newest checkpoint at hand is of {tree_size} entries, and without the signing \
                 key no newer one can be made"
            );
            return Err(self.refused(Refusal::Damaged(what)));
        }
        let ranges = plan::inclusion_ranges(seq, tree_size);
        let nodes = load::nodes(&**store, &self.trail, ranges)
            .await?
            .ok_or_else(missing)?;
        self.proved(&signed, &entry, &nodes, open).map(Some)
    }

    async fn entry_to_prove(&self, seq: u64) -> Result<Option<StoredEntry>, AuditError> {
        self.check_shown()?;
        let store = &self.engine.shared.ground.store;
        let entry = store.entries(&self.trail, seq..seq + 1).await?.pop();
        if entry.is_none() {
            self.check_kept(seq).await?;
        }
        Ok(entry)
    }

    /// The proof of an entry that the checkpoint covers, from these hashes, and checked.
    fn proved(
        &self,
        signed: &Signed,
        entry: &StoredEntry,
        nodes: &dyn StoredNodes,
        open: bool,
    ) -> Result<Proved, AuditError> {
        let (seq, tree_size) = (entry.seq, signed.size);
        let path = inclusion_proof(seq, tree_size, nodes).map_err(|_| missing())?;
        self.check_entry(entry)?;
        verify_inclusion(&entry.leaf_hash, seq, tree_size, &path, &signed.root)
            .map_err(|_| altered(seq))?;
        let proof = TlogProof {
            extra: Some(self.extra(entry, open)),
            index: seq,
            path,
            checkpoint: signed.note.clone(),
        };
        Ok(Proved {
            text: proof.to_string(),
            seq,
            tree_size,
        })
    }

    /// Proves that the trail as it is now continues the one of `from` entries: the body of a
    /// witness's add-checkpoint request. `None` where the trail has no entry.
    ///
    /// # Errors
    /// [`AuditError::Query`] where the trail is smaller than `from`; else as
    /// [`Audit::checkpoint`].
    pub async fn consistency(&self, from: u64) -> Result<Option<String>, AuditError> {
        match self.signed().await? {
            Some(signed) => self.consistency_under(signed, from).await.map(Some),
            None => Ok(None),
        }
    }

    async fn consistency_under(&self, signed: Signed, from: u64) -> Result<String, AuditError> {
        let (size, checkpoint) = (signed.size, signed.note);
        if from > size {
            let problem = format!("the newest checkpoint is of {size} entries, fewer than {from}");
            return Err(QueryError::new("from", problem).into());
        }
        let proof = if from == 0 {
            Vec::new()
        } else {
            let ranges = plan::consistency_ranges(from, size);
            let nodes = self.nodes_of(("from", from), ranges).await?;
            consistency_proof(from, size, &nodes).map_err(|_| missing())?
        };
        Ok(ConsistencyFile {
            old_size: from,
            proof,
            checkpoint,
        }
        .to_string())
    }

    /// The checkpoint of the trail's head and its size, or the one in the mark where the key is
    /// not at hand.
    pub(super) async fn signed(&self) -> Result<Option<Signed>, AuditError> {
        let shared = &self.engine.shared;
        let mark = shared.ground.state.mark(&self.trail)?;
        let Some(head) = self.head().await? else {
            return Ok(None);
        };
        // Nothing is signed for what stands in the head's row alone: the stored hashes must give
        // its root, the key's holder its code, and the mark must lie in it.
        load::check_head(&*shared.ground.store, &head)
            .await
            .map_err(|e| e.of(&self.trail))?;
        shared.check_code(&head)?;
        shared.check_mark(mark.as_deref(), &head).await?;
        let head_size = head.size;
        let error = match shared.checkpoint_of(&head) {
            Ok(note) => {
                let (size, root) = (head.size, head.root);
                return Ok(Some(Signed {
                    head_size,
                    size,
                    root,
                    note,
                }));
            }
            Err(error) => error,
        };
        let (Some(note), Some(kept)) = (mark.clone(), mark.as_deref().and_then(read_mark)) else {
            return Err(error);
        };
        Ok(Some(Signed {
            head_size,
            size: kept.size(),
            root: kept.root(),
            note,
        }))
    }

    /// The checkpoint of the trail when it had `size` entries, which is not more than it has; made
    /// again where it is not the newest one, for which the key must be at hand.
    pub(super) async fn signed_at(&self, newest: &Signed, size: u64) -> Result<Signed, AuditError> {
        if size == newest.size {
            return Ok(newest.clone());
        }
        let shared = &self.engine.shared;
        let head = self.head().await?.filter(|head| head.size >= size);
        let head = head.ok_or_else(missing)?;
        let ranges = plan::root_ranges(size);
        let nodes = self.nodes_of(("as_of", size), ranges).await?;
        let root = root_at(size, &nodes).map_err(|_| missing())?;
        let frontier = frontier_at(size, &nodes).map_err(|_| missing())?;
        let head = Head {
            size,
            root,
            frontier,
            ..head
        };
        Ok(Signed {
            head_size: newest.head_size,
            size,
            root,
            note: shared.checkpoint_of(&head)?,
        })
    }

    /// Refuses to show or prove an entry whose bytes do not give its leaf, or to count it.
    ///
    /// # Errors
    /// [`AuditError::Store`].
    pub fn check_entry(&self, entry: &StoredEntry) -> Result<(), AuditError> {
        let leaf = entry.derived_leaf(&self.trail, &mut Vec::new());
        if leaf == entry.leaf_hash && entry.altered_part().is_none() {
            Ok(())
        } else {
            Err(altered(entry.seq))
        }
    }

    /// Canonical JSON with the exact text of the skeleton and, opened, of the parts.
    fn extra(&self, entry: &StoredEntry, open: bool) -> Vec<u8> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let mut extra = json!({ "skeleton": text(&entry.skeleton(&self.trail)) });
        if open {
            let mut parts = BTreeMap::new();
            for kind in PartKind::ALL {
                if let Some(part) = entry.parts.get(kind) {
                    let salt: String = part.salt.iter().map(|b| format!("{b:02x}")).collect();
                    parts.insert(
                        kind.as_str(),
                        json!({"salt": salt, "body": text(&part.body)}),
                    );
                }
            }
            extra["parts"] = json!(parts);
        }
        canonical::to_vec(&extra)
    }

    fn refused(&self, refusal: Refusal) -> AuditError {
        AuditError::Refused {
            trail: self.trail.clone(),
            refusal,
        }
    }
}

pub(super) fn altered(seq: u64) -> AuditError {
    let problem = "it is not as it was recorded; `indelible verify` says more";
    StoreError::damaged_row(seq, problem).into()
}

pub(super) fn missing() -> StoreError {
    StoreError::Corrupt {
        what: "the tree".to_owned(),
        seq: None,
        problem: "stored hashes are missing; `indelible verify` says which".to_owned(),
    }
}
