//! What stands where a secret was.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// How many bytes of the HMAC a marker shows.
const HASH_BYTES: usize = 16;

/// The mask of a rule.
pub(super) fn mask(rule: &str) -> String {
    format!("[REDACTED:{rule}]")
}

/// The marker of a secret under a key.
pub(super) fn keyed_hash(key: &[u8; 32], secret: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(secret.as_bytes());
    let mut text = String::with_capacity(7 + 2 * HASH_BYTES);
    text.push_str("[HMAC:");
    for byte in &mac.finalize().into_bytes()[..HASH_BYTES] {
        write!(text, "{byte:02x}").expect("a String takes every text");
    }
    text.push(']');
    text
}

/// The length of the marker of ours that the text begins with.
pub(super) fn own_prefix(text: &str) -> Option<usize> {
    let (body, allowed): (_, fn(u8) -> bool) = if let Some(rest) = text.strip_prefix("[REDACTED") {
        if rest.starts_with(']') {
            return Some("[REDACTED]".len());
        }
        (rest.strip_prefix(':')?, |b| {
            b.is_ascii_alphanumeric() || b"_.-".contains(&b)
        })
    } else {
        (
            text.strip_prefix("[HMAC:")?,
            |b| matches!(b, b'0'..=b'9' | b'a'..=b'f'),
        )
    };
    let end = body.bytes().position(|byte| byte == b']')?;
    let is_whole = end > 0 && end <= 64 && body[..end].bytes().all(allowed);
    is_whole.then(|| text.len() - body.len() + end + 1)
}

/// Where the beginning of a marker of ours stands at the end of a text that was cut.
pub(crate) fn cut_at_end(text: &str) -> Option<usize> {
    let at = text.rfind('[')?;
    let tail = &text[at..];
    let begins = |whole: &str| whole.starts_with(tail) || tail.starts_with(whole);
    let is_cut = (begins("[REDACTED:") || begins("[HMAC:")) && !tail.contains(']');
    let fits = tail.len() <= "[REDACTED:".len() + 64;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"[:_.-".contains(&byte);
    (is_cut && fits && tail.bytes().all(is_plain)).then_some(at)
}

/// The text without the markers of ours.
pub(super) fn strip_own(text: &str) -> String {
    let mut rest = text;
    let mut left = String::with_capacity(text.len());
    while let Some(at) = rest.find('[') {
        left.push_str(&rest[..at]);
        rest = &rest[at..];
        let skipped = own_prefix(rest).unwrap_or(0);
        // A stripped marker parts words as the marker itself does.
        left.push(' ');
        rest = &rest[skipped.max(1)..];
    }
    left.push_str(rest);
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_that_was_cut_is_known_by_its_beginning() {
        for tail in ["[", "[RED", "[REDACTED:", "[REDACTED:pass", "[HMAC:01ab"] {
            assert_eq!(cut_at_end(&format!("token={tail}")), Some(6), "{tail}");
        }
        for text in [
            "",
            "token=",
            "[REDACTED:token]",
            "[x",
            "[REDACTED:a b",
            "[HMACx",
        ] {
            assert_eq!(cut_at_end(text), None, "{text}");
        }
    }

    #[test]
    fn own_markers_are_known() {
        assert_eq!(own_prefix(&mask("api-key")), Some(18));
        assert_eq!(own_prefix("[REDACTED]x"), Some(10));
        let hashed = keyed_hash(&[7; 32], "hunter2");
        assert_eq!(
            own_prefix(&format!("{hashed} and more")),
            Some(hashed.len())
        );
        for text in [
            "",
            "[REDACTED",
            "[REDACTED:]",
            "[REDACTED:a b]",
            "[HMAC:zz]",
            "[HMAC:]",
        ] {
            assert_eq!(own_prefix(text), None, "{text}");
        }
        assert_eq!(strip_own("a[REDACTED:password]b[0]"), "a b 0]");
    }

    /// The value was computed by another implementation.
    #[test]
    fn a_keyed_hash_depends_on_key_and_secret() {
        let marker = keyed_hash(&[7; 32], "hunter2");
        assert_eq!(marker, "[HMAC:326eb4f6783e519f198c32929bd28e66]");
        assert_eq!(marker, keyed_hash(&[7; 32], "hunter2"));
        assert_ne!(marker, keyed_hash(&[8; 32], "hunter2"));
        assert_ne!(marker, keyed_hash(&[7; 32], "hunter3"));
    }
}
