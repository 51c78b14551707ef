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

/// A cell of a CSV file that no spreadsheet takes for a formula: `'` is put before a value that
/// begins with `=`, `+`, `-`, `@`, one of these in full width, a tab or a line end, and before one
/// that begins with `'` and one of these, so that taking one `'` away again is exact.
pub fn formula_safe(cell: &str) -> Cow<'_, str> {
    let dangerous = |text: &str| text.starts_with(FORMULA_STARTS);
    if dangerous(cell) || (cell.starts_with('\'') && dangerous(cell.trim_start_matches('\''))) {
        return Cow::Owned(format!("'{cell}"));
    }
    Cow::Borrowed(cell)
}

const FORMULA_STARTS: [char; 11] = [
    '=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}', '\t', '\r', '\n',
];

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

    #[test]
    fn formulas_are_neutral_and_can_be_restored() {
        for cell in [
            "=1+1", "+1", "-1", "@x", "\tx", "\rx", "\nx", "＝1+1", "＋1", "－1", "＠x", "'=1",
            "''=1", "'＝1", "'", "it's", "a=b", "",
        ] {
            let safe = formula_safe(cell);
            let starts = |text: &str| text.starts_with(|c| "=+-@＝＋－＠\t\r\n".contains(c));
            assert!(!starts(&safe), "{cell:?}");
            let dangerous = starts(safe.trim_start_matches('\''));
            let restored = if dangerous { &safe[1..] } else { &safe[..] };
            assert_eq!(restored, cell);
        }
    }
}
