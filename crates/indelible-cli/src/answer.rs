//! What a command answers, in every form that it can be printed in.

mod entry;

use serde::Serialize;

pub use entry::{Found, Shown};

/// An answer to be printed. Its JSON form is its `Serialize`.
pub trait Answer: Serialize {
    /// The form for people.
    fn layout(&self) -> Layout;

    /// The form for spreadsheets.
    fn sheet(&self) -> Sheet;

    /// The lines of NDJSON: one for each thing that a list holds, else the whole in one.
    ///
    /// # Errors
    /// What cannot be written as JSON.
    fn lines(&self) -> serde_json::Result<Vec<String>> {
        Ok(vec![serde_json::to_string(self)?])
    }
}

/// How an answer is laid out for people.
pub enum Layout {
    /// A table.
    Table(Sheet),
    /// Names and values, one below the other.
    Fields(Vec<Field>),
    /// A text that is a file of its own, to be kept as it is.
    Text(String),
    /// Several, one below the other.
    Parts(Vec<Layout>),
    /// A sentence.
    Line(String),
}

/// A name and what stands beside it.
pub struct Field {
    /// The name.
    pub name: &'static str,
    /// The lines of the value; a line end within one is the value's own.
    pub lines: Vec<String>,
}

impl Field {
    /// A value, of one line whatever it holds.
    pub fn text(name: &'static str, value: impl Into<String>) -> Self {
        Self::lines(name, vec![value.into()])
    }

    /// A list, a line for each.
    pub fn lines(name: &'static str, lines: Vec<String>) -> Self {
        Self { name, lines }
    }

    /// JSON that was written by us, whose line ends stand between its tokens.
    pub fn json(name: &'static str, json: impl AsRef<str>) -> Self {
        let lines = json.as_ref().split('\n').map(str::to_owned);
        Self::lines(name, lines.collect())
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.lines.iter().all(String::is_empty)
    }
}

/// Rows of equal length below the names of their columns.
#[derive(Debug, Clone, Default)]
pub struct Sheet {
    /// The names.
    pub columns: Vec<&'static str>,
    /// The rows.
    pub rows: Vec<Vec<String>>,
}

impl Sheet {
    /// A sheet of one row.
    pub fn of_fields(fields: Vec<(&'static str, String)>) -> Self {
        let (columns, row) = fields.into_iter().unzip();
        Self {
            columns,
            rows: vec![row],
        }
    }
}

/// An absent value is an empty cell.
pub fn cell<T: ToString>(value: &Option<T>) -> String {
    value.as_ref().map(T::to_string).unwrap_or_default()
}

/// One JSON line for each of a list.
///
/// # Errors
/// What cannot be written as JSON.
pub fn json_lines<T: Serialize>(list: &[T]) -> serde_json::Result<Vec<String>> {
    list.iter().map(serde_json::to_string).collect()
}
