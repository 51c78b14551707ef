//! What only a database on a server has: roles, a clock of its own, partitions.

use indelible_core::Timestamp;
use indelible_core::store::Condition;

use super::{Check, Verdict};

/// From here on the two clocks are worth a look.
const OFFSET_WARN_MICROS: u64 = 2_000_000;
/// From here on times cannot be compared.
const OFFSET_FAIL_MICROS: u64 = 10_000_000;

/// What a store on a server says of its own condition besides, judged. `here` is the time here
/// when the database looked at its clock.
pub fn of_server(condition: &Condition, here: Timestamp) -> Vec<Check> {
    let mut checks = privileges(condition);
    if !condition.lacking_access.is_empty() {
        let first = |statement: &String| match statement.split_once('\n') {
            Some(_) => "the owner of tables and functions".to_owned(),
            None => statement.clone(),
        };
        let lacking: Vec<_> = condition.lacking_access.iter().map(first).collect();
        let detail = format!("not done yet: {}", lacking.join("; "));
        let remedy = "`indelible migrate up` by a superuser";
        checks.push(Check::warn("roles", detail, remedy));
    }
    if let Some(there) = condition.clock {
        checks.push(clock(here.as_micros() - there.as_micros()));
    }
    match (&condition.partition_problem, &condition.next_partition) {
        (Some(problem), _) => {
            let remedy = "`indelible record` by a member of indelible_writer makes them ahead";
            checks.push(Check::fail("partitions", problem, remedy));
        }
        (None, Some(last)) => checks.push(Check::ok("partitions", format!("made up to {last}"))),
        (None, None) => {}
    }
    checks
}

fn privileges(condition: &Condition) -> Vec<Check> {
    let mut checks = Vec::new();
    let (missing, grants) = parted(&condition.missing_privileges);
    if !missing.is_empty() {
        let whom = match condition.reads_only {
            true => "an auditor",
            false => "a writer",
        };
        let detail = format!("this role lacks what {whom} needs: {missing}");
        checks.push(Check::fail("privileges", detail, &grants));
    }
    let (excess, advice) = parted(&condition.excess_privileges);
    if !excess.is_empty() {
        checks.push(Check::warn("privileges", excess, &advice));
    } else if missing.is_empty() {
        let detail = match condition.reads_only {
            true => "this role may read all, and not record",
            false => "this role may record, and change nothing",
        };
        checks.push(Check::ok("privileges", detail));
    }
    checks
}

/// By how much this process is ahead of the database.
fn clock(offset_micros: i64) -> Check {
    let seconds = offset_micros.unsigned_abs() as f64 / 1e6;
    let side = if offset_micros < 0 {
        "behind"
    } else {
        "ahead of"
    };
    let detail = format!("{seconds:.1} s {side} the database's");
    let remedy = "let both hosts keep time with NTP (`timedatectl`)";
    match of_offset(offset_micros) {
        Verdict::Ok => Check::ok("clock", detail),
        Verdict::Warn => Check::warn("clock", detail, remedy),
        Verdict::Fail => Check::fail("clock", detail, remedy),
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
