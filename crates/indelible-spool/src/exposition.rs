//! The figures of delivery in the text form of Prometheus, version 0.0.4.

use std::fmt::Write;

use indelible_core::{Timestamp, TrailName};

use crate::vitals::Vitals;

impl Vitals {
    /// The figures as metrics of one trail, to be added to what an application shows at its own
    /// `/metrics`. For several trails there is [`exposition`]: each metric is described once.
    pub fn exposition(&self, trail: &TrailName, now: Timestamp) -> String {
        exposition([(trail, self)], now)
    }

    fn results(&self) -> [(&'static str, u64); 8] {
        [
            ("recorded", self.recorded),
            ("failed", self.failed),
            ("dropped", self.dropped),
            ("spooled", self.spooled),
            ("overflowed", self.overflowed),
            ("delivered", self.delivered),
            ("dead", self.dead),
            ("damaged", self.damaged),
        ]
    }
}

/// A gauge of a spool: its name's end, what it tells, and its value.
type Gauge = (&'static str, &'static str, fn(&Vitals, Timestamp) -> f64);

const GAUGES: [Gauge; 3] = [
    (
        "depth_events",
        "Events that wait in the spool.",
        |vitals, _| vitals.depth_events as f64,
    ),
    (
        "depth_bytes",
        "Bytes of the files in which they wait.",
        |vitals, _| vitals.depth_bytes as f64,
    ),
    (
        "oldest_age_seconds",
        "How long the oldest of them has waited.",
        |vitals, now| vitals.age(now).as_secs_f64(),
    ),
];

/// The figures of trails as metrics, to be added to what an application shows at its own
/// `/metrics`.
///
/// | metric | |
/// |---|---|
/// | `indelible_delivery_events_total` | counter, by `result`: recorded, failed, dropped, spooled, overflowed, delivered, dead, damaged |
/// | `indelible_spool_depth_events`, `indelible_spool_depth_bytes` | gauges: what waits |
/// | `indelible_spool_oldest_age_seconds` | gauge: how long the oldest has waited, 0 when nothing does |
pub fn exposition<'v>(
    trails: impl IntoIterator<Item = (&'v TrailName, &'v Vitals)>,
    now: Timestamp,
) -> String {
    let trails: Vec<_> = trails.into_iter().collect();
    let mut text = String::new();
    let name = "indelible_delivery_events_total";
    head(&mut text, name, "counter", "Events by what became of them.");
    for (trail, vitals) in &trails {
        for (result, count) in vitals.results() {
            // A text takes whatever is written to it; a trail's name needs no escape.
            let _ = writeln!(
                text,
                "{name}{{trail=\"{trail}\",result=\"{result}\"}} {count}"
            );
        }
    }
    for (what, help, value) in GAUGES {
        let name = format!("indelible_spool_{what}");
        head(&mut text, &name, "gauge", help);
        for (trail, vitals) in &trails {
            let value = value(vitals, now);
            let _ = writeln!(text, "{name}{{trail=\"{trail}\"}} {value}");
        }
    }
    text
}

fn head(text: &mut String, name: &str, form: &str, help: &str) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {form}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Depth;
    use crate::vitals::Pulse;

    #[test]
    fn depth_and_age_are_metrics_of_their_trail() {
        let pulse = Pulse::default();
        pulse.spooled.one();
        pulse.spooled.one();
        let depth = Depth {
            events: 2,
            bytes: 733,
            since: Some(Timestamp::from_micros(1_000_000)),
        };
        let vitals = pulse.vitals(depth);
        let trail = TrailName::standard();
        let text = vitals.exposition(&trail, Timestamp::from_micros(8_500_000));
        for line in [
            "# TYPE indelible_delivery_events_total counter",
            "indelible_delivery_events_total{trail=\"default\",result=\"spooled\"} 2",
            "indelible_spool_depth_events{trail=\"default\"} 2",
            "indelible_spool_depth_bytes{trail=\"default\"} 733",
            "indelible_spool_oldest_age_seconds{trail=\"default\"} 7.5",
        ] {
            assert!(
                text.lines().any(|written| written == line),
                "{line}\n{text}"
            );
        }
    }

    #[test]
    fn the_metrics_of_several_trails_are_described_once() {
        let pulse = Pulse::default();
        let empty = pulse.vitals(Depth::default());
        pulse.dead.one();
        let other = pulse.vitals(Depth::default());
        let (standard, system) = (TrailName::standard(), TrailName::system());
        let now = Timestamp::from_micros(0);
        let text = exposition([(&standard, &empty), (&system, &other)], now);
        let mut described: Vec<_> = text.lines().filter(|l| l.starts_with("# TYPE")).collect();
        assert_eq!(described.len(), 4, "{text}");
        described.dedup();
        assert_eq!(described.len(), 4, "{text}");
        // The lines of one metric stand together.
        let names = text.lines().filter(|line| !line.starts_with('#'));
        let mut names: Vec<_> = names.filter_map(|line| line.split('{').next()).collect();
        assert_eq!(names.len(), 2 * (8 + 3), "{text}");
        names.dedup();
        assert_eq!(names.len(), 4, "{text}");
        for (trail, dead) in [(&standard, 0), (&system, 1)] {
            let line = format!(
                "indelible_delivery_events_total{{trail=\"{trail}\",result=\"dead\"}} {dead}"
            );
            assert!(text.lines().any(|written| written == line), "{text}");
        }
    }
}
