//! The text of an API key: `indelible_`, 30 characters of base 62 and 6 of checksum.
//!
//! Scanners find lost keys by `indelible_[0-9A-Za-z]{36}`, and tell them from other texts by the
//! checksum: the CRC-32 of all before it, in base 62, most significant digit first.

use std::fmt;

use indelible_core::Entropy;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

const PREFIX: &str = "indelible_";
/// 62^30 is a little over 2^178.
const RANDOM_CHARS: usize = 30;
const CHECKSUM_CHARS: usize = 6;
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// An API key as its holder has it. It is never stored, and wiped from memory when dropped.
pub struct Token(Zeroizing<String>);

impl Token {
    /// A new one.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut text = Zeroizing::new(String::with_capacity(
            PREFIX.len() + RANDOM_CHARS + CHECKSUM_CHARS,
        ));
        text.push_str(PREFIX);
        let mut bytes = Zeroizing::new([0; 64]);
        while text.len() < PREFIX.len() + RANDOM_CHARS {
            entropy.fill(&mut *bytes);
            // Bytes from 248 on would make some digits more likely than others.
            let fair = bytes.iter().filter(|byte| **byte < 248);
            let missing = PREFIX.len() + RANDOM_CHARS - text.len();
            text.extend(fair.take(missing).map(|byte| digit(u32::from(*byte))));
        }
        let checksum = checksum(&text);
        text.extend(checksum);
        Self(text)
    }

    /// Reads one.
    ///
    /// `None` where the text is none: of another form, or with a wrong checksum.
    pub fn read(text: &str) -> Option<Self> {
        let random = text.strip_prefix(PREFIX)?;
        let plain = random.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if random.len() != RANDOM_CHARS + CHECKSUM_CHARS || !plain {
            return None;
        }
        let (body, given) = text.split_at(text.len() - CHECKSUM_CHARS);
        let fits = given.chars().eq(checksum(body));
        fits.then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The text, to be shown once.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is stored of it.
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }

    /// The last four characters, by which a holder tells keys apart. They are of the checksum.
    pub fn last_four(&self) -> &str {
        &self.0[self.0.len() - 4..]
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token(…{})", self.last_four())
    }
}

fn checksum(body: &str) -> impl Iterator<Item = char> + use<> {
    let sum = crc32fast::hash(body.as_bytes());
    let powers = (0..CHECKSUM_CHARS as u32).rev();
    powers.map(move |power| digit(sum / 62_u32.saturating_pow(power)))
}

fn digit(value: u32) -> char {
    char::from(DIGITS[(value % 62) as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting(std::sync::atomic::AtomicU8);

    impl Entropy for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            for byte in bytes {
                *byte = self.0.fetch_add(7, std::sync::atomic::Ordering::SeqCst);
            }
        }
    }

    #[test]
    fn a_key_is_read_back_and_a_misspelt_one_is_none() {
        let token = Token::generate(&Counting(0.into()));
        let text = token.expose().to_owned();
        assert_eq!(text.len(), 46);
        let read = Token::read(&text).expect("a key");
        assert_eq!(read.digest(), token.digest());
        for at in PREFIX.len()..text.len() {
            let mut other = text.clone().into_bytes();
            other[at] = if other[at] == b'x' { b'y' } else { b'x' };
            let other = String::from_utf8(other).expect("ASCII");
            assert!(Token::read(&other).is_none(), "{at}");
        }
        for other in [
            "",
            "indelible_",
            &text[1..],
            &format!("{text}0"),
            &text.to_uppercase(),
        ] {
            assert!(Token::read(other).is_none(), "{other}");
        }
        assert!(!format!("{token:?}").contains(&text[..20]));
    }

    #[test]
    fn the_checksum_is_the_crc_in_base_62() {
        // CRC-32 of "123456789" is 0xCBF43926.
        let text: String = checksum("123456789").collect();
        let value = text.bytes().fold(0_u64, |value, byte| {
            let digit = DIGITS
                .iter()
                .position(|digit| *digit == byte)
                .expect("a digit");
            value * 62 + digit as u64
        });
        assert_eq!(value, 0xCBF4_3926);
    }
}
