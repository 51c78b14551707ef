//! Places within a JSON value, spelled as RFC 6901 pointers.

use std::borrow::Cow;

/// The token as it stands in a pointer: `~` as `~0` and `/` as `~1` (RFC 6901, section 4).
///
/// Reading a place back is [`serde_json::Value::pointer`].
pub fn escape(token: &str) -> Cow<'_, str> {
    if !token.contains(['~', '/']) {
        return Cow::Borrowed(token);
    }
    let mut escaped = String::with_capacity(token.len() + 8);
    for character in token.chars() {
        match character {
            '~' => escaped.push_str("~0"),
            '/' => escaped.push_str("~1"),
            other => escaped.push(other),
        }
    }
    Cow::Owned(escaped)
}

/// Appends a slash and the escaped token to a pointer.
pub fn push(pointer: &mut String, token: &str) {
    pointer.push('/');
    pointer.push_str(&escape(token));
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_pushed_token_is_found_again() {
        for key in ["", "plain", "a/b", "m~n", "~1", "~01", "/", "ключ", "0"] {
            let mut pointer = String::new();
            push(&mut pointer, "outer");
            push(&mut pointer, key);
            let value = json!({"outer": {key: 7}});
            assert_eq!(
                value.pointer(&pointer),
                Some(&json!(7)),
                "{key:?} as {pointer}"
            );
        }
    }
}
