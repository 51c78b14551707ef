//! Roles, owners and grants: what of them lacks, and bringing it about.
//!
//! Roles belong to the whole cluster: a dump does not hold them, another database may have them
//! already or make them at this moment, and whoever may make a schema may not always make them.
//! So they are no step of the schema's history. What lacks is read from the catalog, as the
//! statements that bring it about; who may run them does.
//!
//! Partitions are granted to nobody: who may read or write the table does it through the table.

use indelible_core::store::StoreError;
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;

use crate::condition::quoted;
use crate::connection::Lent;
use crate::error::corrupt;

/// Who owns tables and guards; nobody who records is a member.
const OWNER: &str = "indelible_owner";

/// A role of the schema that the applications' and auditors' own roles are members of.
pub(crate) struct Access {
    pub(crate) role: &'static str,
    /// What it needs on tables: the columns `name, privilege, columns`, the last for a privilege
    /// on columns only.
    needed: &'static str,
    /// The functions that it calls, as SQL writes them.
    pub(crate) functions: &'static [&'static str],
}

/// Who records.
pub(crate) const WRITER: Access = Access {
    role: "indelible_writer",
    needed: "\
SELECT t.name, p.name, NULL FROM unnest(ARRAY['head', 'entry', 'placement', 'event_id', 'node', \
'tag', 'span', 'rollup']) AS t (name), unnest(ARRAY['SELECT', 'INSERT']) AS p (name) \
UNION ALL SELECT 'kept', 'SELECT', NULL \
UNION ALL SELECT 'head', 'UPDATE', \
'size, root, frontier, key, incarnation, incarnation_start, mac' \
UNION ALL SELECT 'rollup', 'UPDATE', 'count' \
UNION ALL SELECT 'op_registry', p.name, NULL \
FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS p (name) \
UNION ALL SELECT 'op_outbox', p.name, NULL \
FROM unnest(ARRAY['SELECT', 'INSERT', 'DELETE']) AS p (name) \
UNION ALL SELECT 'op_outbox', 'UPDATE', 'refused' \
UNION ALL SELECT 'op_migration', 'SELECT', NULL",
    functions: &["make_partitions(integer)"],
};

/// Who reads.
pub(crate) const AUDITOR: Access = Access {
    role: "indelible_auditor",
    needed: "\
SELECT t.name, 'SELECT', NULL FROM unnest(ARRAY['audit_logs', 'head', 'entry', 'placement', \
'event_id', 'node', 'tag', 'span', 'rollup', 'kept', 'op_migration', 'op_registry']) \
AS t (name) \
UNION ALL SELECT 'op_outbox', 'SELECT', c.name \
FROM unnest(ARRAY['position', 'trail', 'queued_at', 'refused']) AS c (name)",
    functions: &["opened(bytea)"],
};

/// Who erases: what a writer needs is needed besides, so that the trail says what was erased.
pub(crate) const ERASER: Access = Access {
    role: "indelible_eraser",
    needed: "\
SELECT 'entry', 'UPDATE', 'user_id, resource_id, ip_address, correlation_id, actor_salt, actor, \
target_salt, target, details_salt, details'",
    functions: &[
        "rewrite_partition(text)",
        "trim_trail(text, bigint, bigint, timestamptz, timestamptz)",
        "drop_expired_partitions()",
    ],
};

/// Owners of the schema's objects that are not the one they should be: their names, whether they
/// are superusers, whether members of the owner.
const OWNERS: &str = "\
SELECT DISTINCT r.rolname::text, r.rolsuper, \
coalesce(pg_has_role(r.oid, (SELECT oid FROM pg_catalog.pg_roles \
WHERE rolname = 'indelible_owner'), 'USAGE'), false) \
FROM (SELECT nspowner FROM pg_catalog.pg_namespace WHERE nspname = 'indelible' \
UNION SELECT c.relowner FROM pg_catalog.pg_class AS c \
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace \
WHERE n.nspname = 'indelible' AND c.relkind IN ('r', 'p', 'v') \
UNION SELECT p.proowner FROM pg_catalog.pg_proc AS p \
JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace \
WHERE n.nspname = 'indelible') AS o (owner) \
JOIN pg_catalog.pg_roles AS r ON r.oid = o.owner \
WHERE r.rolname <> 'indelible_owner' ORDER BY 1";

/// Gives all to the owner, the schema first: who is given a table must be able to make one there.
const GIVE: &str = "DO $$
DECLARE
    command text;
BEGIN
    ALTER SCHEMA indelible OWNER TO indelible_owner;
    FOR command IN
        SELECT format('ALTER TABLE %s OWNER TO indelible_owner', c.oid::regclass)
        FROM pg_catalog.pg_class AS c
        WHERE c.relnamespace = 'indelible'::regnamespace AND c.relkind IN ('r', 'p', 'v')
            AND c.relowner <> 'indelible_owner'::regrole
        UNION ALL
        SELECT format('ALTER FUNCTION %s OWNER TO indelible_owner', p.oid::regprocedure)
        FROM pg_catalog.pg_proc AS p
        WHERE p.pronamespace = 'indelible'::regnamespace
            AND p.proowner <> 'indelible_owner'::regrole
    LOOP
        EXECUTE command;
    END LOOP;
END
$$";

/// The statements that bring about what lacks, in their order; none where all is as it must be.
/// Any role may ask.
///
/// # Errors
/// What the database refuses.
pub(crate) async fn lacking(lent: &Lent) -> Result<Vec<String>, StoreError> {
    let mut statements = Vec::new();
    let roles = "SELECT r.name FROM unnest(ARRAY['indelible_owner', 'indelible_writer', \
                 'indelible_eraser', 'indelible_auditor']) AS r (name) \
                 WHERE r.name NOT IN (SELECT rolname::text FROM pg_catalog.pg_roles)";
    for row in &lent.rows(roles, &[]).await? {
        let role: String = cell(row, 0)?;
        statements.push(format!("CREATE ROLE {role} NOLOGIN"));
    }
    for access in [&WRITER, &ERASER, &AUDITOR] {
        let of = format!(
            "(SELECT oid FROM pg_catalog.pg_roles WHERE rolname = '{}')",
            access.role
        );
        let grants = access.lacking(lent, &of).await?.into_iter();
        statements.extend(grants.map(|grant| grant.to(access.role)));
    }
    let owners = lent.rows(OWNERS, &[]).await?;
    for row in &owners {
        let owner: String = cell(row, 0)?;
        // Whoever made the schema goes on to migrate it, as a member.
        if !cell::<bool>(row, 1)? && !cell::<bool>(row, 2)? {
            statements.push(format!("GRANT {OWNER} TO {}", quoted(&owner)));
        }
    }
    if !owners.is_empty() {
        statements.push(GIVE.to_owned());
    }
    Ok(statements)
}

/// Runs what lacks, within a transaction, and answers what still lacks: this role may not do it.
///
/// # Errors
/// As [`lacking`]; the transaction is to be given up.
pub(crate) async fn bring_about(
    lent: &Lent,
) -> Result<Result<Vec<String>, tokio_postgres::Error>, StoreError> {
    for statement in lacking(lent).await? {
        if let Err(error) = lent.batch("SAVEPOINT access").await? {
            return Ok(Err(error));
        }
        let done = lent.batch(&statement).await?;
        let end = match &done {
            Ok(()) => "RELEASE SAVEPOINT access",
            Err(_) => "ROLLBACK TO SAVEPOINT access",
        };
        let ended = lent.batch(end).await?;
        // What this role may not do, for itself or for want of a role that it may not make; what
        // another one has just done.
        let passed_over = [
            SqlState::INSUFFICIENT_PRIVILEGE,
            SqlState::UNDEFINED_OBJECT,
            SqlState::DUPLICATE_OBJECT,
            SqlState::UNIQUE_VIOLATION,
        ];
        match done {
            Err(error) if !error.code().is_some_and(|code| passed_over.contains(code)) => {
                return Ok(Err(error));
            }
            _ => {}
        }
        if let Err(error) = ended {
            return Ok(Err(error));
        }
    }
    // Not every statement that does nothing is refused: GRANT without the right to only warns.
    lacking(lent).await.map(Ok)
}

/// A privilege that lacks, as `GRANT` takes it.
pub(crate) struct Grant {
    /// `SELECT, INSERT`.
    pub(crate) held: String,
    /// `indelible.head, indelible.entry`.
    pub(crate) on: String,
}

impl Grant {
    /// The statement.
    pub(crate) fn to(&self, role: &str) -> String {
        format!("GRANT {} ON {} TO {}", self.held, self.on, quoted(role))
    }
}

impl Access {
    /// What a role lacks of this access; `of` is an expression of SQL for the role's oid. A role
    /// that is not there lacks all.
    pub(crate) async fn lacking(&self, lent: &Lent, of: &str) -> Result<Vec<Grant>, StoreError> {
        let mut grants = Vec::new();
        let needed = self.needed;
        let schema = format!(
            "SELECT 'USAGE', 'SCHEMA indelible' FROM pg_catalog.pg_namespace AS n \
             WHERE n.nspname = 'indelible' \
             AND NOT coalesce(has_schema_privilege({of}, n.oid, 'USAGE'), false)"
        );
        let tables = format!(
            "SELECT m.held, string_agg('indelible.' || m.name, ', ' ORDER BY m.name) \
             FROM (SELECT w.name, string_agg(w.privilege || coalesce(' (' || w.columns || ')', \
             ''), ', ' ORDER BY w.privilege DESC) \
             FROM ({needed}) AS w (name, privilege, columns) \
             JOIN pg_catalog.pg_class AS c ON c.relname = w.name \
             JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace \
             WHERE n.nspname = 'indelible' \
             AND NOT coalesce(has_table_privilege({of}, c.oid, w.privilege), false) \
             AND (w.columns IS NULL OR EXISTS (SELECT 1 \
             FROM unnest(string_to_array(w.columns, ', ')) AS k (name) \
             JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attname = k.name \
             WHERE NOT coalesce(has_column_privilege({of}, c.oid, a.attnum, w.privilege), \
             false))) GROUP BY w.name) AS m (name, held) GROUP BY m.held ORDER BY min(m.name)"
        );
        let function = |function: &&str| {
            format!(
                "SELECT 'EXECUTE', 'FUNCTION indelible.{function}' FROM pg_catalog.pg_proc AS p \
                 JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace \
                 WHERE n.nspname = 'indelible' AND p.proname = '{}' \
                 AND NOT coalesce(has_function_privilege({of}, p.oid, 'EXECUTE'), false)",
                function.split('(').next().unwrap_or_default()
            )
        };
        let functions = self.functions.iter().map(function);
        for sql in [schema, tables].into_iter().chain(functions) {
            for row in &lent.rows(&sql, &[]).await? {
                grants.push(Grant {
                    held: cell(row, 0)?,
                    on: cell(row, 1)?,
                });
            }
        }
        Ok(grants)
    }
}

fn cell<'a, T: tokio_postgres::types::FromSql<'a>>(
    row: &'a Row,
    column: usize,
) -> Result<T, StoreError> {
    row.try_get(column)
        .map_err(|e| corrupt("the catalog", None, e))
}
