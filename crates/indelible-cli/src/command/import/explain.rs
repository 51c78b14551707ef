//! `indelible import --explain`: how single records map.

use indelible_exchange::{Explanation, Importer, Source};
use serde_json::{Value, json};

use crate::answer::{Answer, Layout, Sheet, json_lines};
use crate::command::import::of_plan;
use crate::failure::{Failure, Status};
use crate::session::Session;

/// Records that are explained unless a line is named.
const RECORDS_MAX: usize = 3;
/// Characters of a value that are shown to people.
const VALUE_CHARACTERS_MAX: usize = 200;

/// Explains the first records, or those of one line.
///
/// # Errors
/// A source that cannot be read; no record on that line.
pub fn explain(
    session: &Session,
    importer: &Importer,
    sources: Vec<Source>,
    line: Option<u64>,
) -> Result<Status, Failure> {
    let most = if line.is_some() {
        usize::MAX
    } else {
        RECORDS_MAX
    };
    let found = importer.explain(sources, line, most).map_err(of_plan)?;
    if found.is_empty() {
        return Err(Failure::not_found(match line {
            Some(line) => format!("no record begins on line {line}"),
            None => "there is no record".to_owned(),
        }));
    }
    session.output.print(&Explained(found))?;
    Ok(Status::Fine)
}

struct Explained(Vec<Explanation>);

fn value(explanation: &Explanation) -> Value {
    let fields: Vec<Value> = explanation
        .fields
        .iter()
        .map(|field| json!({"field": field.field, "value": field.value, "from": field.from}))
        .collect();
    let notes: Vec<Value> = explanation
        .notes
        .iter()
        .map(|note| note.to_value())
        .collect();
    json!({
        "file": &*explanation.origin.file,
        "line": explanation.origin.line,
        "record": explanation.origin.record,
        "rejected": explanation.rejected,
        "fields": fields,
        "notes": notes,
    })
}

impl serde::Serialize for Explained {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(value))
    }
}

fn short(value: &str) -> String {
    match value.char_indices().nth(VALUE_CHARACTERS_MAX) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.to_owned(),
    }
}

fn rows(explanation: &Explanation) -> Vec<Vec<String>> {
    let row = |field: &indelible_exchange::Derivation| {
        let value = field.value.as_deref().unwrap_or("(when it is recorded)");
        let value = match (field.field, &field.value) {
            ("id", _) | (_, Some(_)) => short(value),
            (_, None) => String::new(),
        };
        vec![field.field.to_owned(), value, field.from.clone()]
    };
    let mut rows: Vec<_> = explanation.fields.iter().map(row).collect();
    for note in &explanation.notes {
        let field = format!("note on {}", note.field);
        rows.push(vec![
            field,
            short(&note.to_value().to_string()),
            String::new(),
        ]);
    }
    if let Some(reason) = &explanation.rejected {
        rows.push(vec!["rejected".to_owned(), reason.clone(), String::new()]);
    }
    rows
}

impl Answer for Explained {
    fn layout(&self) -> Layout {
        let part = |explanation: &Explanation| {
            let table = Sheet {
                columns: vec!["FIELD", "VALUE", "FROM"],
                rows: rows(explanation),
            };
            [
                Layout::Line(explanation.origin.to_string()),
                Layout::Table(table),
            ]
        };
        Layout::Parts(self.0.iter().flat_map(part).collect())
    }

    fn sheet(&self) -> Sheet {
        let of = |explanation: &Explanation| {
            let origin = explanation.origin.to_string();
            let with = move |row: Vec<String>| [vec![origin.clone()], row].concat();
            rows(explanation).into_iter().map(with).collect::<Vec<_>>()
        };
        Sheet {
            columns: vec!["record", "field", "value", "from"],
            rows: self.0.iter().flat_map(of).collect(),
        }
    }

    fn lines(&self) -> serde_json::Result<Vec<String>> {
        json_lines(&self.0.iter().map(value).collect::<Vec<_>>())
    }
}
