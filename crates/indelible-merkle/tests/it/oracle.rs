//! Two trees and a note implementation written by others, held against ours on random input.

use std::cell::RefCell;

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use indelible_merkle::plan::{consistency_ranges, inclusion_ranges};
use indelible_merkle::{
    Hash, Note, SigningKey, consistency_proof, inclusion_proof, leaf_hash, verify_consistency,
    verify_inclusion,
};
use proptest::prelude::*;
use sha2::Sha256;
use tlog_tiles::tlog;

use crate::tree::StoredTree;

fn entries() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..300)
}

proptest! {
    // T58: proofs must please verifiers that share no code with this crate, and the other way.
    #[test]
    fn ct_merkle_agrees(entries in entries(), draw in any::<(usize, usize)>()) {
        let mut theirs = MemoryBackedTree::<Sha256, Vec<u8>>::new();
        for entry in &entries {
            theirs.push(entry.clone());
        }
        let ours = StoredTree::of(entries.iter().map(|entry| leaf_hash(entry)));
        let size = entries.len() as u64;
        let root = ours.frontier.root();
        let their_root = theirs.root();
        prop_assert_eq!(&their_root.as_bytes()[..], root.as_ref());

        let at = draw.0 % entries.len();
        let nodes = ours.read(&inclusion_ranges(at as u64, size));
        let proof = inclusion_proof(at as u64, size, &nodes).expect("rows");
        let their_proof = theirs.prove_inclusion(at);
        prop_assert_eq!(proof.concat_bytes(), their_proof.as_bytes());
        let leaf = leaf_hash(&entries[at]);
        prop_assert_eq!(verify_inclusion(&leaf, at as u64, size, &proof, &root), Ok(()));
        prop_assert!(their_root.verify_inclusion(&entries[at], at as u64, &their_proof).is_ok());

        let old = draw.1 % entries.len() + 1;
        if old < entries.len() {
            let nodes = ours.read(&consistency_ranges(old as u64, size));
            let proof = consistency_proof(old as u64, size, &nodes).expect("rows");
            let their_proof = theirs.prove_consistency(entries.len() - old);
            prop_assert_eq!(proof.concat_bytes(), their_proof.as_bytes());
        }
    }

    #[test]
    fn tlog_tiles_agrees(entries in entries(), draw in any::<(u64, u64)>()) {
        let theirs = SumdbStore::of(&entries);
        let ours = StoredTree::of(entries.iter().map(|entry| leaf_hash(entry)));
        let size = entries.len() as u64;
        let root = ours.frontier.root();
        let their_root = tlog::tree_hash(size, &theirs).expect("every hash is stored");
        prop_assert_eq!(their_root.0, *root.as_bytes());

        let at = draw.0 % size;
        let leaf = leaf_hash(&entries[at as usize]);
        let proof = inclusion_proof(at, size, &ours.read(&inclusion_ranges(at, size)));
        let proof = theirs_of(&proof.expect("rows"));
        let their_leaf = tlog::Hash(*leaf.as_bytes());
        prop_assert!(tlog::check_record(&proof, size, their_root, at, their_leaf).is_ok());
        let their_proof = tlog::prove_record(size, at, &theirs).expect("every hash is stored");
        let their_proof = ours_of(&their_proof);
        prop_assert_eq!(verify_inclusion(&leaf, at, size, &their_proof, &root), Ok(()));

        let old = draw.1 % size + 1;
        let old_root = tlog::tree_hash(old, &theirs).expect("every hash is stored");
        let proof = consistency_proof(old, size, &ours.read(&consistency_ranges(old, size)));
        let proof = theirs_of(&proof.expect("rows"));
        prop_assert!(tlog::check_tree(&proof, size, their_root, old, old_root).is_ok());
        let their_proof = tlog::prove_tree(size, old, &theirs).expect("every hash is stored");
        let their_proof = ours_of(&their_proof);
        let old_root = Hash::from_bytes(old_root.0);
        prop_assert_eq!(verify_consistency(old, &old_root, size, &root, &their_proof), Ok(()));
    }

    #[test]
    fn signed_note_agrees(
        seed in any::<[u8; 32]>(),
        name in "[a-z0-9./_-]{1,30}",
        lines in prop::collection::vec("[ -~äß—]{0,20}", 1..5),
    ) {
        let text = lines.join("\n") + "\n";
        let key = SigningKey::from_seed(&name, seed).expect("a key name");
        let mut note = Note::new(text.clone()).expect("a text");
        note.sign(&key).expect("one signature fits");

        let private = key.to_private_text();
        let signer = signed_note::StandardSigner::new(&private).expect("our private form");
        let mut theirs = signed_note::Note::new(text.as_bytes(), &[]).expect("a text");
        theirs.add_sigs(&[&signer]).expect("a good signer");
        prop_assert_eq!(theirs.to_bytes(), note.to_string().into_bytes());

        let verifier = signed_note::StandardVerifier::new(&key.verifier_key().to_string());
        let known = signed_note::VerifierList::new(vec![Box::new(verifier.expect("our form"))]);
        let read = signed_note::Note::from_bytes(note.to_string().as_bytes()).expect("our note");
        prop_assert_eq!(read.verify(&known).expect("our signature").0.len(), 1);
        let read = Note::parse(theirs.to_bytes()).expect("their note");
        let known = [key.verifier_key()];
        prop_assert!(read.verify(&known).expect("their signature").is_signed_by(&known[0]));
        prop_assert_eq!(read, note);
    }
}

trait ConcatBytes {
    fn concat_bytes(&self) -> Vec<u8>;
}

impl ConcatBytes for Vec<Hash> {
    fn concat_bytes(&self) -> Vec<u8> {
        self.iter().flat_map(|hash| *hash.as_bytes()).collect()
    }
}

/// The store of the Go checksum database: all complete subtrees, in order of completion.
struct SumdbStore(RefCell<Vec<tlog::Hash>>);

impl SumdbStore {
    fn of(entries: &[Vec<u8>]) -> Self {
        let store = Self(RefCell::default());
        for (index, entry) in entries.iter().enumerate() {
            let made = tlog::stored_hashes(index as u64, entry, &store).expect("hashes so far");
            store.0.borrow_mut().extend(made);
        }
        store
    }
}

impl tlog::HashReader for SumdbStore {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog::Hash>, tlog_tiles::Error> {
        let hashes = self.0.borrow();
        Ok(indexes
            .iter()
            .map(|index| hashes[*index as usize])
            .collect())
    }
}

fn theirs_of(proof: &[Hash]) -> Vec<tlog::Hash> {
    proof
        .iter()
        .map(|hash| tlog::Hash(*hash.as_bytes()))
        .collect()
}

fn ours_of(proof: &[tlog::Hash]) -> Vec<Hash> {
    proof.iter().map(|hash| Hash::from_bytes(hash.0)).collect()
}
