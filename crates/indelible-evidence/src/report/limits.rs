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
        verification(report),
        "An entry counts as evidence only if its condition held when it was written. Where that \
         cannot be told it is counted as undecidable, and is no evidence."
            .to_owned(),
    ];
    let mut note = |applies: bool, text: String| {
        if applies {
            limits.push(text);
        }
    };
    note(
        !report.completeness.is_over,
        format!(
            "The period is not over: the report is up to {}.",
            report.completeness.covered_to
        ),
    );
    limits.extend(removed(report));
    let mut note = |applies: bool, text: String| {
        if applies {
            limits.push(text);
        }
    };
    let declared = report.controls.iter().filter(|it| it.by_declaration > 0);
    let declared = declared.count() as u64;
    note(
        declared > 0,
        format!(
            "In {} entries are counted as they are by the operator's statements, which nothing here \
             shows to be true; they make no direct evidence.",
            counted(declared, "control")
        ),
    );
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
            quality.contradictory,
            "whose outcome contradicts their action",
        ),
        (quality.tags_dropped, "of which a tag was left out"),
        (
            quality.recorded_late,
            "recorded more than a day after they happened",
        ),
    ] {
        note(count > 0, format!("Entries of the period {what}: {count}."));
    }
    note(
        report.sampling.is_some(),
        format!(
            "A sample is drawn by nobody's choice only if the auditor had the size, {}, and the root \
             of the trail before the seed was named: whoever knows the seed can record until it \
             draws what they like.",
            report.completeness.as_of
        ),
    );
    note(
        report.attempts.let_go > 0,
        format!(
            "Too many attempts were open at once: {} were taken for unresolved early.",
            counted(report.attempts.let_go, "attempt")
        ),
    );
    note(
        report.attempts.uncounted > 0,
        format!(
            "Attempts of more actions than are counted apart: of {} nothing else is counted.",
            counted(report.attempts.uncounted, "attempt")
        ),
    );
    note(
        report.actions_unlisted > 0,
        format!(
            "More actions than are listed: {} of others.",
            counted(report.actions_unlisted, "entry")
        ),
    );
    for (list, what) in [
        (&report.lifecycle, "The life of the log"),
        (&report.reviews, "Reviews and findings"),
    ] {
        let left_out = list.count - list.list.len() as u64;
        note(
            left_out > 0,
            format!("{what}: {} are not listed.", counted(left_out, "record")),
        );
    }
    note(
        !report.made.recorded,
        "That this report was made is not on record in the trail.".to_owned(),
    );
    limits
}

/// What of the trail is not there any more.
pub(crate) fn removed(report: &Report) -> Option<String> {
    let it = &report.completeness;
    let went = match it.first_kept {
        0 => return None,
        went => counted(went, "entry"),
    };
    Some(match it.removed_of(&report.period) {
        Some(first) => format!(
            "Entries of the period were removed by retention, those recorded before {first} ({went} \
             from the beginning of the trail): no count has them, and of no action is said that it \
             did not occur."
        ),
        None => format!(
            "Retention removed {went} from the beginning of the trail, all of before the period: \
             whether an action was seen before it says what is left."
        ),
    })
}

/// What is known of whether the trail is as it was recorded.
pub(crate) fn verification(report: &Report) -> String {
    let told = match &report.completeness.verified {
        None => "no verification of this trail is on record".to_owned(),
        Some(last) if last.sound => format!("the last on record, of {}, found none", last.at),
        Some(last) => format!("THE LAST ON RECORD, OF {}, FOUND SOME", last.at),
    };
    format!(
        "Each entry that was counted was compared with its leaf. Whether others were altered so \
         that they no longer fall into the period, or are missing, is what `indelible verify` \
         shows: {told}."
    )
}
