//! What only a database on a server has: a way to it, roles, a clock of its own, partitions.

use indelible::Timestamp;
use indelible::core::store::{Condition, StoreError};
use indelible_postgres::{Address, MigrationStatus, Options, PostgresStore};

use super::{Checkup, Verdict};
use crate::command::doctor::obstacle::Obstacle;

/// From here on the two clocks are worth a look.
const OFFSET_WARN_MICROS: u64 = 2_000_000;
/// From here on times cannot be compared.
const OFFSET_FAIL_MICROS: u64 = 10_000_000;

impl Checkup {
    /// A database that could not be opened, looked at step by step: the way to it, then its schema.
    ///
    /// Answers whether one of them is the reason.
    pub(super) async fn way(&mut self, address: &Address, password_in_url: bool) -> bool {
        let migrations = PostgresStore::migrations(address, &Options::default()).await;
        let migrations = match migrations {
            Ok(migrations) => migrations,
            Err(StoreError::Unsupported(text)) if text.contains(": GRANT ") => {
                self.ok("address", format!("{address} lets this role in"));
                let (fact, grant) = text.split_once(": ").unwrap_or((&text, ""));
                self.fail("privileges", fact, grant);
                return true;
            }
            Err(error) => {
                let Some(obstacle) = Obstacle::of(&error) else {
                    return false;
                };
                let remedy = obstacle.remedy(address, password_in_url);
                self.fail(obstacle.check(), format!("{address}: {error}"), &remedy);
                return true;
            }
        };
        self.ok("address", format!("{address} lets this role in"));
        let pending = migrations.iter().filter(|migration| !migration.applied);
        let pending: Vec<_> = pending.map(MigrationStatus::to_string).collect();
        if pending.is_empty() {
            return false;
        }
        let detail = match pending.len() == migrations.len() {
            true => "the database has no schema of Indelible's".to_owned(),
            false => format!("the database lacks {}", pending.join(", ")),
        };
        let remedy = "`indelible migrate up`, by the database's owner; a database that held a trail \
                      is restored from a backup";
        self.fail("schema", detail, remedy);
        true
    }

    pub(super) fn server(&mut self, condition: &Condition, here: Timestamp) {
        self.privileges(condition);
        if !condition.lacking_access.is_empty() {
            let first = |statement: &String| match statement.split_once('\n') {
                Some(_) => "the owner of tables and functions".to_owned(),
                None => statement.clone(),
            };
            let lacking: Vec<_> = condition.lacking_access.iter().map(first).collect();
            let detail = format!("not done yet: {}", lacking.join("; "));
            self.warn("roles", detail, "`indelible migrate up` by a superuser");
        }
        if let Some(there) = condition.clock {
            self.clock(here.as_micros() - there.as_micros());
        }
        match (&condition.partition_problem, &condition.next_partition) {
            (Some(problem), _) => {
                let remedy = "`indelible record` by a member of indelible_writer makes them ahead";
                self.fail("partitions", problem, remedy);
            }
            (None, Some(last)) => self.ok("partitions", format!("made up to {last}")),
            (None, None) => {}
        }
    }

    fn privileges(&mut self, condition: &Condition) {
        let (missing, grants) = parted(&condition.missing_privileges);
        if !missing.is_empty() {
            let whom = match condition.reads_only {
                true => "an auditor",
                false => "a writer",
            };
            let detail = format!("this role lacks what {whom} needs: {missing}");
            self.fail("privileges", detail, &grants);
        }
        let (excess, advice) = parted(&condition.excess_privileges);
        if !excess.is_empty() {
            self.warn("privileges", excess, &advice);
        } else if missing.is_empty() && condition.reads_only {
            self.ok("privileges", "this role may read all, and not record");
        } else if missing.is_empty() {
            self.ok("privileges", "this role may record, and change nothing");
        }
    }

    /// By how much this process is ahead of the database.
    fn clock(&mut self, offset_micros: i64) {
        let seconds = offset_micros.unsigned_abs() as f64 / 1e6;
        let side = if offset_micros < 0 {
            "behind"
        } else {
            "ahead of"
        };
        let detail = format!("{seconds:.1} s {side} the database's");
        let remedy = "let both hosts keep time with NTP (`timedatectl`)";
        match of_offset(offset_micros) {
            Verdict::Ok => self.ok("clock", detail),
            Verdict::Warn => self.warn("clock", detail, remedy),
            Verdict::Fail => self.fail("clock", detail, remedy),
        }
    }
}

/// What mends settings of a server, each said as `<name> is <value>, not <value>`.
pub(super) fn settings_remedy(weak: &[String]) -> String {
    let remedy = |said: &String| {
        let (name, rest) = said.split_once(" is ")?;
        let (_, must) = rest.split_once(", not ")?;
        Some(format!("ALTER SYSTEM SET {name} = {must}"))
    };
    let mut remedies: Vec<_> = weak.iter().filter_map(remedy).collect();
    if remedies.is_empty() {
        // The line itself says what to add to the URL.
        return "mend the URL".to_owned();
    }
    remedies.push("SELECT pg_reload_conf()".to_owned());
    format!(
        "`{}`, by a superuser; where it stays, it is set for the role, the database or on the \
         server's command line",
        remedies.join("; ")
    )
}

fn of_offset(offset_micros: i64) -> Verdict {
    match offset_micros.unsigned_abs() {
        OFFSET_FAIL_MICROS.. => Verdict::Fail,
        OFFSET_WARN_MICROS.. => Verdict::Warn,
        _ => Verdict::Ok,
    }
}

/// What the store says of privileges, `<what>: <the statement that mends it>`, as one line of each;
/// one statement often mends all.
fn parted(said: &[String]) -> (String, String) {
    let (mut what, mut remedies) = (Vec::new(), Vec::new());
    for line in said {
        let (fact, remedy) = line.split_once(": ").unwrap_or((line, ""));
        what.push(fact);
        if !remedy.is_empty() && !remedies.contains(&remedy) {
            remedies.push(remedy);
        }
    }
    (what.join("; "), remedies.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_may_differ_by_two_seconds_and_must_not_by_ten() {
        for (offset, verdict) in [
            (0, Verdict::Ok),
            (1_999_999, Verdict::Ok),
            (-1_999_999, Verdict::Ok),
            (2_000_000, Verdict::Warn),
            (-9_999_999, Verdict::Warn),
            (10_000_000, Verdict::Fail),
            (i64::MIN, Verdict::Fail),
        ] {
            assert_eq!(of_offset(offset), verdict, "{offset}");
        }
    }

    #[test]
    fn one_statement_that_mends_all_is_said_once() {
        let said = [
            "INSERT on head: GRANT w TO app",
            "INSERT on entry: GRANT w TO app",
        ];
        let (what, remedy) = parted(&said.map(str::to_owned));
        assert_eq!(what, "INSERT on head; INSERT on entry");
        assert_eq!(remedy, "GRANT w TO app");
    }
}
