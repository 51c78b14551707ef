//! Review, retention, failure, privacy, change, format, policy.

use super::{Found, elsewhere, met, met_if, not_met, seen_or_elsewhere};
use crate::system::installation::Installation;

/// Below this much free space a store is about to refuse.
const BYTES_FREE_MIN: u64 = 1 << 30;
const MICROS_OF_DAY: i64 = 86_400_000_000;

pub fn answer(number: usize, it: &Installation) -> Found {
    match number {
        28 => reviewed(
            it,
            &["audit_review_completed", "audit_review_missed"],
            "no rules run",
        ),
        29 => reviewed(
            it,
            &["audit_review_completed"],
            "no frequency is kept with its reasons",
        ),
        30 => reviewed(
            it,
            &["audit_finding_raised", "audit_finding_resolved"],
            "no findings are tracked",
        ),
        31 => reviewed(it, &["audit_review_completed"], "no sign-off is asked for"),
        32 => {
            let guards = it.store.stray_rows.is_empty();
            let fact = format!(
                "{} entries in {} trails are searched by index; rows that belong to nothing: {}",
                it.entries(),
                it.trails.len(),
                it.store.stray_rows.len()
            );
            met_if(guards, fact)
        }
        33 => history(it),
        34 => reviewed(
            it,
            &["audit_retention_policy_changed"],
            "no retention policies are kept",
        ),
        35 => reviewed(it, &["audit_archive_restored"], "no drill is run"),
        36 => reviewed(it, &["audit_legal_hold_placed"], "nothing is held"),
        37 => room(it),
        38 => failures(it),
        39 => delivery(it),
        42 => minimal(it),
        43 => reviewed(it, &["audit_subject_erased"], "no command erases a subject"),
        44 => reviewed(
            it,
            &["dsar_received", "dsar_fulfilled"],
            "no command answers a subject",
        ),
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

fn history(it: &Installation) -> Found {
    let own = || it.trails.iter().filter(|trail| !trail.trail.is_system());
    if own().next().is_none() {
        return elsewhere("no trail has an entry yet");
    }
    let begun = own().filter_map(|trail| {
        let days = (it.measured_at.as_micros() - trail.first_at?.as_micros()) / MICROS_OF_DAY;
        Some(format!(
            "{} since {} ({days} days)",
            trail.trail, trail.first_at?
        ))
    });
    let begun: Vec<_> = begun.collect();
    let whole = begun.len() == own().count();
    let fact = format!(
        "all in one database, nothing removed from: {}",
        begun.join(", ")
    );
    met_if(whole && !it.store.in_memory, fact)
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
