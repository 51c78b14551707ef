//! A real browser: Debian's Chromium, headless, driven over the W3C WebDriver protocol.

mod axe;
mod complaints;
mod controls;
mod cookies;
mod files;
mod look;
mod page;
mod session;
mod traffic;
mod waiting;
mod wire;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result};

use crate::folder::Folder;
use crate::process::{Process, read_log, signal_group};
use crate::programs::in_path;

pub use axe::Violation;
pub use complaints::{Complaint, Fault};
pub use cookies::Cookie;
pub use look::Look;
pub use page::Page;
pub use traffic::{Fetched, Traffic};

/// The names that systems give the browser; the first is Debian's.
const CHROMIUM: &[&str] = &["chromium", "chromium-browser", "google-chrome"];
const READY: &str = "ChromeDriver was started successfully on port ";
/// What it ends with when somebody else has the port that it chose.
const TAKEN: &str = "Address already in use";
/// How often it is started before that is taken for another fault.
const STARTS_MAX: u32 = 5;

/// A driver of browsers on a port of its own. Each page that it opens is a browser of its own,
/// with an empty profile. The driver and all its browsers are ended, however the test ends, when
/// this and the last of its pages are dropped.
#[derive(Clone, Debug)]
pub struct Browser {
    driver: Arc<Driver>,
}

impl Browser {
    /// Starts a driver.
    ///
    /// # Panics
    /// Chromium or its driver is not installed, or the driver does not start.
    pub fn start() -> Self {
        let driver = Driver::start().unwrap_or_else(|error| panic!("{error:#}"));
        Self {
            driver: Arc::new(driver),
        }
    }

    /// Opens an empty page in a browser of its own: no cookies, no cache, no downloads.
    ///
    /// # Panics
    /// The browser does not start.
    pub async fn open(&self, look: Look) -> Page {
        let page = Page::open(Arc::clone(&self.driver), look).await;
        page.unwrap_or_else(|error| panic!("a browser: {error:#}"))
    }

    /// The process id of the driver, which leads the group of all that it starts.
    pub fn pid(&self) -> u32 {
        self.driver.pid()
    }
}

/// The driver's process, and the folder of all that its browsers write.
#[derive(Debug)]
pub(crate) struct Driver {
    process: Option<Process>,
    chromium: PathBuf,
    folder: Folder,
    port: u16,
    pages: AtomicU32,
}

impl Driver {
    fn start() -> Result<Self> {
        let chromium = CHROMIUM.iter().find_map(|name| in_path(name));
        let chromium = chromium.context(missing("Chromium", "chromium"))?;
        let program =
            in_path("chromedriver").context(missing("Chromium's driver", "chromium-driver"))?;
        let folder = Folder::create(false)?;
        // The kernel ends it with this process; it tells its port on its standard output.
        let orphaned: &[&str] = match in_path("setpriv") {
            Some(_) => &["setpriv", "--pdeathsig", "KILL"],
            None => &[],
        };
        let start = |log: &PathBuf| {
            let mut command = Command::new("sh");
            command
                .current_dir(folder.path())
                .args(["-c", "exec \"$@\" >&2", "sh"])
                .args(orphaned)
                .arg(&program)
                .arg("--port=0");
            Process::start(command, READY, log)
        };
        // It takes a port of IPv6 that is free, and ends where that of IPv4 is not.
        let mut log = folder.path().join("driver-0.log");
        let mut process = start(&log);
        for nth in 1..STARTS_MAX {
            if process.is_ok() || !read_log(&log).contains(TAKEN) {
                break;
            }
            log = folder.path().join(format!("driver-{nth}.log"));
            process = start(&log);
        }
        let process = process?;
        let text = read_log(&log);
        let (_, port) = text.split_once(READY).context("a line with the port")?;
        let port = port.split('.').next().unwrap_or_default();
        let port = port.trim().parse().context("the driver's port")?;
        Ok(Self {
            process: Some(process),
            chromium,
            folder,
            port,
            pages: AtomicU32::new(0),
        })
    }

    /// The program of the browser.
    pub(crate) fn chromium(&self) -> &Path {
        &self.chromium
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// A new folder for the files of one browser.
    pub(crate) fn page_folder(&self) -> Result<PathBuf> {
        let nth = self.pages.fetch_add(1, Ordering::Relaxed);
        let path = self.folder.path().join(format!("page-{nth}"));
        std::fs::create_dir(&path).with_context(|| path.display().to_string())?;
        Ok(path)
    }

    fn pid(&self) -> u32 {
        self.process.as_ref().map_or(0, Process::pid)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if let Some(process) = self.process.take() {
            // Its browsers have nothing to tidy up.
            signal_group("KILL", process.pid());
            process.wait();
        }
    }
}

fn missing(what: &str, package: &str) -> String {
    format!("{what} is missing: install it (Debian: `apt-get install {package}`)")
}
