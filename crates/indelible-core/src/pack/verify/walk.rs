//! The entries of a pack, and the trailer that closes them.

use indelible_merkle::{Frontier, Hash, verify_inclusion};
use sha2::{Digest, Sha256};

use super::super::body;
use super::super::line::{Members, ShownPart, parts};
use super::super::manifest::{Coverage, Manifest};
use super::super::reason::{Judged, Reason, malformed};
use super::super::skeleton;
use super::super::write::Sums;
use super::{Found, Head};
use crate::entry::{Columns, StoredEntry};
use crate::part::{Part, PartKind};
use crate::verify::erasure::Erasures;

/// A pack while its entries are read.
pub(super) struct Walk {
    manifest: Manifest,
    last: Head,
    /// In a complete pack.
    frontier: Frontier,
    /// The smallest seq that the next line may have.
    next: u64,
    sums: Sums,
    erasures: Erasures,
    asks_parts: bool,
}

impl Walk {
    pub fn new(manifest: Manifest, last: Head, frontier: Frontier) -> Self {
        Self {
            next: manifest.range.first,
            asks_parts: manifest.question.asks_parts(),
            manifest,
            last,
            frontier,
            sums: Sums::default(),
            erasures: Erasures::default(),
        }
    }

    fn is_complete(&self) -> bool {
        self.manifest.coverage == Coverage::Complete
    }

    pub fn entry(mut self: Box<Self>, mut members: Members) -> Judged<Box<Self>> {
        let seq = members.number("seq")?;
        let text = members.text("skeleton")?;
        let shown = match members.has("parts") {
            true => Some(parts(members.object("parts")?)?),
            false => None,
        };
        let path = match self.is_complete() {
            true => None,
            false => Some(members.hashes("path")?),
        };
        members.end()?;
        self.check_place(seq)?;
        let Some((entry, trail)) = skeleton::read(&text, seq) else {
            return malformed(format_args!("the skeleton of entry {seq} is none"));
        };
        if trail != self.manifest.trail {
            let problem = format_args!("entry {seq} is of the trail {trail}");
            return Err(Reason::WrongTrail.because(problem));
        }
        match path {
            None => self.frontier.push(entry.leaf_hash, &mut |_, _| {}),
            Some(path) => {
                let (size, root) = (self.manifest.range.size, &self.last.root);
                let checked = verify_inclusion(&entry.leaf_hash, seq, size, &path, root);
                checked.map_err(|error| Reason::Inclusion.because(error))?;
            }
        }
        match shown {
            None => self.check_closed(&entry)?,
            Some(shown) => self.check_open(entry.clone(), shown)?,
        }
        self.erasures.account(&entry);
        self.sums.entries += 1;
        self.next = seq + 1;
        Ok(self)
    }

    fn check_place(&self, seq: u64) -> Judged<()> {
        let range = self.manifest.range;
        if !(range.first..range.size).contains(&seq) || seq < self.next {
            let problem = format_args!("entry {seq} is not where it belongs");
            return Err(Reason::Order.because(problem));
        }
        if self.is_complete() && seq > self.next {
            let problem = format_args!("entry {} is left out", self.next);
            return Err(Reason::Omission.because(problem));
        }
        Ok(())
    }

    fn check_closed(&self, entry: &StoredEntry) -> Judged<()> {
        let seq = entry.seq;
        if !self.asks_parts && self.manifest.question.matches_skeleton(entry) {
            let problem = format_args!("entry {seq} matches and is not opened");
            return Err(Reason::Omission.because(problem));
        }
        if !self.is_complete() && entry.erases.is_empty() {
            let problem = format_args!("nothing asks for entry {seq}");
            return Err(Reason::Question.because(problem));
        }
        Ok(())
    }

    fn check_open(
        &mut self,
        mut entry: StoredEntry,
        shown: Vec<(PartKind, ShownPart)>,
    ) -> Judged<()> {
        let seq = entry.seq;
        let unasked = || {
            let problem = format_args!("entry {seq} does not match the question");
            Reason::Question.because(problem)
        };
        if !self.manifest.question.matches_skeleton(&entry) {
            return Err(unasked());
        }
        self.check_parts(&mut entry, shown)?;
        self.sums.opened += 1;
        if !self.asks_parts {
            return Ok(());
        }
        let is_closed =
            |kind| entry.part_hashes.get(kind).is_some() && entry.parts.get(kind).is_none();
        let filter = self.manifest.question.without(is_closed);
        let unreadable = |error| Reason::Malformed.because(error);
        let columns = Columns::derive(&entry).map_err(unreadable)?;
        match filter.matches(&entry, &columns) {
            Ok(true) => Ok(()),
            Ok(false) => Err(unasked()),
            Err(error) => malformed(error),
        }
    }

    /// Holds the parts against the hashes in the skeleton and puts the open ones to the entry.
    fn check_parts(
        &mut self,
        entry: &mut StoredEntry,
        shown: Vec<(PartKind, ShownPart)>,
    ) -> Judged<()> {
        let seq = entry.seq;
        let wrong = |kind: PartKind, problem: &str| {
            Err(Reason::Part.because(format_args!("{kind} of entry {seq} {problem}")))
        };
        for kind in PartKind::ALL {
            let is_shown = shown.iter().any(|(named, _)| *named == kind);
            if is_shown != entry.part_hashes.get(kind).is_some() {
                return wrong(kind, "is missing, or was never recorded");
            }
        }
        for (kind, part) in shown {
            let is_withheld = self.manifest.without.contains(&kind);
            match part {
                ShownPart::Erased => {
                    self.sums.erased += 1;
                    self.erasures.missing(kind, seq);
                }
                ShownPart::Withheld if is_withheld => self.sums.withheld += 1,
                ShownPart::Withheld => return wrong(kind, "is not among those withheld"),
                ShownPart::Open { .. } if is_withheld => {
                    return wrong(kind, "is among those withheld");
                }
                ShownPart::Open { salt, body } => {
                    let part = Part {
                        salt,
                        body: body.into_bytes(),
                    };
                    if Some(part.hash(kind)) != *entry.part_hashes.get(kind) {
                        return wrong(kind, "is not what was recorded");
                    }
                    body::read(&part.body)?;
                    *entry.parts.get_mut(kind) = Some(part);
                }
            }
        }
        Ok(())
    }

    pub fn trailer(self: Box<Self>, mut line: Members, sha: &Sha256) -> Judged<Box<Found>> {
        let mut trailer = line.object("trailer")?;
        line.end()?;
        let sums = Sums {
            entries: trailer.number("entries")?,
            opened: trailer.number("opened")?,
            erased: trailer.number("erased")?,
            withheld: trailer.number("withheld")?,
        };
        let sha256 = trailer.text("sha256")?;
        trailer.end()?;
        let Ok(sha256) = Hash::from_hex(&sha256) else {
            return malformed("`sha256` is no hash in hexadecimal");
        };
        if sha256 != Hash::from_bytes(sha.clone().finalize().into()) {
            return Err(Reason::Digest.because("the file is not the one that was written"));
        }
        if sums != self.sums {
            return Err(Reason::Count.because("the trailer counts other lines than these"));
        }
        if self.is_complete() {
            let size = self.manifest.range.size;
            if self.next < size {
                let problem = format_args!("entries {} to {} are left out", self.next, size - 1);
                return Err(Reason::Omission.because(problem));
            }
            if self.frontier.root() != self.last.root {
                let problem = "the entries are not those under the last head";
                return Err(Reason::Root.because(problem));
            }
        }
        let unaccounted = self.erasures.unaccounted();
        let unaccounted = unaccounted.map(|(_, range)| range.end - range.start).sum();
        Ok(Box::new(Found {
            manifest: self.manifest,
            root: self.last.root,
            signed_by: self.last.signed_by,
            sums,
            unaccounted,
        }))
    }
}
