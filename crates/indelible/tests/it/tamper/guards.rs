//! The schema altered, and rows that belong to nothing.

use indelible::core::verify::FindingKind::{self, *};

use super::statement::expanded;
use super::{Scene, kinds, row, verified};
use crate::place::{Kind, on_both};

on_both! {
    altered_guards_are_found_and_named,
    rows_that_belong_to_nothing_are_found,
}

/// What was done, how, and what must be told of it.
type Deed = (&'static str, &'static str, &'static str);

const IN_A_FILE: &[Deed] = &[
    (
        "a trigger added that leaves rows out",
        "CREATE TRIGGER thief BEFORE INSERT ON entry BEGIN SELECT RAISE(IGNORE); END",
        "thief is foreign",
    ),
    (
        "a guard dropped",
        "DROP TRIGGER entry_update",
        "entry_update is missing",
    ),
    (
        "a guard replaced by one that lets all through",
        "DROP TRIGGER part_update;
         CREATE TRIGGER part_update BEFORE UPDATE ON part BEGIN SELECT 1; END",
        "part_update is altered",
    ),
];

/// The partition of the present month.
macro_rules! in_partition {
    ($what:literal) => {
        concat!(
            "DO $$ BEGIN EXECUTE format('",
            $what,
            "', to_char(now() AT TIME ZONE 'UTC', '\"entry_y\"YYYY\"m\"MM')); END $$"
        )
    };
}

const ON_A_SERVER: &[Deed] = &[
    (
        "a trigger added that leaves rows out",
        "CREATE FUNCTION public.steal() RETURNS trigger LANGUAGE plpgsql AS
         'BEGIN RETURN NULL; END';
         CREATE TRIGGER thief BEFORE INSERT ON entry
         FOR EACH ROW EXECUTE FUNCTION public.steal()",
        "thief",
    ),
    (
        "a trigger added to one partition",
        concat!(
            "CREATE FUNCTION public.steal() RETURNS trigger LANGUAGE plpgsql AS
             'BEGIN RETURN NULL; END'; ",
            in_partition!(
                "CREATE TRIGGER thief BEFORE INSERT ON indelible.%I FOR EACH ROW \
                 EXECUTE FUNCTION public.steal()"
            )
        ),
        "thief",
    ),
    (
        "a rule added that leaves rows out",
        "CREATE RULE thief AS ON INSERT TO event_id DO INSTEAD NOTHING",
        "thief",
    ),
    (
        "a guard dropped",
        "DROP TRIGGER guard_update ON entry",
        "entry: update guard is missing",
    ),
    (
        "a guard of the default partition dropped",
        "DROP TRIGGER guard_truncate ON entry_default",
        "entry_default: truncate guard is missing",
    ),
    (
        "a guard disabled",
        "ALTER TABLE node DISABLE TRIGGER guard_delete",
        "node: delete guard is disabled",
    ),
    (
        "a guard of one partition disabled",
        in_partition!("ALTER TABLE indelible.%I DISABLE TRIGGER guard_delete"),
        ": delete guard is disabled",
    ),
    (
        "a guard that stands aside for replicas",
        "ALTER TABLE head ENABLE TRIGGER guard_update",
        "head: update guard is altered",
    ),
    (
        "a guard with a condition",
        "DROP TRIGGER guard_delete ON span; CREATE TRIGGER guard_delete BEFORE DELETE ON span
         FOR EACH ROW WHEN (OLD.idx < 0) EXECUTE FUNCTION refuse();
         ALTER TABLE span ENABLE ALWAYS TRIGGER guard_delete",
        "span: delete guard is altered",
    ),
    (
        "a guard's function replaced by one that lets all through",
        "CREATE OR REPLACE FUNCTION keep_entry() RETURNS trigger LANGUAGE plpgsql
         SET search_path = pg_catalog, pg_temp AS 'BEGIN RETURN NEW; END'",
        "keep_entry",
    ),
    (
        "rows hidden by a policy",
        "ALTER TABLE rollup ENABLE ROW LEVEL SECURITY;
         CREATE POLICY fewer ON rollup USING (action <> 'nightly_backup')",
        "rollup",
    ),
    (
        "a partition detached",
        in_partition!("ALTER TABLE indelible.entry DETACH PARTITION indelible.%I"),
        "entry_y",
    ),
    (
        "a table that its rows do not survive a crash in",
        "ALTER TABLE node SET UNLOGGED",
        "node",
    ),
    (
        "a key dropped, so that an id could stand twice",
        "ALTER TABLE event_id DROP CONSTRAINT event_id_pkey",
        "event_id",
    ),
    (
        "a check dropped, and a placement moved to no month at all",
        "ALTER TABLE placement DROP CONSTRAINT placement_month_check;
         ALTER TABLE placement DISABLE TRIGGER guard_update;
         UPDATE placement SET month = month + 1 WHERE trail_id = 'default';
         ALTER TABLE placement ENABLE ALWAYS TRIGGER guard_update",
        "placement",
    ),
    (
        "a table that others' rows shine through",
        "CREATE TABLE public.more () INHERITS (indelible.tag)",
        "more",
    ),
    (
        "a view of fewer rows in the place of the one for SQL users",
        "CREATE OR REPLACE VIEW audit_logs AS SELECT trail_id, seq, id, action, outcome, user_id,
         resource_type, resource_id, indelible.opened(actor) ->> 'ip_address' AS ip_address,
         indelible.opened(actor) ->> 'user_agent' AS user_agent,
         indelible.opened(details) -> 'context' AS context, string_to_array(tags, ' ') AS tags,
         occurred_at, created_at FROM indelible.entry WHERE action <> 'data_viewed'",
        "audit_logs",
    ),
];

async fn altered_guards_are_found_and_named(kind: Kind) {
    let scene = Scene::make(kind).await;
    let deeds = match kind {
        Kind::Sqlite => IN_A_FILE,
        Kind::Postgres => ON_A_SERVER,
    };
    let mut wrong = Vec::new();
    for (name, statements, named) in deeds {
        let report = scene.altered(|place| place.plainly(statements)).await;
        println!("{}", row(name, &report));
        let guards = report.findings.iter();
        let mut guards = guards.filter(|finding| finding.kind == GuardsAltered);
        if report.ok || !guards.any(|finding| finding.detail.contains(named)) {
            wrong.push((name, report.findings));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

async fn rows_that_belong_to_nothing_are_found(kind: Kind) {
    let scene = Scene::make(kind).await;
    let headless = expanded("DELETE FROM head WHERE @head", kind);
    let (stray, left) = match kind {
        Kind::Sqlite => (
            "INSERT INTO part (place) SELECT trail << 40 | 5000 FROM head WHERE name = 'default'",
            "DELETE FROM entry WHERE seq = 300 \
             AND trail = (SELECT trail FROM head WHERE name = 'default')",
        ),
        Kind::Postgres => (
            "INSERT INTO tag VALUES ('ghost', 'data.chd', 3)",
            "DELETE FROM entry WHERE trail_id = 'default' AND seq = 300",
        ),
    };
    let cases: [(&str, &str, &[FindingKind]); 3] = [
        ("a row without an entry", stray, &[RowsStray]),
        ("a head deleted", &headless, &[HeadMissing, RowsStray]),
        (
            "an entry deleted and its other rows left",
            left,
            &[EntryMissing],
        ),
    ];
    for (name, statements, expected) in cases {
        let report = scene.altered(|place| place.beneath(statements)).await;
        println!("{}", row(name, &report));
        let found = kinds(&report);
        assert!(!report.ok, "{name}");
        assert!(
            expected.iter().all(|kind| found.contains(kind)),
            "{name}: {found:?}"
        );
    }
    // Without anything outside that would know of the trail.
    let place = scene.copy();
    place.beneath(&headless);
    let mut settings = scene.site.settings();
    settings.state_dir = Some(scene.site.folder.path().join("nothing"));
    let report = verified(&place, settings).await.expect("opens");
    println!(
        "{}",
        row("a head deleted, and the state directory", &report)
    );
    let found = match kind {
        Kind::Sqlite => [RowsStray].into(),
        // Its rows name the trail themselves.
        Kind::Postgres => [HeadMissing, RowsStray].into(),
    };
    assert_eq!(kinds(&report), found);
    assert!(!report.ok);
}
