//! The second verifier, written from the documents alone, beside ours.

use std::path::{Path, PathBuf};
use std::process::Command;

use indelible_core::pack::{verify_pack, verify_proof};
use indelible_core::verify::KeyChain;
use indelible_merkle::VerifierKey;
use serde_json::{Value, json};

/// The script.
pub fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contrib/verify_pack.py")
}

/// What both verifiers say of each of these files, first ours. A name that ends in `.tlog-proof` is
/// an inclusion proof.
pub fn judged_by_both(files: &[(String, Vec<u8>)], key: &VerifierKey) -> Vec<(Value, Value)> {
    judged_with(files, std::slice::from_ref(key))
}

/// The same with several keys at hand.
pub fn judged_with(files: &[(String, Vec<u8>)], keys: &[VerifierKey]) -> Vec<(Value, Value)> {
    let folder = tempfile::tempdir().expect("a folder");
    let paths = files.iter().enumerate().map(|(number, (name, bytes))| {
        let extension = Path::new(name).extension().expect("an extension");
        let path = folder.path().join(number.to_string());
        let path = path.with_extension(extension);
        std::fs::write(&path, bytes).expect("written");
        path
    });
    let paths: Vec<_> = paths.collect();
    let ran = Command::new("python3")
        .arg(script())
        .args(keys.iter().map(|key| format!("--key={key}")))
        .args(&paths)
        .output()
        .expect("python3 is needed for the tests");
    let out = String::from_utf8(ran.stdout).expect("UTF-8");
    let theirs: Vec<Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(theirs.len(), files.len(), "{said}");
    let are_fine = theirs.iter().all(|verdict| verdict["ok"] == true);
    assert_eq!(
        ran.status.code(),
        Some(if are_fine { 0 } else { 3 }),
        "{said}"
    );
    let ours = files.iter().map(|(name, bytes)| ours(name, bytes, keys));
    ours.zip(theirs).collect()
}

fn ours(name: &str, bytes: &[u8], keys: &[VerifierKey]) -> Value {
    let keys = KeyChain::new(keys.iter().cloned(), []);
    let refused = |refused: indelible_core::pack::Refused| {
        json!({"ok": false, "reason": refused.reason.as_str(), "line": refused.line,
               "problem": refused.problem})
    };
    let mut verdict = if name.ends_with(".tlog-proof") {
        match verify_proof(bytes, &keys) {
            Ok(proved) => json!({"origin": proved.origin, "tree_size": proved.tree_size,
                "root": proved.root, "seq": proved.seq, "leaf_hash": proved.leaf_hash,
                "signed_by": proved.signed_by, "skeleton": proved.skeleton,
                "parts": proved.parts}),
            Err(error) => return refused(error),
        }
    } else {
        match verify_pack(&mut &*bytes, &keys, &mut |_| {}).expect("memory is readable") {
            Ok(verdict) => json!(verdict),
            Err(error) => return refused(error),
        }
    };
    verdict["ok"] = json!(true);
    verdict["reason"] = Value::Null;
    verdict
}

/// Asserts that both find it good and say the same of it; answers what they say.
pub fn proved_by_both(files: &[(String, Vec<u8>)], key: &VerifierKey) -> Vec<Value> {
    let verdicts = judged_by_both(files, key).into_iter().zip(files);
    let same = verdicts.map(|((ours, theirs), (name, _))| {
        assert_eq!(ours["ok"], true, "{name}: {ours}");
        assert_eq!(ours, theirs, "{name}");
        ours
    });
    same.collect()
}
