//! Whether schema and guards stand as the migrations made them.

use std::collections::BTreeSet;

use futures_util::future::{try_join3, try_join4};
use indelible_core::store::StoreError;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use super::expected::{Column, Expected, Index, Trigger, expected};
use super::in_snapshot;
use crate::connection::Lent;
use crate::error::corrupt;

/// Tables and views of the schema and whatever inherits from one of them: name, kind, persistence,
/// whether row-level security is on, parent. Who may send into which trail is the operator's to say,
/// with policies on the outbox.
const TABLES: &str = "\
SELECT CASE n.nspname WHEN 'indelible' THEN c.relname::text \
ELSE n.nspname::text || '.' || c.relname::text END, \
c.relkind::text, c.relpersistence::text, c.relrowsecurity AND c.relname <> 'op_outbox', \
p.relname::text \
FROM pg_catalog.pg_class AS c \
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace \
LEFT JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = c.oid \
LEFT JOIN pg_catalog.pg_class AS p ON p.oid = i.inhparent \
LEFT JOIN pg_catalog.pg_namespace AS pn ON pn.oid = p.relnamespace \
WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND 'indelible' IN (n.nspname, pn.nspname) \
ORDER BY 1";

const COLUMNS: &str = "\
SELECT c.relname::text, a.attname::text, t.typname::text, a.attnotnull, \
coalesce(co.collname = 'C', false) \
FROM pg_catalog.pg_class AS c \
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace \
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid \
LEFT JOIN pg_catalog.pg_collation AS co ON co.oid = a.attcollation \
WHERE n.nspname = 'indelible' AND c.relkind IN ('r', 'p') AND NOT c.relispartition";

const CHECKS: &str = "\
SELECT c.relname::text, k.conname::text \
FROM pg_catalog.pg_constraint AS k \
JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid \
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace \
WHERE n.nspname = 'indelible' AND k.contype = 'c' AND k.convalidated";

/// Indexes that are whole: one of a partitioned table is so where each partition has its own.
const INDEXES: &str = "\
SELECT c.relname::text, i.relname::text, x.indisprimary, x.indpred IS NOT NULL, \
ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute AS a \
WHERE a.attrelid = x.indexrelid ORDER BY a.attnum) \
FROM pg_catalog.pg_index AS x \
JOIN pg_catalog.pg_class AS i ON i.oid = x.indexrelid \
JOIN pg_catalog.pg_class AS c ON c.oid = x.indrelid \
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace \
WHERE n.nspname = 'indelible' AND NOT c.relispartition AND x.indisvalid AND x.indisready";

/// All triggers but those of PostgreSQL's own constraints. The last column: whether it fires for
/// every row or statement, at once.
const TRIGGERS: &str = "\
SELECT CASE n.nspname WHEN 'indelible' THEN c.relname::text \
ELSE n.nspname::text || '.' || c.relname::text END, \
t.tgname::text, t.tgtype, t.tgenabled::text, fn.nspname::text || '.' || f.proname::text, \
t.tgqual IS NULL AND t.tgattr::text = '' AND t.tgnargs = 0 AND t.tgconstraint = 0 \
AND t.tgoldtable IS NULL AND t.tgnewtable IS NULL \
FROM pg_catalog.pg_trigger AS t \
JOIN pg_catalog.pg_class AS c ON c.oid = t.tgrelid \
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace \
JOIN pg_catalog.pg_proc AS f ON f.oid = t.tgfoid \
JOIN pg_catalog.pg_namespace AS fn ON fn.oid = f.pronamespace \
LEFT JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = c.oid \
LEFT JOIN pg_catalog.pg_class AS p ON p.oid = i.inhparent \
LEFT JOIN pg_catalog.pg_namespace AS pn ON pn.oid = p.relnamespace \
WHERE 'indelible' IN (n.nspname, pn.nspname) \
AND (NOT t.tgisinternal OR t.tgparentid <> 0 OR fn.nspname <> 'pg_catalog') \
ORDER BY 1, 2";

const RULES: &str = "\
SELECT c.relname::text, 'rule ' || r.rulename \
FROM pg_catalog.pg_rewrite AS r \
JOIN pg_catalog.pg_class AS c ON c.oid = r.ev_class \
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace \
WHERE n.nspname = 'indelible' AND r.rulename <> '_RETURN' \
UNION ALL \
SELECT c.relname::text, 'policy ' || o.polname \
FROM pg_catalog.pg_policy AS o \
JOIN pg_catalog.pg_class AS c ON c.oid = o.polrelid \
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace \
WHERE n.nspname = 'indelible' AND c.relname <> 'op_outbox' \
ORDER BY 1, 2";

const FUNCTIONS: &str = "\
SELECT p.proname::text, p.prosrc, p.prosecdef, coalesce(p.proconfig, '{}') \
FROM pg_catalog.pg_proc AS p \
JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace \
JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang \
WHERE n.nspname = 'indelible' AND l.lanname = 'plpgsql'";

/// What is missing, altered, disabled or foreign; each problem begins with the name of the table,
/// the partition or the function and a colon.
pub(super) async fn altered(lent: &Lent) -> Result<Vec<String>, StoreError> {
    // One snapshot: a partition that another process makes meanwhile is seen with its guards or
    // not at all.
    in_snapshot(lent, compare(lent)).await
}

async fn compare(lent: &Lent) -> Result<Vec<String>, StoreError> {
    // They travel together.
    let first = try_join4(
        lent.rows(TABLES, &[]),
        lent.rows(COLUMNS, &[]),
        lent.rows(CHECKS, &[]),
        lent.rows(INDEXES, &[]),
    );
    let second = try_join3(
        lent.rows(TRIGGERS, &[]),
        lent.rows(RULES, &[]),
        lent.rows(FUNCTIONS, &[]),
    );
    let ((tables, columns, checks, indexes), (triggers, rules, functions)) =
        futures_util::future::try_join(first, second).await?;
    let expected = expected();
    let mut problems = Vec::new();
    let partitions = compare_tables(expected, &tables, &mut problems)?;
    compare_columns(expected, &columns, &checks, &mut problems)?;
    compare_indexes(expected, &indexes, &mut problems)?;
    compare_triggers(expected, &triggers, &partitions, &mut problems)?;
    for row in &rules {
        let (table, what): (String, String) = (cell(row, 0)?, cell(row, 1)?);
        problems.push(format!("{table}: {what} is foreign"));
    }
    compare_functions(expected, &functions, &mut problems)?;
    look_at_view(lent, &mut problems).await?;
    Ok(problems)
}

/// Whether the view for SQL users shows other rows than those of the table: its text is printed
/// otherwise by each release of PostgreSQL, but a condition, a limit or another source of rows shows
/// in what is stored of it.
const VIEW: &str = "\
SELECT NOT (r.ev_action::text ~ \
':jointree [{]FROMEXPR :fromlist [(][{]RANGETBLREF :rtindex [0-9]+[}][)] :quals <>[}]' \
AND r.ev_action::text LIKE '%:limitCount <>%' AND r.ev_action::text LIKE '%:limitOffset <>%' \
AND r.ev_action::text LIKE '%:setOperations <>%' AND r.ev_action::text LIKE '%:cteList <>%' \
AND r.ev_action::text LIKE '%:hasSubLinks false%' \
AND r.ev_action::text NOT LIKE '%:rtekind 1%') \
FROM pg_catalog.pg_rewrite AS r JOIN pg_catalog.pg_class AS c ON c.oid = r.ev_class \
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace \
WHERE n.nspname = 'indelible' AND c.relname = 'audit_logs' AND r.rulename = '_RETURN'";

async fn look_at_view(lent: &Lent, problems: &mut Vec<String>) -> Result<(), StoreError> {
    for row in &lent.rows(VIEW, &[]).await? {
        if cell(row, 0)? {
            problems.push("audit_logs: view is altered".to_owned());
        }
    }
    Ok(())
}

/// Whether a name is one that a month's partition gets.
fn is_of_month(name: &str) -> bool {
    let bytes = name.strip_prefix("entry_y").unwrap_or_default().as_bytes();
    let digits = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_digit);
    matches!(bytes, [year @ .., b'm', tens, ones]
        if year.len() == 4 && digits(year) && digits(&[*tens, *ones]))
}

/// Answers the names of the partitions.
fn compare_tables(
    expected: &Expected,
    rows: &[Row],
    problems: &mut Vec<String>,
) -> Result<Vec<String>, StoreError> {
    let mut partitions = Vec::new();
    let mut there = BTreeSet::new();
    for row in rows {
        let name: String = cell(row, 0)?;
        let kind: String = cell(row, 1)?;
        let parent: Option<String> = cell(row, 4)?;
        let table = expected.tables.iter().find(|table| table.name == name);
        if cell::<String>(row, 2)? != "p" {
            problems.push(format!("{name}: table is unlogged, a crash empties it"));
        }
        if cell(row, 3)? {
            problems.push(format!("{name}: row-level security is foreign"));
        }
        if kind == "v" {
            there.insert(name);
            continue;
        }
        let of = table.and_then(|table| table.partition_of);
        let whole = if name == "entry" { "p" } else { "r" };
        match (table.is_some() || is_of_month(&name), parent.as_deref()) {
            (false, None) => continue,
            (true, Some("entry")) if kind == "r" && (of.is_some() || table.is_none()) => {
                partitions.push(name.clone());
            }
            (true, None) if table.is_some() && of.is_none() && kind == whole => {}
            (true, None) if of.is_some() || table.is_none() => {
                problems.push(format!("{name}: partition is detached"));
            }
            (_, Some(parent)) => problems.push(format!("{name}: child of {parent} is foreign")),
            (true, None) => problems.push(format!("{name}: table is altered")),
        }
        there.insert(name);
    }
    let tables = expected.tables.iter().map(|table| table.name);
    for name in tables.filter(|name| !there.contains(*name)) {
        problems.push(format!("{name}: table is missing"));
    }
    if !there.contains("audit_logs") {
        problems.push("audit_logs: view is missing".to_owned());
    }
    Ok(partitions)
}

fn compare_columns(
    expected: &Expected,
    columns: &[Row],
    checks: &[Row],
    problems: &mut Vec<String>,
) -> Result<(), StoreError> {
    let mut there: Vec<(String, Column)> = Vec::new();
    for row in columns {
        let column = Column {
            name: cell(row, 1)?,
            kind: cell(row, 2)?,
            not_null: cell(row, 3)?,
            by_bytes: cell(row, 4)?,
        };
        there.push((cell(row, 0)?, column));
    }
    let mut checked = BTreeSet::new();
    for row in checks {
        checked.insert((cell::<String>(row, 0)?, cell::<String>(row, 1)?));
    }
    for table in &expected.tables {
        let of_table: Vec<_> = there.iter().filter(|(of, _)| of == table.name).collect();
        if of_table.is_empty() {
            continue;
        }
        let name = table.name;
        for column in &table.columns {
            let found = of_table.iter().find(|(_, found)| found.name == column.name);
            match found {
                None => problems.push(format!("{name}: column {} is missing", column.name)),
                Some((_, found)) if found != column => {
                    problems.push(format!("{name}: column {} is altered", column.name));
                }
                Some(_) => {}
            }
        }
        let known = |column: &Column| table.columns.iter().any(|c| c.name == column.name);
        let foreign = of_table.iter().filter(|(_, column)| !known(column));
        problems.extend(foreign.map(|(_, c)| format!("{name}: column {} is foreign", c.name)));
        for check in &table.checks {
            if !checked.contains(&(name.to_owned(), check.clone())) {
                problems.push(format!("{name}: constraint {check} is missing"));
            }
        }
    }
    Ok(())
}

fn compare_indexes(
    expected: &Expected,
    rows: &[Row],
    problems: &mut Vec<String>,
) -> Result<(), StoreError> {
    let mut keys = Vec::new();
    let mut others = Vec::new();
    for row in rows {
        let (table, name): (String, String) = (cell(row, 0)?, cell(row, 1)?);
        let columns: Vec<String> = cell(row, 4)?;
        match cell(row, 2)? {
            true => keys.push((table, columns)),
            false => others.push((table, name, columns, cell::<bool>(row, 3)?)),
        }
    }
    for table in expected.tables.iter().filter(|table| !table.key.is_empty()) {
        let key = keys.iter().find(|(of, _)| of == table.name);
        if key.is_none_or(|(_, columns)| *columns != table.key) {
            problems.push(format!("{}: primary key is missing", table.name));
        }
    }
    for index in &expected.indexes {
        let Index { name, table, .. } = index;
        let found = others
            .iter()
            .find(|(of, found, ..)| of == table && found == name);
        let same = found
            .map(|(.., columns, partial)| *columns == index.columns && *partial == index.partial);
        match same {
            Some(true) => {}
            Some(false) => problems.push(format!("{table}: index {name} is altered")),
            None => problems.push(format!("{table}: index {name} is missing or not valid")),
        }
    }
    Ok(())
}

/// A trigger as it is.
struct Found {
    table: String,
    name: String,
    kind: i16,
    enabled: String,
    function: String,
    plain: bool,
}

fn compare_triggers(
    expected: &Expected,
    rows: &[Row],
    partitions: &[String],
    problems: &mut Vec<String>,
) -> Result<(), StoreError> {
    let mut there = Vec::new();
    for row in rows {
        there.push(Found {
            table: cell(row, 0)?,
            name: cell(row, 1)?,
            kind: cell(row, 2)?,
            enabled: cell(row, 3)?,
            function: cell(row, 4)?,
            plain: cell(row, 5)?,
        });
    }
    let of_parent = expected.triggers.iter().filter(|t| t.table == "entry");
    let wanted = expected
        .triggers
        .iter()
        .filter(|t| t.table != "entry_default");
    let wanted = wanted.map(|trigger| (trigger.table, trigger)).chain(
        // A partition has the guards of its parent.
        partitions
            .iter()
            .flat_map(|p| of_parent.clone().map(move |trigger| (p.as_str(), trigger))),
    );
    for (table, trigger) in wanted {
        let place = there
            .iter()
            .position(|found| found.table == table && found.name == trigger.name);
        let guard = trigger.name.trim_start_matches("guard_");
        let state = match place.map(|place| there.remove(place)) {
            None => "missing",
            Some(found) if !is(&found, trigger) => "altered",
            Some(found) => match found.enabled.as_str() {
                "A" => continue,
                // Not where the session says that it replicates.
                "O" => "altered",
                _ => "disabled",
            },
        };
        problems.push(format!("{table}: {guard} guard is {state}"));
    }
    // Also on the tables that hold no evidence: none has a trigger of ours.
    let foreign = there.into_iter();
    problems
        .extend(foreign.map(|found| format!("{}: trigger {} is foreign", found.table, found.name)));
    Ok(())
}

fn is(found: &Found, trigger: &Trigger) -> bool {
    found.kind == trigger.kind
        && found.plain
        && found.function.strip_prefix("indelible.") == Some(trigger.function)
}

fn compare_functions(
    expected: &Expected,
    rows: &[Row],
    problems: &mut Vec<String>,
) -> Result<(), StoreError> {
    for function in &expected.functions {
        let mut state = Some("missing");
        for row in rows {
            if cell::<String>(row, 0)? != function.name {
                continue;
            }
            let settings: Vec<String> = cell(row, 3)?;
            let same = cell::<String>(row, 1)? == function.body
                && cell::<bool>(row, 2)? == function.as_owner
                && settings.into_iter().collect::<BTreeSet<_>>() == function.settings;
            state = if same { None } else { state.map(|_| "altered") };
            if same {
                break;
            }
        }
        problems.extend(state.map(|state| format!("{}: function is {state}", function.name)));
    }
    Ok(())
}

fn cell<'a, T: FromSql<'a>>(row: &'a Row, column: usize) -> Result<T, StoreError> {
    row.try_get(column)
        .map_err(|e| corrupt("the catalog", None, e))
}
