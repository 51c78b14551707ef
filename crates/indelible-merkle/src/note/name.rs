//! Names and ids of keys.

use sha2::{Digest, Sha256};

/// Longest key name in bytes. The specification sets no limit; cosignatures of type 0x06, which
/// hash the name behind a length byte, do.
pub const KEY_NAME_BYTES_MAX: usize = 255;

/// Checks a key name, and so the origin of a log: 1..=255 bytes, no white space, no control
/// character, no `+`.
///
/// # Errors
///
/// The rule that is broken.
pub fn check_key_name(name: &str) -> Result<(), KeyNameError> {
    if name.is_empty() {
        return Err(KeyNameError::Empty);
    }
    if name.len() > KEY_NAME_BYTES_MAX {
        return Err(KeyNameError::TooLong { found: name.len() });
    }
    match name
        .chars()
        .find(|&c| c.is_whitespace() || c.is_control() || c == '+')
    {
        Some(found) => Err(KeyNameError::Character { found }),
        None => Ok(()),
    }
}

/// Why a text is no key name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyNameError {
    /// Nothing at all.
    #[error("a key name is not empty")]
    Empty,
    /// Above [`KEY_NAME_BYTES_MAX`].
    #[error("a key name has at most {KEY_NAME_BYTES_MAX} bytes, found {found}")]
    TooLong {
        /// Bytes given.
        found: usize,
    },
    /// White space, a control character or `+`.
    #[error("a key name has no {found:?}")]
    Character {
        /// The first such character.
        found: char,
    },
}

/// The id of a key: the first four bytes of a hash of name, type and public key. It is a hint
/// which key to try, not an identity: names and ids may collide.
pub(super) fn key_id(name: &str, type_byte: u8, public: &[u8; 32]) -> u32 {
    let hash = Sha256::new()
        .chain_update(name)
        .chain_update([b'\n', type_byte])
        .chain_update(public)
        .finalize();
    u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        assert_eq!(check_key_name("example.com/log"), Ok(()));
        assert_eq!(check_key_name("größe"), Ok(()));
        assert_eq!(check_key_name(&"a".repeat(255)), Ok(()));
        assert_eq!(
            check_key_name(&"a".repeat(256)),
            Err(KeyNameError::TooLong { found: 256 })
        );
        assert_eq!(check_key_name(""), Err(KeyNameError::Empty));
        for found in [' ', '+', '\n', '\u{a0}', '\u{2028}', '\u{7f}', '\0'] {
            let name = format!("a{found}b");
            assert_eq!(
                check_key_name(&name),
                Err(KeyNameError::Character { found })
            );
        }
    }
}
