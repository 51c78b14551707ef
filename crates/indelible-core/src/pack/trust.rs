//! Signed heads, judged with the reasons of packs.

use indelible_merkle::note::{Note, NoteError};
use indelible_merkle::{Checkpoint, CheckpointError};

use super::reason::{Judged, Reason, malformed};
use crate::verify::KeyChain;

/// Refuses keys none of which is for this origin.
pub(super) fn check_origin(keys: &KeyChain, origin: &str) -> Judged<()> {
    if keys.keys(origin).is_empty() {
        let problem = format_args!("no known key of the log {origin} is at hand");
        return Err(Reason::WrongTrail.because(problem));
    }
    Ok(())
}

/// The checkpoint in a note, whoever signed it: its three lines.
pub(super) fn body(note: &str) -> Judged<Checkpoint> {
    let text = match Note::parse(note) {
        Ok(note) => note.text().to_owned(),
        Err(error) => return malformed(error),
    };
    match text.parse::<Checkpoint>() {
        Ok(body) if body.extensions().is_empty() => Ok(body),
        Ok(_) => malformed("a checkpoint has three lines"),
        Err(error) => malformed(error),
    }
}

/// Checks that a key which may has signed the note of `origin`, and answers who has.
pub(super) fn check_signed(note: &str, origin: &str, keys: &KeyChain) -> Judged<Vec<String>> {
    let refused = |error: CheckpointError| {
        let reason = match &error {
            CheckpointError::Note(NoteError::BadSignature { .. }) => Reason::Signature,
            _ => Reason::WrongKey,
        };
        reason.because(error)
    };
    let known = [keys.keys(origin), keys.others(origin)].concat();
    let opened = Checkpoint::open(note, &known).map_err(refused)?;
    keys.check(&opened)
        .map_err(|error| Reason::WrongKey.because(error))?;
    let signatures = opened.note().signatures().iter();
    Ok(signatures
        .map(|signature| signature.key().to_string())
        .collect())
}
