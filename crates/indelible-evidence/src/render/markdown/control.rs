//! The controls, in a table and one by one.

use std::fmt::Write as _;

use super::{code, plain};
use crate::gather::Silence;
use crate::render::statements::rests_on;
use crate::report::{ControlReport, Report, counted};
use crate::state::State;

pub(super) fn controls(report: &Report, out: &mut String) {
    line!(out, "## Controls\n");
    line!(
        out,
        "| Control | State | Direct | Supporting | Undecidable | Unresolved attempts | Why |\n\
         |---|---|---:|---:|---:|---:|---|"
    );
    for it in &report.controls {
        line!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} |",
            plain(&it.control.to_string()),
            it.state.title(),
            it.direct,
            it.supporting,
            it.undecidable,
            it.unresolved_attempts,
            plain(&it.reason)
        );
    }
    line!(out);
    for control in report.controls.iter().filter(|it| has_details(it)) {
        details(control, out);
    }
}

fn has_details(control: &ControlReport) -> bool {
    control.records > 0 || !control.actions.is_empty()
}

fn details(control: &ControlReport, out: &mut String) {
    line!(out, "### {}\n", plain(&control.control.to_string()));
    line!(out, "{}.\n", plain(&control.paraphrase));
    line!(
        out,
        "**{}**: {}.\n",
        control.state.title(),
        plain(&control.reason)
    );
    if let Some(text) = rests_on(control) {
        line!(out, "{}\n", plain(&text));
    }
    let spoilt = control.truncated + control.redacted + control.erased;
    if spoilt > 0 {
        line!(
            out,
            "Of the evidence, {} cut, {} redacted, {} erased in part.\n",
            control.truncated,
            control.redacted,
            control.erased
        );
    }
    line!(
        out,
        "| Action | Is | When | Holds | Cannot tell | Does not | By declaration | Last before |"
    );
    line!(out, "|---|---|---|---:|---:|---:|---:|---|");
    for row in &control.actions {
        line!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} | {} |",
            code(&row.action),
            row.strength.as_str(),
            code(&row.condition),
            row.holds,
            row.unknown,
            row.fails,
            row.declared,
            row.last_seen_before
                .map(|it| it.to_string())
                .unwrap_or_default()
        );
    }
    line!(out);
    if control.state != State::NeedsEvidenceElsewhere {
        silences(control, out);
    }
    if !control.sample.is_empty() {
        line!(
            out,
            "| Sample, seq | Id | Action | Occurred | Leaf |\n|---:|---|---|---|---|"
        );
        for it in &control.sample {
            let (id, action, leaf) = (it.id, code(&it.action), code(&it.leaf_hash));
            line!(
                out,
                "| {} | {id} | {action} | {} | {leaf} |",
                it.seq,
                it.occurred_at
            );
        }
        line!(out);
    }
}

fn silences(control: &ControlReport, out: &mut String) {
    for silence in &control.silences {
        line!(out, "- {}", silence_text(silence));
    }
    let more = control.silences_count - control.silences.len() as u64;
    if more > 0 {
        line!(out, "- and {}", counted(more, "shorter one"));
    }
    if control.silences_count > 0 {
        line!(out);
    }
}

/// What a silence asks.
pub(in crate::render) fn silence_text(silence: &Silence) -> String {
    let (from, to) = (silence.from, silence.to);
    match silence.source_records {
        0 => format!(
            "nothing from {from} to {to}: none happened, or none recorded? The same source \
             recorded nothing at all on these days"
        ),
        count => format!(
            "nothing from {from} to {to}: none happened, or none recorded? The same source \
             recorded {} on these days",
            counted(count, "entry")
        ),
    }
}
