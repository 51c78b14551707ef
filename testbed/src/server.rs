//! One PostgreSQL server with a data folder of its own.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Mutex;

use anyhow::{Context, Result, bail};

use crate::certificates::Certificates;
use crate::cluster::Profile;
use crate::folder::{Folder, free_shared_memory, pid_in};
use crate::port::Port;
use crate::process::{Process, children, read_log, signal};
use crate::programs::{Programs, run};

const READY: &str = "database system is ready to accept connections";
const PORT_ATTEMPTS: u32 = 10;

/// Durability is the real one: the product reports weaker settings. The shared memory of
/// parallel queries lies in the data folder, so that a killed server leaves none behind.
const SETTINGS: &str = "
listen_addresses = '127.0.0.1'
fsync = on
synchronous_commit = on
full_page_writes = on
max_connections = 200
shared_buffers = '128MB'
max_wal_size = '512MB'
dynamic_shared_memory_type = mmap
log_checkpoints = off
";

/// A private server: its folder, its port and, while it runs, its process.
#[derive(Debug)]
pub(crate) struct Server {
    // The order matters: the folder goes last.
    process: Mutex<Option<Process>>,
    certificates: Option<Certificates>,
    programs: Programs,
    port: Port,
    folder: Folder,
}

impl Server {
    /// Makes a data folder and starts a server on a free port of 127.0.0.1.
    pub(crate) fn create(profile: Profile) -> Result<Self> {
        let programs = Programs::find()?;
        let folder = Folder::create(profile.on_disk)?;
        let certificates = if profile.tls {
            Some(Certificates::make(&folder.path().join("tls"), &programs)?)
        } else {
            None
        };
        let mut server = Self {
            process: Mutex::new(None),
            certificates,
            programs,
            port: Port::lease()?,
            folder,
        };
        server.initialise()?;
        for attempt in 1.. {
            let Err(error) = server.start() else { break };
            // Somebody else took the port after it was found free.
            if attempt == PORT_ATTEMPTS || !server.log().contains("could not bind") {
                return Err(error);
            }
            server.port = Port::lease()?;
        }
        Ok(server)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port.number
    }

    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    pub(crate) fn programs(&self) -> &Programs {
        &self.programs
    }

    pub(crate) fn authority(&self) -> Option<&std::path::Path> {
        let certificates = self.certificates.as_ref()?;
        Some(&certificates.authority)
    }

    pub(crate) fn log(&self) -> String {
        read_log(&self.log_path())
    }

    /// Starts the stopped or killed server on its port; a killed one recovers first.
    pub(crate) fn start(&self) -> Result<()> {
        let mut process = self.lock();
        if process.is_some() {
            bail!("the server runs already");
        }
        let mut command = self
            .programs
            .server(&self.programs.bin().join("postgres"), "QUIT");
        command
            .current_dir(self.folder.path())
            .arg("-D")
            .arg(self.data())
            .args(["-p", &self.port.number.to_string()]);
        *process = Some(Process::start(command, READY, &self.log_path())?);
        Ok(())
    }

    /// Ends the server in order: connections are cut, everything is written.
    pub(crate) fn stop(&self) {
        self.end("INT");
    }

    /// Kills the server and every process of it at one moment, as a crash of the machine does
    /// but for what the operating system had not yet written.
    pub(crate) fn kill(&self) {
        let Some(process) = self.lock().take() else {
            return;
        };
        let pid = pid_in(&self.data()).unwrap_or(process.pid());
        // Stopped first: it must not start a process that the list would miss.
        signal("STOP", &[pid]);
        let mut all = children(pid);
        all.push(pid);
        signal("KILL", &all);
        process.wait();
    }

    fn end(&self, how: &str) {
        if let Some(process) = self.lock().take() {
            signal(how, &[pid_in(&self.data()).unwrap_or(process.pid())]);
            process.wait();
        }
    }

    fn initialise(&self) -> Result<()> {
        let sockets = self.folder.path().join("sockets");
        for path in [&self.data(), &sockets] {
            fs::create_dir(path)?;
            self.programs.hand_over(path)?;
        }
        let mut initdb = self
            .programs
            .server(&self.programs.bin().join("initdb"), "KILL");
        initdb
            .current_dir(self.folder.path())
            .args([
                "-N",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C",
                "-U",
                "postgres",
                "-D",
            ])
            .arg(self.data());
        run(&mut initdb)?;
        let path = self.data().join("postgresql.conf");
        let mut settings = format!(
            "{SETTINGS}unix_socket_directories = '{}'\n",
            sockets.display()
        );
        if let Some(certificates) = &self.certificates {
            settings.push_str(&format!(
                "ssl = on\nssl_cert_file = '{}'\nssl_key_file = '{}'\n",
                certificates.server.display(),
                certificates.key.display()
            ));
        }
        let mut file = fs::File::options().append(true).open(&path)?;
        file.write_all(settings.as_bytes())
            .with_context(|| path.display().to_string())
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Process>> {
        // A test that panicked beside us has no say in whether the server is stopped.
        self.process
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nothing of it is needed any more: no last checkpoint.
        self.end("QUIT");
        free_shared_memory(&self.data());
    }
}
