//! Progress of long work, shown on standard error when that is a terminal.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar over so many entries or bytes, or a spinner where nobody knows how many.
///
/// Nothing is drawn where standard error is no terminal.
pub fn bar(what: &str, total: Option<u64>, unit: Unit) -> ProgressBar {
    let (count, rate) = match unit {
        Unit::Entries => ("{human_pos}", "{per_sec}"),
        Unit::Bytes => ("{bytes}", "{bytes_per_sec}"),
    };
    let (bar, template) = match total {
        Some(total) => {
            let of = match unit {
                Unit::Entries => "{human_len}",
                Unit::Bytes => "{total_bytes}",
            };
            let bar = ProgressBar::new(total);
            (
                bar,
                format!("{what} {{bar:30}} {count} of {of}, {rate}, {{eta}} left"),
            )
        }
        None => (
            ProgressBar::new_spinner(),
            format!("{what} {{spinner}} {count}, {rate}"),
        ),
    };
    let style = ProgressStyle::with_template(&template);
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// What a bar counts.
#[derive(Debug, Clone, Copy)]
pub enum Unit {
    /// Entries.
    Entries,
    /// Bytes read.
    Bytes,
}
