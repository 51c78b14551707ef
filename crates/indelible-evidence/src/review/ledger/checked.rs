//! Whether what a sign-off says of the trail is so.

use indelible_core::AuditError;
use indelible_core::engine::Audit;

use super::SignOff;

/// What is wrong with a sign-off, where all up to `reviewed_to` was signed off before it. Without
/// the root of the tree nobody can have looked at the entries; without those before it nobody has
/// looked at all.
pub(super) async fn problem(
    audit: &Audit,
    sign_off: &SignOff,
    reviewed_to: u64,
) -> Result<Option<String>, AuditError> {
    let SignOff { from, as_of, .. } = *sign_off;
    if from != reviewed_to {
        return Ok(Some(format!(
            "it begins with entry {from}, and {reviewed_to} entries were signed off before"
        )));
    }
    if as_of <= from || sign_off.entries != as_of - from {
        return Ok(Some(format!(
            "it says that {} entries were reviewed, and from {from} to {as_of} there are {}",
            sign_off.entries,
            as_of.saturating_sub(from)
        )));
    }
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
