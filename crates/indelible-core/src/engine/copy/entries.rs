//! The entries on their way: each is what its hashes say before it is written again.

use crate::engine::{Shared, load};
use crate::entry::{Columns, StoredEntry};
use crate::error::{AuditError, Refusal};
use crate::part::PartKind;
use crate::sealing::{Base, extend};
use crate::store::{Head, NewEntry, Verdict};
use crate::trail::TrailName;

use super::{CHUNK, Copied, CopyProgress, refused, uncopied};

/// Copies what the other database lacks, and answers once both have one head.
pub(super) async fn entries(
    from: &Shared,
    to: &Shared,
    trail: &TrailName,
    progress: &mut dyn FnMut(CopyProgress),
) -> Result<Copied, AuditError> {
    let damaged = |what: &str| refused(trail, Refusal::Damaged(what.to_owned()));
    let source = head_of(from, trail).await?;
    let mut base = beginning(from, to, trail, &source).await?;
    let begun = base.head.size;
    while base.head.size < source.size {
        progress(CopyProgress {
            done: base.head.size,
            size: source.size,
        });
        let range = base.head.size..source.size.min(base.head.size + CHUNK);
        let found = from.ground.store.entries(trail, range.clone()).await?;
        if !found.iter().map(|entry| entry.seq).eq(range.clone()) {
            return Err(damaged("entries are missing"));
        }
        let found = found.into_iter().map(|entry| whole(trail, entry));
        let mut commit = extend(&base, found.collect::<Result<_, _>>()?);
        let there = load::frontier(&*from.ground.store, trail, range.end).await?;
        if there.is_none_or(|there| there != commit.head.frontier) {
            return Err(damaged("its entries give another root than its hashes"));
        }
        commit.head.mac = to.code_of(&commit.head)?;
        let verdicts = to
            .ground
            .store
            .append(std::slice::from_ref(&commit))
            .await?;
        if verdicts.first() != Some(&Verdict::Committed) {
            let what = "somebody else writes to the other database".to_owned();
            return Err(uncopied(trail, what));
        }
        base = base.after(&commit);
    }
    if base.head != source {
        return Err(damaged("the copy came out with another head"));
    }
    progress(CopyProgress {
        done: source.size,
        size: source.size,
    });
    Ok(Copied {
        trail: trail.clone(),
        size: source.size,
        root: source.root,
        copied: source.size - begun,
    })
}

pub(super) async fn head_of(from: &Shared, trail: &TrailName) -> Result<Head, AuditError> {
    let gone = || {
        let what = "the database that it is to leave has no entry of it".to_owned();
        uncopied(trail, what)
    };
    let head = from.ground.store.head(trail).await?.ok_or_else(gone)?;
    from.check_code(&head)?;
    Ok(head)
}

pub(super) const OTHER_HISTORY: &str = "the other database holds another history of it";

/// Where the other database goes on: at what it has of the same history, or at the beginning.
pub(super) async fn beginning(
    from: &Shared,
    to: &Shared,
    trail: &TrailName,
    source: &Head,
) -> Result<Base, AuditError> {
    // With another key the other database could not go on.
    to.check_code(source)?;
    let fresh = Base::begin(trail.clone(), source.key.clone());
    let mut base = match to.ground.store.head(trail).await? {
        None => fresh,
        Some(there) => {
            to.check_code(&there)?;
            if there.size > source.size {
                let (size, more) = (source.size, there.size);
                let what = format!("the other database has {more} entries of it, this one {size}");
                return Err(uncopied(trail, what));
            }
            let frontier = load::frontier(&*from.ground.store, trail, there.size).await?;
            if frontier.is_none_or(|frontier| frontier != there.frontier) {
                return Err(uncopied(trail, OTHER_HISTORY));
            }
            let base = load::unmarked(&*to.ground.store, there).await;
            base.map_err(|error| error.of(trail))?
        }
    };
    let parent = base.head.parent();
    base.succeeds = (base.head.size > 0).then_some(parent);
    if base.head.size < source.size {
        // Whatever lives the trail had before: its head is written under the present one.
        base.head.key = source.key.clone();
        base.head.incarnation = source.incarnation;
        base.head.incarnation_start = source.incarnation_start;
    }
    Ok(base)
}

/// An entry that is what its hashes say, with its columns.
fn whole(trail: &TrailName, entry: StoredEntry) -> Result<NewEntry, AuditError> {
    let damaged = |what: String| {
        let what = format!("entry {} {what}; `indelible verify` says more", entry.seq);
        refused(trail, Refusal::Damaged(what))
    };
    if entry.derived_leaf(trail, &mut Vec::with_capacity(512)) != entry.leaf_hash {
        return Err(damaged("is not what its leaf hash says".to_owned()));
    }
    for kind in PartKind::ALL {
        let hash = entry.parts.get(kind).as_ref().map(|part| part.hash(kind));
        if hash.is_some() && hash != *entry.part_hashes.get(kind) {
            return Err(damaged(format!(
                "has another {} than its hash says",
                kind.as_str()
            )));
        }
    }
    let columns = Columns::derive(&entry).map_err(|e| damaged(e.to_string()))?;
    Ok(NewEntry { entry, columns })
}
