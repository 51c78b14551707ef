//! Real events that are not part of this project. They lie in `shared` beside the workspace, or
//! where `INDELIBLE_SHARED` says; without them this test says so and passes, unless
//! `INDELIBLE_REQUIRE_SHARED` is `1`.

use std::path::PathBuf;

use indelible_core::{AuditEvent, Query};
use indelible_evidence::{Form, Framework, Period, State, render};
use indelible_exchange::{ImportItem, Importer, Mapping, plan};

use crate::desk::{Desk, request};
use crate::numbers::agree;

/// The folders, the mapping of each, and the records in it.
const FOLDERS: [(&str, &str, usize); 4] = [
    ("cloudtrail-invictus", "cloudtrail", 2_202),
    ("cloudtrail-stratus", "cloudtrail", 214),
    ("otrf-misc", "cloudtrail", 103),
    ("windows-security-otrf", "windows", 20_106),
];

fn folder(name: &str) -> Option<PathBuf> {
    let variable = |name: &str| {
        #[expect(
            clippy::disallowed_methods,
            reason = "the place of data outside the project"
        )]
        std::env::var_os(name)
    };
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let path = variable("INDELIBLE_SHARED").map_or_else(beside, PathBuf::from);
    let path = path.join("data").join(name);
    if path.is_dir() {
        return Some(path);
    }
    let required = variable("INDELIBLE_REQUIRE_SHARED").is_some_and(|value| value == "1");
    assert!(!required, "{} is not there", path.display());
    println!("not run: {} is not there", path.display());
    None
}

fn events(name: &str, mapping: &str) -> Option<Vec<AuditEvent>> {
    let sources = plan(&[folder(name)?]).expect("a folder");
    let importer = Importer::new(Mapping::shipped(mapping).expect("it is shipped"), [7; 32]);
    let mut events = Vec::new();
    for item in importer.read_sorted(sources) {
        match item.expect("readable") {
            ImportItem::Record(record) => events.push(record.event),
            ImportItem::Skipped { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    Some(events)
}

#[tokio::test]
async fn reports_on_cloudtrail_and_windows_agree_with_queries() {
    let desk = Desk::new().await;
    for (name, mapping, records) in FOLDERS {
        let Some(events) = events(name, mapping) else {
            return;
        };
        assert_eq!(events.len(), records, "{name}");
        desk.record_all(events).await;
    }
    let entries = desk.entries(Query::new()).await;
    let times = || entries.iter().map(|entry| entry.occurred_at);
    let period = Period {
        from: times().min().expect("entries"),
        to: times().max().expect("entries"),
    };
    println!(
        "{} entries, {} to {}",
        entries.len(),
        period.from,
        period.to
    );
    for framework in Framework::ALL {
        let mut asked = request(framework);
        asked.period = period;
        let report = desk.report(asked.clone()).await;
        agree(&report, framework, &entries);
        let privileged = entries
            .iter()
            .filter(|entry| entry.tags.iter().any(|tag| tag == "actor.privileged"))
            .count() as u64;
        let mut rows = report.controls.iter().flat_map(|it| &it.actions);
        let of_privileged =
            rows.find(|row| row.action == "*" && row.condition == "actor.privileged");
        assert!(of_privileged.is_none_or(|row| row.holds == privileged));
        let states: Vec<_> = State::ALL
            .map(|it| (it.title(), report.controls_of(it)))
            .into();
        println!(
            "{framework}: {states:?}, {} custom",
            report.custom_entries()
        );
        for form in Form::ALL {
            let text = render(&report, form).expect("a text");
            assert!(
                !text.to_lowercase().contains("compliant"),
                "{framework} {form}"
            );
        }
        if framework != Framework::PciDss {
            continue;
        }
        // Half of it is half of it.
        asked.period.to = "2021-01-01T00:00:00Z".parse().expect("a time");
        let part: Vec<_> = entries
            .iter()
            .filter(|entry| entry.occurred_at <= asked.period.to)
            .cloned()
            .collect();
        agree(&desk.report(asked).await, framework, &part);
    }
}
