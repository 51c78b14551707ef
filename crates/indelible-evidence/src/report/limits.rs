//! What a report does not show.

use super::{Report, reason::counted};
use crate::state::State;

/// What the reader has to be told beside the numbers.
pub fn limits(report: &Report) -> Vec<String> {
    let mut limits = vec![
        "It is evidence and no certificate: it says what was recorded, and judges nobody. Which \
         action is evidence for which control is a judgement of this project."
            .to_owned(),
        "What was never handed in for recording is not in it. When something happened is what \
         whoever recorded it said; the order of the trail and the time of recording are the \
         trail's own."
            .to_owned(),
        format!(
            "The counts are of the entries that occurred in the period, of the trail as it was \
             with {}. An export with the same question has the same number; a complete evidence \
             pack proves that none was left out.",
            counted(report.completeness.as_of, "entry")
        ),
        "An entry counts as evidence only if its condition held when it was written. Where that \
         cannot be told it is counted as undecidable, and is no evidence."
            .to_owned(),
    ];
    let mut note = |applies: bool, text: String| {
        if applies {
            limits.push(text);
        }
    };
    let elsewhere = report.controls_of(State::NeedsEvidenceElsewhere);
    note(
        elsewhere > 0,
        format!(
            "{} need evidence from elsewhere: configuration, policies, the audit system itself.",
            counted(elsewhere, "control")
        ),
    );
    note(
        report.scope.scope.declared.is_none(),
        "No scope was declared. Which systems and data the trail is about is not known to the \
         report."
            .to_owned(),
    );
    if let Some(presupposed) = report.scope.presupposes
        && presupposed.declared.is_none()
    {
        let title = presupposed.area.title();
        let text = format!("All controls presuppose that {title} is in scope; nobody declared it.");
        note(true, text);
    }
    let custom = report.custom_entries();
    note(
        custom > 0,
        format!(
            "{} of the period are of actions outside of the catalogue. They count for nothing \
             but what asks of every record.",
            counted(custom, "entry")
        ),
    );
    let quality = &report.quality;
    for (count, what) in [
        (quality.truncated, "with a value that was cut"),
        (quality.redacted, "with a value that was redacted"),
        (quality.erased, "of which a part was erased since"),
        (
            quality.recorded_late,
            "recorded more than a day after they happened",
        ),
    ] {
        note(count > 0, format!("Entries of the period {what}: {count}."));
    }
    note(
        report.attempts.let_go > 0,
        format!(
            "Too many attempts were open at once: {} were taken for unresolved early.",
            counted(report.attempts.let_go, "attempt")
        ),
    );
    note(
        !report.made.recorded,
        "That this report was made is not on record in the trail.".to_owned(),
    );
    limits
}
