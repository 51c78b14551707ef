//! Statements of key rotations, as files.

use std::path::PathBuf;

use clap::Args;
use indelible::core::KeyRotation;
use indelible::core::verify::KeyChain;
use indelible::merkle::note::VerifierKey;

use crate::failure::Failure;
use crate::input;

/// The longest file of statements.
const FILE_BYTES_MAX: usize = 1 << 20;

/// Reads the statements in these files, each of which may hold several; `-` is standard input.
///
/// # Errors
/// A file that is not there or is no text. Whether a text is a statement is for who uses it.
pub fn read(files: &[PathBuf]) -> Result<Vec<String>, Failure> {
    let mut statements = Vec::new();
    for file in files {
        let bytes = input::read(file, FILE_BYTES_MAX)?;
        let text = String::from_utf8(bytes)
            .map_err(|_| Failure::unverified(format!("{}: it is not UTF-8", file.display())))?;
        statements.extend(KeyRotation::split(&text).into_iter().map(str::to_owned));
    }
    Ok(statements)
}

/// The keys that a file is checked with.
#[derive(Debug, Args)]
pub struct TrustedKeys {
    /// The trail's verifier key; may be given again, for keys of cosigners or of other trails
    #[arg(long, value_name = "VKEY", required = true)]
    key: Vec<VerifierKey>,
    /// Statements of key rotations, as `indelible vkey --rotations` prints them, that lead from a
    /// key given here to the one that signed; may be given again
    #[arg(long, value_name = "FILE")]
    rotation: Vec<PathBuf>,
}

impl TrustedKeys {
    /// The keys that are trusted, with those that the statements lead to.
    ///
    /// # Errors
    /// A file that is not there; a statement that is none.
    pub fn chain(&self) -> Result<KeyChain, Failure> {
        let statements = read(&self.rotation)?;
        let rotations = statements.iter().map(|text| KeyRotation::open(text));
        let rotations = rotations
            .collect::<Result<Vec<_>, _>>()
            .map_err(Failure::unverified)?;
        Ok(KeyChain::new(self.key.iter().cloned(), rotations))
    }
}
