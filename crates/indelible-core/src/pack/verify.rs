//! Checks a pack, line by line.

mod walk;

use std::io::{self, BufRead, Read};

use indelible_merkle::{Frontier, Hash, verify_consistency};
use sha2::{Digest, Sha256};

use super::line::Members;
use super::manifest::{Coverage, Manifest};
use super::reason::{Judged, Reason, Refused, malformed};
use super::verdict::Verdict;
use super::write::Sums;
use super::{LINE_BYTES_MAX, trust};
use crate::verify::KeyChain;
use walk::Walk;

/// Checks a pack with the keys that are trusted. Every check and its order are those of
/// `docs/formats/pack.md`. `progress` is told the bytes read so far, after each line.
///
/// # Errors
/// The outer error is the reader's. The inner one is the first thing that is wrong with the pack.
pub fn verify_pack(
    pack: &mut dyn BufRead,
    keys: &KeyChain,
    progress: &mut dyn FnMut(u64),
) -> io::Result<Result<Verdict, Refused>> {
    let mut lines = Lines {
        pack,
        line: Vec::new(),
        number: 0,
        bytes: 0,
        sha: Sha256::new(),
    };
    let judged = judge(&mut lines, keys, progress)?;
    let number = lines.number;
    Ok(judged.map_err(|refused| refused.at(number)))
}

fn judge(
    lines: &mut Lines<'_>,
    keys: &KeyChain,
    progress: &mut dyn FnMut(u64),
) -> io::Result<Judged<Verdict>> {
    let mut state = State::Manifest;
    loop {
        if let State::Done(found) = state {
            return Ok(match lines.is_at_end()? {
                true => Ok(Verdict::of(*found)),
                false => malformed("something follows the trailer"),
            });
        }
        if let Err(refused) = lines.next()? {
            return Ok(Err(refused));
        }
        progress(lines.bytes);
        state = match lines.judge(state, keys) {
            Ok(state) => state,
            Err(refused) => return Ok(Err(refused)),
        };
    }
}

/// The file, read by lines.
struct Lines<'a> {
    pack: &'a mut dyn BufRead,
    line: Vec<u8>,
    number: u64,
    bytes: u64,
    sha: Sha256,
}

impl Lines<'_> {
    /// Reads the next line, without its line feed.
    fn next(&mut self) -> io::Result<Judged<()>> {
        self.line.clear();
        self.number += 1;
        let limit = LINE_BYTES_MAX as u64;
        let read = (&mut *self.pack)
            .take(limit)
            .read_until(b'\n', &mut self.line)?;
        self.bytes += read as u64;
        if self.line.pop() == Some(b'\n') {
            return Ok(Ok(()));
        }
        Ok(Err(match read as u64 == limit {
            true => Reason::Malformed.because("a line is longer than 2 MiB"),
            false => Reason::Truncated.because("the file ends before its trailer does"),
        }))
    }

    /// Whether nothing is left to be read.
    fn is_at_end(&mut self) -> io::Result<bool> {
        self.number += 1;
        Ok(self.pack.fill_buf()?.is_empty())
    }

    fn judge(&mut self, state: State, keys: &KeyChain) -> Judged<State> {
        let members = Members::of_line(&self.line)?;
        if let State::Entries(walk) = state {
            return match members.has("trailer") {
                true => walk.trailer(members, &self.sha).map(State::Done),
                false => {
                    self.pass();
                    walk.entry(members).map(State::Entries)
                }
            };
        }
        self.pass();
        state.heading(members, keys)
    }

    /// Takes the line into the digest.
    fn pass(&mut self) {
        self.sha.update(&self.line);
        self.sha.update(b"\n");
    }
}

/// What is due next.
enum State {
    Manifest,
    First(Box<Manifest>),
    Last(Box<Manifest>, Option<Head>),
    Link(Box<Manifest>, Head, Head),
    Entries(Box<Walk>),
    Done(Box<Found>),
}

/// A head that a known key has signed.
struct Head {
    root: Hash,
    signed_by: Vec<String>,
}

/// What was found in a pack that holds.
pub(super) struct Found {
    pub manifest: Manifest,
    pub root: Hash,
    pub signed_by: Vec<String>,
    pub sums: Sums,
    pub unaccounted: u64,
}

impl State {
    fn heading(self, members: Members, keys: &KeyChain) -> Judged<Self> {
        match self {
            Self::Manifest => {
                let manifest = Box::new(Manifest::read(members)?);
                trust::check_origin(keys, &manifest.origin)?;
                Ok(match manifest.range.first {
                    0 => Self::Last(manifest, None),
                    _ => Self::First(manifest),
                })
            }
            Self::First(manifest) => {
                let head = Head::read(members, "first", &manifest, keys)?;
                Ok(Self::Last(manifest, Some(head)))
            }
            Self::Last(manifest, first) => {
                let last = Head::read(members, "last", &manifest, keys)?;
                Ok(match first {
                    Some(first) => Self::Link(manifest, first, last),
                    None => Self::Entries(Box::new(Walk::new(*manifest, last, Frontier::new()))),
                })
            }
            Self::Link(manifest, first, last) => {
                let frontier = link(members, &manifest, &first, &last)?;
                Ok(Self::Entries(Box::new(Walk::new(
                    *manifest, last, frontier,
                ))))
            }
            done @ (Self::Entries(_) | Self::Done(_)) => Ok(done),
        }
    }
}

impl Head {
    fn read(
        mut members: Members,
        which: &str,
        manifest: &Manifest,
        keys: &KeyChain,
    ) -> Judged<Self> {
        let (named, note) = (members.text("head")?, members.text("note")?);
        members.end()?;
        if named != which {
            return malformed(format_args!("the {which} head is due here"));
        }
        let body = trust::body(&note)?;
        if body.origin() != manifest.origin {
            let problem = format_args!("the {which} head is of {}", body.origin());
            return Err(Reason::WrongTrail.because(problem));
        }
        let size = match which {
            "first" => manifest.range.first,
            _ => manifest.range.size,
        };
        if body.size() != size {
            let found = body.size();
            let problem = format_args!("the {which} head is of {found} entries, not of {size}");
            return Err(Reason::Heads.because(problem));
        }
        Ok(Self {
            root: body.root(),
            signed_by: trust::check_signed(&note, &manifest.origin, keys)?,
        })
    }
}

/// Checks what leads from the first head to the last; the frontier that the leaves are put to.
fn link(mut members: Members, manifest: &Manifest, first: &Head, last: &Head) -> Judged<Frontier> {
    let range = manifest.range;
    let broken = |problem: &dyn std::fmt::Display| Reason::Consistency.because(problem);
    if manifest.coverage == Coverage::Selection {
        let proof = members.hashes("consistency")?;
        members.end()?;
        verify_consistency(range.first, &first.root, range.size, &last.root, &proof)
            .map_err(|error| broken(&error))?;
        return Ok(Frontier::new());
    }
    let hashes = members.hashes("frontier")?;
    members.end()?;
    let frontier = Frontier::from_parts(range.first, hashes).map_err(|error| broken(&error))?;
    if frontier.root() != first.root {
        return Err(broken(&"the frontier is not that of the first head"));
    }
    Ok(frontier)
}
