//! Looking at an open installation, without writing anything.

use std::collections::BTreeMap;

use indelible_core::engine::{Audit, Author, Engine};
use indelible_core::entry::StoredEntry;
use indelible_core::part::PartKind;
use indelible_core::store::{Condition, Head};
use indelible_core::{
    AuditError, AuditProtocol, Entry, Outcome, Query, StoreError, Timestamp, TrailName, catalogue,
};
use indelible_merkle::{Checkpoint, Note, SigningKey};

use super::installation::{Installation, Newest, Reviews, StoreFacts, Surroundings, TrailFacts};
use crate::contradiction::contradicts;
use crate::custom::is_custom;
use crate::gather::last_verified;
use crate::period::Day;
use crate::review::{DayState, RuleSet, days, first_day, ledger};

/// Entries that are looked at or counted one by one, in one question.
pub const COUNTED_MAX: i64 = 1000;
/// Questions that are asked at most to count them.
const RUNS_MAX: usize = 16;
/// The days of which missed reviews are counted.
const REVIEWED_DAYS: i64 = 90;
/// What is recorded later than this after it happened is late.
const LATE_MICROS: i64 = 24 * 3_600 * 1_000_000;
/// Says that a backup was brought back.
const DRILLED: &str = "audit_archive_restored";
/// The actions by which somebody acts in another's name.
const SHARED: [&str; 2] = [
    "admin_impersonation_started",
    "service_account_used_interactively",
];

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
        erasing_takes_two: engine.erasure_takes_two(),
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
    let first_kept = audit.first_kept().await?;
    // What Indelible records of itself has no user where nobody asked for it.
    let without_user = match head.trail.is_system() {
        true => 0,
        false => without_user(&audit).await?,
    };
    let (drilled, drill_failed) = drills(&audit).await?;
    Ok(TrailFacts {
        trail: head.trail.clone(),
        size: head.size,
        mark: mark(engine, &head.trail),
        removed: first_kept,
        first_at: at(first_kept).await?,
        last_at: at(head.size.saturating_sub(1)).await?,
        without_user,
        newest: newest(&audit, head.size).await?,
        verified: last_verified(&audit, Timestamp::MAX).await?,
        reviews: reviews(&audit, engine.ground().clock.now()).await?,
        drilled,
        drill_failed,
    })
}

/// Entries that name nobody, up to a limit. One whose actor was erased has named somebody.
async fn without_user(audit: &Audit) -> Result<u64, AuditError> {
    let nobody = Query::new().user_id("none").limit(COUNTED_MAX);
    let (mut count, mut next) = (0, Some(0));
    for _ in 0..RUNS_MAX {
        let Some(seq) = next.filter(|_| count < COUNTED_MAX as usize) else {
            break;
        };
        let run = audit.stored_from(&nobody, seq).await?;
        let named_nobody = |entry: &&StoredEntry| !entry.erased().contains(&PartKind::Actor);
        count += run.entries.iter().filter(named_nobody).count();
        next = run.next;
    }
    Ok((count as u64).min(COUNTED_MAX as u64))
}

/// When a backup of the trail came back last, and when one did not after that, by what Indelible
/// itself has recorded.
async fn drills(audit: &Audit) -> Result<(Option<Timestamp>, Option<Timestamp>), AuditError> {
    let mut failed = None;
    let own = audit.own_records().await?;
    let asked = Query::new().action(DRILLED).limit(COUNTED_MAX);
    for entry in audit.query(asked).await?.entries {
        let is_verified = entry
            .context
            .as_ref()
            .is_some_and(|it| it["verified"] == true);
        let run = audit.stored_from(&Query::new().limit(1), entry.seq).await?;
        let is_own = run.entries.first().is_some_and(|stored| {
            own.author(stored) == Author::Own && audit.check_entry(stored).is_ok()
        });
        if is_own && is_verified {
            return Ok((Some(entry.created_at), failed));
        }
        if is_own {
            failed.get_or_insert(entry.created_at);
        }
    }
    Ok((None, failed))
}

fn mark(engine: &Engine, trail: &TrailName) -> Option<u64> {
    let mark = engine.ground().state.mark(trail).ok().flatten()?;
    let checkpoint: Checkpoint = Note::parse(&mark).ok()?.text().parse().ok()?;
    Some(checkpoint.size())
}

async fn reviews(audit: &Audit, now: Timestamp) -> Result<Reviews, AuditError> {
    let ledger = match ledger(audit).await {
        // An altered entry is told, and does not take the other answers away.
        Err(AuditError::Store(error)) if matches!(*error, StoreError::Corrupt { .. }) => {
            let invalid = 1;
            return Ok(Reviews {
                invalid,
                ..Reviews::default()
            });
        }
        read => read?,
    };
    let schedule = RuleSet::standard().schedule;
    let first = audit.entry_at(audit.first_kept().await?).await?;
    let today = Day::of(now);
    let missed = first.map_or(0, |first| {
        let begin = first_day(&ledger, &schedule, first.created_at);
        let begin = begin.max(today.plus(-REVIEWED_DAYS));
        let days = days(&ledger, &schedule, (begin, today), now).into_iter();
        days.filter(|day| day.state == DayState::Missed).count() as u64
    });
    let checked = || ledger.sign_offs.iter().filter(|it| it.is_checked);
    let (signed, last) = (checked().count(), checked().next_back());
    let open = || ledger.open();
    Ok(Reviews {
        sign_offs: signed as u64,
        unchecked: (ledger.sign_offs.len() - signed) as u64,
        invalid: ledger.invalid.len() as u64,
        last_at: last.map(|last| last.signed_at),
        frequency: last.map(|last| last.frequency.clone()),
        declared: last.and_then(|last| last.declared.clone()),
        missed,
        findings: ledger.findings.len() as u64,
        open: open().count() as u64,
        without_owner: open().filter(|finding| finding.owner.is_none()).count() as u64,
    })
}

async fn newest(audit: &Audit, size: u64) -> Result<Newest, AuditError> {
    let page = audit.query(Query::new().limit(COUNTED_MAX)).await?;
    let mut newest = Newest::default();
    for entry in &page {
        newest.add(entry);
    }
    // What is recorded meanwhile is newer than the head that was looked at.
    let found = page.iter().filter(|entry| entry.seq < size).count() as u64;
    let begin = page.iter().map(|entry| entry.seq).min().unwrap_or(size);
    newest.not_found = (size - begin.min(size)).abs_diff(found);
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
        let custom = is_custom(&entry.action);
        count(|it| &mut it.custom, custom);
        count(
            |it| &mut it.contradictory,
            // A drill that failed is on record under the one name that drills have.
            contradicts(known, entry.outcome) && entry.action != DRILLED,
        );
        count(
            |it| &mut it.untold,
            custom && entry.outcome == Outcome::Completed,
        );
        let waited = entry.created_at.as_micros() - entry.occurred_at.as_micros();
        count(|it| &mut it.before_it_happened, waited < 0);
        count(|it| &mut it.late, waited > LATE_MICROS);
        let is_shared = tagged("actor.service_interactive")
            || known.is_some_and(|known| SHARED.contains(&known.value));
        count(|it| &mut it.shared, is_shared);
        count(
            |it| &mut it.shared_without_person,
            is_shared && (entry.on_behalf_of.is_none() || entry.user_id.is_none()),
        );
        let redacted = entry.notes.iter().any(|note| note.kind == "redacted");
        count(|it| &mut it.redacted, redacted);
        let is_open = matches!(entry.outcome, Outcome::Attempted | Outcome::Completed);
        count(|it| &mut it.ended, !is_open);
        count(
            |it| &mut it.mail_users,
            entry.user_id.as_ref().is_some_and(is_mail),
        );
        let told = tagged("actor.privileged") != tagged("actor.privileged:no");
        count(|it| &mut it.privilege_told, told);
        count(|it| &mut it.cardholder, tagged("data.chd"));
    }
}
