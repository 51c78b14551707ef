//! SHA-256 hashes and the two ways RFC 6962 §2.1 makes them: of a leaf and of a node.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

/// Prefix byte of everything that is hashed as a leaf.
const LEAF_PREFIX: [u8; 1] = [0x00];
/// Prefix byte of everything that is hashed as an interior node.
const NODE_PREFIX: [u8; 1] = [0x01];

/// Hashes one log entry: `SHA-256(0x00 || entry)`.
#[must_use]
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Hash(
        Sha256::new()
            .chain_update(LEAF_PREFIX)
            .chain_update(entry)
            .finalize()
            .into(),
    )
}

/// Hashes two children to their parent: `SHA-256(0x01 || left || right)`.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Hash(
        Sha256::new()
            .chain_update(NODE_PREFIX)
            .chain_update(left)
            .chain_update(right)
            .finalize()
            .into(),
    )
}

/// A SHA-256 hash: of a leaf, of a node, or the root of a tree.
///
/// Printed as 64 lower-case hexadecimal digits; ordered by its bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; Hash::LEN]);

impl Hash {
    /// Length of a hash in bytes.
    pub const LEN: usize = 32;

    /// The root of the tree without leaves: `SHA-256("")`.
    pub const EMPTY_ROOT: Self = Self([
        0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9,
        0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52,
        0xb8, 0x55,
    ]);

    /// Takes bytes that are a hash already; nothing is hashed.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// The bytes of the hash.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// Reads exactly 64 lower-case hexadecimal digits, as [`Display`](fmt::Display) writes them.
    ///
    /// # Errors
    ///
    /// Any other length, and any other character, upper-case digits included.
    pub fn from_hex(text: &str) -> Result<Self, HashError> {
        let digits = text.as_bytes();
        if digits.len() != 2 * Self::LEN {
            return Err(HashError::HexLength {
                found: digits.len(),
            });
        }
        let mut bytes = [0; Self::LEN];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = hex_digit(pair[0])? << 4 | hex_digit(pair[1])?;
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut hex = [0; 2 * Hash::LEN];
        for (pair, byte) in hex.chunks_exact_mut(2).zip(self.0) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 0x0f)];
        }
        f.pad(std::str::from_utf8(&hex).expect("hexadecimal digits are ASCII"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

impl AsRef<[u8]> for Hash {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl From<[u8; Hash::LEN]> for Hash {
    fn from(bytes: [u8; Hash::LEN]) -> Self {
        Self(bytes)
    }
}

impl From<Hash> for [u8; Hash::LEN] {
    fn from(hash: Hash) -> Self {
        hash.0
    }
}

impl TryFrom<&[u8]> for Hash {
    type Error = HashError;

    fn try_from(bytes: &[u8]) -> Result<Self, HashError> {
        match bytes.try_into() {
            Ok(bytes) => Ok(Self(bytes)),
            Err(_) => Err(HashError::Length { found: bytes.len() }),
        }
    }
}

impl FromStr for Hash {
    type Err = HashError;

    fn from_str(text: &str) -> Result<Self, HashError> {
        Self::from_hex(text)
    }
}

/// Why bytes or text are not a [`struct@Hash`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HashError {
    /// Not 32 bytes.
    #[error("a hash has 32 bytes, found {found}")]
    Length {
        /// Bytes given.
        found: usize,
    },
    /// Not 64 digits.
    #[error("a hash has 64 hexadecimal digits, found {found} bytes of text")]
    HexLength {
        /// Bytes of text given.
        found: usize,
    },
    /// A character that is not one of `0-9a-f`.
    #[error("byte 0x{found:02x} is no lower-case hexadecimal digit")]
    HexDigit {
        /// The first such byte.
        found: u8,
    },
}

fn hex_digit(digit: u8) -> Result<u8, HashError> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        found => Err(HashError::HexDigit { found }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_root_is_the_hash_of_nothing() {
        assert_eq!(Hash::EMPTY_ROOT, Hash(Sha256::digest(b"").into()));
    }

    #[test]
    fn leaf_and_node_prefixes_differ() {
        // T56: a node's children, replayed as the bytes of a leaf, hash to something else.
        let (left, right) = (leaf_hash(b"a"), leaf_hash(b"b"));
        let replayed = [left.as_ref(), right.as_ref()].concat();
        assert_ne!(leaf_hash(&replayed), node_hash(&left, &right));
        assert_ne!(node_hash(&left, &right), node_hash(&right, &left));
    }

    #[test]
    fn hex_is_read_back_and_read_strictly() {
        let hash = leaf_hash(b"");
        let hex = hash.to_string();
        assert_eq!(
            hex,
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
        );
        assert_eq!(hex.parse(), Ok(hash));
        assert_eq!(format!("{hash:?}"), format!("Hash({hex})"));
        assert_eq!(
            Hash::from_hex(&hex[1..]),
            Err(HashError::HexLength { found: 63 })
        );
        let upper = hex.to_uppercase();
        assert_eq!(
            Hash::from_hex(&upper),
            Err(HashError::HexDigit { found: b'E' })
        );
        assert_eq!(
            Hash::try_from(&[0; 31][..]),
            Err(HashError::Length { found: 31 })
        );
        assert_eq!(Hash::try_from(&hash.as_bytes()[..]), Ok(hash));
    }
}
