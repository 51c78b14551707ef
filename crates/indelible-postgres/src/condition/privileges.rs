//! What the connected role may do: less than it needs, or more than it should.

use indelible_core::store::StoreError;
use tokio_postgres::Row;

use super::quoted;
use crate::access::{AUDITOR, Access, WRITER};
use crate::connection::Lent;
use crate::error::corrupt;

/// Who is connected: the role, whether it is a superuser, whether the owner of entries by itself
/// or as a member, whether it has the rights of writers and those of auditors, whether it is a
/// member of the writers without their rights, whether there is a role of writers, and whether a
/// membership says by itself that it gives rights.
const ROLE: &str = "\
SELECT r.rolname::text, r.rolsuper, \
coalesce((SELECT pg_has_role(r.oid, c.relowner, 'USAGE') FROM pg_catalog.pg_class AS c \
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace \
WHERE n.nspname = 'indelible' AND c.relname = 'entry'), false), \
coalesce(pg_has_role(r.oid, w.oid, 'USAGE'), false), \
coalesce(pg_has_role(r.oid, a.oid, 'USAGE'), false), \
coalesce(pg_has_role(r.oid, w.oid, 'MEMBER'), false), \
w.oid IS NOT NULL, current_setting('server_version_num')::integer >= 160000 \
FROM pg_catalog.pg_roles AS r \
LEFT JOIN pg_catalog.pg_roles AS w ON w.rolname = 'indelible_writer' \
LEFT JOIN pg_catalog.pg_roles AS a ON a.rolname = 'indelible_auditor' \
WHERE r.rolname = current_user";

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
#[derive(Default)]
pub(super) struct Privileges {
    pub(super) missing: Vec<String>,
    pub(super) excess: Vec<String>,
    /// Whether the role is one that reads and is not meant to record.
    pub(super) reads_only: bool,
}

/// Who is connected.
pub(crate) struct Role {
    name: String,
    superuser: bool,
    owner: bool,
    writer: bool,
    auditor: bool,
    /// A member of the writers that has none of their rights by it.
    idle_member: bool,
    writers_there: bool,
    inherits_by_membership: bool,
}

impl Role {
    /// The one that this connection has.
    pub(crate) async fn connected(lent: &Lent) -> Result<Option<Self>, StoreError> {
        let rows = lent.rows(ROLE, &[]).await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let writer = cell(row, 3)?;
        Ok(Some(Self {
            name: quoted(&cell::<String>(row, 0)?),
            superuser: cell(row, 1)?,
            owner: cell(row, 2)?,
            writer,
            auditor: cell(row, 4)?,
            idle_member: cell::<bool>(row, 5)? && !writer,
            writers_there: cell(row, 6)?,
            inherits_by_membership: cell(row, 7)?,
        }))
    }

    /// Whether it is meant to read alone.
    pub(crate) fn reads_only(&self) -> bool {
        let records = self.writer || self.idle_member || self.owner || self.superuser;
        self.auditor && !records
    }

    /// What it is to be granted where it lacks a privilege, `statement` being the one that gives
    /// this privilege, without ` TO …`.
    ///
    /// A member gets what its group lacks; whoever is in none enters one.
    pub(crate) fn remedy(&self, statement: &str) -> String {
        let name = &self.name;
        if self.reads_only() {
            return format!("{statement} TO {}", AUDITOR.role);
        }
        if self.writer {
            return format!("{statement} TO {}", WRITER.role);
        }
        match (self.idle_member, self.inherits_by_membership) {
            (true, true) => format!("GRANT {} TO {name} WITH INHERIT TRUE", WRITER.role),
            (true, false) => format!("ALTER ROLE {name} INHERIT"),
            // A role for all writers is one statement; without it each privilege is granted.
            (false, _) if self.writers_there => format!("GRANT {} TO {name}", WRITER.role),
            (false, _) => format!("{statement} TO {name}"),
        }
    }

    /// As SQL writes it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is in neither group.
    pub(crate) fn is_stranger(&self) -> bool {
        !(self.writer || self.auditor || self.idle_member)
    }

    async fn missing(&self, lent: &Lent, access: &Access) -> Result<Vec<String>, StoreError> {
        let of = "(SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user)";
        let grants = access.lacking(lent, of).await?;
        let said = grants.iter().map(|grant| {
            let on = grant.on.replace("indelible.", "");
            let on = on.replace("SCHEMA", "the schema").replace("FUNCTION ", "");
            let remedy = self.remedy(&format!("GRANT {} ON {}", grant.held, grant.on));
            format!("{} on {on}: {remedy}", grant.held)
        });
        Ok(said.collect())
    }
}

/// Looks the connected role over.
pub(super) async fn privileges(lent: &Lent) -> Result<Privileges, StoreError> {
    let Some(role) = Role::connected(lent).await? else {
        return Ok(Privileges::default());
    };
    let access = if role.reads_only() { AUDITOR } else { WRITER };
    let mut found = Privileges {
        missing: role.missing(lent, &access).await?,
        excess: Vec::new(),
        reads_only: role.reads_only(),
    };
    let name = &role.name;
    let advice = "let the application connect as a member of indelible_writer and nothing else";
    if role.superuser {
        found.excess.push(format!(
            "{name} is a superuser, whom no privilege holds back: {advice}"
        ));
        return Ok(found);
    }
    if role.owner {
        found.excess.push(format!(
            "{name} owns the tables and may drop them and their guards: {advice}"
        ));
        return Ok(found);
    }
    for row in &lent.rows(EXCESS, &[]).await? {
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
