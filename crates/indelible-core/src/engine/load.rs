//! Where a trail stands: start-up, and recovery after anything unexpected.

use std::ops::Range;
use std::sync::Arc;

use indelible_merkle::note::VerifierKey;
use indelible_merkle::{Frontier, NodeSet, frontier_at, plan};

use super::identity::Keys;
use super::{Ground, Shared, copy, instance};
use crate::error::{AuditError, Refusal};
use crate::sealing::{Base, OpenSpans};
use crate::state::Secret;
use crate::store::{Head, Store, StoreError};
use crate::trail::TrailName;

/// Reads the end of a trail and checks that this process may go on from there: the key at hand
/// is the trail's, the stored nodes give the head's frontier and root, and the high-water mark
/// kept outside the database lies in this very history.
pub(super) async fn base(shared: &Arc<Shared>, trail: &TrailName) -> Result<Base, AuditError> {
    let base = checked(shared, trail).await?;
    let size = base.head.size;
    if size == 0 {
        return Ok(base);
    }
    // What was committed and not marked when the last writer ended is marked now.
    shared.sign(&base.head, false).await;
    let store = &*shared.ground.store;
    if let Some(last) = store.entries(trail, size - 1..size).await?.pop() {
        instance::watch_restart(shared, last.created_at);
    }
    Ok(base)
}

/// The same, with nothing done about it.
pub(super) async fn checked(shared: &Shared, trail: &TrailName) -> Result<Base, AuditError> {
    let refused = |refusal| AuditError::Refused {
        trail: trail.clone(),
        refusal,
    };
    let store = &*shared.ground.store;
    let mark = shared.ground.state.mark(trail)?;
    let Some(head) = store.head(trail).await? else {
        let key = shared
            .identity
            .key(trail, 1)
            .map_err(refused)?
            .verifier_key();
        // A new trail of this database is begun with the key of its other trails only, and not
        // while that is being rotated.
        if let Some(other) = store.heads().await?.first()
            && other.key.public_key() != key.public_key()
        {
            return Err(refused(other_key(shared, &other.key, &key)?));
        }
        if shared.ground.state.next_seed()?.is_some() {
            return Err(refused(Refusal::Rotating));
        }
        // Databases move whole: beside trails that are on their way none begins.
        if let Some((_, moved)) = copy::list(&shared.ground).await?.into_iter().next() {
            return Err(refused(moved.refusal(0)));
        }
        let base = Base::begin(trail.clone(), key);
        shared.check_mark(mark.as_deref(), &base.head).await?;
        return Ok(base);
    };
    let key = shared
        .identity
        .key(trail, head.incarnation)
        .map_err(refused)?
        .verifier_key();
    if key != head.key {
        // A copy from before the key was rotated is an old copy first of all.
        if shared.identity.holder(&head.key).is_some() {
            shared.check_mark(mark.as_deref(), &head).await?;
        }
        return Err(refused(other_key(shared, &head.key, &key)?));
    }
    let base = unmarked(store, head)
        .await
        .map_err(|error| error.of(trail))?;
    shared.check_code(&base.head)?;
    shared.check_mark(mark.as_deref(), &base.head).await?;
    Ok(base)
}

/// Why the key at hand, `found`, is not the one in a head: it was rotated, is being rotated, or is
/// another installation's.
pub(super) fn other_key(
    shared: &Shared,
    expected: &VerifierKey,
    found: &VerifierKey,
) -> Result<Refusal, AuditError> {
    let Ground {
        state,
        installation,
        ..
    } = &shared.ground;
    let is_of = |seed: Option<Secret>| match seed {
        Some(seed) => Ok(Keys::of(&seed, installation)?.are_of(expected)),
        None => Ok::<_, AuditError>(false),
    };
    if is_of(state.next_seed()?)? {
        return Ok(Refusal::Rotating);
    }
    // The state has it, and this process was opened before.
    if is_of(state.signing_seed()?)? {
        return Ok(Refusal::KeyRotated);
    }
    let (expected, found) = (expected.to_string(), found.to_string());
    Ok(Refusal::OtherKey { expected, found })
}

/// The end of a trail that was checked against its own rows, not against its mark.
pub(super) async fn unmarked(store: &dyn Store, head: Head) -> Result<Base, Checked> {
    check_head(store, &head).await?;
    let open = open_spans(store, &head).await?;
    Ok(Base {
        head,
        open,
        succeeds: None,
    })
}

/// Entries of other writers that are read to catch up with them; beyond, the trail is loaded anew.
const CATCH_UP_MAX: u64 = 4_096;

/// The base at `head`, another writer's, from one that was checked before: the entries between the
/// two are read and must lead from the one to the other. That proves as much as loading the trail
/// anew, and takes one reading, so that who lost a race is soon back in it. `None` where they do
/// not, or there are too many.
pub(super) async fn advance(shared: &Shared, base: Base, head: Option<Head>) -> Option<Base> {
    let head = head?;
    let Base {
        head: old,
        mut open,
        ..
    } = base;
    let same_life = old.key == head.key && old.incarnation == head.incarnation;
    let newer = head.size.checked_sub(old.size)?;
    if !same_life || old.size == 0 || newer > CATCH_UP_MAX {
        return None;
    }
    shared.check_code(&head).ok()?;
    let store = &shared.ground.store;
    let between = store.entries(&head.trail, old.size..head.size).await.ok()?;
    let mut frontier = old.frontier;
    let mut buffer = Vec::with_capacity(512);
    for entry in between {
        if entry.seq != frontier.size() {
            return None;
        }
        frontier.push(entry.derived_leaf(&head.trail, &mut buffer), &mut |_, _| {});
        open.add(entry.occurred_at, frontier.size(), &mut Vec::new());
    }
    (frontier == head.frontier && frontier.root() == head.root).then_some(Base {
        head,
        open,
        succeeds: None,
    })
}

/// The number of the incarnation that a mark belongs to; 0 where it is none of this trail's.
pub(super) fn incarnation_of_mark(mark: Option<&str>, head: &Head) -> u32 {
    let number = |mark: &str| {
        let checkpoint = super::marks::read_mark(mark)?;
        let first = head
            .key
            .name()
            .split('/')
            .take(2)
            .collect::<Vec<_>>()
            .join("/");
        let rest = checkpoint.origin().strip_prefix(&first)?.to_owned();
        if rest.is_empty() {
            Some(1)
        } else {
            rest.strip_prefix('/')?.parse().ok()
        }
    };
    mark.and_then(number).unwrap_or(0)
}

/// Why a head was not accepted.
pub(super) enum Checked {
    Store(StoreError),
    Damaged(String),
}

impl Checked {
    pub fn of(self, trail: &TrailName) -> AuditError {
        match self {
            Self::Store(error) => error.into(),
            Self::Damaged(what) => AuditError::Refused {
                trail: trail.clone(),
                refusal: Refusal::Damaged(what),
            },
        }
    }
}

pub(super) async fn check_head(store: &dyn Store, head: &Head) -> Result<(), Checked> {
    if head.frontier.size() != head.size || head.frontier.root() != head.root {
        return Err(Checked::Damaged(
            "its frontier does not give its root".to_owned(),
        ));
    }
    let stored = frontier(store, &head.trail, head.size)
        .await
        .map_err(Checked::Store)?;
    match stored {
        Some(stored) if stored == head.frontier => Ok(()),
        Some(_) => Err(Checked::Damaged(
            "the stored hashes give another root".to_owned(),
        )),
        None => Err(Checked::Damaged("stored hashes are missing".to_owned())),
    }
}

/// The frontier that the stored hashes give at a size, `None` where some are missing.
pub(super) async fn frontier(
    store: &dyn Store,
    trail: &TrailName,
    size: u64,
) -> Result<Option<Frontier>, StoreError> {
    let Some(nodes) = nodes(store, trail, plan::root_ranges(size)).await? else {
        return Ok(None);
    };
    Ok(frontier_at(size, &nodes).ok())
}

/// Reads ranges of stored hashes, `None` where some are missing.
pub(super) async fn nodes(
    store: &dyn Store,
    trail: &TrailName,
    ranges: Vec<indelible_merkle::NodeRange>,
) -> Result<Option<NodeSet>, StoreError> {
    let mut set = NodeSet::default();
    for range in ranges {
        let rows = store
            .hashes(trail, range.height, range.start..range.end)
            .await?;
        let indexes = rows.iter().map(|(index, _)| *index);
        if !indexes.eq(range.start..range.end) {
            return Ok(None);
        }
        let hashes = rows.into_iter().map(|(_, hash)| hash).collect();
        if set.insert(range, hashes).is_err() {
            return Ok(None);
        }
    }
    Ok(Some(set))
}

/// The spans of the blocks at the right edge that are not complete, from at most 255 rows a
/// level.
async fn open_spans(store: &dyn Store, head: &Head) -> Result<OpenSpans, Checked> {
    let missing = || Checked::Damaged("times of a block are missing".to_owned());
    let mut open = OpenSpans::default();
    for height in [48, 40, 32, 24, 16, 8] {
        let edge = edge(head.size, height);
        let spans = store
            .spans(&head.trail, height, edge.clone())
            .await
            .map_err(Checked::Store)?;
        let first = first_kept(store, head).await? >> height;
        let left = first.max(edge.start)..edge.end;
        let there = spans.iter().map(|span| span.index);
        if !there.filter(|index| *index >= first).eq(left) {
            return Err(missing());
        }
        spans.iter().for_each(|span| open.add_span(span));
    }
    let edge = edge(head.size, 0);
    let entries = store
        .entries(&head.trail, edge.clone())
        .await
        .map_err(Checked::Store)?;
    let first = first_kept(store, head).await?;
    let left = first.max(edge.start)..edge.end;
    let there = entries.iter().map(|entry| entry.seq);
    if !there.filter(|seq| *seq >= first).eq(left) {
        return Err(Checked::Damaged(
            "entries at its end are missing".to_owned(),
        ));
    }
    for entry in entries {
        open.add(entry.occurred_at, entry.seq + 1, &mut Vec::new());
    }
    Ok(open)
}

/// What was removed has no times and no entries any more, and what comes is counted without it.
/// Asked after they were read, since more may go meanwhile.
async fn first_kept(store: &dyn Store, head: &Head) -> Result<u64, Checked> {
    store.first_kept(&head.trail).await.map_err(Checked::Store)
}

/// The complete nodes at `height` that lie under an incomplete one eight levels higher.
fn edge(size: u64, height: u8) -> Range<u64> {
    let end = size >> height;
    (end >> 8 << 8)..end
}
