//! What entries hold, and what is recorded: SYS-01 to SYS-17.

use indelible_core::{Outcome, catalogue};

use super::{Found, elsewhere, met, met_if, not_met, seen_or_elsewhere};
use crate::system::installation::Installation;
use crate::system::measure::COUNTED_MAX;

pub fn answer(number: usize, it: &Installation) -> Found {
    let looked = it.newest(|newest| newest.entries);
    match number {
        1 => actors(it),
        2 => catalogued(it, looked),
        3 => times(it),
        4 => ended(it, looked),
        5 => {
            let without = it.newest(|newest| newest.without_origin);
            let fact = format!(
                "of the newest {looked} entries {without} of logins and sessions have no address"
            );
            complete(looked, without, fact)
        }
        6 => {
            let without = it.newest(|newest| newest.without_resource);
            let fact = format!("of the newest {looked} entries {without} name no single resource");
            complete(looked, without, fact)
        }
        7 => persons(it, looked),
        8 => secrets(it, looked),
        9 => not_met(format!(
            "the catalogue has version {} and a reason for each action by its controls; nothing \
             says when the list was last reviewed",
            catalogue::VERSION
        )),
        10 => {
            let count = it.newest(|newest| newest.cardholder);
            elsewhere(format!(
                "of the newest {looked} entries {count} are tagged data.chd; whether every access \
                 is recorded only the application shows"
            ))
        }
        11 => {
            let told = it.newest(|newest| newest.privilege_told);
            let fact = format!(
                "of the newest {looked} entries {told} say whether who acted has privileges"
            );
            // Of those that do not say it nobody knows.
            seen_or_elsewhere(looked > 0 && told == looked, fact)
        }
        12 => {
            let actions = [
                "audit_log_accessed",
                "audit_log_exported",
                "audit_log_access_denied",
            ];
            elsewhere(format!(
                "{}; that there are no others, such as reads of the database itself, only the \
                 database's own log shows",
                it.told(&actions)
            ))
        }
        13 => {
            let actions = ["access_denied", "user_login_failed", "api_key_rejected"];
            elsewhere(format!(
                "{}; whether each refusal is recorded only the application shows",
                it.told(&actions)
            ))
        }
        14 => identities(it),
        15 => lifecycle(it),
        16 => {
            let actions = ["system_object_created", "system_object_deleted"];
            seen_or_elsewhere(it.recorded(&actions) > 0, it.told(&actions))
        }
        _ => attempts(it),
    }
}

/// What of the newest entries none may lack.
fn complete(looked: u64, without: u64, fact: String) -> Found {
    match looked {
        0 => elsewhere(fact),
        _ => met_if(without == 0, fact),
    }
}

fn actors(it: &Installation) -> Found {
    let counts = it.trails.iter().filter(|trail| !trail.trail.is_system());
    let counts: Vec<_> = counts
        .map(|trail| {
            let more = if trail.without_user >= COUNTED_MAX as u64 {
                " or more"
            } else {
                ""
            };
            format!(
                "{}: {}{more} of {}",
                trail.trail, trail.without_user, trail.size
            )
        })
        .collect();
    if counts.is_empty() {
        return elsewhere("no trail has an entry yet");
    }
    let without: u64 = it.trails.iter().map(|trail| trail.without_user).sum();
    met_if(
        without == 0,
        format!("entries that name no user: {}", counts.join(", ")),
    )
}

fn catalogued(it: &Installation, looked: u64) -> Found {
    let custom = it.newest(|newest| newest.custom);
    let fact = format!(
        "catalogue {}; of the newest {looked} entries {custom} are of actions outside of it",
        catalogue::VERSION
    );
    complete(looked, custom, fact)
}

fn times(it: &Installation) -> Found {
    let looked = it.newest(|newest| newest.entries);
    let early = it.newest(|newest| newest.before_it_happened);
    let late = it.newest(|newest| newest.late);
    let jumps = it.recorded(&["audit_clock_drift_detected"]);
    let fact = format!(
        "of the newest {looked} entries, each with when it happened and when it was recorded in UTC \
         to the microsecond, {early} were recorded before they happened and {late} more than a day \
         after; jumps of the clock on record: {jumps}"
    );
    match (looked, early, late) {
        (0, ..) => elsewhere("no trail has an entry yet"),
        (_, 0, 0) => met(fact),
        (_, 0, _) => elsewhere(format!(
            "{fact}: when these happened whoever recorded them says"
        )),
        _ => not_met(fact),
    }
}

fn ended(it: &Installation, looked: u64) -> Found {
    let ended = it.newest(|newest| newest.ended);
    let contradictory = it.newest(|newest| newest.contradictory);
    let untold = it.newest(|newest| newest.untold);
    let fact = format!(
        "of the newest {looked} entries {ended} say how it ended, {contradictory} the contrary of \
         their action, {untold} of actions outside of the catalogue nothing"
    );
    match contradictory {
        0 => seen_or_elsewhere(ended > 0 && untold == 0, fact),
        _ => not_met(fact),
    }
}

fn persons(it: &Installation, looked: u64) -> Found {
    let shared = it.newest(|newest| newest.shared);
    let without = it.newest(|newest| newest.shared_without_person);
    let behalf = it.newest(|newest| newest.on_behalf);
    let fact = format!(
        "of the newest {looked} entries {shared} are of service accounts in people's hands or of \
         impersonation, {without} of these without both who acted and for whom; {behalf} in all say \
         for whom was acted"
    );
    match (shared, without) {
        (0, _) => elsewhere(format!(
            "{fact}: which accounts are shared only their owner knows"
        )),
        (_, 0) => met(fact),
        _ => not_met(fact),
    }
}

fn secrets(it: &Installation, looked: u64) -> Found {
    let redacted = it.newest(|newest| newest.redacted);
    let fact = format!(
        "redaction is {}, rules of version {}; of the newest {looked} entries {redacted} had \
         something replaced",
        it.redaction, it.rules_version
    );
    met_if(it.redaction != "off", fact)
}

fn identities(it: &Installation) -> Found {
    let of_identities = |action: &&String| {
        let known = catalogue::resolve(action);
        known.is_some_and(|known| matches!(known.category, "authentication" | "authorization"))
    };
    let seen = it.actions.keys().filter(of_identities).count();
    let fact = format!("{seen} actions on identities, credentials and privileges are on record");
    seen_or_elsewhere(seen > 0, fact)
}

fn lifecycle(it: &Installation) -> Found {
    let actions = ["audit_started", "audit_stopped"];
    let leases = match it.leases.is_empty() {
        true => "nobody holds a lease".to_owned(),
        false => format!("leases: {}", it.leases.join(", ")),
    };
    let fact = format!("{}; {leases}", it.told(&actions));
    // Short-lived processes neither start nor stop.
    seen_or_elsewhere(it.recorded(&actions) > 0, fact)
}

fn attempts(it: &Installation) -> Found {
    let is_attempt = |action: &str| {
        catalogue::resolve(action).is_some_and(|known| known.stage == Outcome::Attempted)
    };
    let attempts = it.actions.iter().filter(|(action, _)| is_attempt(action));
    let count: u64 = attempts.map(|(_, count)| count).sum();
    let fact = format!(
        "{count} attempts on record; `indelible query --unresolved` lists those without an outcome"
    );
    seen_or_elsewhere(count > 0, fact)
}
