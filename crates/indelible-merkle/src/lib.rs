//! What an auditor must trust: Merkle trees, proofs, signed notes and checkpoints.
//!
//! A *log* is a list of entries that only grows. Its entries are hashed to the leaves of a tree
//! (RFC 6962), and the log signs, now and then, a *checkpoint*: its name, the number of leaves,
//! and the root above them. A checkpoint commits to every entry before it. That an entry is under
//! a checkpoint is shown by an *inclusion proof*, that a later checkpoint still contains all of an
//! earlier one by a *consistency proof*; both are a few hashes, and both are checked with nothing
//! but this crate and the log's public key.
//!
//! The files that carry all this are those of the C2SP specifications, byte for byte: signed
//! notes, checkpoints, cosignatures of witnesses, `tlog-proof@v1`, and the body of a witness's
//! `add-checkpoint`. Each has one spelling; readers refuse every other one.
//!
//! A log is kept in few rows: the leaf hashes, and the complete subtrees at heights 8, 16, 24, ….
//! They never change once written. [`Frontier`] makes them while appending, [`plan`] names those
//! that a proof needs, and [`proof`] folds them into proofs for any size the log ever had.
//!
//! # What it is not
//!
//! It is no log: it does not store, order or deduplicate, and it does not know what an entry
//! means. It reads no file, no clock and no randomness, waits for nothing, and never panics on
//! input. Whether a key, an origin or a time is acceptable is the caller's decision, and a proof
//! says nothing about what a log chose not to contain.
//!
//! # Example
//!
//! A log of three entries signs its checkpoint, proves its second entry, and an auditor who knows
//! the log's public key checks the proof.
//!
//! ```
//! use indelible_merkle::{
//!     Checkpoint, Frontier, NodeSet, SigningKey, TlogProof, VerifierKey, inclusion_proof,
//!     leaf_hash, plan::inclusion_ranges,
//! };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let leaves = ["first", "second", "third"].map(|entry| leaf_hash(entry.as_bytes()));
//! let mut frontier = Frontier::new();
//! for leaf in leaves {
//!     frontier.push(leaf, &mut |_node, _hash| { /* a store keeps heights 8, 16, … */ });
//! }
//! let key = SigningKey::from_seed("example.com/log", [7; 32])?;
//! let checkpoint = Checkpoint::new("example.com/log", frontier.size(), frontier.root())?;
//!
//! let mut nodes = NodeSet::new();
//! for range in inclusion_ranges(1, 3) {
//!     let rows = leaves[range.start as usize..range.end as usize].to_vec();
//!     nodes.insert(range, rows)?;
//! }
//! let proof = TlogProof {
//!     extra: None,
//!     index: 1,
//!     path: inclusion_proof(1, 3, &nodes)?,
//!     checkpoint: checkpoint.sign(&[&key])?.to_string(),
//! };
//! let (file, public) = (proof.to_string(), key.verifier_key().to_string());
//!
//! // Elsewhere, later, without the log:
//! let public: VerifierKey = public.parse()?;
//! let opened = TlogProof::parse(&file)?.verify(&leaf_hash(b"second"), &[public])?;
//! assert_eq!(opened.checkpoint().size(), 3);
//! # Ok(())
//! # }
//! ```

#![forbid(unsafe_code)]

// In order of dependency, apart by empty lines so that they stay so: a module imports only what
// stands above it.

pub mod hash;

pub mod frontier;

pub mod plan;

pub mod stored;

pub mod proof;

pub mod verify;

pub mod base64;

pub mod text;

pub mod note;

pub mod checkpoint;

pub mod cosignature;

pub mod tlog_proof;

pub mod consistency_file;

pub use checkpoint::{Checkpoint, CheckpointError, VerifiedCheckpoint};
pub use consistency_file::{ConsistencyFile, ConsistencyFileError};
pub use frontier::{Frontier, FrontierError, NodeId, TREE_SIZE_MAX};
pub use hash::{Hash, HashError, leaf_hash, node_hash};
pub use note::{Note, NoteError, NoteSignature, SigningKey, VerifiedNote, VerifierKey};
pub use plan::{NodeRange, STORED_HEIGHT_STEP};
pub use proof::{consistency_proof, frontier_at, inclusion_proof, root_at};
pub use stored::{MissingNode, NodeCountError, NodeSet, StoredNodes};
pub use tlog_proof::{TlogProof, TlogProofError};
pub use verify::{ProofError, verify_consistency, verify_inclusion};
