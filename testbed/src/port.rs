//! Ports of the loopback interface, leased among all processes of this harness.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result};

use crate::folder;

/// Below the range that the system takes for outgoing connections (from 32768), so that a port
/// stays free while its server is down.
const FIRST: u32 = 15_000;
const COUNT: u32 = 15_000;
const ATTEMPTS: u32 = 500;

/// A port that no other lease holds, whether its server runs or not.
#[derive(Debug)]
pub(crate) struct Port {
    pub(crate) number: u16,
    _lease: File,
}

impl Port {
    /// A port that is free now.
    ///
    /// # Errors
    /// The folder of the leases cannot be written, or 500 ports in a row are taken.
    pub(crate) fn lease() -> Result<Self> {
        static LEASES: AtomicU32 = AtomicU32::new(0);
        let leases = folder::base(&std::env::temp_dir())?.join("ports");
        std::fs::create_dir_all(&leases).with_context(|| leases.display().to_string())?;
        for _ in 0..ATTEMPTS {
            let nth = LEASES.fetch_add(1, Ordering::Relaxed);
            let spread = std::process::id().wrapping_mul(7_919).wrapping_add(nth);
            let number = u16::try_from(FIRST + spread % COUNT)?;
            let path = leases.join(number.to_string());
            let lease = File::create(&path).with_context(|| path.display().to_string())?;
            let free = || TcpListener::bind((Ipv4Addr::LOCALHOST, number)).is_ok();
            if lease.try_lock().is_ok() && free() {
                return Ok(Self {
                    number,
                    _lease: lease,
                });
            }
        }
        anyhow::bail!("no free port above {FIRST} of 127.0.0.1")
    }
}
