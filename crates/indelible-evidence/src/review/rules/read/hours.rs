//! Hours of work in a file of rules.

use serde::Deserialize;
use toml::Spanned;

use super::{Places, RulesError};
use crate::review::hours::{WEEKDAYS, WorkingHours, minutes};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HoursLine {
    zone: Spanned<String>,
    days: Spanned<Vec<String>>,
    from: Spanned<String>,
    to: Spanned<String>,
}

/// The hours that a line names.
pub(super) fn outside(places: &Places<'_>, line: HoursLine) -> Result<WorkingHours, RulesError> {
    let clock = |field: &str, text: &Spanned<String>| {
        minutes(text.get_ref()).ok_or_else(|| {
            let problem = format!("`{field}`: `{}` is no time such as 07:30", text.get_ref());
            places.error(text.span(), problem)
        })
    };
    let (from, to) = (clock("from", &line.from)?, clock("to", &line.to)?);
    if from >= to {
        let problem = "`to`: the hours end before they begin";
        return Err(places.error(line.to.span(), problem));
    }
    let mut days = [false; 7];
    for day in line.days.get_ref() {
        let at = WEEKDAYS
            .iter()
            .position(|name| name == day)
            .ok_or_else(|| {
                let names = WEEKDAYS.join(", ");
                places.error(
                    line.days.span(),
                    format!("`days`: `{day}` is none of {names}"),
                )
            })?;
        days[at] = true;
    }
    Ok(WorkingHours {
        zone: places.zone(&line.zone)?,
        days,
        from,
        to,
    })
}
