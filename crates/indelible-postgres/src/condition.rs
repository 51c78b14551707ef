//! What the store can say of its own condition.

mod expected;
mod guards;
mod privileges;
mod repairs;
mod strays;

pub(crate) use privileges::Role;

use indelible_core::store::{Condition, StoreError};

use crate::access;
use crate::connection::Lent;
use crate::error::{corrupt, refused};
use crate::migration::{self, MigrationStatus};
use crate::open::one;
use crate::partition;
use crate::row::Moment;
use crate::sql;
use crate::store::PostgresStore;

/// Looks the database over.
pub(crate) async fn condition(store: &PostgresStore) -> Result<Condition, StoreError> {
    let lent = store.connections.lend().await?;
    let migrations = migration::status(&lent).await?;
    let pending = migrations.iter().filter(|migration| !migration.applied);
    let missing_guards = guards::altered(&lent).await?;
    let privileges = privileges::privileges(&lent).await?;
    // Who may not read a table is told so instead of what is in it.
    let may_read = !privileges
        .missing
        .iter()
        .any(|said| said.contains("SELECT"));
    let stray_rows = match may_read {
        true => strays::strays(&lent, &missing_guards).await?,
        false => Vec::new(),
    };
    let version: String = one(&lent, "SELECT current_setting('server_version')").await?;
    let version = version.split(' ').next().unwrap_or_default();
    let bytes: i64 = one(&lent, "SELECT pg_database_size(current_database())").await?;
    let clock: Moment = one(&lent, "SELECT clock_timestamp()").await?;
    let (next_partition, partition_problem) = match may_read {
        true => partition::ahead(store, &lent).await?,
        false => (None, None),
    };
    Ok(Condition {
        engine: format!("PostgreSQL {version}"),
        location: store.address.to_string(),
        schema_version: migrations
            .iter()
            .filter(|m| m.applied)
            .map(|m| m.version)
            .max()
            .unwrap_or(0),
        pending_migrations: pending.map(MigrationStatus::to_string).collect(),
        guard_repairs: repairs::repairs(&missing_guards),
        missing_guards,
        stray_rows,
        weak_settings: weak(store, &lent).await?,
        bytes: bytes.unsigned_abs(),
        // SQL does not tell.
        bytes_free: None,
        // It is written with the entries.
        index: None,
        clock: Some(clock.0),
        missing_privileges: privileges.missing,
        excess_privileges: privileges.excess,
        reads_only: privileges.reads_only,
        lacking_access: access::lacking(&lent).await?,
        next_partition,
        partition_problem,
    })
}

/// What of schema and guards is missing, altered, disabled or foreign; any role may ask.
pub(crate) async fn altered(lent: &Lent) -> Result<Vec<String>, StoreError> {
    guards::altered(lent).await
}

/// Refuses a database whose guards do not stand: what is written there could be changed or left
/// out by its triggers.
///
/// # Errors
/// `Corrupt`, naming what is missing, altered, disabled or foreign.
pub(crate) async fn guarded(lent: &Lent) -> Result<(), StoreError> {
    let altered = altered(lent).await?;
    if altered.is_empty() {
        return Ok(());
    }
    let altered = altered.join(", ");
    let problem = format!("{altered}; it is read and not written, see `indelible doctor`");
    Err(corrupt("the schema", None, problem))
}

/// Reads as if nobody wrote meanwhile: all statements of `reading` see the database of one moment.
async fn in_snapshot<T>(
    lent: &Lent,
    reading: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    lent.batch(begin).await?.map_err(refused)?;
    let read = reading.await;
    lent.batch(sql::ROLLBACK).await?.map_err(refused)?;
    read
}

/// A role's name as SQL takes it.
pub(crate) fn quoted(name: &str) -> String {
    let begins = name
        .bytes()
        .next()
        .is_some_and(|b| b == b'_' || b.is_ascii_lowercase());
    let is_plain = |b: u8| b == b'_' || b.is_ascii_lowercase() || b.is_ascii_digit();
    match begins && name.bytes().all(is_plain) {
        true => name.to_owned(),
        false => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}

async fn weak(store: &PostgresStore, lent: &Lent) -> Result<Vec<String>, StoreError> {
    let mut weak = Vec::new();
    for (setting, must) in [
        ("fsync", "on"),
        ("full_page_writes", "on"),
        ("zero_damaged_pages", "off"),
        ("ignore_checksum_failure", "off"),
    ] {
        let sql = format!("SELECT current_setting('{setting}')");
        let found: String = one(lent, &sql).await?;
        if found != must {
            weak.push(format!("{setting} is {found}, not {must}"));
        }
    }
    let ssl = "SELECT coalesce((SELECT ssl FROM pg_catalog.pg_stat_ssl \
               WHERE pid = pg_backend_pid()), false)";
    if !store.address.is_local() && !one::<bool>(lent, ssl).await? {
        weak.push("the connection is not encrypted: add sslmode=verify-full to the URL".to_owned());
    }
    Ok(weak)
}
