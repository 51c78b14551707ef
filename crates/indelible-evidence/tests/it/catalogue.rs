//! What must hold of the mapping, whoever changes it.

use std::collections::{BTreeSet, HashSet};

use indelible_core::catalogue;
use indelible_evidence::{ControlId, Controls, Framework, Strength};

#[test]
fn every_row_speaks_of_actions_and_controls_that_exist_and_once() {
    let mut rows = 0;
    let mut mapped = HashSet::new();
    for framework in Framework::ALL {
        let controls = Controls::of(framework);
        let mut seen = HashSet::new();
        for row in controls.rows() {
            rows += 1;
            let id = &controls.list()[row.control].id;
            assert!(ControlId::new(framework, id).is_ok(), "{id}");
            assert!(
                seen.insert((row.action, row.control)),
                "{:?} {id}",
                row.action
            );
            if let Some(action) = row.action {
                assert!(catalogue::find(action).is_some(), "{action}");
                mapped.insert(action);
            }
        }
    }
    assert_eq!(rows, 1_056);
    let all: HashSet<_> = catalogue::all().iter().map(|action| action.value).collect();
    assert_eq!(mapped, all);
}

#[test]
fn workflows_and_aliases_lead_to_actions() {
    for workflow in catalogue::workflows() {
        let members = [
            Some(workflow.attempted),
            workflow.succeeded,
            workflow.failed,
            workflow.denied,
            workflow.also_accepted_failure,
        ];
        for member in members.into_iter().flatten() {
            assert!(catalogue::find(member).is_some(), "{member}");
        }
    }
    for alias in catalogue::aliases() {
        let canonical = alias.canonical.map(catalogue::find);
        assert!(!matches!(canonical, Some(None)), "{}", alias.name);
    }
}

#[test]
fn strengths_are_counted_as_the_rules_say() {
    let counts: Vec<_> = Framework::ALL
        .into_iter()
        .map(|framework| {
            let rows = Controls::of(framework).rows();
            let direct = rows
                .iter()
                .filter(|row| row.strength == Strength::Direct)
                .count();
            (framework.id(), direct, rows.len() - direct)
        })
        .collect();
    assert_eq!(
        counts,
        [
            ("pci-dss-4.0.1", 103, 108),
            ("soc2-2017-2022", 97, 145),
            ("gdpr-2016-679", 30, 41),
            ("hipaa-45cfr164", 29, 28),
            ("iso27001-2022", 127, 99),
            ("nist-800-53r5", 110, 139),
        ]
    );
    let unmapped: BTreeSet<_> = Framework::ALL
        .into_iter()
        .flat_map(|framework| {
            let controls = Controls::of(framework);
            let is_mapped = |place: usize| controls.rows().iter().any(|row| row.control == place);
            let ids = controls.list().iter().enumerate();
            ids.filter(move |(place, _)| !is_mapped(*place))
                .map(move |(_, control)| format!("{}:{}", framework.name(), control.id))
        })
        .collect();
    assert_eq!(unmapped.len(), 51, "{unmapped:?}");
}
