//! A real PgBouncer in front of a cluster.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::cluster::{Cluster, url};
use crate::folder::Folder;
use crate::port::Port;
use crate::process::{Process, signal};
use crate::programs::in_path;

const READY: &str = "process up";

/// PgBouncer in transaction mode with two connections for each database and role: a client has a
/// server connection for one transaction only. It refuses startup parameters that it does not
/// know and has no prepared statements across transactions, as it comes from Debian.
#[derive(Debug)]
pub struct Pooler {
    process: Option<Process>,
    port: Port,
    _folder: Folder,
}

impl Pooler {
    /// Server connections for each pair of database and role.
    pub const POOL_SIZE: u32 = 2;

    /// Starts a pooler in front of the cluster; it is stopped when dropped.
    ///
    /// # Panics
    /// PgBouncer is not installed or does not start.
    pub fn start(cluster: &Cluster) -> Self {
        Self::try_start(cluster).unwrap_or_else(|error| panic!("{error:#}"))
    }

    fn try_start(cluster: &Cluster) -> Result<Self> {
        let program = in_path("pgbouncer")
            .context("PgBouncer is missing: install it (Debian: `apt-get install pgbouncer`)")?;
        let folder = Folder::create(false)?;
        let port = Port::lease()?;
        let configuration = folder.path().join("pgbouncer.ini");
        fs::write(&configuration, settings(cluster, &port, folder.path()))?;
        // The superuser asks the server whether a role exists.
        fs::write(folder.path().join("users"), "\"postgres\" \"\"\n")?;
        let mut command = cluster.programs().server(&program, "TERM");
        command.current_dir(folder.path()).arg(&configuration);
        let process = Process::start(command, READY, &folder.path().join("server.log"))?;
        Ok(Self {
            process: Some(process),
            port,
            _folder: folder,
        })
    }

    /// The URL of a database for a role, through the pooler.
    pub fn url(&self, database: &str, user: &str) -> String {
        url(self.port.number, database, user)
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        if let Some(process) = self.process.take() {
            signal("TERM", &[process.pid()]);
            process.wait();
        }
    }
}

fn settings(cluster: &Cluster, port: &Port, folder: &Path) -> String {
    format!(
        "[databases]
* = host=127.0.0.1 port={server}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {users}
auth_user = postgres
pool_mode = transaction
default_pool_size = {size}
max_client_conn = 200
",
        server = cluster.port(),
        port = port.number,
        users = folder.join("users").display(),
        size = Pooler::POOL_SIZE,
    )
}
