//! The figures of delivery in the text form of Prometheus, version 0.0.4.

use std::fmt::Write;

use indelible_core::{Timestamp, TrailName};

use crate::vitals::Vitals;

impl Vitals {
    /// The figures as metrics of one trail, to be added to what an application shows at its own
    /// `/metrics`.
    ///
    /// | metric | |
    /// |---|---|
    /// | `indelible_delivery_events_total` | counter, by `result`: recorded, failed, dropped, spooled, overflowed, delivered, dead, damaged |
    /// | `indelible_spool_depth_events`, `indelible_spool_depth_bytes` | gauges: what waits |
    /// | `indelible_spool_oldest_age_seconds` | gauge: how long the oldest has waited, 0 when nothing does |
    pub fn exposition(&self, trail: &TrailName, now: Timestamp) -> String {
        let results = [
            ("recorded", self.recorded),
            ("failed", self.failed),
            ("dropped", self.dropped),
            ("spooled", self.spooled),
            ("overflowed", self.overflowed),
            ("delivered", self.delivered),
            ("dead", self.dead),
            ("damaged", self.damaged),
        ];
        let mut text = String::new();
        let name = "indelible_delivery_events_total";
        head(&mut text, name, "counter", "Events by what became of them.");
        for (result, count) in results {
            // A text takes whatever is written to it; a trail's name needs no escape.
            let _ = writeln!(
                text,
                "{name}{{trail=\"{trail}\",result=\"{result}\"}} {count}"
            );
        }
        let age = self.age(now).as_secs_f64();
        let gauges = [
            (
                "depth_events",
                "Events that wait in the spool.",
                self.depth_events as f64,
            ),
            (
                "depth_bytes",
                "Bytes of the files in which they wait.",
                self.depth_bytes as f64,
            ),
            (
                "oldest_age_seconds",
                "How long the oldest of them has waited.",
                age,
            ),
        ];
        for (what, help, value) in gauges {
            let name = format!("indelible_spool_{what}");
            head(&mut text, &name, "gauge", help);
            let _ = writeln!(text, "{name}{{trail=\"{trail}\"}} {value}");
        }
        text
    }
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
}
