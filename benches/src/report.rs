//! The figures and how they are printed.

use serde_json::{Map, Value, json};

/// The figures of a run.
#[derive(Default)]
pub struct Report {
    figures: Map<String, Value>,
}

/// The rates of one measurement, a pair for each round.
#[derive(Default)]
pub struct Rounds {
    pub ours: Vec<f64>,
    pub baseline: Vec<f64>,
}

impl Report {
    /// Adds the medians of a measurement, in events per second, with further facts.
    pub fn add(&mut self, name: &str, rounds: &Rounds, facts: Value) {
        let (ours, baseline) = (median(&rounds.ours), median(&rounds.baseline));
        let mut figure = json!({
            "ours": ours.round(),
            "baseline": baseline.round(),
            "ratio": (ours / baseline * 1000.0).round() / 1000.0,
            "rounds": rounds.ours.len(),
            "unit": "events/s",
        });
        if let (Value::Object(figure), Value::Object(facts)) = (&mut figure, facts) {
            figure.extend(facts);
        }
        self.figures.insert(name.to_owned(), figure);
    }

    /// Prints all figures.
    pub fn print(&self, output: &str) {
        if output == "json" {
            println!("{}", Value::Object(self.figures.clone()));
            return;
        }
        let title = [
            "name", "ours", "baseline", "ratio", "unit", "rounds", "batch",
        ];
        println!("{}", row(title.map(str::to_owned)));
        for (name, figure) in &self.figures {
            let text = |key: &str| match &figure[key] {
                Value::Null => String::new(),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let [_, facts @ .., _] = title;
            let [ours, baseline, ratio, unit, rounds] = facts.map(text);
            let batch = text("mean_batch");
            let cells = [name.clone(), ours, baseline, ratio, unit, rounds, batch];
            println!("{}{}", row(cells), times(figure));
        }
    }
}

/// A row of the table.
fn row([name, ours, baseline, ratio, unit, rounds, batch]: [String; 7]) -> String {
    format!("{name:<32} {ours:>10} {baseline:>10} {ratio:>8}  {unit:<8} {rounds:>6} {batch:>7}")
}

/// How long requests took, where it was measured.
fn times(figure: &Value) -> String {
    match (&figure["p50_ms"], &figure["p99_ms"]) {
        (Value::Number(p50), Value::Number(p99)) => format!("   p50 {p50} ms, p99 {p99} ms"),
        _ => String::new(),
    }
}

/// The middle one of some values.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The one of sorted values that this part of them does not exceed.
pub fn part(sorted: &[f64], part: f64) -> f64 {
    let place = (sorted.len() as f64 * part) as usize;
    sorted
        .get(place.min(sorted.len().saturating_sub(1)))
        .copied()
        .unwrap_or(f64::NAN)
}

impl Report {
    /// Adds, under `name`, the figure with the worst ratio of those whose names begin so.
    pub fn worst_of(&mut self, name: &str, beginning: &str) {
        let among = self
            .figures
            .iter()
            .filter(|(key, _)| key.starts_with(beginning));
        let ratio = |figure: &Value| figure["ratio"].as_f64().unwrap_or(0.0);
        let worst = among
            .map(|(_, figure)| figure.clone())
            .min_by(|a, b| ratio(a).total_cmp(&ratio(b)));
        if let Some(worst) = worst {
            self.figures.insert(name.to_owned(), worst);
        }
    }
}
