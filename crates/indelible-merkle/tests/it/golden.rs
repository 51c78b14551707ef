//! A whole receipt and a whole consistency file, byte for byte, as other implementations make
//! them. The log's signature is taken as data; everything else is computed here.

use indelible_merkle::cosignature::{Quorum, cosign};
use indelible_merkle::plan::{consistency_ranges, inclusion_ranges};
use indelible_merkle::{
    Checkpoint, ConsistencyFile, Hash, Note, NoteSignature, SigningKey, TlogProof, VerifierKey,
    consistency_proof, inclusion_proof, leaf_hash, root_at,
};
use sha2::{Digest, Sha256};

use crate::tree::StoredTree;

const LEAVES: [&str; 15] = [
    "one", "two", "three", "four", "five", "six", "seven", "eit", "nain", "ten", "ileven", "twelf",
    "threeten", "fourten", "fivten",
];

const LOG: &str = "example.com/log/testdata";

const LOG_KEY: &str =
    "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx";

const LOG_SIGNATURE: &str = "— example.com/log/testdata M9e0luh4jTG+UMBqOUo9/q+yAEvx1ilBEniMvjf1zf\
                             cBOhg+CKubMt53MvIt/uEWP6zdkdIQzd/fmwlM/dlPWF74ewI=";

const WITNESS_KEY: &str =
    "witness.example/w1+e75f6532+BAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";

const RECEIPT: &str = "\
c2sp.org/tlog-proof@v1
index 6
ThcgoV2DYcK+VCxBUDWAlNxmLy2r7dq7dK7+OlgQKWs=
ycRkkNklus5eMVRUvkD1pK321vMrA+jjOiZKU8aOcY4=
zY1lN35vrXYAPixXSd59LsU29xUJtuW4o2dNNg5Y2Co=
5jLpqTgjsBDSEX6SgZiRnbTMdTuRd8bQ5tSsAOxe0Ks=

example.com/log/testdata
15
rKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=

— example.com/log/testdata M9e0luh4jTG+UMBqOUo9/q+yAEvx1ilBEniMvjf1zf\
    cBOhg+CKubMt53MvIt/uEWP6zdkdIQzd/fmwlM/dlPWF74ewI=
— witness.example/w1 519lMgAAAABkGFDLo0vvaVMnQBetpNUCKKILroiWxoSAyyV9iB/\
    cgczFo9ONQdSuKdatX9+k2ggtjAKaVSHrTWaVvipK5HiRqnepAA==
";

#[test]
fn the_receipt_is_reproduced() {
    let tree = tree();
    let mut note = signed_checkpoint(&tree);
    let checkpoint = note.text().parse::<Checkpoint>().expect("our own text");
    note.attach(cosign(&checkpoint, &witness(), 1_679_315_147).expect("the time fits"))
        .expect("two signatures fit");
    let path = inclusion_proof(6, 15, &tree.read(&inclusion_ranges(6, 15))).expect("rows");
    let receipt = TlogProof {
        extra: None,
        index: 6,
        path,
        checkpoint: note.to_string(),
    };
    assert_eq!(receipt.to_string(), RECEIPT);
    assert_eq!(
        sha256(receipt.to_string()),
        "c9be5b5f6b20fc5ab5e11d6837eccfd34b2b61b105cac03a3fa4d9f2be98fac8"
    );
}

#[test]
fn the_receipt_verifies() {
    let receipt = TlogProof::parse(RECEIPT).expect("a well-formed receipt");
    assert_eq!(receipt.to_string(), RECEIPT);
    let opened = receipt
        .verify(&leaf_hash(b"seven"), &keys())
        .expect("a good receipt");
    assert_eq!(
        (opened.checkpoint().origin(), opened.checkpoint().size()),
        (LOG, 15)
    );
    let times: Vec<_> = opened
        .note()
        .signatures()
        .iter()
        .map(|s| s.time())
        .collect();
    assert_eq!(times, [None, Some(1_679_315_147)]);
    assert!(Quorum::new(vec![witness().cosigner_key()], 1).is_reached(&opened));
    assert!(!Quorum::new(vec![witness().cosigner_key()], 2).is_reached(&opened));

    // The witness is a stranger to this verifier, and the log's word is enough for it.
    let log_only = [LOG_KEY.parse().expect("a verifier key")];
    let opened = receipt
        .verify(&leaf_hash(b"seven"), &log_only)
        .expect("a good receipt");
    assert_eq!(opened.note().unverified().len(), 1);
    assert!(!Quorum::new(vec![witness().cosigner_key()], 1).is_reached(&opened));
}

#[test]
fn the_consistency_file_is_reproduced() {
    let tree = tree();
    let proof = consistency_proof(7, 15, &tree.read(&consistency_ranges(7, 15))).expect("rows");
    let checkpoint = signed_checkpoint(&tree).to_string();
    let file = ConsistencyFile {
        old_size: 7,
        proof,
        checkpoint,
    };
    let text = file.to_string();
    let first = "old 7\n2Q0P5jSR+TdkwdXWyx+GbBWX0KZbNZkWzCjyTPSozsw=\nThcgoV2DYcK+";
    assert!(text.starts_with(first), "{text}");
    assert_eq!(
        sha256(&text),
        "694775bc10428b6df5633e25050e3c233ac994e4de52eb858791e7ec8b69a81c"
    );
    assert_eq!(ConsistencyFile::parse(&text), Ok(file.clone()));

    let old = Checkpoint::new(LOG, 7, root_at(7, &tree).expect("rows")).expect("an origin");
    let opened = file.verify(&old, &keys()).expect("a good proof");
    assert_eq!(opened.into_checkpoint().size(), 15);
}

#[test]
fn the_witness_key_has_its_public_form() {
    assert_eq!(witness().cosigner_key().to_string(), WITNESS_KEY);
    assert_eq!(
        LOG_KEY
            .parse::<VerifierKey>()
            .expect("a verifier key")
            .to_string(),
        LOG_KEY
    );
}

fn tree() -> StoredTree {
    StoredTree::of(LEAVES.map(|leaf| leaf_hash(leaf.as_bytes())))
}

fn keys() -> [VerifierKey; 2] {
    [LOG_KEY, WITNESS_KEY].map(|key| key.parse().expect("a verifier key"))
}

fn witness() -> SigningKey {
    SigningKey::from_seed("witness.example/w1", std::array::from_fn(|byte| byte as u8))
        .expect("a key name")
}

fn signed_checkpoint(tree: &StoredTree) -> Note {
    let checkpoint = Checkpoint::new(LOG, 15, tree.frontier.root()).expect("an origin");
    let mut note = Note::new(checkpoint.to_string()).expect("a checkpoint is a text");
    let signature: NoteSignature = LOG_SIGNATURE.parse().expect("a signature line");
    note.attach(signature).expect("one signature fits");
    note
}

fn sha256(text: impl AsRef<[u8]>) -> String {
    Hash::from_bytes(Sha256::digest(text).into()).to_string()
}
