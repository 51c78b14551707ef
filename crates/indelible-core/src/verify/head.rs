//! The head beside the keys that are trusted and the tree that the rows give.

use indelible_merkle::Hash;

use super::Request;
use super::anchor::lineage;
use super::keys::KeyChain;
use super::reading::Trail;
use super::report::{FindingKind, Findings, TrailReport};
use super::tree::{Edge, Item, Source, Tree};
use super::walk::Walk;
use crate::store::{Head, ProjectionKind, StoreError};
use crate::trail::TrailName;

/// Reads the head. Where there is none that can be read, findings say so if there should be one.
pub(super) async fn read(
    trail: Trail<'_>,
    request: &Request,
    findings: &mut Findings,
) -> Result<Option<Head>, StoreError> {
    match trail.store.head(trail.name).await {
        Ok(Some(head)) => return Ok(Some(head)),
        Ok(None) => {}
        Err(StoreError::Corrupt { problem, .. }) => {
            findings.push(None, FindingKind::HeadUnreadable, problem);
            return Ok(None);
        }
        Err(error) => return Err(error),
    }
    let ids = trail
        .store
        .projection(trail.name, ProjectionKind::Id, None, 1)
        .await?;
    let has_rows = !ids.is_empty() || !trail.leaves(0..1).await?.is_empty();
    let is_known = request.mark.is_some() || request.since.is_some();
    if has_rows {
        let detail = "there are rows of the trail and no head".to_owned();
        findings.push(None, FindingKind::HeadMissing, detail);
    } else if is_known || !request.checkpoints.is_empty() {
        let detail = "there is a checkpoint of the trail, and no trail".to_owned();
        findings.push(None, FindingKind::HeadMissing, detail);
    }
    Ok(None)
}

/// The report on a trail without a head.
pub(super) fn report_without(trail: Trail<'_>, findings: Findings) -> TrailReport {
    TrailReport {
        trail: trail.name.clone(),
        ok: findings.is_ok(),
        size: 0,
        root: Hash::EMPTY_ROOT,
        checked_from: 0,
        entries_checked: 0,
        complete: findings.is_ok(),
        erased: 0,
        removed: 0,
        checkpoints_compared: 0,
        findings_total: findings.total(),
        findings: findings.into_sorted(),
    }
}

/// Says what is not at hand to compare with.
pub(super) fn warn(head: &Head, request: &Request, findings: &mut Findings) {
    if request.mark.is_none() {
        let detail = "no high-water mark was at hand: that the database is an older copy would \
                      not be seen"
            .to_owned();
        findings.push(None, FindingKind::MarkMissing, detail);
    }
    if request.trusted.is_empty() && request.head_key.is_none() {
        let detail = format!(
            "no trusted key was at hand: {} was taken from the head, where anybody could have put \
             it; give the state directory of the installation (--state-dir), or the verifier key \
             as you got it by another path (--key)",
            head.key
        );
        findings.push(None, FindingKind::KeyUnconfirmed, detail);
    }
}

/// Checks what can be told without any entry.
pub(super) fn check(
    head: &Head,
    trail: &TrailName,
    (request, keys): (&Request, &KeyChain),
    findings: &mut Findings,
) {
    let mut altered = |detail: String| findings.push(None, FindingKind::HeadAltered, detail);
    if head.trail != *trail {
        altered(format!("the head names the trail {}", head.trail));
    }
    let origin = head.key.name();
    match lineage(origin, trail) {
        None => altered(format!("its origin {origin} is not this trail's")),
        Some((_, named)) if named != head.incarnation => altered(format!(
            "its incarnation is {}, its origin {origin} says {named}",
            head.incarnation
        )),
        Some(_) => {}
    }
    if (head.incarnation <= 1 && head.incarnation_start != 0)
        || head.incarnation_start > head.size
        || head.incarnation == 0
    {
        altered(format!(
            "incarnation {} cannot begin at {} of {} entries",
            head.incarnation, head.incarnation_start, head.size
        ));
    }
    if request
        .head_key
        .as_ref()
        .is_some_and(|key| !key.has_made(head))
    {
        altered("no holder of the signing key has written it: its code is wrong".to_owned());
    }
    match keys.carries(&head.key, head.size) {
        Ok(()) => {}
        Err(None) => altered(format!(
            "its key {} is not the one that is trusted",
            head.key
        )),
        Err(Some(until)) => altered(format!(
            "its key {} was rotated at {until} entries",
            head.key
        )),
    }
    if head.frontier.size() != head.size {
        altered(format!(
            "its frontier is of {} entries, not {}",
            head.frontier.size(),
            head.size
        ));
    } else if head.frontier.root() != head.root {
        altered("its frontier does not give its root".to_owned());
    }
}

/// Holds size, root and frontier against the rows. `beyond` are the leaf hashes of the rows that
/// stand after the head's last entry.
pub(super) fn compare(head: &Head, walk: &mut Walk, beyond: &[Hash]) {
    let altered = FindingKind::HeadAltered;
    if let Some((size, root)) = walk.cut
        && root == Some(head.root)
    {
        // It is the size that was altered, not the end that is gone.
        let detail = format!("its root is that of {size} entries, its size {}", head.size);
        walk.findings.push(None, altered, detail);
        return;
    }
    if walk.tree.size() < head.size {
        return;
    }
    let mut longer = walk.tree.clone();
    let Edge { root, differing } = walk.finish(head);
    if let Some(size) = size_of_root(&mut longer, head.root, beyond) {
        let detail = format!("its root is that of {size} entries, its size {}", head.size);
        walk.findings.push(None, altered, detail);
        return;
    }
    if differing.is_empty() {
        // Frontier and root were compared with each other before.
        return;
    }
    if root == Some(head.root) {
        let detail = "its frontier is not that of the entries; its root is".to_owned();
        walk.findings.push(None, altered, detail);
    } else if head.frontier.root() == head.root {
        walk.report_rewritten(differing);
    } else {
        let detail = "neither its root nor its frontier is that of the entries".to_owned();
        walk.findings.push(None, altered, detail);
    }
}

/// The size at which the rows beyond the head give its root, where they do.
fn size_of_root(tree: &mut Tree, root: Hash, beyond: &[Hash]) -> Option<u64> {
    for leaf in beyond {
        let leaf = Item {
            below: Some(*leaf),
            stored: Some(*leaf),
        };
        tree.push(leaf, &|_| None, &mut Vec::new());
        if tree.root(Source::Stored) == Some(root) {
            return Some(tree.size());
        }
    }
    None
}
