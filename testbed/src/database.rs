//! A database of one test.

use std::path::Path;

use crate::cluster::url;
use crate::programs::{Programs, run};
use crate::session::{query, query_or_panic};

/// A database that only one test uses. It is dropped with its value, whoever is still connected.
#[derive(Debug)]
pub struct TestDatabase {
    port: u16,
    name: String,
    programs: Programs,
}

impl TestDatabase {
    pub(crate) fn new(port: u16, name: String, programs: Programs) -> Self {
        Self {
            port,
            name,
            programs,
        }
    }

    /// The name of the database, unique in its cluster.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its URL for the superuser, past any proxy or pooler.
    pub fn superuser_url(&self) -> String {
        self.url_as("postgres")
    }

    /// Its URL for a role, past any proxy or pooler. Roles belong to the whole cluster: two tests
    /// that make one of the same name meet.
    pub fn url_as(&self, user: &str) -> String {
        url(self.port, &self.name, user)
    }

    /// Runs statements, separated by semicolons, as the superuser. Without a `BEGIN` of their own
    /// they are one transaction.
    ///
    /// # Panics
    /// A statement fails, or the server is not there.
    pub fn execute(&self, sql: &str) {
        query_or_panic(&self.superuser_url(), sql);
    }

    /// The rows of a statement as the superuser, every value as text, `NULL` as `None`.
    ///
    /// # Panics
    /// The statement fails, or the server is not there.
    pub fn query_text(&self, sql: &str) -> Vec<Vec<Option<String>>> {
        query_or_panic(&self.superuser_url(), sql)
    }

    /// Writes the whole database to the file `path` with `pg_dump`, in its custom format.
    ///
    /// # Panics
    /// `pg_dump` fails.
    pub fn dump(&self, path: &Path) {
        let mut dump = self.programs.client("pg_dump");
        dump.args(["--format=custom", "--file"]).arg(path);
        let dumped = run(dump.arg(self.superuser_url()));
        dumped.unwrap_or_else(|error| panic!("{error:#}"));
    }

    /// Reads a file of [`TestDatabase::dump`] into this database with `pg_restore`, which ends at
    /// the first error. Roles are not in the file: they must be there.
    ///
    /// # Panics
    /// `pg_restore` fails.
    pub fn restore_into(&self, path: &Path) {
        let mut restore = self.programs.client("pg_restore");
        restore.args(["--exit-on-error", "--dbname"]);
        let restored = run(restore.arg(self.superuser_url()).arg(path));
        restored.unwrap_or_else(|error| panic!("{error:#}"));
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let postgres = url(self.port, "postgres", "postgres");
        let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        if let Err(error) = query(&postgres, &sql)
            && let Some(told) = error.as_db_error()
        {
            // Any other error: the cluster is down, or gone with the database.
            eprintln!("{} is left behind: {told}", self.name);
        }
    }
}
