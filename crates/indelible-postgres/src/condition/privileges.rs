//! What the connected role may do: less than a writer needs, or more than one should.

use futures_util::future::try_join;
use indelible_core::store::StoreError;
use tokio_postgres::Row;

use super::quoted;
use crate::connection::Lent;
use crate::error::corrupt;

/// What a writer needs on tables, beside the use of the schema and of the function that makes
/// partitions: the columns `table, privilege, columns`, the last for a privilege on columns only.
const NEEDED: &str = "\
SELECT t.name, p.name, NULL FROM unnest(ARRAY['head', 'entry', 'placement', 'event_id', 'node', \
'tag', 'span', 'rollup']) AS t (name), unnest(ARRAY['SELECT', 'INSERT']) AS p (name) \
UNION ALL SELECT 'head', 'UPDATE', \
'size, root, frontier, key, incarnation, incarnation_start, mac' \
UNION ALL SELECT 'rollup', 'UPDATE', 'count' \
UNION ALL SELECT 'op_registry', p.name, NULL \
FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS p (name) \
UNION ALL SELECT 'op_migration', 'SELECT', NULL";

/// Who is connected: the role, whether it is a superuser, whether the owner of entries by itself
/// or as a member, and whether there is a role of writers.
const ROLE: &str = "\
SELECT r.rolname::text, r.rolsuper, \
(SELECT pg_has_role(r.oid, c.relowner, 'USAGE') FROM pg_catalog.pg_class AS c \
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace \
WHERE n.nspname = 'indelible' AND c.relname = 'entry'), \
EXISTS (SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = 'indelible_writer'), \
has_schema_privilege(n.oid, 'USAGE'), \
(SELECT has_function_privilege(p.oid, 'EXECUTE') FROM pg_catalog.pg_proc AS p \
WHERE p.pronamespace = n.oid AND p.proname = 'make_partitions' LIMIT 1) \
FROM pg_catalog.pg_roles AS r, pg_catalog.pg_namespace AS n \
WHERE r.rolname = current_user AND n.nspname = 'indelible'";

/// What no writer should have on evidence, and where it is held, partitions included.
const EXCESS: &str = "\
SELECT c.relname::text, string_agg(p.name, ', ' ORDER BY p.place) \
FROM pg_catalog.pg_class AS c \
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace \
CROSS JOIN unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER']) \
WITH ORDINALITY AS p (name, place) \
WHERE n.nspname = 'indelible' AND c.relkind IN ('r', 'p') AND c.relname NOT LIKE 'op\\_%' \
AND has_table_privilege(c.oid, p.name) \
GROUP BY c.relname ORDER BY c.relname";

/// What lacks and what is too much, in words, each with the statement that mends it.
pub(super) struct Privileges {
    pub(super) missing: Vec<String>,
    pub(super) excess: Vec<String>,
}

/// Looks the connected role over.
pub(super) async fn privileges(lent: &Lent) -> Result<Privileges, StoreError> {
    let missing = format!(
        "SELECT w.name, string_agg(w.privilege || coalesce(' (' || w.columns || ')', ''), ', ') \
         FROM ({NEEDED}) AS w (name, privilege, columns) \
         JOIN pg_catalog.pg_class AS c ON c.relname = w.name \
         JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace \
         WHERE n.nspname = 'indelible' AND NOT has_table_privilege(c.oid, w.privilege) \
         AND (w.columns IS NULL OR EXISTS (SELECT 1 \
         FROM unnest(string_to_array(w.columns, ', ')) AS k (name) \
         JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attname = k.name \
         WHERE NOT has_column_privilege(c.oid, a.attnum, w.privilege))) \
         GROUP BY w.name ORDER BY w.name"
    );
    let rows = try_join(lent.rows(ROLE, &[]), lent.rows(&missing, &[]));
    let ((role, missing), excess) = try_join(rows, lent.rows(EXCESS, &[])).await?;
    let mut found = Privileges {
        missing: Vec::new(),
        excess: Vec::new(),
    };
    let Some(role) = role.first() else {
        return Ok(found);
    };
    let name = quoted(&cell::<String>(role, 0)?);
    // A role for all writers is one statement; without it each privilege is granted by itself.
    let mend = |statement: String| match cell::<bool>(role, 3) {
        Ok(true) => format!("GRANT indelible_writer TO {name}"),
        _ => format!("{statement} TO {name}"),
    };
    if !cell::<bool>(role, 4)? {
        let grant = mend("GRANT USAGE ON SCHEMA indelible".to_owned());
        found.missing.push(format!("USAGE on the schema: {grant}"));
    }
    for row in &missing {
        let (table, held): (String, String) = (cell(row, 0)?, cell(row, 1)?);
        let grant = mend(format!("GRANT {held} ON indelible.{table}"));
        found.missing.push(format!("{held} on {table}: {grant}"));
    }
    if cell::<Option<bool>>(role, 5)? == Some(false) {
        let function = "indelible.make_partitions(integer)";
        let grant = mend(format!("GRANT EXECUTE ON FUNCTION {function}"));
        found
            .missing
            .push(format!("EXECUTE on make_partitions: {grant}"));
    }
    let advice = "let the application connect as a member of indelible_writer and nothing else";
    if cell(role, 1)? {
        found.excess.push(format!(
            "{name} is a superuser, whom no privilege holds back: {advice}"
        ));
        return Ok(found);
    }
    if cell::<Option<bool>>(role, 2)? == Some(true) {
        found.excess.push(format!(
            "{name} owns the tables and may drop them and their guards: {advice}"
        ));
        return Ok(found);
    }
    for row in &excess {
        let (table, held): (String, String) = (cell(row, 0)?, cell(row, 1)?);
        found.excess.push(format!(
            "{held} on {table}: REVOKE {held} ON indelible.{table} FROM {name}, or from the role \
             that {name} has it of"
        ));
    }
    Ok(found)
}

fn cell<'a, T: tokio_postgres::types::FromSql<'a>>(
    row: &'a Row,
    column: usize,
) -> Result<T, StoreError> {
    row.try_get(column)
        .map_err(|e| corrupt("the catalog", None, e))
}
