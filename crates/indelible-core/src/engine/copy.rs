//! Moving a trail to another database: the same entries, the same hashes, and with them the right
//! to write.
//!
//! The two databases belong to one installation, with one key and one set of marks. While the
//! entries travel, both refuse to write; a move that was cut short goes on where it stopped.

use indelible_merkle::Hash;
use serde_json::json;

use super::{Engine, Ground, Shared, instance, load};
use crate::entry::{Columns, StoredEntry};
use crate::error::{AuditError, Refusal};
use crate::part::PartKind;
use crate::sealing::{Base, extend};
use crate::store::{Head, NewEntry, StoreError, Verdict};
use crate::trail::TrailName;

/// The kind of registry rows that say where the right to write a trail is.
const KIND: &str = "moved";
/// Entries that travel together. At the largest size of an entry that is some tens of MiB.
const CHUNK: u64 = 512;

/// A trail that was moved.
#[derive(Debug, Clone)]
pub struct Copied {
    /// The trail.
    pub trail: TrailName,
    /// Its size, in both databases.
    pub size: u64,
    /// Its root, in both databases.
    pub root: Hash,
    /// The entries that the other database did not have yet.
    pub copied: u64,
}

/// How far a move is.
#[derive(Debug, Clone, Copy)]
pub struct CopyProgress {
    /// The entries that are there.
    pub done: u64,
    /// The entries of the trail.
    pub size: u64,
}

impl Engine {
    /// Moves a trail, and the right to write it, to the database of `to`, an engine of the same
    /// installation. `from_place` and `to_place` name the two databases, without secrets, for
    /// whoever is refused later.
    ///
    /// What the other database has of the trail already must be its beginning; the rest is copied.
    /// Each entry is hashed again, parts included, and the root must come out as it was.
    ///
    /// # Errors
    /// [`AuditError::Refused`] where the trail is not in good order, a process writes to it
    /// ([`Refusal::InUse`]), the right to write it is elsewhere already ([`Refusal::Moved`]), or
    /// the other database holds another history of it; [`AuditError::Store`].
    pub async fn move_trail(
        &self,
        trail: &TrailName,
        (to, from_place, to_place): (&Engine, &str, &str),
        progress: &mut dyn FnMut(CopyProgress),
    ) -> Result<Copied, AuditError> {
        let (from, to) = (&self.shared, &to.shared);
        for shared in [from, to] {
            if let Some(program) = instance::other_writer(shared).await? {
                return Err(refused(trail, Refusal::InUse { program }));
            }
        }
        let goes_on = moved(&from.ground, trail).await?.as_deref() == Some(to_place);
        let there = moved(&to.ground, trail).await?;
        if goes_on && there.is_none() {
            // It was moved, and may have gone on there since. A writer that heard of the move too
            // late has left its entries here: they follow, as long as nothing else was written.
            let (here, there) = (head_of(from, trail).await?, head_of(to, trail).await?);
            if here.size <= there.size {
                return Ok(Copied {
                    trail: there.trail,
                    size: there.size,
                    root: there.root,
                    copied: 0,
                });
            }
        }
        if let Some(elsewhere) = there.filter(|place| goes_on && place != from_place) {
            // The right to write went on from there.
            return Err(refused(trail, Refusal::Moved { to: elsewhere }));
        }
        if !goes_on {
            // The right to write must be here to be given away: key, code, marks and all.
            check_moved(&from.ground, trail).await?;
            load::base(from, trail).await?;
        }
        // All that can be refused is, before either of the two is told: a refusal must leave the
        // right to write where it is.
        beginning(from, to, trail, &head_of(from, trail).await?).await?;
        set_moved(&to.ground, trail, Some(from_place)).await?;
        set_moved(&from.ground, trail, Some(to_place)).await?;
        let copied = entries(from, to, trail, progress).await?;
        set_moved(&to.ground, trail, None).await?;
        Ok(copied)
    }
}

/// Refuses to write a trail whose right to write is elsewhere.
pub(super) async fn check_moved(ground: &Ground, trail: &TrailName) -> Result<(), AuditError> {
    match moved(ground, trail).await? {
        Some(to) => Err(refused(trail, Refusal::Moved { to })),
        None => Ok(()),
    }
}

async fn moved(ground: &Ground, trail: &TrailName) -> Result<Option<String>, StoreError> {
    let row = ground.registry.get(KIND, trail.as_str()).await?;
    Ok(row.map(|row| {
        row.value["to"]
            .as_str()
            .unwrap_or("another database")
            .to_owned()
    }))
}

async fn set_moved(
    ground: &Ground,
    trail: &TrailName,
    place: Option<&str>,
) -> Result<(), StoreError> {
    let value = place.map(|place| json!({ "to": place }));
    loop {
        let there = ground.registry.get(KIND, trail.as_str()).await?;
        let version = there.map(|row| row.version);
        let put = ground
            .registry
            .put(KIND, trail.as_str(), version, value.as_ref());
        if put.await?.is_some() {
            return Ok(());
        }
    }
}

async fn entries(
    from: &Shared,
    to: &Shared,
    trail: &TrailName,
    progress: &mut dyn FnMut(CopyProgress),
) -> Result<Copied, AuditError> {
    let damaged = |what: &str| refused(trail, Refusal::Damaged(what.to_owned()));
    let mut source = head_of(from, trail).await?;
    let mut base = beginning(from, to, trail, &source).await?;
    let begun = base.head.size;
    loop {
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
                let what = "somebody else writes to the other database";
                return Err(damaged(what));
            }
            base = base.after(&commit);
        }
        // A process without a lease may have written until it heard of the move.
        let now = head_of(from, trail).await?;
        if now == source {
            break;
        }
        source = now;
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

async fn head_of(from: &Shared, trail: &TrailName) -> Result<Head, AuditError> {
    let gone = || refused(trail, Refusal::Damaged("it has no head".to_owned()));
    let head = from.ground.store.head(trail).await?.ok_or_else(gone)?;
    from.check_code(&head)?;
    Ok(head)
}

/// Where the other database goes on: at what it has of the same history, or at the beginning.
async fn beginning(
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
                return Err(refused(trail, Refusal::Damaged(what)));
            }
            let frontier = load::frontier(&*from.ground.store, trail, there.size).await?;
            if frontier.is_none_or(|frontier| frontier != there.frontier) {
                let what = "the other database holds another history of it".to_owned();
                return Err(refused(trail, Refusal::Damaged(what)));
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

fn refused(trail: &TrailName, refusal: Refusal) -> AuditError {
    AuditError::Refused {
        trail: trail.clone(),
        refusal,
    }
}
