//! What waits on the local disk to be recorded.

use std::path::Path;

use indelible::spool::{Inspection, inspect};
use indelible::{Database, Timestamp, TrailName};

use super::{Checkup, age};

/// An event that waits longer has met a trail that is away, and not a short fault.
const SECONDS_MAX: i64 = 300;

impl Checkup {
    /// The spools of all trails; no word where there is no folder.
    pub(super) fn spools(&mut self, database: &Database, now: Timestamp) {
        let Some(folder) = database.spool_folder().filter(|folder| folder.exists()) else {
            return;
        };
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) => return self.unreadable(&folder, &error.to_string()),
        };
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut trails: Vec<TrailName> = names.filter_map(|name| name.parse().ok()).collect();
        trails.sort_unstable();
        for trail in trails {
            let folder = folder.join(trail.as_str());
            match inspect(&folder, &trail) {
                Ok(Some(seen)) => self.spool(&trail, &seen, now),
                Ok(None) => {}
                Err(error) => self.unreadable(&folder, &error.to_string()),
            }
        }
    }

    fn spool(&mut self, trail: &TrailName, seen: &Inspection, now: Timestamp) {
        let mut detail = match seen.waiting_since {
            Some(since) => {
                let (events, bytes) = (seen.events, seen.bytes);
                let since = age(now, since);
                format!(
                    "trail {trail}: {events} events wait ({bytes} bytes), the oldest came {since}"
                )
            }
            None => format!("trail {trail}: nothing waits"),
        };
        if seen.lost > 0 {
            let lost = seen.lost;
            detail += &format!("; {lost} were given up, which the trail does not say yet");
        }
        if seen.dead + seen.damaged > 0 {
            let (dead, damaged) = (seen.dead, seen.damaged);
            detail +=
                &format!("; {dead} that can never be recorded and {damaged} damaged are set aside");
        }
        let waits = seen
            .waiting_since
            .map_or(0, |since| (now.as_micros() - since.as_micros()) / 1_000_000);
        if seen.abandoned > 0 {
            let remedy = "start the application that recorded them: it delivers what it left";
            self.warn(
                "spool",
                format!("{detail}; no process delivers them"),
                remedy,
            );
        } else if waits > SECONDS_MAX {
            let remedy = "the application's log says why its trail takes nothing";
            self.warn("spool", detail, remedy);
        } else if seen.dead + seen.damaged > 0 {
            let remedy = format!(
                "`dead-letters` and `damaged` below {} hold them, the first with the reasons; move \
                 the files away when they are dealt with",
                seen.folder.display()
            );
            self.warn("spool", detail, &remedy);
        } else {
            self.ok("spool", detail);
        }
    }

    fn unreadable(&mut self, folder: &Path, problem: &str) {
        let detail = format!("{}: {problem}", folder.display());
        self.fail("spool", detail, "mend what the message names");
    }
}
