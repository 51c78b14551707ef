//! One page that can be printed, without a script and with nothing outside of the file.

use askama::Template;

use super::markdown::silence_text;
use super::statements::{HEADING, NOTE, rests_on, statements};
use crate::gather::{JournalEntry, Silence};
use crate::report::{ControlReport, Report, counted, removed, verification};
use crate::state::State;

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'r> {
    report: &'r Report,
}

pub fn render(report: &Report) -> Result<String, askama::Error> {
    Page { report }.render()
}

impl Page<'_> {
    fn entries(&self, count: &u64) -> String {
        counted(*count, "entry")
    }

    /// What belongs together with its mark: only these eight words have one.
    fn mark(&self, state: &State) -> &'static str {
        match state {
            State::Operating => "●",
            State::SupportingOnly => "◐",
            State::CannotTell => "?",
            State::NoOccurrence => "○",
            State::Stale => "◌",
            State::NotInstrumented => "✕",
            State::NeedsEvidenceElsewhere => "↗",
            State::NotApplicable => "–",
        }
    }

    /// The name of a control within the page.
    fn anchor(&self, control: &ControlReport) -> String {
        let id = control.control.id().chars();
        let plain = id.map(|c| if c.is_ascii_alphanumeric() { c } else { '-' });
        format!("c-{}", plain.collect::<String>())
    }

    /// What stands before a control's number.
    fn place(&self, control: &ControlReport) -> String {
        format!("{}:", control.control.framework().name())
    }

    fn statements(&self) -> Vec<(String, String)> {
        statements(&self.report.scope.scope)
    }

    fn heading(&self) -> &'static str {
        HEADING
    }

    fn note(&self) -> &'static str {
        NOTE
    }

    fn rests_on(&self, control: &ControlReport) -> Option<String> {
        rests_on(control)
    }

    fn verification(&self) -> String {
        verification(self.report)
    }

    fn removed(&self) -> Option<String> {
        removed(self.report)
    }

    fn silence(&self, silence: &Silence) -> String {
        silence_text(silence)
    }

    fn facts(&self, entry: &JournalEntry) -> String {
        let facts = entry.facts.iter().map(|(name, value)| match value {
            serde_json::Value::String(text) => format!("{name}: {text}"),
            value => format!("{name}: {value}"),
        });
        let problem = entry.problem.iter();
        let problem = problem.map(|problem| format!("COUNTS FOR NOTHING: {problem}"));
        problem.chain(facts).collect::<Vec<_>>().join(", ")
    }

    fn or_nothing<T: ToString>(&self, value: &Option<T>) -> String {
        value.as_ref().map(T::to_string).unwrap_or_default()
    }
}
