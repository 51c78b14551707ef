//! Looking at an open installation, without writing anything.

use std::collections::BTreeMap;

use indelible_core::engine::{Audit, Engine};
use indelible_core::store::{Condition, Head};
use indelible_core::{
    AuditError, AuditProtocol, Entry, Outcome, Query, Timestamp, TrailName, catalogue,
};
use indelible_merkle::{Checkpoint, Note, SigningKey};

use super::installation::{Installation, Newest, StoreFacts, Surroundings, TrailFacts};
use crate::gather::last_verified;

/// Entries that are looked at or counted one by one, in one question.
pub const COUNTED_MAX: i64 = 1000;

/// Looks at an open installation.
///
/// # Errors
/// [`AuditError`] where it cannot be read.
pub async fn measure(
    engine: &Engine,
    surroundings: Surroundings,
) -> Result<Installation, AuditError> {
    let ground = engine.ground();
    let asked = ground.clock.now();
    let condition = ground.store.condition().await?;
    let now = ground.clock.now();
    // The database looked at its clock between the two.
    let here = (asked.as_micros() + now.as_micros()) / 2;
    let heads = engine.heads().await?;
    let mut trails = Vec::new();
    let mut actions = BTreeMap::new();
    for head in &heads {
        trails.push(trail(engine, head).await?);
        let audit = engine.trail(head.trail.clone());
        for row in audit.summary(i64::MIN..i64::MAX).await? {
            *actions.entry(row.action).or_insert(0) += row.count;
        }
    }
    let leases = ground.registry.list("instance").await?;
    let programs = leases.iter().map(|(id, lease)| {
        let program = lease.value["program"].as_str().unwrap_or("unknown");
        format!("{program} ({id})")
    });
    Ok(Installation {
        name: ground.installation.clone(),
        measured_at: now,
        store: store(condition, here),
        key_at_hand: key_at_hand(engine, &heads),
        redaction: ground.redactor.mode().to_string(),
        rules_version: ground.redactor.version(),
        trails,
        actions,
        leases: programs.collect(),
        surroundings,
    })
}

fn store(condition: Condition, here: i64) -> StoreFacts {
    StoreFacts {
        in_memory: condition.location == "memory:",
        engine: condition.engine,
        schema_version: condition.schema_version,
        missing_guards: condition.missing_guards,
        stray_rows: condition.stray_rows,
        weak_settings: condition.weak_settings,
        excess_privileges: condition.excess_privileges,
        bytes: condition.bytes,
        bytes_free: condition.bytes_free,
        clock_ahead_micros: condition.clock.map(|there| here - there.as_micros()),
    }
}

/// Whether the key at hand is the one of every trail; true where there is neither.
fn key_at_hand(engine: &Engine, heads: &[Head]) -> bool {
    let Ok(Some(seed)) = engine.ground().state.signing_seed() else {
        return false;
    };
    heads.iter().all(|head| {
        let key = SigningKey::from_seed(head.key.name(), *seed.expose());
        key.is_ok_and(|key| key.verifier_key() == head.key)
    })
}

async fn trail(engine: &Engine, head: &Head) -> Result<TrailFacts, AuditError> {
    let audit = engine.trail(head.trail.clone());
    let at = async |seq: u64| -> Result<Option<Timestamp>, AuditError> {
        Ok(audit.entry_at(seq).await?.map(|entry| entry.created_at))
    };
    let nobody = Query::new().user_id("none").limit(COUNTED_MAX);
    // What Indelible records of itself has no user where nobody asked for it.
    let without_user = match head.trail.is_system() {
        true => 0,
        false => audit.query(nobody).await?.entries.len() as u64,
    };
    Ok(TrailFacts {
        trail: head.trail.clone(),
        size: head.size,
        mark: mark(engine, &head.trail),
        first_at: at(0).await?,
        last_at: at(head.size.saturating_sub(1)).await?,
        without_user,
        newest: newest(&audit).await?,
        verified: last_verified(&audit, Timestamp::MAX).await?,
    })
}

fn mark(engine: &Engine, trail: &TrailName) -> Option<u64> {
    let mark = engine.ground().state.mark(trail).ok().flatten()?;
    let checkpoint: Checkpoint = Note::parse(&mark).ok()?.text().parse().ok()?;
    Some(checkpoint.size())
}

async fn newest(audit: &Audit) -> Result<Newest, AuditError> {
    let page = audit.query(Query::new().limit(COUNTED_MAX)).await?;
    let mut newest = Newest::default();
    for entry in &page {
        newest.add(entry);
    }
    Ok(newest)
}

impl Newest {
    fn add(&mut self, entry: &Entry) {
        let known = catalogue::resolve(&entry.action);
        let category = known.map(|action| action.category);
        let tagged = |tag: &str| entry.tags.iter().any(|own| own == tag);
        let is_mail = |user: &String| user.contains('@');
        let mut count = |counter: fn(&mut Self) -> &mut u64, holds: bool| {
            *counter(self) += u64::from(holds);
        };
        count(|it| &mut it.entries, true);
        count(
            |it| &mut it.without_origin,
            entry.ip_address.is_none() && matches!(category, Some("authentication" | "session")),
        );
        count(|it| &mut it.without_resource, entry.resource_id.is_none());
        count(|it| &mut it.on_behalf, entry.on_behalf_of.is_some());
        count(|it| &mut it.custom, known.is_none());
        let redacted = entry.notes.iter().any(|note| note.kind == "redacted");
        count(|it| &mut it.redacted, redacted);
        let is_open = matches!(entry.outcome, Outcome::Attempted | Outcome::Completed);
        count(|it| &mut it.ended, !is_open);
        count(
            |it| &mut it.mail_users,
            entry.user_id.as_ref().is_some_and(is_mail),
        );
        let told = tagged("actor.privileged") || tagged("actor.privileged:no");
        count(|it| &mut it.privilege_told, told);
        count(|it| &mut it.cardholder, tagged("data.chd"));
    }
}
