//! Why a control is in its state, in a sentence.

use indelible_core::Timestamp;

use super::ControlReport;
use crate::period::Day;
use crate::state::State;

/// What a reason is made of beside the report itself.
pub struct Known {
    /// Whether any action may be evidence for the control.
    pub is_mapped: bool,
    /// When an action without entries in the period was last seen before.
    pub before: Option<Timestamp>,
    /// When one was first seen after it.
    pub after: Option<Timestamp>,
    /// Whether its actions are declared to be recorded whenever they happen.
    pub declared: bool,
    /// The days of the period with evidence.
    pub days: u64,
    /// When the first entry that is there was recorded, where some of the period may be removed.
    pub removed: Option<Timestamp>,
}

/// The most terms that are named in a sentence.
const TERMS_MAX: usize = 4;

/// Why a control is in its state.
pub fn reason(control: &ControlReport, known: Known) -> String {
    let ControlReport {
        records,
        direct,
        supporting,
        undecidable,
        ..
    } = control;
    match control.state {
        State::NotApplicable => match &control.not_applicable {
            Some(it) => format!("declared by {} on {}: {}", it.by, it.on, it.why),
            None => "declared so".to_owned(),
        },
        State::NeedsEvidenceElsewhere => elsewhere(control, known.is_mapped),
        State::Operating => {
            let days = counted(known.days, "day");
            let entries = counted(*direct, "entry");
            let rest = untold(control) + &declared(control);
            format!("{entries} on {days} are direct evidence{rest}")
        }
        State::CannotTell if *undecidable == 0 => format!(
            "what is left of the period holds no evidence: none happened, none was recorded, or it \
             was removed; {}{}{}{}",
            alive(control),
            last(&known),
            declared(control),
            removed(&known)
        ),
        State::CannotTell => format!(
            "{} of its actions, but what its condition asks was not recorded with {}: {}; {} \
             supporting{}",
            counted(*records, "entry"),
            undecidable,
            terms(control),
            supporting,
            declared(control),
        ),
        State::SupportingOnly => format!(
            "{} help to show it, none is direct evidence{}{}",
            counted(*supporting, "entry"),
            untold(control),
            declared(control)
        ),
        State::NoOccurrence if *records > 0 => format!(
            "{} of its actions, none of which meets its condition, and recording was alive all \
             through: {}{}",
            counted(*records, "entry"),
            alive(control),
            declared(control)
        ),
        State::NoOccurrence => format!(
            "none of its actions was recorded, and recording was alive all through: {}{}",
            alive(control),
            last(&known)
        ),
        State::Stale => format!(
            "{}, and nothing shows that recording was alive all through ({}): none happened, or \
             none was recorded{}{}",
            match records {
                0 => "none of its actions was recorded in the period".to_owned(),
                _ => format!(
                    "{} of its actions, none of which meets its condition",
                    counted(*records, "entry")
                ),
            },
            alive(control),
            last(&known),
            declared(control)
        ),
        State::NotInstrumented => not_instrumented(&known),
    }
}

fn elsewhere(control: &ControlReport, is_mapped: bool) -> String {
    let mut text = match is_mapped {
        true => "what is designed or required is not shown by records alone".to_owned(),
        false => "no record is evidence for it".to_owned(),
    };
    if !control.system_requirements.is_empty() {
        let cited = control.system_requirements.join(", ");
        text.push_str(&format!(
            "; it is asked of the audit system itself: {cited}"
        ));
    }
    if control.direct + control.supporting > 0 {
        let entries = counted(control.direct + control.supporting, "entry");
        text.push_str(&format!(
            "; {entries} in the period help to show that it operated"
        ));
    }
    text
}

fn untold(control: &ControlReport) -> String {
    match control.undecidable {
        0 => String::new(),
        count => format!(
            "; of {} it cannot be told whether they are, for lack of {}",
            counted(count, "entry"),
            terms(control)
        ),
    }
}

/// That a state rests on what the operator says.
fn declared(control: &ControlReport) -> String {
    match control.by_declaration {
        0 => String::new(),
        count => format!(
            "; {} counted so only by what the operator declares: {}",
            counted(count, "entry"),
            control.declarations.join(", ")
        ),
    }
}

fn terms(control: &ControlReport) -> String {
    let mut all = control.unknown_terms.iter();
    let named: Vec<_> = all.by_ref().take(TERMS_MAX).collect();
    let mut texts: Vec<String> = named
        .iter()
        .map(|it| format!("{} ({})", it.term, it.entries))
        .collect();
    match all.count() {
        0 => {}
        more => texts.push(format!("{more} more")),
    }
    texts.join(", ")
}

fn alive(control: &ControlReport) -> String {
    let it = control.liveness;
    let mut shown = Vec::new();
    if it.source_entries > 0 {
        shown.push(format!(
            "the same source recorded {} on {}",
            counted(it.source_entries, "entry"),
            counted(it.source_days, "day")
        ));
    }
    if it.self_checks > 0 {
        shown.push(counted(it.self_checks, "self-check"));
    }
    if it.starts > 0 {
        shown.push(counted(it.starts, "start"));
    }
    shown.push(match it.hours_with_signs {
        0 => "no sign of life".to_owned(),
        _ => format!(
            "{} at most without a sign of life, {} are let pass",
            counted(it.silent_hours, "hour"),
            it.silent_hours_max
        ),
    });
    shown.join(", ")
}

/// That what is there is not all that was.
fn removed(known: &Known) -> String {
    match known.removed {
        None => String::new(),
        Some(first) => format!(
            "; entries of the period were removed by retention, those recorded before {first}"
        ),
    }
}

fn last(known: &Known) -> String {
    match known.before {
        Some(time) => format!("; last seen on {}", Day::of(time)),
        None if known.declared => {
            "; never seen, but by the operator's statement recorded".to_owned()
        }
        None => String::new(),
    }
}

fn not_instrumented(known: &Known) -> String {
    match known.after {
        Some(time) => format!(
            "none of its actions is on record up to the end of the period; first seen after it, \
             on {}",
            Day::of(time)
        ),
        None if known.declared => {
            "none of its actions is on record; they are declared to be recorded, but nothing shows \
             that recording was alive all through"
                .to_owned()
        }
        None => "none of its actions is on record".to_owned(),
    }
}

/// A number with what it counts.
pub fn counted(count: u64, what: &str) -> String {
    let plural = match what.strip_suffix('y') {
        _ if count == 1 => what.to_owned(),
        Some(stem) if !stem.ends_with('a') => format!("{stem}ies"),
        _ => format!("{what}s"),
    };
    format!("{count} {plural}")
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn one_and_many() {
        assert_eq!(counted(1, "entry"), "1 entry");
        assert_eq!(counted(0, "entry"), "0 entries");
        assert_eq!(counted(2, "day"), "2 days");
    }
}
