//! Protection, time, durability, completeness, tenants.

use indelible_core::Timestamp;

use super::{Found, elsewhere, met_if, not_met, seen_or_elsewhere};
use crate::system::installation::{Installation, StateKept, TrailFacts};

/// From here on two clocks do not agree.
const CLOCK_MICROS_MAX: u64 = 2_000_000;
/// A verification is to be no older.
const VERIFIED_DAYS_MAX: i64 = 7;
const MICROS_OF_DAY: i64 = 86_400_000_000;

pub fn answer(number: usize, it: &Installation) -> Found {
    match number {
        18 => readers(it),
        19 => guards(it),
        20 => not_met("the checkpoints are kept outside of the database, the entries are not"),
        21 => detection(it),
        22 => second_person(it),
        23 => duties(it),
        24 => custody(it),
        25 => clock(it),
        26 => {
            let actions = ["time_settings_changed", "audit_clock_drift_detected"];
            seen_or_elsewhere(it.recorded(&actions) > 0, it.told(&actions))
        }
        27 => order(it),
        40 => durability(it),
        41 => completeness(it),
        _ => tenants(it),
    }
}

fn state(it: &Installation) -> (bool, String) {
    match &it.surroundings.state {
        StateKept::InMemory => (
            false,
            "the state is in memory and ends with the process".into(),
        ),
        StateKept::Apart { place, mode } => {
            let mode = mode.as_deref().unwrap_or("not known here");
            (true, format!("state directory {place}, mode {mode}"))
        }
        StateKept::Wrong { place, problem } => {
            (false, format!("state directory {place}: {problem}"))
        }
    }
}

fn readers(it: &Installation) -> Found {
    let (apart, state) = state(it);
    let Some(keys) = &it.surroundings.keys else {
        return elsewhere(format!(
            "no API keys that this host can tell; {state}; the host's accounts say who reads"
        ));
    };
    let fact = format!(
        "API keys: {} writers, {} readers, {} auditors, {} admins, {} of one trail, {} unsealed; \
         {state}; TLS {}",
        keys.writers,
        keys.readers,
        keys.auditors,
        keys.admins,
        keys.of_one_trail,
        keys.unsealed,
        if it.surroundings.tls { "on" } else { "off" }
    );
    met_if(apart && keys.unsealed == 0, fact)
}

fn second_person(it: &Installation) -> Found {
    let fact = match it.erasing_takes_two {
        true => "releases of holds, erasures of persons and runs of retention take a second person",
        false => {
            "releases of holds take a second person, erasures and runs of retention do not: set \
             [erasure] approval = true"
        }
    };
    met_if(it.erasing_takes_two, fact.into())
}

fn guards(it: &Installation) -> Found {
    let store = &it.store;
    if store.in_memory {
        return not_met("a database in memory has no guards");
    }
    let missing = listed("guards missing or altered", &store.missing_guards);
    let excess = listed("the role may also", &store.excess_privileges);
    let stray = listed("rows that belong to nothing", &store.stray_rows);
    let holds = store.missing_guards.is_empty()
        && store.stray_rows.is_empty()
        && store.excess_privileges.is_empty();
    let fact = format!("{}: {missing}; {stray}; {excess}", store.engine);
    if !holds {
        return not_met(fact);
    }
    // Who owns the database goes past its guards; that is only found.
    let verdicts: Vec<_> = it.trails.iter().map(verdict).collect();
    let fact = format!("{fact}; {}", verdicts.join(", "));
    seen_or_elsewhere(it.is_verified(), fact)
}

fn listed(what: &str, list: &[String]) -> String {
    match list.is_empty() {
        true => format!("{what}: none"),
        false => format!("{what}: {}", list.join(", ")),
    }
}

fn detection(it: &Installation) -> Found {
    let schedule = match it.surroundings.verification_seconds {
        Some(seconds) => format!("a server verifies every {seconds} s"),
        None => "scheduled verification is off".to_owned(),
    };
    let verdicts: Vec<_> = it.trails.iter().map(verdict).collect();
    let fact = format!("{schedule}; {}", verdicts.join(", "));
    let failed = it
        .trails
        .iter()
        .any(|it| it.verified.as_ref().is_some_and(|it| !it.sound));
    let behind = it
        .trails
        .iter()
        .any(|trail| trail.mark.is_some_and(|mark| mark > trail.size));
    if failed || behind || !it.store.missing_guards.is_empty() {
        return not_met(fact);
    }
    let marked = !it.trails.is_empty() && it.trails.iter().all(|trail| trail.mark.is_some());
    if !marked {
        return not_met(fact);
    }
    if it.surroundings.verification_seconds.is_none() {
        return elsewhere(format!(
            "{fact}: who is told of an alteration is not known here"
        ));
    }
    seen_or_elsewhere(it.is_verified(), fact)
}

impl Installation {
    /// Whether the last verification of each trail is on record, of the last days, and found the
    /// trail as it was recorded.
    pub(super) fn is_verified(&self) -> bool {
        let is_sound = |trail: &TrailFacts| {
            let last = trail.verified.as_ref().filter(|last| last.sound);
            last.is_some_and(|last| days(last.at, self.measured_at) <= VERIFIED_DAYS_MAX)
        };
        !self.trails.is_empty() && self.trails.iter().all(is_sound)
    }
}

fn verdict(trail: &TrailFacts) -> String {
    let mark = match trail.mark {
        Some(mark) => format!("mark at {mark} of {}", trail.size),
        None => "no mark".to_owned(),
    };
    let last = match &trail.verified {
        Some(last) if last.sound => format!("last verified {} as recorded", last.at),
        Some(last) => format!("last verified {} and found altered", last.at),
        None => "no verification on record".to_owned(),
    };
    format!("{} ({mark}; {last})", trail.trail)
}

fn days(from: Timestamp, to: Timestamp) -> i64 {
    (to.as_micros() - from.as_micros()) / MICROS_OF_DAY
}

fn duties(it: &Installation) -> Found {
    let (apart, state) = state(it);
    let excess = listed("the connected role may also", &it.store.excess_privileges);
    let keys = match &it.surroundings.keys {
        Some(keys) => format!(
            "{} auditors, {} admins by API key",
            keys.auditors, keys.admins
        ),
        None => "no API keys".to_owned(),
    };
    let fact = format!("{keys}; {excess}; {state}");
    if !apart || !it.store.excess_privileges.is_empty() {
        return not_met(fact);
    }
    let auditors = it
        .surroundings
        .keys
        .as_ref()
        .map_or(0, |keys| keys.auditors);
    seen_or_elsewhere(auditors > 0, fact)
}

fn custody(it: &Installation) -> Found {
    let exported = it.told(&["audit_log_exported"]);
    let key = match it.key_at_hand {
        true => "the signing key is at hand",
        false => "the signing key is not at hand",
    };
    met_if(it.key_at_hand, format!("{key}; {exported}"))
}

fn clock(it: &Installation) -> Found {
    let jumps = it.told(&["audit_clock_drift_detected"]);
    match it.store.clock_ahead_micros {
        Some(ahead) => {
            let fact = format!("{ahead} µs ahead of the database's clock; {jumps}");
            met_if(ahead.unsigned_abs() < CLOCK_MICROS_MAX, fact)
        }
        None => elsewhere(format!(
            "one clock, with nothing to compare it with; the host shows its synchronisation; {jumps}"
        )),
    }
}

fn order(it: &Installation) -> Found {
    if it.trails.is_empty() {
        return elsewhere("no trail has an entry yet");
    }
    let sizes = it.trails.iter();
    let sizes = sizes.map(|trail| format!("{} {}", trail.trail, trail.size));
    let fact = format!(
        "the last entry of each trail stands where its head says ({} entries); that none is \
         missing between is what `indelible verify` shows",
        sizes.collect::<Vec<_>>().join(", ")
    );
    met_if(it.trails.iter().all(|trail| trail.last_at.is_some()), fact)
}

fn durability(it: &Installation) -> Found {
    if it.store.in_memory {
        return not_met("a database in memory ends with the process");
    }
    let weak = &it.store.weak_settings;
    met_if(
        weak.is_empty(),
        listed("settings that weaken durability", weak),
    )
}

fn completeness(it: &Installation) -> Found {
    if it.trails.is_empty() {
        return elsewhere("no trail has an entry yet");
    }
    let whole = it
        .trails
        .iter()
        .filter(|trail| trail.first_at.is_some() && trail.last_at.is_some());
    let (whole, all) = (whole.count(), it.trails.len());
    let fact = format!(
        "both ends of {whole} of {all} trails are there, {} entries; a pack states heads at both \
         ends of any period",
        it.entries()
    );
    met_if(whole == all && it.key_at_hand, fact)
}

fn tenants(it: &Installation) -> Found {
    let own = it.trails.iter().filter(|trail| !trail.trail.is_system());
    let own: Vec<_> = own.map(|trail| trail.trail.to_string()).collect();
    if own.len() < 2 {
        return elsewhere(format!(
            "{} trails beside system: with one there is nothing to keep apart",
            own.len()
        ));
    }
    let Some(keys) = &it.surroundings.keys else {
        return not_met(format!(
            "{} trails beside system, and no API keys: whoever opens the database reads all",
            own.len()
        ));
    };
    let shared = own.iter().filter(|name| !keys.read_apart.contains(*name));
    let shared: Vec<_> = shared.cloned().collect();
    let fact = format!(
        "{} trails beside system; {}; readers and auditors of all trails: {}; admins: {}",
        own.len(),
        listed("without a key that reads it and no other", &shared),
        keys.readers_of_all,
        keys.admins
    );
    met_if(shared.is_empty() && keys.readers_of_all == 0, fact)
}
