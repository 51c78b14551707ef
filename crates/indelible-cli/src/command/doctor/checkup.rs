//! Looking at one thing after the other.

mod outbox;
mod outside;
mod retention;
mod server;
mod spool;

use indelible::core::engine::{Ground, Stage};
use indelible::core::redact::Mode;
use indelible::core::store::Head;
use indelible::{DatabaseUrl, Timestamp, TrailName};
use indelible_server::checkup::{Check, Verdict, age, of_erasure, of_server, of_store};

use super::Diagnosis;
use crate::command::verify::trust;
use crate::failure::{Failure, Status};
use crate::session::{Opened, Session};
use crate::settings::Settings;

/// What was looked at so far.
#[derive(Default)]
pub struct Checkup {
    checks: Vec<Check>,
}

impl Checkup {
    /// The verdict on the whole.
    pub fn diagnosis(self) -> Diagnosis {
        let ok = self
            .checks
            .iter()
            .all(|check| check.verdict != Verdict::Fail);
        Diagnosis {
            ok,
            checks: self.checks,
        }
    }

    fn ok(&mut self, check: &'static str, detail: impl Into<String>) {
        self.checks.push(Check::ok(check, detail));
    }

    fn warn(&mut self, check: &'static str, detail: impl Into<String>, remedy: &str) {
        self.checks.push(Check::warn(check, detail, remedy));
    }

    fn fail(&mut self, check: &'static str, detail: impl Into<String>, remedy: &str) {
        self.checks.push(Check::fail(check, detail, remedy));
    }

    /// The settings.
    pub fn settings(&mut self, settings: &Settings) {
        let from = match &settings.file {
            Some(path) => format!("{} is read", path.display()),
            None => "no indelible.toml".to_owned(),
        };
        let mode = settings.redaction;
        let people = match settings.erasure_approval {
            true => ", erasures by two people",
            false => "",
        };
        let detail = format!(
            "{}, trail {}, redaction {mode}{people}; {from}",
            settings.database, settings.trail
        );
        if mode == Mode::Off {
            self.warn(
                "settings",
                detail,
                "secrets are kept as they come: set [redaction] mode = \"mask\"",
            );
        } else {
            self.ok("settings", detail);
        }
    }

    /// A database that cannot be opened.
    pub async fn unopened(&mut self, settings: &Settings, failure: &Failure) {
        if let DatabaseUrl::Postgres(address) = &settings.database
            && self.way(address, settings.password_in_url).await
        {
            return;
        }
        let message = failure.message();
        let (check, remedy) = match failure.status {
            _ if message.contains("written by a newer version") => {
                ("schema", "use that version of this program, or a newer one")
            }
            _ if message.contains("one of the two was altered") => (
                "schema",
                "use the program that made this database; where that is this one, somebody \
                 altered the schema's history: restore it from a copy, then `indelible verify`",
            ),
            _ if message.contains("lacks migration") => ("schema", "`indelible migrate up`"),
            // The message says it.
            _ if message.contains("bring their database back") => (
                "store",
                "restore the database from a copy; `indelible trail succeed --reason …` only where \
                 there is none",
            ),
            // The message says it.
            _ if message.contains("holds what was erased") => (
                "erasure",
                "open the database once for writing, as who may erase",
            ),
            Status::NotFound => (
                "store",
                "`indelible record` begins a trail; --database names another place",
            ),
            Status::Usage => ("settings", "mend the setting"),
            _ if message.contains("installation") => (
                "store",
                "put the installation's own database back, or name the state directory of the \
                 one that is there with --state-dir",
            ),
            _ if message.contains("is damaged") => (
                "store",
                "restore the database from a copy, then `indelible verify`",
            ),
            _ => (
                "store",
                "mend what the message names; nothing in it says that what was recorded is damaged",
            ),
        };
        let place = settings.database.to_string();
        let detail = match message.starts_with(&place) {
            true => message.to_owned(),
            false => format!("{place}: {message}"),
        };
        self.fail(check, detail, remedy);
    }

    /// An open database and what belongs to it.
    pub async fn database(&mut self, opened: &Opened, session: &Session) {
        let asked = session.now();
        let condition = opened.database.condition().await;
        let now = session.now();
        match condition {
            Ok(condition) => {
                self.checks.extend(of_store(&condition));
                if let DatabaseUrl::Postgres(_) = opened.database.url() {
                    // The database looked at its clock between the two.
                    let here = (asked.as_micros() + now.as_micros()) / 2;
                    let checks = of_server(&condition, Timestamp::from_micros(here));
                    self.checks.extend(checks);
                }
            }
            Err(error) => self.fail("store", error.to_string(), "`indelible verify` says more"),
        }
        let ground = opened.database.engine().ground();
        let heads = opened.database.engine().heads().await;
        match opened.database.state_dir() {
            Some(dir) => {
                let is_new = heads.as_ref().is_ok_and(Vec::is_empty);
                self.state_dir(dir, &opened.settings, is_new);
                self.tie(dir, &ground.installation);
            }
            None => self.ok("state", "in memory, ends with the process"),
        }
        let heads = match heads {
            Ok(heads) => heads,
            Err(error) => {
                self.fail("trails", error.to_string(), "`indelible verify` says more");
                return;
            }
        };
        self.key(ground, &heads);
        self.secrets(opened).await;
        self.keys(opened).await;
        let moved = self.moved(opened, &heads).await;
        for head in heads
            .iter()
            .filter(|head| !moved.contains(&head.trail.to_string()))
        {
            self.mark(ground, head);
        }
        for trail in trust::marked(&opened.database) {
            if !heads.iter().any(|head| head.trail == trail) {
                self.missed(ground, &trail);
            }
        }
        match opened.database.engine().unfinished_erasures().await {
            Ok(unfinished) => self.checks.extend(unfinished.iter().map(of_erasure)),
            Err(error) => self.fail("erasure", error.to_string(), "`indelible verify`"),
        }
        self.last_event(opened, &heads, now).await;
        self.retention(opened, &heads, now).await;
        self.spools(&opened.database, now);
        self.outbox(&opened.database, now).await;
        self.instances(ground).await;
    }

    async fn last_event(&mut self, opened: &Opened, heads: &[Head], now: Timestamp) {
        let trail = &opened.settings.trail;
        let Some(head) = heads.iter().find(|head| head.trail == *trail) else {
            // What is said of its mark says more.
            if trust::marked(&opened.database).contains(trail) {
                return;
            }
            let detail = format!("trail {trail} has no entries");
            return self.warn("last event", detail, "`indelible record` makes the first");
        };
        let audit = opened.database.trail(TrailName::clone(trail));
        match audit.entry_at(head.size - 1).await {
            Ok(Some(entry)) => {
                let age = age(now, entry.created_at);
                self.ok("last event", format!("#{} in {trail}, {age}", entry.seq));
            }
            Ok(None) => {
                let remedy = format!("`indelible verify --trail {trail}`");
                self.fail(
                    "last event",
                    format!("#{} is missing", head.size - 1),
                    &remedy,
                );
            }
            Err(error) => self.fail("last event", error.to_string(), "`indelible verify`"),
        }
    }

    /// The trails that are written elsewhere, or by nobody while they are copied.
    async fn moved(&mut self, opened: &Opened, heads: &[Head]) -> Vec<String> {
        let moves = match opened.database.engine().moves().await {
            Ok(moves) => moves,
            Err(error) => {
                self.fail("moved", error.to_string(), "`indelible verify`");
                return Vec::new();
            }
        };
        for (trail, moved) in &moves {
            let head = heads.iter().find(|head| head.trail.as_str() == trail);
            let told = format!(
                "{trail}: {}",
                moved.refusal(head.map_or(0, |head| head.size))
            );
            let (from, to) = (&moved.from, &moved.to);
            let remedy = match moved.stage {
                Stage::Sent => format!("name {to} as the database"),
                Stage::Sending | Stage::Receiving => format!("`indelible copy {from} {to}`"),
            };
            self.fail("moved", told, &remedy);
        }
        moves.into_iter().map(|(trail, _)| trail).collect()
    }

    async fn instances(&mut self, ground: &Ground) {
        match ground.registry.list("instance").await {
            Ok(list) if list.is_empty() => self.ok("instances", "nobody writes for long"),
            Ok(list) => {
                let programs = list.iter().map(|(id, lease)| {
                    let program = lease.value["program"].as_str().unwrap_or("unknown");
                    let seen = lease.value["seen_at"].as_str().unwrap_or("never");
                    format!("{program} ({id}, seen {seen})")
                });
                self.ok("instances", programs.collect::<Vec<_>>().join(", "));
            }
            Err(error) => self.fail("instances", error.to_string(), "`indelible verify`"),
        }
    }
}
