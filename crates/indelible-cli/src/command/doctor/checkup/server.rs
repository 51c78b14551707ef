//! What only a database on a server has: a way to it.

use indelible::core::store::StoreError;
use indelible_postgres::{Address, MigrationStatus, Options, PostgresStore};

use super::Checkup;
use crate::command::doctor::obstacle::Obstacle;

impl Checkup {
    /// A database that could not be opened, looked at step by step: the way to it, then its schema.
    ///
    /// Answers whether one of them is the reason.
    pub(super) async fn way(&mut self, address: &Address, password_in_url: bool) -> bool {
        let migrations = PostgresStore::migrations(address, &Options::default()).await;
        let migrations = match migrations {
            Ok(migrations) => migrations,
            Err(StoreError::Unsupported(text)) if text.contains(": GRANT ") => {
                self.ok("address", format!("{address} lets this role in"));
                let (fact, grant) = text.split_once(": ").unwrap_or((&text, ""));
                self.fail("privileges", fact, grant);
                return true;
            }
            Err(error) => {
                let Some(obstacle) = Obstacle::of(&error) else {
                    return false;
                };
                let remedy = obstacle.remedy(address, password_in_url);
                self.fail(obstacle.check(), format!("{address}: {error}"), &remedy);
                return true;
            }
        };
        self.ok("address", format!("{address} lets this role in"));
        let pending = migrations.iter().filter(|migration| !migration.applied);
        let pending: Vec<_> = pending.map(MigrationStatus::to_string).collect();
        if pending.is_empty() {
            return false;
        }
        let detail = match pending.len() == migrations.len() {
            true => "the database has no schema of Indelible's".to_owned(),
            false => format!("the database lacks {}", pending.join(", ")),
        };
        let remedy = "`indelible migrate up`, by the database's owner; a database that held a trail \
                      is restored from a backup";
        self.fail("schema", detail, remedy);
        true
    }
}
