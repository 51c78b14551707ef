//! What this process counts of its own work, judged.

use crate::app::App;
use crate::checkup::{Check, Verdict, of_outbox};
use crate::console::integrity::took;
use crate::console::page::grouped;

/// What is worth a verdict.
pub fn checks(app: &App) -> Vec<Check> {
    let vitals = app.engine().vitals();
    let mut checks = vec![
        counted(
            ("commits", vitals.commits_failed),
            "commits were refused by the database, or their outcome is not known",
            Verdict::Warn,
            "the server's log says why; events that were acknowledged are not among them",
        ),
        counted(
            ("queue", vitals.overloaded),
            "events were given back because the queue stayed full",
            Verdict::Warn,
            "the database is slower than what is sent: see how long commits take in /metrics",
        ),
        counted(
            ("read back", vitals.reread.failures),
            "times what was just committed was read back otherwise",
            Verdict::Fail,
            "the trail `system` names the entries (audit_integrity_failed); verify these trails",
        ),
        schedule(app),
    ];
    checks.extend(outbox(app));
    checks
}

fn counted(
    (check, count): (&'static str, u64),
    what: &str,
    verdict: Verdict,
    remedy: &str,
) -> Check {
    let detail = format!("{} {what}, since the server's start", grouped(count));
    if count == 0 {
        return Check::ok(check, detail);
    }
    Check {
        verdict,
        ..Check::warn(check, detail, remedy)
    }
}

/// The verifications on a schedule.
fn schedule(app: &App) -> Check {
    const NAME: &str = "schedule";
    let Some(last) = app.counters().last_verified() else {
        return Check::ok(
            NAME,
            "no scheduled verification has ended since the server's start",
        );
    };
    let ago = crate::checkup::age(app.now(), last.at);
    let micros = u64::try_from(last.took.as_micros()).unwrap_or(u64::MAX);
    let took = took(micros);
    let detail =
        |found| format!("the last verification of all trails ended {ago}, in {took}: {found}");
    if last.is_ok {
        return Check::ok(NAME, detail("all as recorded"));
    }
    let remedy = "the trails that are named below as not as recorded, or that could not be read";
    Check::fail(NAME, detail("NOT all as recorded"), remedy)
}

fn outbox(app: &App) -> Vec<Check> {
    let Some(watch) = app.outbox() else {
        return Vec::new();
    };
    let vitals = watch.vitals();
    let mut checks = Vec::new();
    if !vitals.is_working {
        let remedy = "start the server again; the log says why it ended";
        checks.push(Check::fail("outbox", "it is not drained any more", remedy));
    }
    if let Some(standing) = &vitals.standing {
        checks.push(of_outbox(standing, app.now()));
    }
    checks
}

/// What only counts.
pub fn figures(app: &App) -> Vec<(&'static str, String)> {
    let (vitals, counters) = (app.engine().vitals(), app.counters());
    let [(_, recorded), (_, duplicates), (_, refused)] = counters.events();
    let mut figures = vec![
        ("Version", env!("CARGO_PKG_VERSION").to_owned()),
        ("Up for", up_for(app)),
        ("Connections", grouped(counters.connections())),
        ("Events in the queue", grouped(vitals.queued as u64)),
        ("Events recorded", grouped(recorded)),
        ("Events sent again", grouped(duplicates)),
        ("Events refused", grouped(refused)),
        ("Read back and right", grouped(vitals.reread.entries)),
        ("Not yet read back", grouped(vitals.reread.waiting)),
    ];
    if let Some(watch) = app.outbox() {
        figures.push(("Moved from the outbox", grouped(watch.vitals().moved)));
    }
    figures
}

/// Refusals and failures since the start, by the name of the problem.
pub fn refusals(app: &App) -> Vec<(&'static str, String)> {
    let refusals = app.counters().refusals().into_iter();
    refusals
        .map(|(kind, count)| (kind, grouped(count)))
        .collect()
}

fn up_for(app: &App) -> String {
    let seconds = app.elapsed().saturating_sub(app.begun()).as_secs();
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}
