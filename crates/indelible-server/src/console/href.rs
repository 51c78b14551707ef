//! URLs of the console with parameters.

use indelible_core::TrailName;

/// A path with parameters of any text.
pub fn with<K, V>(path: &str, pairs: impl IntoIterator<Item = (K, V)>) -> String
where
    K: AsRef<str>,
    V: AsRef<str>,
{
    let mut encoded = form_urlencoded::Serializer::new(String::new());
    encoded.extend_pairs(pairs);
    let encoded = encoded.finish();
    if encoded.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{encoded}")
    }
}

/// A path with parameters, to which others are added that need no encoding.
pub fn open<K, V>(path: &str, pairs: impl IntoIterator<Item = (K, V)>) -> String
where
    K: AsRef<str>,
    V: AsRef<str>,
{
    let mut url = with(path, pairs);
    url.push(if url.len() == path.len() { '?' } else { '&' });
    url
}

/// The page of this name of a trail.
pub fn of_trail(trail: &TrailName, page: &str) -> String {
    format!("/console/trails/{trail}/{page}")
}

/// The page of one entry.
pub fn entry(trail: &TrailName, seq: u64) -> String {
    format!("/console/trails/{trail}/events/{seq}")
}

/// The page of a user. The user `none` has none: a question for it is one for entries without a
/// user.
pub fn user(trail: &TrailName, id: &str) -> Option<String> {
    (id != NOBODY).then(|| with(&of_trail(trail, "user"), [("id", id)]))
}

/// What a question calls the user of entries that have none.
pub const NOBODY: &str = "none";

/// The page of a resource.
pub fn resource(trail: &TrailName, kind: &str, id: &str) -> String {
    with(&of_trail(trail, "resource"), [("type", kind), ("id", id)])
}

/// Whether a text, which somebody may have made up, is the URL of a page of the console: none that
/// leads elsewhere.
pub fn is_inside(url: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'\\';
    let path = url.split(['?', '#']).next().unwrap_or_default();
    (path == super::ROOT || path.starts_with("/console/")) && url.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_the_console_are_inside() {
        for inside in [
            "/console",
            "/console/trails/a/events?user_id=%0a",
            "/console?x=//y",
        ] {
            assert!(is_inside(inside), "{inside}");
        }
        for outside in [
            "",
            "/",
            "//evil.example/console/",
            "https://evil.example/console/",
            "/consoles",
            "/console\\..\\",
            "/console/\r\nSet-Cookie: x",
            "/v1/trails",
            "javascript:alert(1)//console/",
        ] {
            assert!(!is_inside(outside), "{outside}");
        }
    }
}
