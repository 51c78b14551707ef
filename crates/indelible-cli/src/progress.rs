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

/// One bar after the other, for work in steps of different kinds.
#[derive(Default)]
pub struct Bars(Option<(&'static str, ProgressBar)>);

impl Bars {
    /// Shows how far a step is; the bar of the step before goes.
    pub fn show(&mut self, what: &'static str, done: u64, total: Option<u64>) {
        let same = matches!(&self.0, Some((shown, _)) if *shown == what);
        if !same {
            self.clear();
            self.0 = Some((what, bar(what, total, Unit::Entries)));
        }
        if let Some((_, bar)) = &self.0 {
            bar.set_position(done);
        }
    }

    fn clear(&mut self) {
        if let Some((_, bar)) = self.0.take() {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        self.clear();
    }
}
