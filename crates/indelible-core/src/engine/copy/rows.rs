//! What the registry knows of a trail and nobody can tell from its entries: which policy is in force,
//! which holds are over, what retention has still to do.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::{Ground, hold, retention};
use super::{MEANWHILE, uncopied};
use crate::error::AuditError;
use crate::registry::Versioned;
use crate::trail::TrailName;

/// Makes the rows of a trail in the other database what they are in the one that it leaves. What
/// stands there is from an earlier stay of the trail.
pub(super) async fn copy(from: &Ground, to: &Ground, trail: &TrailName) -> Result<(), AuditError> {
    for kind in [hold::KIND, retention::POLICY, retention::STATE] {
        let here = of_trail(from, kind, trail).await?;
        let there = of_trail(to, kind, trail).await?;
        for (key, row) in &here {
            let old = there.get(key);
            if old.is_none_or(|old| old.value != row.value) {
                put(to, (kind, key, trail), old, Some(&row.value)).await?;
            }
        }
        for (key, old) in there.iter().filter(|(key, _)| !here.contains_key(*key)) {
            put(to, (kind, key, trail), Some(old), None).await?;
        }
    }
    Ok(())
}

/// The rows of a kind that are of a trail: that of its name, or one for each of its holds.
async fn of_trail(
    ground: &Ground,
    kind: &str,
    trail: &TrailName,
) -> Result<BTreeMap<String, Versioned>, AuditError> {
    let rows = ground.registry.list(kind).await?.into_iter();
    let of_trail = rows.filter(|(key, _)| {
        let of = key.split_once('/').map_or(&**key, |(of, _)| of);
        of == trail.as_str()
    });
    Ok(of_trail.collect())
}

async fn put(
    to: &Ground,
    (kind, key, trail): (&str, &str, &TrailName),
    old: Option<&Versioned>,
    value: Option<&Value>,
) -> Result<(), AuditError> {
    let version = old.map(|old| old.version);
    let put = to.registry.put(kind, key, version, value).await?;
    put.map(drop).ok_or_else(|| uncopied(trail, MEANWHILE))
}
