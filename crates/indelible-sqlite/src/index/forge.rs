//! A forger's index: other terms under right checksums.

use std::path::Path;
use std::time::Duration;

use indelible_core::TrailName;
use indelible_core::store::{StoreError, Term};

use super::build::Builder;
use super::file::IndexFile;
use super::recent::Recent;
use super::record::Covered;
use super::scan::term;
use super::upkeep::next_run;
use super::{Fault, tail};
use crate::connection;
use crate::error::corrupt;
use crate::files::{INDEX, beside};
use crate::read;
use crate::wal::Wal;

/// How long to wait for a thread that writes the index.
const PATIENCE: Duration = Duration::from_secs(5);

/// Writes the index of a trail anew with other terms, as somebody would who owns its file and
/// knows how it is made: for tests of what verification finds. Nobody may have it open.
///
/// # Errors
/// `Corrupt` where there is no index of the trail; else those of the file system.
#[doc(hidden)]
pub fn forge(
    path: impl AsRef<Path>,
    trail: &TrailName,
    edit: impl FnOnce(&mut Vec<Term>),
) -> Result<(), StoreError> {
    let path = path.as_ref();
    let nothing = || corrupt("the index", None, "it has nothing of the trail");
    let log = connection::reading(path, PATIENCE)?;
    let trail = read::extent(&log, trail)?.ok_or_else(nothing)?.trail;
    let there = IndexFile::reading(&beside(path, INDEX), PATIENCE)?.ok_or_else(nothing)?;
    drop(there);
    let path = beside(path, INDEX);
    let file = IndexFile::writing(&path, 0, &Wal::of(&path))?;
    let mut covered = file.covered(trail)?.ok_or_else(nothing)?;
    let mut terms = terms(&file, &covered)?;
    edit(&mut terms);
    let mut terms: Vec<_> = terms
        .iter()
        .map(|term| (tail::key(term.field, &term.value), term.seq))
        .collect();
    terms.sort();
    file.change(|| {
        let mut builder = Builder::new(file.epoch, next_run(&file)?);
        for (key, seq) in &terms {
            builder.push(key, &[*seq]);
        }
        let (run, blocks) = builder.end(covered.first(), covered.end());
        file.put(blocks)?;
        for run in std::mem::replace(&mut covered.runs, vec![run]) {
            file.remove(run.id)?;
        }
        file.keep_covered(trail, &covered)
    })?;
    Ok(())
}

/// The terms of all runs.
fn terms(file: &IndexFile, covered: &Covered) -> Result<Vec<Term>, Fault> {
    let blocks = Recent::of(file);
    let mut all = Vec::new();
    for run in &covered.runs {
        let mut terms = run.terms(&blocks, &[], 0)?;
        while let Some((key, seq)) = terms.peek() {
            all.push(term(key, seq)?);
            terms.advance(1)?;
        }
    }
    Ok(all)
}
