//! Lines of the Common Event Format.

use serde_json::{Map, Value};

use super::{Named, Parsed, syslog};

const HEADER: [&str; 7] = [
    "version",
    "vendor",
    "product",
    "product_version",
    "event_id",
    "name",
    "severity",
];

/// `CEF:version|vendor|product|version|id|name|severity|extension`, behind what syslog puts before
/// it; `None` where the line has no such header.
///
/// The extension is read as it occurs, not as it should be: a value goes on to the next word with
/// an equals sign behind it, whatever stands unescaped in it.
pub(super) fn parse(line: &str) -> Parsed {
    let (before, cef) = line.split_once("CEF:")?;
    let mut members = Map::new();
    let envelope = match syslog::parse(before.trim_end()) {
        Some(message) => message.members,
        None => {
            let mut alone = Map::new();
            syslog::priority(before, &mut alone);
            alone
        }
    };
    let kept = ["priority", "facility", "time", "host"];
    members.extend(
        envelope
            .into_iter()
            .filter(|(name, _)| kept.contains(&name.as_str())),
    );
    // Some write a space between the name of the format and its version.
    let mut rest = cef.trim_start_matches(' ');
    for name in HEADER {
        let (value, after) = match header(rest) {
            Some(found) => found,
            // The last bar is left out where no extension follows.
            None if name == "severity" => (rest.to_owned(), ""),
            None => return None,
        };
        members.insert(name.to_owned(), value.into());
        rest = after;
    }
    members.insert("extension".to_owned(), extension(rest));
    Some(members)
}

/// The text up to the next bar that is not escaped, and what stands behind it.
fn header(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '|' => return Some((value, &text[at + 1..])),
            '\\' => match characters.next()? {
                (_, escaped @ ('|' | '\\')) => value.push(escaped),
                (_, other) => value.extend(['\\', other]),
            },
            other => value.push(other),
        }
    }
    None
}

fn extension(text: &str) -> Value {
    let mut found = Named::default();
    let keys = keys(text);
    for (place, (name, start)) in keys.iter().enumerate() {
        let end = match keys.get(place + 1) {
            Some((next, after)) => after - 1 - next.len(),
            None => text.len(),
        };
        let value = unescaped(text[*start..end].trim_end_matches(' '));
        found.put(name, value.into());
    }
    found.into_value()
}

/// The keys, each with the place behind its equals sign.
fn keys(text: &str) -> Vec<(&str, usize)> {
    let mut keys = Vec::new();
    // A name reaches no further back than the last equals sign; nor is it looked for there.
    let mut behind = 0;
    for (at, _) in text.match_indices('=') {
        let begin = std::mem::replace(&mut behind, at + 1);
        let start = match text[begin..at].rfind(' ') {
            Some(space) => begin + space + 1,
            None if begin == 0 => 0,
            None => continue,
        };
        let name = &text[start..at];
        let is_name = |b: u8| b.is_ascii_alphanumeric() || b"_.-[]:".contains(&b);
        if !name.is_empty() && name.bytes().all(is_name) {
            keys.push((name, at + 1));
        }
    }
    keys
}

fn unescaped(text: &str) -> String {
    let mut value = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            value.push(character);
            continue;
        }
        match characters.next() {
            Some('n') => value.push('\n'),
            Some('r') => value.push('\r'),
            Some(escaped @ ('=' | '\\' | '|')) => value.push(escaped),
            Some(other) => value.extend(['\\', other]),
            None => value.push('\\'),
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parsed(line: &str) -> Option<Value> {
        parse(line).map(Value::Object)
    }

    #[test]
    fn header_and_extension_are_taken_apart() {
        let line = "<134>Feb 14 19:04:54 www1 CEF:0|Ve\\|n|Pro\\\\d|1.0|100|a name|5|\
                    src=10.0.0.1 msg=two words \\= one\\nline suser=eve cs1=x cs1=y ";
        let expected = json!({"priority": 134, "facility": "local0", "time": "Feb 14 19:04:54",
            "host": "www1", "version": "0", "vendor": "Ve|n", "product": "Pro\\d",
            "product_version": "1.0", "event_id": "100", "name": "a name", "severity": "5",
            "extension": {"src": "10.0.0.1", "msg": "two words = one\nline", "suser": "eve",
                "cs1": "x", "cs1~2": "y"}});
        assert_eq!(parsed(line), Some(expected));
    }

    #[test]
    fn text_that_is_not_escaped_stays_in_its_value() {
        let of = |extension: &str| {
            let line = format!("CEF:1|v|p|1|i|n|9|{extension}");
            parsed(&line).expect("a header")["extension"].clone()
        };
        assert_eq!(
            of("request=https://x/?a=1&b=2 act=go"),
            json!({"request": "https://x/?a=1&b=2", "act": "go"})
        );
        assert_eq!(of("msg=a | b \\ c  d"), json!({"msg": "a | b \\ c  d"}));
        assert_eq!(of("words without a key"), json!({}));
        assert_eq!(
            of("filePath=C:\\\\x\\\\ é=1"),
            json!({"filePath": "C:\\x\\ é=1"})
        );
    }

    #[test]
    fn many_equals_signs_take_linear_time() {
        // Looking back to the last space from each of them would take hours.
        let signs = "=".repeat(8_000_000);
        let line = format!("CEF:0|v|p|1|i|n|9|a{signs} b=c");
        let found = parsed(&line).expect("a header");
        assert_eq!(found["extension"], json!({"a": signs[1..], "b": "c"}));
    }

    #[test]
    fn a_priority_may_stand_alone_and_a_space_before_the_version() {
        let expected = json!({"priority": 14, "facility": "user", "version": "0", "vendor": "v",
            "product": "p", "product_version": "1", "event_id": "i", "name": "n",
            "severity": "9", "extension": {}});
        assert_eq!(parsed("<14>CEF: 0|v|p|1|i|n|9|"), Some(expected));
        let other = parsed("<192>odd CEF:0|v|p|1|i|n|9|").expect("a header");
        assert_eq!(other.get("priority"), None);
    }

    #[test]
    fn the_header_may_end_the_line_and_must_be_whole() {
        assert_eq!(
            parsed("CEF:0|v|p|1|i|n|9").expect("a header")["severity"],
            "9"
        );
        for line in ["", "CEF:", "CEF:0|v|p|1|i|n", "cef:0|v|p|1|i|n|9|"] {
            assert_eq!(parsed(line), None, "{line}");
        }
    }
}
