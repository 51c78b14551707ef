//! Base64 with one spelling per value: the standard alphabet of RFC 4648 §4, padded, no line
//! breaks, and zero bits where the last digit has bits to spare.

use ::base64::Engine as _;
use ::base64::engine::general_purpose::STANDARD;

/// Writes bytes as canonical base64.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Reads what [`encode`] would write, and nothing else.
///
/// # Errors
///
/// Any other alphabet, missing or superfluous padding, whitespace, stray bits at the end.
pub fn decode(text: &str) -> Result<Vec<u8>, Base64Error> {
    STANDARD.decode(text).map_err(|_| Base64Error)
}

/// The text is not canonical base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not canonical base64")]
pub struct Base64Error;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_spelling_is_read() {
        assert_eq!(encode(&[0xfb, 0xff]), "+/8=");
        assert_eq!(decode("+/8="), Ok(vec![0xfb, 0xff]));
        for text in [
            "+/8", "+/9=", "-_8=", "+/8==", " +/8=", "+/8=\n", "+/\n8=", "=", "A", "AA=A",
        ] {
            assert_eq!(decode(text), Err(Base64Error), "{text:?}");
        }
    }
}
