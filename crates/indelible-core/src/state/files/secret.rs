//! Secrets as files: a line of hexadecimal digits.

use std::io;
use std::path::Path;

use super::at;
use super::whole::read_text;
use crate::state::{Secret, StateError};

pub(super) fn hex_line(secret: &Secret) -> String {
    let mut text: String = secret.expose().iter().map(|b| format!("{b:02x}")).collect();
    text.push('\n');
    text
}

pub(super) fn read_secret(path: &Path) -> Result<Option<Secret>, StateError> {
    let text = match read_text(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(at(path)(error)),
    };
    let problem = "expected 64 hexadecimal digits".to_owned();
    let malformed = || StateError::Malformed {
        path: path.to_owned(),
        problem: problem.clone(),
    };
    Secret::from_hex(text.trim_end())
        .map(Some)
        .ok_or_else(malformed)
}
