//! Blocks of addresses, as a configuration names them.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// A block of addresses (RFC 4632, RFC 4291): `10.0.0.0/8`, `2001:db8::/32`, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network {
    first: IpAddr,
    length: u8,
}

/// A text that names no block of addresses that could be trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// No address.
    #[error("`{0}` is no address and no block of addresses such as 10.0.0.0/8")]
    IllFormed(String),
    /// The length of the prefix is out of range.
    #[error("`{text}`: the prefix is /1 to /{longest}; /0 would believe everybody")]
    Prefix {
        /// The text.
        text: String,
        /// The longest prefix of such an address.
        longest: u8,
    },
    /// Bits behind the prefix are set.
    #[error("`{text}` has bits set behind its prefix; the block is {block}")]
    BitsBehindPrefix {
        /// The text.
        text: String,
        /// The block that the address lies in.
        block: Network,
    },
}

impl Network {
    /// Whether an address lies in the block. An IPv4 address mapped into IPv6 counts as IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.first.is_ipv4() && masked(address, self.length) == self.first
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let ill_formed = || NetworkError::IllFormed(text.chars().take(SHOWN_CHARS_MAX).collect());
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let first: IpAddr = address.parse().map_err(|_| ill_formed())?;
        let longest = if first.is_ipv4() { 32 } else { 128 };
        let length = match length {
            None => longest,
            Some(digits) if !digits.bytes().all(|b| b.is_ascii_digit()) => {
                return Err(ill_formed());
            }
            Some(digits) => digits.parse().map_err(|_| ill_formed())?,
        };
        if !(1..=longest).contains(&length) {
            let text = text.to_owned();
            return Err(NetworkError::Prefix { text, longest });
        }
        let block = Self {
            first: masked(first, length),
            length,
        };
        if block.first != first {
            let text = text.to_owned();
            return Err(NetworkError::BitsBehindPrefix { text, block });
        }
        Ok(block)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.length)
    }
}

/// Of a text that is no block, so many characters are shown.
const SHOWN_CHARS_MAX: usize = 100;

/// The address with all bits behind the prefix cleared.
fn masked(address: IpAddr, length: u8) -> IpAddr {
    let length = u32::from(length);
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX
                .checked_shl(32_u32.saturating_sub(length))
                .unwrap_or(0);
            IpAddr::V4((v4.to_bits() & mask).into())
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX
                .checked_shl(128_u32.saturating_sub(length))
                .unwrap_or(0);
            IpAddr::V6((v6.to_bits() & mask).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Network {
        text.parse().expect("a block")
    }

    #[test]
    fn a_block_holds_its_addresses_and_no_others() {
        let cases = [
            ("10.0.0.0/8", "10.255.255.255", true),
            ("10.0.0.0/8", "11.0.0.0", false),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true),
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("128.0.0.0/1", "255.255.255.255", true),
            ("128.0.0.0/1", "127.255.255.255", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("::1", "::1", true),
            ("::1", "0.0.0.1", false),
        ];
        for (block, address, expected) in cases {
            let address = address.parse().expect("an address");
            assert_eq!(
                network(block).contains(address),
                expected,
                "{block} {address}"
            );
        }
    }

    #[test]
    fn what_is_no_block_is_refused_by_name() {
        for text in [
            "",
            "10.0.0.0/",
            "10.0.0.0/8/8",
            "10.0.0/8",
            "localhost",
            "10.0.0.0/+8",
        ] {
            let error = text.parse::<Network>().expect_err(text);
            assert_eq!(error, NetworkError::IllFormed(text.to_owned()));
        }
        for text in ["0.0.0.0/0", "10.0.0.0/33", "::/0", "::1/129"] {
            let error = text.parse::<Network>().expect_err(text);
            assert!(matches!(error, NetworkError::Prefix { .. }), "{error}");
        }
        let error = "10.1.2.3/8".parse::<Network>().expect_err("bits");
        let said = "`10.1.2.3/8` has bits set behind its prefix; the block is 10.0.0.0/8";
        assert_eq!(error.to_string(), said);
    }
}
