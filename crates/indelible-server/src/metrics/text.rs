//! The text form of Prometheus, version 0.0.4.

use std::fmt::{Display, Write};

use indelible_core::engine::Distribution;

use super::Family;

/// What the samples of a family are.
#[derive(Debug, Clone, Copy)]
pub enum Form {
    /// A count that only grows.
    Counter,
    /// A value that comes and goes.
    Gauge,
    /// Values counted by size.
    Histogram,
    /// Values of which sum and number are kept.
    Summary,
}

/// A text that is being written.
#[derive(Default)]
pub struct Exposition(String);

impl Exposition {
    /// A family of one sample.
    pub fn one(&mut self, family: &Family, labels: &[(&str, &str)], value: f64) {
        self.family(family);
        self.sample(family.name, labels, value);
    }

    /// A family of a histogram, its values times `unit`.
    pub fn histogram(&mut self, family: &Family, values: &Distribution, unit: f64) {
        self.family(family);
        let bucket = format!("{}_bucket", family.name);
        let mut total = 0;
        for (place, count) in values.counts.iter().enumerate() {
            total += count;
            let bound = values.bounds.get(place);
            let bound = bound.map_or("+Inf".to_owned(), |bound| {
                // As it is written: 0.025, not the double beside it.
                ((*bound as f64 * unit * 1e9).round() / 1e9).to_string()
            });
            self.sample(&bucket, &[("le", &bound)], total as f64);
        }
        let sum = values.sum as f64 * unit;
        self.sample(&format!("{}_sum", family.name), &[], sum);
        self.sample(&format!("{}_count", family.name), &[], total as f64);
    }

    /// The head of a family; its samples follow.
    pub fn family(&mut self, family: &Family) {
        let form = match family.form {
            Form::Counter => "counter",
            Form::Gauge => "gauge",
            Form::Histogram => "histogram",
            Form::Summary => "summary",
        };
        let (name, help) = (family.name, family.help);
        self.line(format_args!("# HELP {name} {help}"));
        self.line(format_args!("# TYPE {name} {form}"));
    }

    /// A sample. The labels' values are our own words, in which nothing is to be escaped.
    pub fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        if labels.is_empty() {
            return self.line(format_args!("{name} {value}"));
        }
        let labels: Vec<_> = labels
            .iter()
            .map(|(label, of)| format!("{label}=\"{of}\""))
            .collect();
        self.line(format_args!("{name}{{{}}} {value}", labels.join(",")));
    }

    /// The whole text.
    pub fn finish(self) -> String {
        self.0
    }

    fn line(&mut self, line: impl Display) {
        // A text takes whatever is written to it.
        let _ = writeln!(self.0, "{line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_adds_up_from_class_to_class() {
        let mut text = Exposition::default();
        let family = Family {
            name: "wait_seconds",
            form: Form::Histogram,
            help: "How long.",
        };
        let values = Distribution {
            bounds: &[250, 1000],
            counts: vec![2, 0, 1],
            sum: 5_000_500,
        };
        text.histogram(&family, &values, 1e-6);
        let expected = "# HELP wait_seconds How long.\n\
            # TYPE wait_seconds histogram\n\
            wait_seconds_bucket{le=\"0.00025\"} 2\n\
            wait_seconds_bucket{le=\"0.001\"} 2\n\
            wait_seconds_bucket{le=\"+Inf\"} 3\n\
            wait_seconds_sum 5.0005\n\
            wait_seconds_count 3\n";
        assert_eq!(text.finish(), expected);
    }
}
