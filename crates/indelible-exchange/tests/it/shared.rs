//! Real events that are not part of this project. They lie in `shared` beside the workspace, or
//! where `INDELIBLE_SHARED` says; without them these tests say so and pass, unless
//! `INDELIBLE_REQUIRE_SHARED` is `1`.

use std::collections::HashSet;
use std::path::PathBuf;

use indelible_core::Outcome;
use indelible_exchange::plan;

use crate::fixture::{Read, importer};

fn folder(name: &str) -> Option<PathBuf> {
    shared("data", name)
}

/// The folder of this name, `None` where what is shared is not here.
pub fn shared(kind: &str, name: &str) -> Option<PathBuf> {
    let variable = |name: &str| {
        #[expect(
            clippy::disallowed_methods,
            reason = "the place of data outside the project"
        )]
        std::env::var_os(name)
    };
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let path = variable("INDELIBLE_SHARED")
        .map_or_else(beside, PathBuf::from)
        .join(kind)
        .join(name);
    if path.is_dir() {
        return Some(path);
    }
    let required = variable("INDELIBLE_REQUIRE_SHARED").is_some_and(|value| value == "1");
    assert!(!required, "{} is not there", path.display());
    println!("not run: {} is not there", path.display());
    None
}

fn read(name: &str, files: usize) -> Option<Read> {
    let read =
        Read::of(importer("cloudtrail").read_sorted(plan(&[folder(name)?]).expect("a folder")));
    let seen: HashSet<_> = read
        .records
        .iter()
        .map(|record| &record.origin.file)
        .collect();
    assert_eq!(seen.len(), files);
    assert!(
        read.rejected.is_empty() && read.errors.is_empty(),
        "{:?}",
        read.rejected
    );
    assert_eq!(read.skipped.len(), 1, "{:?}", read.skipped);
    assert!(read.skipped[0].0.ends_with("LICENSE"));
    for record in &read.records {
        let event = &record.event;
        assert!(event.check().is_ok(), "{}", record.origin);
        assert!(
            event.occurred_at.is_some() && event.user_id.is_some(),
            "{}",
            record.origin
        );
        assert!(
            event.notes.is_empty(),
            "{}: {:?}",
            record.origin,
            event.notes
        );
        assert!(
            !event.action.as_str().contains("unknown"),
            "{}",
            record.origin
        );
    }
    assert!(
        read.records
            .is_sorted_by_key(|record| record.event.occurred_at)
    );
    Some(read)
}

#[test]
fn cloudtrail_invictus() {
    let Some(read) = read("cloudtrail-invictus", 34) else {
        return;
    };
    assert_eq!(read.records.len(), 2_202);
    assert_eq!(read.ids().into_iter().collect::<HashSet<_>>().len(), 2_202);
    let count = |outcome| {
        read.records
            .iter()
            .filter(|r| r.event.outcome == Some(outcome))
            .count()
    };
    let outcomes = (
        count(Outcome::Denied),
        count(Outcome::Failed),
        count(Outcome::Succeeded),
    );
    println!("denied, failed, succeeded: {outcomes:?}");
    assert_eq!(outcomes.0 + outcomes.1 + outcomes.2, 2_202);
    assert!(outcomes.0 > 0 && outcomes.1 > 0);
    let with_id = read
        .records
        .iter()
        .filter(|r| r.event.resource_id.is_some())
        .count();
    println!("with a resource id: {with_id}");
    assert!(with_id > 1_000);
}

#[test]
fn cloudtrail_stratus() {
    let Some(read) = read("cloudtrail-stratus", 20) else {
        return;
    };
    assert_eq!(read.records.len(), 214);
}

#[test]
fn cloudtrail_as_a_pipeline_stored_it() {
    let Some(read) = read("otrf-misc", 1) else {
        return;
    };
    assert_eq!(read.records.len(), 103);
}
