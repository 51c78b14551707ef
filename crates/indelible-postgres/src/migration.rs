//! The schema's history: files that are applied once, in order, and never altered afterwards.

use indelible_core::store::StoreError;
use sha2::{Digest, Sha256};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use crate::access;
use crate::address::Address;
use crate::condition::{self, Role};
use crate::connection::{Connections, Lent, Param};
use crate::error::{self, corrupt, refused};
use crate::open::{Options, one};
use crate::store::PostgresStore;

/// How often a migration is begun when others made the same schema or the same roles meanwhile.
const TRIES_MAX: u32 = 5;

/// The program that applies them, as `op_migration` keeps it.
const PROGRAM: &str = concat!("indelible ", env!("CARGO_PKG_VERSION"));

/// One step of the schema.
pub(crate) struct Migration {
    version: u32,
    name: &'static str,
    pub(crate) sql: &'static str,
}

pub(crate) const MIGRATIONS: [Migration; 10] = [
    Migration {
        version: 1,
        name: "log",
        sql: include_str!("../migrations/0001_log.sql"),
    },
    Migration {
        version: 2,
        name: "index",
        sql: include_str!("../migrations/0002_index.sql"),
    },
    Migration {
        version: 3,
        name: "registry",
        sql: include_str!("../migrations/0003_registry.sql"),
    },
    Migration {
        version: 4,
        name: "access",
        sql: include_str!("../migrations/0004_access.sql"),
    },
    Migration {
        version: 5,
        name: "outbox",
        sql: include_str!("../migrations/0005_outbox.sql"),
    },
    Migration {
        version: 6,
        name: "erasure",
        sql: include_str!("../migrations/0006_erasure.sql"),
    },
    Migration {
        version: 7,
        name: "samples",
        sql: include_str!("../migrations/0007_samples.sql"),
    },
    Migration {
        version: 8,
        name: "retention",
        sql: include_str!("../migrations/0008_retention.sql"),
    },
    Migration {
        version: 9,
        name: "rewriting",
        sql: include_str!("../migrations/0009_rewriting.sql"),
    },
    Migration {
        version: 10,
        name: "trim",
        sql: include_str!("../migrations/0010_trim.sql"),
    },
];

const TABLE: &str = "\
CREATE TABLE IF NOT EXISTS indelible.op_migration (\
version integer PRIMARY KEY, name text NOT NULL, \
sha256 bytea NOT NULL CHECK (length(sha256) = 32), \
applied_at timestamptz NOT NULL DEFAULT now(), program text NOT NULL); \
LOCK TABLE indelible.op_migration IN ACCESS EXCLUSIVE MODE";

/// What of the schema there is and what this role may see of it. Asked of the catalog: naming a
/// table in a schema that may not be used is an error.
const SEEN: &str = "\
SELECT n.oid IS NOT NULL, c.oid IS NOT NULL, \
coalesce(has_schema_privilege(n.oid, 'USAGE'), false), \
coalesce(has_table_privilege(c.oid, 'SELECT'), false) \
FROM (SELECT 1) AS one \
LEFT JOIN pg_catalog.pg_namespace AS n ON n.nspname = 'indelible' \
LEFT JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = 'op_migration'";

/// What whoever makes the schema is to be granted, if it lacks.
const MAKER: &str = "\
SELECT format('GRANT CREATE ON DATABASE %I TO %I, or let its owner migrate', current_database(), \
current_user) WHERE NOT has_database_privilege(current_database(), 'CREATE') \
UNION ALL SELECT NULL WHERE has_database_privilege(current_database(), 'CREATE')";

/// One step of the schema and whether a database has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationStatus {
    /// Its number, from 1.
    pub version: u32,
    /// What it is about.
    pub name: String,
    /// Whether it was applied.
    pub applied: bool,
}

/// What a migration did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrated {
    /// The steps that were applied now.
    pub applied: Vec<MigrationStatus>,
    /// What roles, owners and grants lack and this role may not bring about, as the statements
    /// that do.
    pub notes: Vec<String>,
}

impl PostgresStore {
    /// What roles, owners and grants of a migrated database lack, as the statements that bring it
    /// about; [`Self::migrate`] runs those that the connected role may run. Changes nothing.
    ///
    /// # Errors
    /// What the database refuses.
    pub async fn lacking_access(
        address: &Address,
        options: &Options,
    ) -> Result<Vec<String>, StoreError> {
        let connections = Connections::new(address, options)?;
        access::lacking(&connections.lend().await?).await
    }

    /// What of the schema and its guards is missing, altered, disabled or foreign, of a migrated
    /// database. Changes nothing.
    ///
    /// # Errors
    /// What the database refuses.
    pub async fn altered(address: &Address, options: &Options) -> Result<Vec<String>, StoreError> {
        let connections = Connections::new(address, options)?;
        condition::altered(&connections.lend().await?).await
    }

    /// The steps that a database lacks, each with the text that [`Self::migrate`] would run.
    /// Changes nothing.
    ///
    /// # Errors
    /// As [`Self::migrations`].
    pub async fn pending_sql(
        address: &Address,
        options: &Options,
    ) -> Result<Vec<(MigrationStatus, &'static str)>, StoreError> {
        let connections = Connections::new(address, options)?;
        let steps = status(&connections.lend().await?).await?.into_iter();
        let steps = steps.zip(MIGRATIONS.iter().map(|migration| migration.sql));
        Ok(steps.filter(|(step, _)| !step.applied).collect())
    }
}

/// What of the history a database has.
///
/// # Errors
/// `Unsupported` when an applied migration is not the one that this program has, or is one it
/// does not know, and when the role may not look.
pub(crate) async fn status(lent: &Lent) -> Result<Vec<MigrationStatus>, StoreError> {
    let applied = applied(lent).await?;
    Ok(MIGRATIONS
        .iter()
        .map(|migration| migration.status(applied.contains(&migration.version)))
        .collect())
}

/// Brings the schema up to date in one transaction; several processes may try at once.
///
/// # Errors
/// As [`status`], and what the database refuses; then nothing was applied.
pub(crate) async fn apply(lent: &Lent, options: &Options) -> Result<Migrated, StoreError> {
    let encoding: String = one(lent, "SELECT current_setting('server_encoding')").await?;
    if encoding != "UTF8" {
        return Err(StoreError::Unsupported(format!(
            "the database's encoding is {encoding}; Indelible needs UTF8 \
             (CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0)"
        )));
    }
    let pending = status(lent).await?.iter().any(|step| !step.applied);
    if !pending && access::lacking(lent).await?.is_empty() {
        let (applied, notes) = (Vec::new(), Vec::new());
        return Ok(Migrated { applied, notes });
    }
    let mut tries = 0;
    loop {
        tries += 1;
        match attempt(lent, options, pending).await {
            Ok(migrated) => return Ok(migrated),
            Err(Stopped::Lost(_)) if tries < TRIES_MAX => {}
            Err(Stopped::Lost(error) | Stopped::Refused(error)) => return Err(error),
        }
    }
}

impl std::fmt::Display for MigrationStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04} {}", self.version, self.name)
    }
}

impl Migration {
    fn sha256(&self) -> [u8; 32] {
        Sha256::digest(self.sql).into()
    }

    fn status(&self, applied: bool) -> MigrationStatus {
        MigrationStatus {
            version: self.version,
            name: self.name.to_owned(),
            applied,
        }
    }
}

/// Why a try ended; nothing of it stays.
enum Stopped {
    /// Another one did the same at the same time.
    Lost(StoreError),
    Refused(StoreError),
}

impl From<StoreError> for Stopped {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

impl From<tokio_postgres::Error> for Stopped {
    fn from(error: tokio_postgres::Error) -> Self {
        // A schema, a table, a role or a membership that another transaction has just made, here
        // or, what belongs to the whole cluster, in another database. XX000 is what a row of the
        // catalog says that another transaction has just changed.
        let lost = [
            SqlState::UNIQUE_VIOLATION,
            SqlState::DUPLICATE_SCHEMA,
            SqlState::DUPLICATE_TABLE,
            SqlState::DUPLICATE_OBJECT,
            SqlState::T_R_DEADLOCK_DETECTED,
            SqlState::INTERNAL_ERROR,
        ];
        match error.code().is_some_and(|code| lost.contains(code)) {
            true => Self::Lost(refused(error)),
            false => Self::Refused(refused(error)),
        }
    }
}

async fn attempt(lent: &Lent, options: &Options, pending: bool) -> Result<Migrated, Stopped> {
    match within(lent, options, pending).await {
        Ok(migrated) => {
            lent.batch("COMMIT").await?.map_err(error::unknown)?;
            Ok(migrated)
        }
        Err(stopped) => match lent.batch("ROLLBACK").await {
            Ok(Ok(())) => Err(stopped),
            // The connection broke: another try on it would say so, not why.
            _ => Err(match stopped {
                Stopped::Lost(error) | Stopped::Refused(error) => Stopped::Refused(error),
            }),
        },
    }
}

/// All of a try but its COMMIT.
async fn within(lent: &Lent, options: &Options, pending: bool) -> Result<Migrated, Stopped> {
    let lock_timeout = options.lock_timeout.as_millis().clamp(1, i32::MAX as u128);
    // What the operator set for the role or the database must not change what is made here.
    let begin = format!(
        "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; \
         SET LOCAL lock_timeout = {lock_timeout}; SET LOCAL statement_timeout = 0; \
         SET LOCAL client_min_messages = warning; SET LOCAL search_path = pg_catalog; \
         SET LOCAL synchronous_commit = on; SET LOCAL check_function_bodies = on"
    );
    lent.batch(&begin).await??;
    // Whoever may not change the schema may still make roles, or grant.
    let applied = match pending {
        true => steps(lent).await?,
        false => Vec::new(),
    };
    let notes = access::bring_about(lent).await??;
    Ok(Migrated { applied, notes })
}

/// Makes the schema and applies the steps that lack.
async fn steps(lent: &Lent) -> Result<Vec<MigrationStatus>, Stopped> {
    // Whoever may not make schemas can still use one that was made for it; IF NOT EXISTS asks for
    // the privilege all the same.
    let schema = "SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = 'indelible')";
    if !one::<bool>(lent, schema).await? {
        if let Some(grant) = one::<Option<String>>(lent, MAKER).await? {
            let text = format!("this role may not make a schema in this database: {grant}");
            return Err(StoreError::Unsupported(text).into());
        }
        lent.batch("CREATE SCHEMA indelible").await??;
    }
    lent.batch(TABLE).await??;
    let there = applied(lent).await?;
    let mut done = Vec::new();
    for migration in MIGRATIONS.iter().filter(|m| !there.contains(&m.version)) {
        lent.batch(migration.sql).await??;
        let (version, hash) = (migration.version.cast_signed(), migration.sha256());
        let params: [Param<'_>; 4] = [
            (&version, Type::INT4),
            (&migration.name, Type::TEXT),
            (&hash.as_slice(), Type::BYTEA),
            (&PROGRAM, Type::TEXT),
        ];
        let sql = "INSERT INTO indelible.op_migration (version, name, sha256, program) \
                   VALUES ($1, $2, $3, $4)";
        lent.execute(sql, &params).await??;
        done.push(migration.status(true));
    }
    lent.batch(crate::partition::MAKE).await??;
    Ok(done)
}

/// The versions that were applied, each compared with what this program has.
async fn applied(lent: &Lent) -> Result<Vec<u32>, StoreError> {
    let what = "op_migration";
    let odd = |e: tokio_postgres::Error| corrupt(what, None, e);
    let rows = lent.rows(SEEN, &[]).await?;
    let seen = rows
        .first()
        .ok_or_else(|| corrupt(what, None, "the catalog answers nothing"))?;
    let (schema, table): (bool, bool) =
        (seen.try_get(0).map_err(odd)?, seen.try_get(1).map_err(odd)?);
    if !schema || !table {
        return Ok(Vec::new());
    }
    for (column, what, statement) in [
        (
            2,
            "use the schema indelible",
            "GRANT USAGE ON SCHEMA indelible",
        ),
        (
            3,
            "read the schema's history",
            "GRANT SELECT ON indelible.op_migration",
        ),
    ] {
        if !seen.try_get::<_, bool>(column).map_err(odd)? {
            return Err(shut_out(lent, what, statement).await?);
        }
    }
    let sql = "SELECT version, name, sha256 FROM indelible.op_migration ORDER BY version";
    let mut versions = Vec::new();
    for row in lent.rows(sql, &[]).await? {
        let version: i32 = row.try_get(0).map_err(odd)?;
        let name: String = row.try_get(1).map_err(odd)?;
        let sha256: Vec<u8> = row.try_get(2).map_err(odd)?;
        let known = MIGRATIONS.iter().find(|known| {
            let known = known.version.cast_signed();
            known == version
        });
        let Some(known) = known else {
            return Err(StoreError::Unsupported(format!(
                "the database has migration {version} ({name}), this program knows up to {}: \
                 it was written by a newer version",
                MIGRATIONS.len()
            )));
        };
        if known.name != name || known.sha256() != sha256.as_slice() {
            return Err(StoreError::Unsupported(format!(
                "migration {version} ({name}) of the database is not the one of this program: \
                 one of the two was altered"
            )));
        }
        versions.push(known.version);
    }
    Ok(versions)
}

/// The refusal of a role that may not look, with what opens the schema to it.
async fn shut_out(lent: &Lent, what: &str, statement: &str) -> Result<StoreError, StoreError> {
    let role = Role::connected(lent).await?;
    let role = role.ok_or_else(|| corrupt("the catalog", None, "it lacks the connected role"))?;
    let (name, remedy) = (role.name(), role.remedy(statement));
    let or = match role.is_stranger() {
        true => ", or indelible_auditor to one that only reads",
        false => "",
    };
    let text = format!("the role {name} may not {what}: {remedy}{or}");
    Ok(StoreError::Unsupported(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_count_from_one() {
        let versions = MIGRATIONS.iter().map(|migration| migration.version);
        assert!(versions.eq(1..=MIGRATIONS.len() as u32));
    }

    #[test]
    fn every_step_fits_a_distributed_database() {
        for migration in &MIGRATIONS {
            let name = migration.name;
            let has = |text: &str| migration.sql.contains(text);
            // Operational tables stay on the coordinator.
            let is_local = ["registry", "outbox"].contains(&name);
            assert!(
                has("citus.multi_shard_modify_mode = 'sequential'") || is_local,
                "{name}"
            );
            assert!(
                !has("CREATE TRIGGER") || has("citus.enable_unsafe_triggers = on"),
                "{name}"
            );
            assert!(
                !has("REFERENCES") && !has("DOMAIN") && !has("SERIAL"),
                "{name}"
            );
        }
    }
}
