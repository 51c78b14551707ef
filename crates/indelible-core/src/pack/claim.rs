//! A single inclusion proof, judged with the reasons of packs.

use indelible_merkle::{TlogProof, TlogProofError, verify_inclusion};
use serde_json::{Map, Value};

use super::line::{Members, ShownPart, parts};
use super::reason::{Reason, malformed};
use super::{Refused, body, skeleton, trust};
use crate::json;
use crate::part::Part;
use crate::verify::KeyChain;

/// What a proof that holds proves.
#[derive(Debug, Clone, PartialEq)]
pub struct ProvedEntry {
    /// The origin that signed.
    pub origin: String,
    /// The size of the tree.
    pub tree_size: u64,
    /// Its root, in hexadecimal.
    pub root: String,
    /// The entry's position.
    pub seq: u64,
    /// Its leaf, in hexadecimal.
    pub leaf_hash: String,
    /// The keys that signed.
    pub signed_by: Vec<String>,
    /// The skeleton.
    pub skeleton: Value,
    /// The bodies of the parts that are opened, by name.
    pub parts: Value,
}

/// Checks an inclusion proof of an entry (c2sp.org/tlog-proof@v1 with the entry in its `extra`), in
/// the order of `docs/formats/receipt.md`.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn verify_proof(file: &[u8], keys: &KeyChain) -> Result<ProvedEntry, Refused> {
    let proof = TlogProof::parse(file).or_else(|error: TlogProofError| malformed(error))?;
    let Some(extra) = proof.extra.as_deref() else {
        return malformed("it does not hold the entry's skeleton");
    };
    let mut extra = Members::of_line(extra)?;
    let text = extra.text("skeleton")?;
    let shown = match extra.has("parts") {
        true => parts(extra.object("parts")?)?,
        false => Vec::new(),
    };
    extra.end()?;
    if shown
        .iter()
        .any(|(_, part)| !matches!(part, ShownPart::Open { .. }))
    {
        return malformed("a part is not open");
    }
    let Some((entry, trail)) = skeleton::read(&text, proof.index) else {
        return malformed("the skeleton is none");
    };
    let body = trust::body(&proof.checkpoint)?;
    let (origin, tree_size, root) = (body.origin().to_owned(), body.size(), body.root());
    if origin.split('/').nth(1) != Some(trail.as_str()) {
        let problem = format_args!("the skeleton names {trail}, but the checkpoint is of {origin}");
        return Err(Reason::WrongTrail.because(problem));
    }
    trust::check_origin(keys, &origin)?;
    let signed_by = trust::check_signed(&proof.checkpoint, &origin, keys)?;
    verify_inclusion(&entry.leaf_hash, proof.index, tree_size, &proof.path, &root)
        .map_err(|error| Reason::Inclusion.because(error))?;
    let mut bodies = Map::new();
    for (kind, part) in shown {
        let ShownPart::Open { salt, body } = part else {
            continue;
        };
        let part = Part {
            salt,
            body: body.into_bytes(),
        };
        if Some(part.hash(kind)) != *entry.part_hashes.get(kind) {
            let problem = format_args!("the {kind} part does not have the hash in the skeleton");
            return Err(Reason::Part.because(problem));
        }
        bodies.insert(kind.to_string(), body::read(&part.body)?);
    }
    Ok(ProvedEntry {
        origin,
        tree_size,
        root: root.to_string(),
        seq: proof.index,
        leaf_hash: entry.leaf_hash.to_string(),
        signed_by,
        skeleton: json::parse(text.as_bytes()).map_or_else(malformed, |parsed| Ok(parsed.value))?,
        parts: Value::Object(bodies),
    })
}
