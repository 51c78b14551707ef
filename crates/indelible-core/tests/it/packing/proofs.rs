//! Single inclusion proofs, judged by both verifiers with the same words.

use std::process::Command;

use indelible_core::pack::Reason;
use indelible_merkle::note::{KeyKind, NoteSignature};
use indelible_merkle::{Hash, TlogProof, VerifierKey, base64};
use serde_json::Value;

use super::building::{Plan, erased};
use super::second::{judged_by_both, proved_by_both, script};
use crate::json_vectors::vectors;

async fn proof(plan: &Plan, seq: u64, open: bool) -> String {
    let proved = plan.made().await.prove(seq, open).await.expect("a proof");
    proved.expect("an entry").text
}

#[tokio::test]
async fn proofs_hold_for_both() {
    let plan = Plan {
        event: erased,
        ..Plan::of(300)
    };
    let mut files = Vec::new();
    for seq in [0, 1, 14, 40, 255, 256, 298, 299] {
        for open in [false, true] {
            let text = proof(&plan, seq, open).await;
            files.push((format!("{seq}.tlog-proof"), text.into_bytes()));
        }
    }
    let alone = Plan::of(1);
    let text = proof(&alone, 0, true).await;
    files.push(("alone.tlog-proof".to_owned(), text.into_bytes()));
    let verdicts = proved_by_both(&files, &plan.key().verifier_key());
    assert_eq!(verdicts[4]["seq"], 14);
    assert_eq!(verdicts[8]["skeleton"]["action"], "user_login");
}

fn with_extra(proof: &str, from: &str, to: &str) -> String {
    let mut file = TlogProof::parse(proof).expect("a proof");
    let extra = String::from_utf8(file.extra.take().expect("extra")).expect("UTF-8");
    assert!(extra.contains(from), "{from} is not in {extra}");
    file.extra = Some(extra.replacen(from, to, 1).into_bytes());
    file.to_string()
}

fn altered(proof: &str) -> Vec<(&'static str, String, Reason)> {
    let swap = |from: &str, to: &str| {
        assert!(proof.contains(from), "{from:?} is not in {proof}");
        proof.replacen(from, to, 1)
    };
    let extra = |from, to| with_extra(proof, from, to);
    let (malformed, lines) = (Reason::Malformed, proof.lines().collect::<Vec<_>>());
    let hash = lines[4];
    let code = lines
        .last()
        .and_then(|line| line.rsplit(' ').next())
        .expect("a signature");
    let flipped = |at: usize| {
        let other = if code.as_bytes()[at] == b'A' {
            "B"
        } else {
            "A"
        };
        format!("{}{other}{}", &code[..at], &code[at + 1..])
    };
    vec![
        (
            "another index",
            swap("index 31", "index 30"),
            Reason::Inclusion,
        ),
        (
            "an index beyond",
            swap("index 31", "index 301"),
            Reason::Inclusion,
        ),
        (
            "an index with a zero",
            swap("index 31", "index 031"),
            malformed,
        ),
        (
            "an index with a sign",
            swap("index 31", "index +31"),
            malformed,
        ),
        (
            "an index of 65 bits",
            swap("index 31", "index 18446744073709551616"),
            malformed,
        ),
        (
            "another hash",
            swap(hash, &base64::encode(&[7; 32])),
            Reason::Inclusion,
        ),
        (
            "a hash less",
            swap(&format!("{hash}\n"), ""),
            Reason::Inclusion,
        ),
        (
            "a hash more",
            swap(hash, &format!("{hash}\n{hash}")),
            Reason::Inclusion,
        ),
        (
            "64 hashes",
            swap(hash, &vec![hash; 64].join("\n")),
            malformed,
        ),
        (
            "a short hash",
            swap(hash, &base64::encode(&[7; 31])),
            malformed,
        ),
        (
            "stray bits",
            swap(hash, &format!("{}B=", &hash[..42])),
            malformed,
        ),
        (
            "another action",
            extra("document_read", "document_seen"),
            Reason::Inclusion,
        ),
        ("another user", extra("user-3", "user-4"), Reason::Part),
        ("a member more", extra("{", "{\"paid\":1,"), malformed),
        ("a space", extra(":", ": "), malformed),
        ("another trail", extra("acme", "acne"), Reason::WrongTrail),
        (
            "a version more",
            extra("\\\"v\\\":1", "\\\"v\\\":2"),
            malformed,
        ),
        (
            "an erased part",
            extra("{\"actor\":", "{\"target\":\"erased\",\"actor\":"),
            malformed,
        ),
        (
            "another root",
            swap("\n300\n", "\n301\n"),
            Reason::Signature,
        ),
        (
            "another signature",
            swap(code, &flipped(40)),
            Reason::Signature,
        ),
        ("another key id", swap(code, &flipped(2)), Reason::WrongKey),
        (
            "another signer",
            swap("— house/acme", "— house/acne"),
            Reason::WrongKey,
        ),
        (
            "another origin",
            swap("\n\nhouse/acme", "\n\nhome/acme"),
            Reason::WrongTrail,
        ),
        ("carriage returns", proof.replace('\n', "\r\n"), malformed),
        ("cut", proof[..proof.len() - 20].to_owned(), malformed),
        (
            "cut by its line feed",
            proof.trim_end().to_owned(),
            malformed,
        ),
        ("nothing", String::new(), malformed),
        ("no entry", swap(lines[1], "extra e30="), malformed),
        ("no extra", swap(&format!("{}\n", lines[1]), ""), malformed),
        ("an empty extra", swap(lines[1], "extra "), malformed),
        ("another first line", swap("@v1", "@v2"), malformed),
        ("a line at the end", format!("{proof}x\n"), malformed),
    ]
}

#[tokio::test]
async fn altered_proofs_are_refused_by_both_for_the_same_reason() {
    let plan = Plan::of(300);
    let mut cases = altered(&proof(&plan, 31, true).await);
    let other_key = Plan {
        seed: [8; 32],
        ..Plan::of(300)
    };
    let other_trail = Plan {
        trail: "other",
        ..Plan::of(300)
    };
    let foreign = [
        ("another key", other_key, Reason::WrongKey),
        ("another trail's", other_trail, Reason::WrongTrail),
    ];
    for (what, plan, reason) in foreign {
        cases.push((what, proof(&plan, 31, true).await, reason));
    }
    let named = |what: &&str| format!("{what}.tlog-proof");
    let files = cases
        .iter()
        .map(|(what, text, _)| (named(what), text.clone().into_bytes()));
    let files: Vec<_> = files.collect();
    let verdicts = judged_by_both(&files, &plan.key().verifier_key());
    for ((what, _, reason), (ours, theirs)) in cases.iter().zip(verdicts) {
        assert_eq!(ours["reason"], reason.as_str(), "{what}: {ours} {theirs}");
        assert_eq!(theirs["reason"], reason.as_str(), "{what}: {ours} {theirs}");
    }
}

/// C2SP/CCTV: what both call a valid signature at the edges of Ed25519.
#[test]
fn both_judge_the_edges_of_ed25519_alike() {
    let Some(folder) = vectors("ed25519-cctv") else {
        return;
    };
    let file = folder.join("ed25519vectors.json");
    let text = std::fs::read_to_string(&file).expect("vectors");
    let script = script();
    let program = "import json, sys; sys.path.insert(0, sys.argv[1]); import verify_pack as v\n\
                   print(json.dumps([v.has_signed(bytes.fromhex(c['key']), c['msg'].encode(), \
                   bytes.fromhex(c['sig'])) for c in json.load(open(sys.argv[2]))]))";
    let ran = Command::new("python3")
        .args(["-B", "-c", program])
        .arg(script.parent().expect("a folder"))
        .arg(&file)
        .output()
        .expect("python3 is needed for the tests");
    let theirs: Vec<bool> = serde_json::from_slice(&ran.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&ran.stderr)));
    let vectors: Vec<Value> = serde_json::from_str(&text).expect("JSON");
    assert_eq!(theirs.len(), vectors.len());
    for (vector, theirs) in vectors.iter().zip(theirs) {
        assert_eq!(is_valid(vector), theirs, "{vector}");
    }
}

fn is_valid(vector: &Value) -> bool {
    let text = |name: &str| vector[name].as_str().expect("text");
    let half = |digits| Hash::from_hex(digits).expect("32 bytes");
    let public = half(text("key"));
    let Ok(key) = VerifierKey::new("cctv", KeyKind::Ed25519, public.as_bytes()) else {
        return false;
    };
    let (r, s) = text("sig").split_at(64);
    let id = key.id().to_be_bytes();
    let signed = [&id[..], half(r).as_ref(), half(s).as_ref()].concat();
    let line = format!("— cctv {}", base64::encode(&signed));
    let line: NoteSignature = line.parse().expect("a signature line");
    key.has_signed(text("msg"), &line)
}
