//! The forms of the answers, all of the same data.

use std::fmt::Write as _;

use askama::Template;

use super::{Answered, SystemReport};
use crate::render::{Form, RenderError, plain, written};

#[derive(Template)]
#[template(path = "system.html")]
struct Page<'r> {
    report: &'r SystemReport,
}

/// The answers in a form. The same answers give the same bytes.
///
/// # Errors
/// [`RenderError`].
pub fn render_system(report: &SystemReport, form: Form) -> Result<String, RenderError> {
    Ok(match form {
        Form::Html => Page { report }.render()?,
        Form::Markdown => markdown(report),
        Form::Json => serde_json::to_string_pretty(report)? + "\n",
        Form::Csv => sheet(report)?,
    })
}

fn markdown(report: &SystemReport) -> String {
    let mut out = format!(
        "# Requirements on the audit system, {}\n\nMeasured {} by {}.\n\n",
        plain(&report.installation.name),
        report.measured_at,
        plain(&report.software)
    );
    for count in &report.counts {
        // A String takes every text.
        let _ = writeln!(out, "- {}: {}", count.answer, count.requirements);
    }
    out.push_str(
        "\n| Requirement | Asked | Answer | Measured | Shown by |\n|---|---|---|---|---|\n",
    );
    for it in &report.requirements {
        let asked = &it.requirement;
        let tests: Vec<_> = asked.tests.iter().map(|test| format!("`{test}`")).collect();
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} |",
            asked.id,
            plain(&asked.asks),
            it.answer,
            plain(&it.fact),
            tests.join(" ")
        );
    }
    out
}

fn sheet(report: &SystemReport) -> Result<String, csv::Error> {
    let columns = [
        "requirement",
        "area",
        "asked",
        "sources",
        "answer",
        "measured",
        "product",
        "tests",
    ];
    written(&columns, report.requirements.iter().map(row))
}

fn row(it: &Answered) -> [String; 8] {
    let asked = it.requirement;
    [
        asked.id.clone(),
        asked.area.clone(),
        asked.asks.clone(),
        asked.sources.clone(),
        it.answer.to_string(),
        it.fact.clone(),
        asked.product.clone(),
        asked.tests.join(" "),
    ]
}
