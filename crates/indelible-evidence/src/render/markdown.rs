//! Markdown, for tickets and wikis.

use std::fmt::Write as _;

use super::statements::{HEADING, NOTE, statements};
use crate::report::{Report, counted, removed, verification};
pub(super) use control::silence_text;

/// Appends a line.
macro_rules! line {
    ($out:expr) => { $out.push('\n') };
    ($out:expr, $($text:tt)*) => {{
        // A String takes every text.
        let _ = writeln!($out, $($text)*);
    }};
}

mod control;

pub fn render(report: &Report) -> String {
    let mut out = String::new();
    heading(report, &mut out);
    completeness(report, &mut out);
    scope(report, &mut out);
    states(report, &mut out);
    control::controls(report, &mut out);
    attempts(report, &mut out);
    journal(report, &mut out);
    actions(report, &mut out);
    line!(out, "## What this report does not show\n");
    for limit in &report.limits {
        line!(out, "- {}", plain(limit));
    }
    out
}

fn heading(report: &Report, out: &mut String) {
    let framework = &report.framework;
    line!(
        out,
        "# {}, version {}\n",
        framework.family,
        framework.version
    );
    line!(out, "| | |\n|---|---|");
    let made = &report.made;
    let asked_by = made.asked_by.as_deref().unwrap_or("nobody was named");
    for (name, value) in [
        ("Trail", report.trail.to_string()),
        ("From", report.period.from.to_string()),
        ("To", report.period.to.to_string()),
        ("Framework", framework.name.to_owned()),
        ("Catalogue", report.catalogue_version.to_owned()),
        ("Made", made.created.to_string()),
        ("For", plain(asked_by)),
        ("By", plain(&made.software)),
        ("Question", code(&made.query)),
    ] {
        line!(out, "| {name} | {value} |");
    }
    line!(out);
}

fn completeness(report: &Report, out: &mut String) {
    let it = &report.completeness;
    let quality = &report.quality;
    line!(out, "## Completeness\n");
    line!(
        out,
        "{} occurred in the period, of a trail whose head says {}. {}\n",
        counted(it.entries, "entry"),
        counted(it.as_of, "entry"),
        verification(report)
    );
    if let Some(removed) = removed(report) {
        line!(out, "{removed}\n");
    }
    if !it.is_over {
        let to = it.covered_to;
        line!(out, "The period is not over: the report is up to {to}.\n");
    }
    line!(out, "| | |\n|---|---|");
    let seq = |seq: Option<u64>| seq.map_or_else(|| "none".to_owned(), |seq| seq.to_string());
    for (name, value) in [
        (
            "First and last seq",
            format!("{}, {}", seq(it.first_seq), seq(it.last_seq)),
        ),
        ("Root of the tree", code(&it.root)),
        ("Last entry recorded", it.pinned_at.to_string()),
        ("Cut", quality.truncated.to_string()),
        ("Redacted", quality.redacted.to_string()),
        ("Erased in part", quality.erased.to_string()),
        ("With a tag left out", quality.tags_dropped.to_string()),
        (
            "With an outcome that contradicts the action",
            quality.contradictory.to_string(),
        ),
        (
            "Recorded over a day late",
            quality.recorded_late.to_string(),
        ),
        ("Without a user", quality.without_user.to_string()),
        ("Without an origin", quality.without_origin.to_string()),
        ("Without a resource", quality.without_resource.to_string()),
        (
            "Of actions outside of the catalogue",
            report.custom_entries().to_string(),
        ),
        (
            "Attempts without an outcome in time",
            report.unresolved_attempts().to_string(),
        ),
    ] {
        line!(out, "| {name} | {value} |");
    }
    line!(
        out,
        "\nCheckpoints before the first of these entries and at the end:\n"
    );
    let notes = it.checkpoint_before.iter().chain([&it.checkpoint_after]);
    for note in notes {
        line!(out, "```text\n{}\n```\n", note.trim_end());
    }
}

fn scope(report: &Report, out: &mut String) {
    line!(out, "## Scope\n");
    let scope = &report.scope.scope;
    match &scope.declared {
        None => line!(out, "No scope was declared.\n"),
        Some(it) => line!(
            out,
            "Declared by {} on {}: {}\n",
            plain(&it.by),
            plain(&it.on),
            plain(&it.why)
        ),
    }
    if let Some(digest) = &scope.sha256 {
        line!(out, "SHA-256 of the file: {}\n", code(digest));
    }
    let listed = statements(scope);
    if listed.is_empty() {
        return;
    }
    line!(out, "### {HEADING}\n\n{NOTE}\n");
    for (name, text) in listed {
        line!(out, "- {} {}", code(&name), plain(&text));
    }
    line!(out);
}

fn states(report: &Report, out: &mut String) {
    line!(out, "## Controls by state\n");
    line!(out, "| State | Controls | It says |\n|---|---:|---|");
    for count in &report.states {
        let state = count.state;
        line!(
            out,
            "| {} | {} | {} |",
            state.title(),
            count.controls,
            state.meaning()
        );
    }
    line!(out);
}

fn attempts(report: &Report, out: &mut String) {
    line!(out, "## Attempts and outcomes\n");
    if report.attempts.workflows.is_empty() {
        line!(out, "None in the period.\n");
        return;
    }
    line!(
        out,
        "| Workflow | Waits | Attempts | Closed | Late | Unresolved | Pending | Without link | \
         Outcomes without attempt |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|"
    );
    for it in &report.attempts.workflows {
        line!(
            out,
            "| {} | {} s | {} | {} | {} | {} | {} | {} | {} |",
            code(&it.workflow),
            it.resolve_seconds,
            it.attempts,
            it.closed,
            it.closed_late,
            it.unresolved,
            it.pending,
            it.unlinked,
            it.outcomes_without_attempt
        );
    }
    line!(out);
    for it in &report.attempts.unresolved {
        line!(
            out,
            "- {} {}, entry {}",
            it.occurred_at,
            code(&it.action),
            it.seq
        );
    }
    line!(out);
}

fn journal(report: &Report, out: &mut String) {
    line!(out, "## Accesses to the log\n");
    line!(
        out,
        "| Who | What | Entries | Times | First | Last |\n|---|---|---:|---:|---|---|"
    );
    for it in &report.log_access.readers {
        let user = it.user_id.as_deref().unwrap_or("not known");
        let (action, first) = (code(&it.action), it.first);
        let (entries, times, last) = (it.entries, it.times, it.last);
        line!(
            out,
            "| {} | {action} | {entries} | {times} | {first} | {last} |",
            plain(user)
        );
    }
    line!(out);
    for (title, list) in [
        ("Life of the log", &report.lifecycle),
        ("Reviews and findings", &report.reviews),
    ] {
        line!(
            out,
            "## {title}\n\n{} in the period.\n",
            counted(list.count, "record")
        );
        for it in &list.list {
            let facts = serde_json::to_string(&it.facts).unwrap_or_default();
            let (time, action) = (it.occurred_at, code(&it.action));
            let problem = it.problem.iter();
            let problem =
                problem.map(|problem| format!(" **counts for nothing**: {}", plain(problem)));
            line!(
                out,
                "- {time} {action} ({} {}) {}{}",
                it.trail,
                it.seq,
                code(&facts),
                problem.collect::<String>()
            );
        }
        line!(out);
    }
}

fn actions(report: &Report, out: &mut String) {
    line!(out, "## Recorded actions\n");
    line!(
        out,
        "| Action | In the catalogue | Entries | First | Last |\n|---|---|---:|---|---|"
    );
    for it in &report.actions {
        let canonical = it.canonical.map_or_else(|| "no".to_owned(), code);
        let (action, entries) = (code(&it.action), it.entries);
        line!(
            out,
            "| {action} | {canonical} | {entries} | {} | {} |",
            it.first,
            it.last
        );
    }
    line!(out);
}

/// A text that is none of Markdown's own, on one line.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '!' | '~' => {
                out.push('\\');
                out.push(letter);
            }
            letter if letter.is_control() => out.push(' '),
            letter => out.push(letter),
        }
    }
    out
}

/// A text in a code span, on one line of a table.
fn code(text: &str) -> String {
    let text: String = text
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect();
    let runs = text.split(|c| c != '`').map(str::len);
    let fence = "`".repeat(runs.max().unwrap_or(0) + 1);
    let space = if text.contains('`') { " " } else { "" };
    format!("{fence}{space}{}{space}{fence}", text.replace('|', "\\|"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_others_stay_texts() {
        assert_eq!(plain("a|b\n# <b>*x*"), "a\\|b \\# &lt;b&gt;\\*x\\*");
        assert_eq!(code("a_b"), "`a_b`");
        assert_eq!(code("x``y|z"), "``` x``y\\|z ```");
    }
}
