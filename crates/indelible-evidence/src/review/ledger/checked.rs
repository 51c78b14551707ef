//! Whether what a sign-off says of the trail is so.

use indelible_core::AuditError;
use indelible_core::engine::Audit;

use super::SignOff;

/// How a sign-off stands against the trail.
pub(super) enum Verdict {
    /// What it says is so.
    Holds,
    /// The entries after those that were reviewed were removed, and with them what would show it.
    Unchecked,
    /// What is not so.
    Wrong(String),
}

/// Looks at a sign-off, where all up to `reviewed_to` was signed off before it. Without the root
/// of the tree nobody can have looked at the entries; without those before it nobody has looked at
/// all.
pub(super) async fn judged(
    audit: &Audit,
    sign_off: &SignOff,
    reviewed_to: u64,
) -> Result<Verdict, AuditError> {
    let first_kept = audit.first_kept().await?;
    if let Some(problem) = gap(sign_off, reviewed_to, first_kept) {
        return Ok(Verdict::Wrong(problem));
    }
    match against(audit, sign_off).await {
        // Retention may have gone on meanwhile.
        Err(_) if sign_off.as_of < audit.first_kept().await? => Ok(Verdict::Unchecked),
        answer => Ok(answer?.map_or(Verdict::Holds, Verdict::Wrong)),
    }
}

/// Whether entries are left that neither it nor one before it is about.
fn gap(sign_off: &SignOff, reviewed_to: u64, first_kept: u64) -> Option<String> {
    let SignOff { from, as_of, .. } = *sign_off;
    // Of a trail without its front the sign-offs before may be gone, and one that was a gap off may
    // have none any more: each has to leave out nothing that is there, and to add to it.
    let joins = match first_kept {
        0 => from == reviewed_to,
        _ => from <= reviewed_to.max(first_kept) && as_of > reviewed_to,
    };
    if !joins {
        return Some(format!(
            "it begins with entry {from}, and {reviewed_to} entries were signed off before"
        ));
    }
    (as_of <= from || sign_off.entries != as_of - from).then(|| {
        format!(
            "it says that {} entries were reviewed, and from {from} to {as_of} there are {}",
            sign_off.entries,
            as_of.saturating_sub(from)
        )
    })
}

async fn against(audit: &Audit, sign_off: &SignOff) -> Result<Option<String>, AuditError> {
    let as_of = sign_off.as_of;
    let root = audit.root_at(as_of).await?.map(|root| root.to_string());
    if root.as_deref() != Some(sign_off.root.as_str()) {
        return Ok(Some(format!(
            "the root that it names is not that of the first {as_of} entries"
        )));
    }
    let unseen = audit.entry_at(as_of).await?;
    if let Some(unseen) = unseen.filter(|unseen| unseen.seq < sign_off.seq)
        && unseen.created_at <= sign_off.period.to
    {
        return Ok(Some(format!(
            "it signs off the time to {}, and entry {as_of}, which was not reviewed, is of before",
            sign_off.period.to
        )));
    }
    Ok(None)
}
