//! The statements of the hot paths, as SQLite understands them.

use indelible_sqlite::sql;

use crate::fixture::Folder;

const READS: [&str; 8] = [
    sql::HEAD,
    sql::HEAD_PARENT,
    sql::EVENT_ID_SEQ,
    sql::ENTRIES,
    sql::INDEXED,
    sql::BODIES,
    sql::TIMES,
    sql::SPAN,
];

const WRITES: [&str; 10] = [
    sql::HEAD_INSERT,
    sql::HEAD_UPDATE,
    sql::ENTRY_INSERT,
    sql::PART_INSERT,
    sql::EVENT_ID_INSERT,
    sql::NODE_INSERT,
    sql::SPAN_INSERT,
    sql::ROLLUP_UPDATE,
    sql::ROLLUP_INSERT,
    sql::ALTERATION_INSERT,
];

#[test]
fn parameters_are_numbered_as_they_are_written() {
    // T98: any other form is numbered by its first appearance.
    let folder = Folder::new();
    let _store = folder.store();
    let db = folder.foreign();
    for text in READS.into_iter().chain(WRITES) {
        let statement = db.prepare(text).expect(text);
        assert!(statement.parameter_count() > 0, "{text}");
        for number in 1..=statement.parameter_count() {
            let name = format!("?{number}");
            assert_eq!(
                statement.parameter_name(number),
                Some(name.as_str()),
                "{text}"
            );
        }
    }
}

#[test]
fn every_read_goes_by_a_key() {
    let folder = Folder::new();
    let _store = folder.store();
    let db = folder.foreign();
    for text in READS {
        let mut explain = db
            .prepare(&format!("EXPLAIN QUERY PLAN {text}"))
            .expect(text);
        let count = explain.parameter_count();
        let params = rusqlite::params_from_iter(vec![rusqlite::types::Null; count]);
        let steps = explain
            .query_map(params, |row| row.get::<_, String>(3))
            .expect(text);
        let steps: Vec<_> = steps.map(|step| step.expect("a step")).collect();
        let by_key = |step: &String| {
            step.starts_with("SEARCH") && step.contains("KEY")
                || step.contains("USING INDEX")
                || step.contains("USING COVERING INDEX")
        };
        // No scan of a table, and no sorting of what was found.
        assert!(
            !steps.is_empty() && steps.iter().all(by_key),
            "{text}: {steps:?}"
        );
    }
}
