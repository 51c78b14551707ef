//! CSV: RFC 4180, one row for each control, and safe to open in a spreadsheet.

use csv::Terminator;

use crate::report::{ControlReport, Report};

const COLUMNS: [&str; 27] = [
    "framework",
    "control_id",
    "control",
    "state",
    "reason",
    "records",
    "direct",
    "supporting",
    "undecidable",
    "not_met",
    "by_declaration",
    "declarations",
    "first_seen",
    "last_seen",
    "truncated",
    "redacted",
    "erased",
    "unresolved_attempts",
    "silences",
    "longest_silence_from",
    "longest_silence_to",
    "sample",
    "catalogue_version",
    "as_of",
    "covered_to",
    "verified_at",
    "verified_sound",
];

/// What a spreadsheet takes for the beginning of a formula.
const FORMULA_STARTS: [char; 11] = [
    '=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}', '\t', '\r', '\n',
];

pub fn render(report: &Report) -> Result<String, csv::Error> {
    written(
        &COLUMNS,
        report.controls.iter().map(|control| row(report, control)),
    )
}

/// A sheet of these columns and rows.
pub fn written<const N: usize>(
    columns: &[&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> Result<String, csv::Error> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .from_writer(Vec::new());
    writer.write_record(columns)?;
    for row in rows {
        writer.write_record(row.iter().map(|cell| safe(cell)))?;
    }
    let bytes = writer.into_inner().map_err(|error| error.into_error())?;
    // All that was written was text.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn row(report: &Report, control: &ControlReport) -> [String; 27] {
    let time = |time: &Option<_>| time.as_ref().map(ToString::to_string).unwrap_or_default();
    let verified = report.completeness.verified.as_ref();
    let longest = control.silences.first();
    let sample: Vec<_> = control.sample.iter().map(|it| it.seq.to_string()).collect();
    [
        report.framework.name.to_owned(),
        control.control.id().to_owned(),
        control.control.to_string(),
        control.state.as_str().to_owned(),
        control.reason.clone(),
        control.records.to_string(),
        control.direct.to_string(),
        control.supporting.to_string(),
        control.undecidable.to_string(),
        control.not_met.to_string(),
        control.by_declaration.to_string(),
        control.declarations.join(" "),
        time(&control.first_seen.map(|it| it.to_string())),
        time(&control.last_seen.map(|it| it.to_string())),
        control.truncated.to_string(),
        control.redacted.to_string(),
        control.erased.to_string(),
        control.unresolved_attempts.to_string(),
        control.silences_count.to_string(),
        time(&longest.map(|it| it.from.to_string())),
        time(&longest.map(|it| it.to.to_string())),
        sample.join(" "),
        report.catalogue_version.to_owned(),
        report.completeness.as_of.to_string(),
        report.completeness.covered_to.to_string(),
        time(&verified.map(|it| it.at.to_string())),
        time(&verified.map(|it| it.sound.to_string())),
    ]
}

/// A cell that no spreadsheet takes for a formula, as exports have it: `'` is put before one that
/// would be taken for one, and before one that begins with `'` and then would.
pub fn safe(cell: &str) -> String {
    let bare = cell.trim_start_matches('\'');
    match bare.starts_with(FORMULA_STARTS) {
        true => format!("'{cell}"),
        false => cell.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::safe;

    #[test]
    fn no_cell_is_a_formula() {
        for cell in ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "＝1", "'=1"] {
            assert_eq!(safe(cell), format!("'{cell}"));
        }
        for cell in ["it's", "'quoted'", "a=b", ""] {
            assert_eq!(safe(cell), cell);
        }
    }
}
