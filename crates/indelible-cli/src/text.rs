//! Values as a terminal may show them.

use std::borrow::Cow;

/// The text with every character that could steer a terminal, forge a line or turn the reading
/// direction written as an escape: `\n`, `\u{1b}`.
///
/// The values of a trail come from whoever the trail watches.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if steers(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

/// JSON with the same characters as JSON escapes, which mean the same to whoever reads it.
///
/// `json` is JSON: of those characters only line ends can stand outside its texts, and they stay.
pub fn visible_json(json: &str) -> Cow<'_, str> {
    let steers = |character| character != '\n' && steers(character);
    if !json.contains(steers) {
        return Cow::Borrowed(json);
    }
    let mut shown = String::with_capacity(json.len() + 16);
    for character in json.chars() {
        if steers(character) {
            // All of them lie below U+10000.
            shown.push_str(&format!("\\u{:04x}", u32::from(character)));
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

fn steers(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{2028}' | '\u{2029}'
            | '\u{061c}' | '\u{200e}' | '\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            | '\u{feff}')
}

/// A number of things, with their name in the singular or, by an `s`, the plural.
pub fn count(number: u64, name: &str) -> String {
    if number == 1 {
        format!("1 {name}")
    } else {
        format!("{number} {name}s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_steers_a_terminal_is_left() {
        let hostile = "a\x1b[31m\r\nb\x7f\u{9b}2J\u{202e}c\u{2028}";
        assert_eq!(
            visible(hostile),
            "a\\u{1b}[31m\\r\\nb\\u{7f}\\u{9b}2J\\u{202e}c\\u{2028}"
        );
        assert_eq!(visible("żółw 🐢 <b>"), "żółw 🐢 <b>");
    }

    #[test]
    fn json_keeps_its_meaning() {
        let value = serde_json::json!({"a\u{9b}": "\x1b\u{7f}\u{202e}\u{2029}\n"});
        let text = serde_json::to_string_pretty(&value).expect("JSON");
        let shown = visible_json(&text);
        assert!(!shown.contains(|c: char| c != '\n' && steers(c)));
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&shown).expect("JSON"),
            value
        );
    }
}
