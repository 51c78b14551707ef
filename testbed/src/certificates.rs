//! A throwaway authority, and the certificate of a server at 127.0.0.1.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::programs::{Programs, run};

const CONFIGURATION: &str = "\
[req]
distinguished_name = name
prompt = no
[name]
CN = Throwaway authority
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
[server]
basicConstraints = critical,CA:FALSE
subjectAltName = DNS:localhost,IP:127.0.0.1
extendedKeyUsage = serverAuth
";

const NEW_KEY: [&str; 5] = [
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
];

/// The files of a server with TLS, in PEM.
#[derive(Debug)]
pub struct Certificates {
    /// What a client has to trust.
    pub authority: PathBuf,
    /// The server's certificate.
    pub server: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

impl Certificates {
    /// Makes them in `folder`, which is made too.
    ///
    /// # Panics
    /// They cannot be made.
    pub fn new(folder: &Path) -> Self {
        let made = Programs::find().and_then(|programs| Self::make(folder, &programs));
        made.unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// Makes them in `folder` with the `openssl` program; the key belongs to the server's user.
    pub(crate) fn make(folder: &Path, programs: &Programs) -> Result<Self> {
        fs::create_dir(folder).with_context(|| folder.display().to_string())?;
        fs::write(folder.join("openssl.cnf"), CONFIGURATION)?;
        openssl(
            folder,
            &[
                "req",
                "-x509",
                "-config",
                "openssl.cnf",
                "-extensions",
                "authority",
            ],
            &["-days", "30", "-keyout", "ca.key", "-out", "ca.crt"],
        )?;
        openssl(
            folder,
            &[
                "req",
                "-new",
                "-config",
                "openssl.cnf",
                "-subj",
                "/CN=localhost",
            ],
            &["-keyout", "server.key", "-out", "server.csr"],
        )?;
        let mut sign = Command::new("openssl");
        sign.current_dir(folder)
            .args(["x509", "-req", "-in", "server.csr", "-out", "server.crt"])
            .args(["-CA", "ca.crt", "-CAkey", "ca.key", "-set_serial", "2"])
            .args([
                "-extfile",
                "openssl.cnf",
                "-extensions",
                "server",
                "-days",
                "30",
            ]);
        run(&mut sign)?;
        let key = folder.join("server.key");
        programs.hand_over(&key)?;
        Ok(Self {
            authority: folder.join("ca.crt"),
            server: folder.join("server.crt"),
            key,
        })
    }
}

/// Makes a key, and a certificate or the request for one.
fn openssl(folder: &Path, what: &[&str], files: &[&str]) -> Result<()> {
    let mut command = Command::new("openssl");
    command
        .current_dir(folder)
        .args(what)
        .args(NEW_KEY)
        .args(files);
    run(&mut command).context("certificates are made with the openssl program: install it")?;
    Ok(())
}
