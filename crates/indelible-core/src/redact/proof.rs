//! What a match of a pattern has to show beyond the pattern.

use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::{DecodePaddingMode, Engine as _};
use serde::Deserialize;

/// What the matched secret has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Proof {
    /// Its first part is the base64url of a JOSE header (RFC 7515, RFC 7516).
    Jose,
    /// The base64 of a name, a colon and a password (RFC 7617).
    UserPass,
    /// The base64 of a private key's PEM block (RFC 7468).
    Pem,
    /// It looks drawn rather than written: a digit or both cases, or unusually long.
    Drawn,
}

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const BASE64: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);
const BASE64_URL: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT);

impl Proof {
    pub(super) fn holds(self, secret: &str) -> bool {
        match self {
            Self::Jose => is_jose(secret),
            Self::UserPass => decoded(secret).is_some_and(|text| is_user_pass(&text)),
            Self::Pem => is_pem(secret),
            Self::Drawn => is_drawn(secret),
        }
    }
}

/// Bits per character, by the frequencies within the text itself.
pub(super) fn entropy(text: &str) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in text.bytes() {
        counts[usize::from(byte)] += 1;
    }
    let length = text.len() as f64;
    let bits = |count: &u32| {
        let share = f64::from(*count) / length;
        -share * share.log2()
    };
    counts.iter().filter(|count| **count > 0).map(bits).sum()
}

fn is_jose(token: &str) -> bool {
    let header = token.split('.').next().unwrap_or_default();
    let Ok(bytes) = BASE64_URL.decode(header) else {
        return false;
    };
    let header = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&bytes);
    header.is_ok_and(|header| header.contains_key("alg"))
}

fn decoded(secret: &str) -> Option<Vec<u8>> {
    BASE64
        .decode(secret)
        .or_else(|_| BASE64_URL.decode(secret))
        .ok()
}

fn is_user_pass(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes)
        .is_ok_and(|text| text.contains(':') && !text.chars().any(char::is_control))
}

fn is_pem(secret: &str) -> bool {
    // Whole groups of four that hold the first line of the block.
    let start: String = secret
        .chars()
        .filter(|c| !c.is_whitespace())
        .take(64)
        .collect();
    let whole = &start[..start.len() / 4 * 4];
    let Some(bytes) = decoded(whole) else {
        return false;
    };
    bytes.windows(11).any(|window| window == b"PRIVATE KEY")
}

fn is_drawn(secret: &str) -> bool {
    let has = |test: fn(&u8) -> bool| secret.as_bytes().iter().any(test);
    let cases = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase) && secret.len() >= 24;
    has(u8::is_ascii_digit) || cases || secret.len() >= 32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_needs_a_header_with_an_algorithm() {
        let token = |header: &str| format!("{}.e30.c2ln", BASE64_URL.encode(header));
        assert!(Proof::Jose.holds(&token(r#"{"alg":"none"}"#)));
        assert!(Proof::Jose.holds(&token(r#"{ "typ":"JWT","alg":"RS256"}"#)));
        assert!(!Proof::Jose.holds(&token(r#"{"typ":"JWT"}"#)));
        assert!(!Proof::Jose.holds(&token("[1]")));
        assert!(!Proof::Jose.holds("eyJ.eyJ.x"));
    }

    #[test]
    fn basic_needs_a_colon() {
        assert!(Proof::UserPass.holds("dXNlcjpwYXNz"));
        assert!(Proof::UserPass.holds("dTpw"));
        for text in ["authentication", "realm", "auth", "information"] {
            assert!(!Proof::UserPass.holds(text), "{text}");
        }
    }

    #[test]
    fn words_are_not_drawn() {
        for text in ["authentication", "token", "AuthenticationScheme"] {
            assert!(!Proof::Drawn.holds(text), "{text}");
        }
        for text in [
            "s3cr3t",
            "abcdefghijklmnopqrstuvwxyzabcdef",
            "MixedCaseMixedCaseMixedCase",
        ] {
            assert!(Proof::Drawn.holds(text), "{text}");
        }
    }

    #[test]
    fn entropy_is_in_bits_per_character() {
        assert!((entropy("aaaa") - 0.0).abs() < 1e-9);
        assert!((entropy("abcd") - 2.0).abs() < 1e-9);
    }
}
