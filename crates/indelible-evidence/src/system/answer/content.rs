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
        4 => {
            let ended = it.newest(|newest| newest.ended);
            let fact = format!("of the newest {looked} entries {ended} say how it ended");
            seen_or_elsewhere(ended > 0, fact)
        }
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
        7 => {
            let count = it.newest(|newest| newest.on_behalf);
            let fact = format!("of the newest {looked} entries {count} say for whom was acted");
            seen_or_elsewhere(count > 0, fact)
        }
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
            seen_or_elsewhere(told > 0, fact)
        }
        12 => {
            let actions = [
                "audit_log_accessed",
                "audit_log_exported",
                "audit_log_access_denied",
            ];
            seen_or_elsewhere(it.recorded(&actions) > 0, it.told(&actions))
        }
        13 => {
            let actions = ["access_denied", "user_login_failed", "api_key_rejected"];
            seen_or_elsewhere(it.recorded(&actions) > 0, it.told(&actions))
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
    let timed = it
        .trails
        .iter()
        .find_map(|trail| Some((trail, trail.last_at?)));
    let Some((trail, at)) = timed else {
        return elsewhere("no trail has an entry yet");
    };
    let jumps = it.recorded(&["audit_clock_drift_detected"]);
    met(format!(
        "in UTC to the microsecond, of the event and of its recording, as {at} in {}; jumps of the \
         clock on record: {jumps}",
        trail.trail
    ))
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
