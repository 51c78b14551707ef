//! The two headers in which proxies say for whom they ask, read from the right.
//!
//! A proxy appends what it knows to what it was sent, so that only the end of the list is the word
//! of a proxy, and the rest whatever a client chose to write. Both lists are therefore cut from the
//! right, also where quotes stand: a quote that a client left open on the left swallows nothing of
//! what the proxy wrote behind it.

use std::borrow::Cow;

use axum::http::header::FORWARDED;
use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// What one proxy says of its client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Hop {
    /// What it calls it.
    Named(String),
    /// Nothing at all.
    Silent,
}

/// The hops of `X-Forwarded-For`, the last one first. Empty places name nobody and are passed
/// over, as RFC 9110 section 5.6.1 has it for lists.
pub(crate) fn x_forwarded_for(headers: &HeaderMap) -> impl Iterator<Item = Hop> {
    let lines: Vec<Cow<'_, str>> = headers.get_all(X_FORWARDED_FOR).iter().map(text).collect();
    lines.into_iter().rev().flat_map(|line| {
        let hops = line.rsplit(',').map(trimmed).filter(|hop| !hop.is_empty());
        let hops: Vec<Hop> = hops.map(|hop| Hop::Named(hop.to_owned())).collect();
        hops
    })
}

/// The hops of `Forwarded` (RFC 7239), the last one first. Of an element that is not well-formed
/// the whole is the name: it is no address and ends the search.
pub(crate) fn forwarded(headers: &HeaderMap) -> impl Iterator<Item = Hop> {
    let lines: Vec<Cow<'_, str>> = headers.get_all(FORWARDED).iter().map(text).collect();
    lines.into_iter().rev().flat_map(|line| {
        let elements = split_from_right(&line, b',').into_iter().map(trimmed);
        let hops: Vec<Hop> = elements
            .filter(|element| !element.is_empty())
            .map(hop_of_element)
            .collect();
        hops
    })
}

pub(crate) const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The text of a header's value: UTF-8 where it is that, else each byte the character of its
/// number (ISO 8859-1, what RFC 9110 section 5.5 calls historical), so that none is lost.
pub(crate) fn text(value: &HeaderValue) -> Cow<'_, str> {
    match std::str::from_utf8(value.as_bytes()) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(
            value
                .as_bytes()
                .iter()
                .map(|&byte| char::from(byte))
                .collect(),
        ),
    }
}

fn trimmed(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

fn hop_of_element(element: &str) -> Hop {
    let as_given = || Hop::Named(element.to_owned());
    let mut named = None;
    for pair in split_from_right(element, b';') {
        let pair = trimmed(pair);
        if pair.is_empty() {
            continue;
        }
        let Some((name, value)) = pair.split_once('=') else {
            return as_given();
        };
        let Some(value) = unquoted(value) else {
            return as_given();
        };
        // The grammar has no spaces around the sign; a name that ends in one is no token.
        if name.is_empty() || !name.bytes().all(is_token) {
            return as_given();
        }
        if name.eq_ignore_ascii_case("for") && named.replace(value).is_some() {
            return as_given();
        }
    }
    named.map_or(Hop::Silent, Hop::Named)
}

/// A token, an address that should have been quoted and often is not, or the content of a quoted
/// string; `None` where quotes stand otherwise.
fn unquoted(value: &str) -> Option<String> {
    let Some(quoted) = value.strip_prefix('"') else {
        let is_bare = !value.is_empty() && !value.contains(['"', ' ', '\t']);
        return is_bare.then(|| value.to_owned());
    };
    let mut content = String::with_capacity(quoted.len());
    let mut characters = quoted.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => return characters.as_str().is_empty().then_some(content),
            '\\' => content.push(characters.next()?),
            other => content.push(other),
        }
    }
    None
}

/// The places between `separator`s that stand outside quotes, the last one first.
fn split_from_right(list: &str, separator: u8) -> Vec<&str> {
    let bytes = list.as_bytes();
    let (mut places, mut end, mut is_quoted) = (Vec::new(), list.len(), false);
    for at in (0..bytes.len()).rev() {
        match bytes[at] {
            b'"' if is_quoted && is_escaped(&bytes[..at]) => {}
            b'"' => is_quoted = !is_quoted,
            byte if byte == separator && !is_quoted => {
                places.push(&list[at + 1..end]);
                end = at;
            }
            _ => {}
        }
    }
    places.push(&list[..end]);
    places
}

/// Whether what follows `before` is escaped: an odd number of backslashes stands there.
fn is_escaped(before: &[u8]) -> bool {
    before
        .iter()
        .rev()
        .take_while(|&&byte| byte == b'\\')
        .count()
        % 2
        == 1
}

/// A character of a token (RFC 9110 section 5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hops(lines: &[&str]) -> Vec<Hop> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED, line.parse().expect("a value"));
        }
        forwarded(&headers).collect()
    }

    fn named(name: &str) -> Hop {
        Hop::Named(name.to_owned())
    }

    #[test]
    fn elements_come_from_the_right_in_every_spelling() {
        let list = r#"for=192.0.2.43, For="[2001:db8:cafe::17]:4711" ; proto=https;by="a,b" ,,"#;
        let expected = [named("[2001:db8:cafe::17]:4711"), named("192.0.2.43")];
        assert_eq!(hops(&[list]), expected);
        assert_eq!(
            hops(&["for=a", "for=b, FOR=c"]),
            [named("c"), named("b"), named("a")]
        );
        assert_eq!(hops(&[r#"for="\"x\\""#]), [named(r#""x\"#)]);
        assert_eq!(hops(&["proto=https"]), [Hop::Silent]);
        assert_eq!(hops(&["", ",", " , ,"]), []);
    }

    #[test]
    fn a_malformed_element_is_its_own_name() {
        for element in [
            "for",
            "for=",
            "=a",
            "for=a;for=b",
            "for = a",
            "for=a b",
            r#"for="a"b"#,
            r#"for=a"b"#,
            r#"for="a\""#,
        ] {
            assert_eq!(hops(&[element]), [named(element)], "{element}");
        }
    }

    #[test]
    fn an_open_quote_on_the_left_swallows_nothing_on_the_right() {
        let found = hops(&[r#"for="203.0.113.7, for="[2001:db8::1]""#]);
        assert_eq!(found[0], named("[2001:db8::1]"));
        let found = hops(&[r#"for="203.0.113.7, for=192.0.2.9"#]);
        assert_eq!(found[0], named("192.0.2.9"));
    }

    #[test]
    fn bytes_that_are_no_text_are_kept_each_as_a_character() {
        let value = HeaderValue::from_bytes(b"caf\xe9").expect("a value");
        assert_eq!(text(&value), "caf\u{e9}");
        let value = HeaderValue::from_bytes("caf\u{e9}".as_bytes()).expect("a value");
        assert_eq!(text(&value), "caf\u{e9}");
    }
}
