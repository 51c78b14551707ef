//! The statements that put guards back.

use super::expected::{Trigger, expected};
use super::quoted;

/// What puts back the guards that [`super::guards::altered`] names, and takes foreign triggers
/// away, in the order in which it must be done. Nothing where a table, a column, a function or a
/// view was altered too: what was in it is not known, and guards alone would not mend it.
pub(super) fn repairs(problems: &[String]) -> Vec<String> {
    let all: Option<Vec<_>> = problems.iter().map(|said| repair(said)).collect();
    all.unwrap_or_default()
}

fn repair(said: &str) -> Option<String> {
    let (table, problem) = said.split_once(": ")?;
    let on = format!("indelible.{}", quoted(table));
    if let Some(name) = problem.strip_prefix("trigger ") {
        let name = name.strip_suffix(" is foreign")?;
        if name.starts_with("guard_") {
            // A guard of ours where none is expected: on a partition that was detached.
            return None;
        }
        let name = quoted(name);
        // With that of a parent go those of its partitions.
        return Some(format!("DROP TRIGGER IF EXISTS {name} ON {on}"));
    }
    let (guard, state) = problem.split_once(" guard is ")?;
    let name = format!("guard_{guard}");
    let always = format!("ALTER TABLE {on} ENABLE ALWAYS TRIGGER {name}");
    let of = |table: &str| {
        let mut triggers = expected().triggers.iter();
        triggers.find(|trigger| trigger.table == table && trigger.name == name)
    };
    // A partition has the row guards of its parent, and one against TRUNCATE of its own.
    let own = of(table).or_else(|| of("entry_default"));
    match (state, own) {
        ("disabled", _) | (_, None) => Some(always),
        (_, Some(trigger)) => Some(format!("{}; {always}", made(trigger, &on))),
    }
}

/// Makes a trigger, whatever is there under its name.
fn made(trigger: &Trigger, on: &str) -> String {
    let Trigger { name, function, .. } = trigger;
    let event = match trigger.kind & 56 {
        8 => "DELETE",
        16 => "UPDATE",
        _ => "TRUNCATE",
    };
    let each = match trigger.kind & 1 {
        1 => "ROW",
        _ => "STATEMENT",
    };
    format!(
        "DROP TRIGGER IF EXISTS {name} ON {on}; CREATE TRIGGER {name} BEFORE {event} ON {on} \
         FOR EACH {each} EXECUTE FUNCTION indelible.{function}()"
    )
}
