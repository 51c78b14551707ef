//! transparency-dev/merkle: roots of eight leaves, and inclusion probes.

use std::path::{Path, PathBuf};

use indelible_merkle::{Frontier, Hash, base64, leaf_hash, verify_inclusion};
use serde_json::Value;

use super::{json, text, vectors};

#[test]
fn rfc6962_roots() {
    let Some(vectors) = vectors() else { return };
    let file = json(&vectors.join("merkle/rfc6962_roots.json"));
    let roots = file["root_hash_hex_by_size"]
        .as_array()
        .expect("a list of roots");
    let leaves = file["leaf_inputs_hex"]
        .as_array()
        .expect("a list of leaves");
    assert_eq!((leaves.len(), roots.len()), (8, 9));
    let mut frontier = Frontier::new();
    for (size, root) in roots.iter().enumerate() {
        assert_eq!(
            Some(&*frontier.root().to_string()),
            root.as_str(),
            "size {size}"
        );
        if let Some(leaf) = leaves.get(size) {
            let entry = unhex(leaf.as_str().expect("hexadecimal digits"));
            frontier.push(leaf_hash(&entry), &mut |_, _| ());
        }
    }
}

#[test]
fn inclusion_probes() {
    // T57
    let Some(vectors) = vectors() else { return };
    let files = files_below(&vectors.join("merkle/inclusion"));
    let mut accepted = 0;
    for path in &files {
        let probe = json(path);
        let refused = probe["wantErr"].as_bool().expect("a verdict");
        assert_eq!(holds(&probe).is_none(), refused, "{}", path.display());
        accepted += usize::from(!refused);
    }
    assert!(
        files.len() >= 98 && accepted > 0,
        "{accepted} of {} accepted",
        files.len()
    );
}

/// Reads a probe's hashes and checks them. A hash of another length is a refusal.
fn holds(probe: &Value) -> Option<()> {
    let hash = |encoded: &Value| {
        let bytes = base64::decode(encoded.as_str()?).ok()?;
        Hash::try_from(&bytes[..]).ok()
    };
    let (root, leaf) = (hash(&probe["root"])?, hash(&probe["leafHash"])?);
    let proof = match &probe["proof"] {
        Value::Null => Vec::new(),
        proof => proof
            .as_array()?
            .iter()
            .map(hash)
            .collect::<Option<Vec<_>>>()?,
    };
    let number = |field| probe[field].as_u64().expect("a number of 64 bits");
    assert!(!text(probe, "desc").is_empty());
    verify_inclusion(&leaf, number("leafIdx"), number("treeSize"), &proof, &root).ok()
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder of probes") {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn unhex(digits: &str) -> Vec<u8> {
    let byte = |pair| u8::from_str_radix(pair, 16).expect("hexadecimal digits");
    (0..digits.len())
        .step_by(2)
        .map(|at| byte(&digits[at..at + 2]))
        .collect()
}
