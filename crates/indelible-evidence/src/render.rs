//! The forms of a report, all of the same data.

mod html;
mod markdown;
mod sheet;
mod statements;

use std::fmt;
use std::str::FromStr;

use crate::report::Report;
pub(crate) use markdown::plain;
pub(crate) use sheet::written;

/// A form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Form {
    /// One page that can be printed, with nothing outside of the file.
    #[default]
    Html,
    /// Markdown.
    Markdown,
    /// JSON; `docs/formats/report.md`.
    Json,
    /// CSV, one row for each control.
    Csv,
}

/// A text that names no form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`format` is html, md, json or csv")]
pub struct FormError;

/// A report that could not be rendered.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// As a page.
    #[error("the page was not rendered: {0}")]
    Page(#[from] askama::Error),
    /// As JSON.
    #[error("the JSON was not rendered: {0}")]
    Json(#[from] serde_json::Error),
    /// As CSV.
    #[error("the CSV was not rendered: {0}")]
    Csv(#[from] csv::Error),
}

impl Form {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Html, Self::Markdown, Self::Json, Self::Csv];

    /// The name, which is the file's extension too.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Markdown => "md",
            Self::Json => "json",
            Self::Csv => "csv",
        }
    }

    /// The media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Html => "text/html; charset=utf-8",
            Self::Markdown => "text/markdown; charset=utf-8",
            Self::Json => "application/json",
            Self::Csv => "text/csv; charset=utf-8; header=present",
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Form {
    type Err = FormError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = |form: &Self| form.as_str() == text;
        Self::ALL.into_iter().find(named).ok_or(FormError)
    }
}

/// The report in a form. The same report gives the same bytes.
///
/// # Errors
/// [`RenderError`].
pub fn render(report: &Report, form: Form) -> Result<String, RenderError> {
    Ok(match form {
        Form::Html => html::render(report)?,
        Form::Markdown => markdown::render(report),
        Form::Json => serde_json::to_string_pretty(report)? + "\n",
        Form::Csv => sheet::render(report)?,
    })
}
