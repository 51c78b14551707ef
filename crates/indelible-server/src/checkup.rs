//! What is looked at of a database, judged: how each thing is, and what mends it. `indelible doctor`
//! and the console's health page say the same, in these words.

mod erasure;
mod index;
mod outbox;
mod server;

use indelible_core::Timestamp;
use indelible_core::store::Condition;
use serde::Serialize;

pub use erasure::of_erasure;
use index::of_index;
pub use outbox::of_outbox;
pub use server::of_server;

/// Below this much free space a store is about to refuse.
const BYTES_FREE_MIN: u64 = 256 << 20;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What.
    pub check: &'static str,
    /// How it is.
    pub verdict: Verdict,
    /// The same in words.
    pub detail: String,
    /// What mends it.
    pub remedy: Option<String>,
}

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// Worth knowing.
    Warn,
    /// To be mended.
    Fail,
}

impl Check {
    /// Something that is as it should be.
    pub fn ok(check: &'static str, detail: impl Into<String>) -> Self {
        Self {
            check,
            verdict: Verdict::Ok,
            detail: detail.into(),
            remedy: None,
        }
    }

    /// Something worth knowing.
    pub fn warn(check: &'static str, detail: impl Into<String>, remedy: &str) -> Self {
        Self {
            verdict: Verdict::Warn,
            remedy: Some(remedy.to_owned()),
            ..Self::ok(check, detail)
        }
    }

    /// Something to be mended.
    pub fn fail(check: &'static str, detail: impl Into<String>, remedy: &str) -> Self {
        Self {
            verdict: Verdict::Fail,
            ..Self::warn(check, detail, remedy)
        }
    }
}

/// What a store says of its own condition, judged.
pub fn of_store(condition: &Condition) -> Vec<Check> {
    let rows = (!condition.stray_rows.is_empty()).then(|| {
        let stray = condition.stray_rows.join(", ");
        let remedy = "`indelible verify` names the entries; restore the database from a copy";
        Check::fail("rows", format!("belong to no trail: {stray}"), remedy)
    });
    let first = [size(condition), schema(condition), guards(condition)];
    let checks = first.into_iter().chain(rows);
    let index = condition.index.as_ref().map(of_index);
    let last = [durability(condition)].into_iter().chain(index);
    checks.chain(last).collect()
}

fn size(condition: &Condition) -> Check {
    let size = condition.bytes as f64 / f64::from(1 << 20);
    let detail = format!(
        "{} at {}, {size:.1} MiB",
        condition.engine, condition.location
    );
    match condition.bytes_free {
        Some(free) if free < BYTES_FREE_MIN => {
            let detail = format!("{detail}, {} MiB free on its disk", free >> 20);
            Check::warn("store", detail, "make room: a full disk refuses records")
        }
        None if condition.clock.is_some() => {
            let detail = format!("{detail}; what is free on its disk it does not tell");
            Check::ok("store", detail)
        }
        _ => Check::ok("store", detail),
    }
}

fn schema(condition: &Condition) -> Check {
    let version = condition.schema_version;
    if condition.pending_migrations.is_empty() {
        return Check::ok("schema", format!("version {version}, up to date"));
    }
    let pending = condition.pending_migrations.join(", ");
    let detail = format!("version {version} lacks {pending}");
    Check::fail("schema", detail, "`indelible migrate up`")
}

fn guards(condition: &Condition) -> Check {
    if condition.missing_guards.is_empty() {
        let detail = "the database refuses to change or delete evidence";
        return Check::ok("guards", detail);
    }
    let missing = condition.missing_guards.join(", ");
    let who = "somebody changed the schema: `indelible verify`";
    let remedy = match condition.guard_repairs.join("; ") {
        sql if sql.is_empty() => format!("{who}, then restore it from a copy"),
        sql => format!("{who}; this puts guards back, by their owner or a superuser: {sql}"),
    };
    Check::fail("guards", format!("missing or altered: {missing}"), &remedy)
}

fn durability(condition: &Condition) -> Check {
    if condition.weak_settings.is_empty() {
        let survives = "an acknowledged record survives the loss of power";
        return match condition.clock {
            // The files are the server's.
            Some(_) => Check::ok("durability", survives),
            None => Check::ok("durability", format!("{survives}, files are private")),
        };
    }
    let weak = condition.weak_settings.join(", ");
    let remedy = if condition.clock.is_some() {
        server::settings_remedy(&condition.weak_settings)
    } else if weak.contains(" mode ") {
        format!("chmod 600 {}*", condition.location)
    } else {
        "open the database with `indelible` alone".to_owned()
    };
    Check::fail("durability", weak, &remedy)
}

/// How long ago something was recorded, in words.
pub fn age(now: Timestamp, then: Timestamp) -> String {
    let seconds = (now.as_micros() - then.as_micros()) / 1_000_000;
    match seconds {
        i64::MIN..0 => "recorded by a clock ahead of this one".to_owned(),
        0..120 => format!("{seconds} s ago"),
        120..7_200 => format!("{} min ago", seconds / 60),
        7_200..172_800 => format!("{} h ago", seconds / 3_600),
        _ => format!("{} days ago", seconds / 86_400),
    }
}
