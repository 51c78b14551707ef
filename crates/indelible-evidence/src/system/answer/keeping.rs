//! Review, retention, failure, privacy, change, format, policy.

use super::{Found, elsewhere, met, met_if, not_met, reviews, seen_or_elsewhere};
use crate::system::installation::{Installation, TrailFacts};

/// Below this much free space a store is about to refuse.
const BYTES_FREE_MIN: u64 = 1 << 30;
const MICROS_OF_DAY: i64 = 86_400_000_000;
/// What PCI DSS 10.5.1 asks for: twelve months.
const HISTORY_DAYS_MIN: i64 = 365;

pub fn answer(number: usize, it: &Installation) -> Found {
    match number {
        28..=31 => reviews::answer(number, it),
        32 => searched(it),
        33 => history(it),
        34 => {
            let actions = ["audit_retention_policy_changed", "audit_records_expired"];
            seen_or_elsewhere(it.recorded(&actions) > 0, it.told(&actions))
        }
        35 => brought_back(it),
        36 => {
            let actions = ["audit_legal_hold_placed", "audit_legal_hold_released"];
            seen_or_elsewhere(it.recorded(&actions) > 0, it.told(&actions))
        }
        37 => room(it),
        38 => failures(it),
        39 => delivery(it),
        42 => minimal(it),
        43 => erased(it),
        44 => elsewhere(format!(
            "`indelible subject show` answers for a person, with staff names withheld; {}: whether \
             each request was answered only who took it shows",
            it.told(&["dsar_received", "dsar_fulfilled"])
        )),
        46 => reviewed(
            it,
            &["audit_config_changed"],
            "changes of settings are not recorded",
        ),
        47 => format(it),
        _ => policies(it),
    }
}

/// What the product does not do itself: others may have recorded that they did it.
fn reviewed(it: &Installation, actions: &[&str], lacking: &str) -> Found {
    let told = it.told(actions);
    match it.recorded(actions) {
        0 => not_met(format!("{lacking} by the product; {told}")),
        _ => elsewhere(format!(
            "{lacking} by the product; {told}: ask who recorded it"
        )),
    }
}

fn brought_back(it: &Installation) -> Found {
    let own = it.trails.iter().filter(|trail| !trail.trail.is_system());
    let told: Vec<_> = own
        .clone()
        .map(|trail| match (trail.drilled, trail.drill_failed) {
            (_, Some(at)) => format!("{} did not come back at {at}", trail.trail),
            (Some(at), None) => format!("{} came back at {at}", trail.trail),
            (None, None) => format!("{} never: `indelible drill` puts it on record", trail.trail),
        })
        .collect();
    let all = !told.is_empty()
        && own
            .clone()
            .all(|trail| trail.drilled.is_some() && trail.drill_failed.is_none());
    met_if(
        all,
        format!("drills of backups on record: {}", told.join(", ")),
    )
}

fn history(it: &Installation) -> Found {
    let own = || it.trails.iter().filter(|trail| !trail.trail.is_system());
    if own().next().is_none() {
        return elsewhere("no trail has an entry yet");
    }
    let begun = own().filter_map(|trail| {
        let days = (it.measured_at.as_micros() - trail.first_at?.as_micros()) / MICROS_OF_DAY;
        let removed = match trail.removed {
            0 => String::new(),
            removed => format!(", {removed} entries before it removed by retention"),
        };
        Some(format!(
            "{} since {} ({days} days{removed})",
            trail.trail, trail.first_at?
        ))
    });
    let begun: Vec<_> = begun.collect();
    let whole = begun.len() == own().count();
    let fact = format!(
        "the first entry that was not removed is there of {} of {} trails: {}",
        begun.len(),
        own().count(),
        begun.join(", ")
    );
    if !whole || it.store.in_memory {
        return not_met(fact);
    }
    let age = |trail: &TrailFacts| {
        let first = trail.first_at.unwrap_or(it.measured_at);
        (it.measured_at.as_micros() - first.as_micros()) / MICROS_OF_DAY
    };
    let is_short = |trail: &TrailFacts| age(trail) < HISTORY_DAYS_MIN;
    if own().any(|trail| is_short(trail) && trail.removed > 0) {
        return elsewhere(format!(
            "{fact}; whether all that was removed was older than {HISTORY_DAYS_MIN} days say the \
             removal entries (audit_records_expired, period_end)"
        ));
    }
    if own().any(is_short) {
        return elsewhere(format!(
            "{fact}; not yet {HISTORY_DAYS_MIN} days: earlier history is elsewhere"
        ));
    }
    match it.is_verified() {
        true => met(format!("{fact}; verified as recorded, all in one database")),
        false => elsewhere(format!(
            "{fact}; that nothing between is missing only a verification shows, and none of each \
             trail is on record of the last days"
        )),
    }
}

fn searched(it: &Installation) -> Found {
    let stray = it.store.stray_rows.len();
    let looked: u64 = it.trails.iter().map(|trail| trail.newest.entries).sum();
    let lacking: u64 = it.trails.iter().map(|trail| trail.newest.not_found).sum();
    let fact = format!(
        "of the newest {looked} entries of {} trails a query did not find {lacking} where the heads \
         say that they are; rows that belong to nothing: {stray}",
        it.trails.len(),
    );
    match looked {
        0 => elsewhere("no trail has an entry yet"),
        _ => met_if(stray == 0 && lacking == 0, fact),
    }
}

fn erased(it: &Installation) -> Found {
    let actions = ["audit_subject_erased"];
    let told = it.told(&actions);
    match (it.recorded(&actions), it.is_verified()) {
        (0, _) => elsewhere(format!("{told}: nobody had to be erased yet")),
        (_, true) => met(format!("{told}; each trail verified as recorded of late")),
        (_, false) => elsewhere(format!(
            "{told}; that the rest verifies no verification of each trail of the last days shows"
        )),
    }
}

fn room(it: &Installation) -> Found {
    let store = &it.store;
    match store.bytes_free {
        Some(free) => {
            let fact = format!("{} MiB used, {} MiB free", store.bytes >> 20, free >> 20);
            met_if(free >= BYTES_FREE_MIN, fact)
        }
        None => elsewhere(format!(
            "{} MiB used; what is free is not told by {}",
            store.bytes >> 20,
            store.engine
        )),
    }
}

fn failures(it: &Installation) -> Found {
    let told = it.told(&["audit_write_failed", "audit_integrity_failed"]);
    match &it.surroundings.spool {
        Some(spool) if spool.lost + spool.dead > 0 => not_met(format!(
            "{} events were given up and not yet said, {} can never be recorded; {told}",
            spool.lost, spool.dead
        )),
        Some(spool) => met(format!(
            "{} events wait in {}, none was given up unsaid; {told}",
            spool.waiting, spool.folder
        )),
        None => elsewhere(format!("no spool of this host; {told}")),
    }
}

fn delivery(it: &Installation) -> Found {
    match &it.surroundings.spool {
        Some(spool) if spool.used => met(format!(
            "events that cannot be recorded go to {}; {} wait",
            spool.folder, spool.waiting
        )),
        Some(spool) => elsewhere(format!(
            "{} is where events would wait, and nothing was put there: the application's settings \
             say what it chose",
            spool.folder
        )),
        None => elsewhere("no folder for a spool: each caller is told of a failure"),
    }
}

fn minimal(it: &Installation) -> Found {
    let looked = it.newest(|newest| newest.entries);
    let mails = it.newest(|newest| newest.mail_users);
    let fact =
        format!("of the newest {looked} entries {mails} have an e-mail address for a user id");
    match looked {
        0 => elsewhere(fact),
        _ => met_if(mails == 0 && it.redaction != "off", fact),
    }
}

fn format(it: &Installation) -> Found {
    let version = it.store.schema_version;
    let fact = format!("entries of skeleton version 1, database schema {version}");
    seen_or_elsewhere(it.entries() > 0, fact)
}

fn policies(it: &Installation) -> Found {
    match it.surroundings.policies.as_slice() {
        [] => not_met("no written policy was named (--policy)"),
        named => met(format!("named: {}", named.join("; "))),
    }
}
