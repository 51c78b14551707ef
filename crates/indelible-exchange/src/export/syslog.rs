//! RFC 5424: one message for each entry, one line for each message.

use std::fmt::Write as _;
use std::io::{self, Write};

use indelible_core::{Entry, Outcome};

use super::is_control;

/// Log audit (RFC 5424, 6.2.1).
const FACILITY: u8 = 13;
/// The most characters of MSGID.
const MSGID_MAX: usize = 32;
/// The element with the entry's fields. 32473 is the enterprise number that RFC 5612 keeps for
/// examples; one of our own replaces it when there is one.
const ELEMENT: &str = "entry@32473";

/// Writes one entry as one line. The message is the entry's JSON in plain ASCII, so that it needs no
/// byte order mark.
///
/// # Errors
/// Those of the writer.
pub(crate) fn write_syslog(entry: &Entry, out: &mut impl Write) -> io::Result<()> {
    let priority = FACILITY * 8 + severity(entry.outcome);
    let name: String = entry.action.chars().take(MSGID_MAX).collect();
    let time = entry.occurred_at;
    write!(out, "<{priority}>1 {time} - indelible - {name} [{ELEMENT}")?;
    for (name, value) in parameters(entry) {
        write!(out, " {name}=\"{}\"", escaped(&value))?;
    }
    let json = serde_json::to_string(entry)?;
    writeln!(out, "] {}", ascii(&json))
}

fn parameters(entry: &Entry) -> Vec<(&'static str, String)> {
    let mut parameters = vec![
        ("trail", entry.trail.to_string()),
        ("seq", entry.seq.to_string()),
        ("id", entry.id.to_string()),
        ("action", entry.action.clone()),
        ("outcome", entry.outcome.to_string()),
        ("resource_type", entry.resource_type.clone()),
    ];
    let texts = [
        ("resource_id", &entry.resource_id),
        ("user_id", &entry.user_id),
        ("on_behalf_of", &entry.on_behalf_of),
        ("ip_address", &entry.ip_address),
        ("correlation_id", &entry.correlation_id),
    ];
    for (name, text) in texts {
        parameters.extend(text.clone().map(|text| (name, text)));
    }
    parameters.push(("leaf_hash", entry.leaf_hash.to_string()));
    parameters
}

/// A PARAM-VALUE: `"`, `\` and `]` are escaped. Line ends and other controls, which it has no form
/// for on a line, become spaces; the message has them exactly.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '"' | '\\' | ']' => escaped.extend(['\\', letter]),
            letter if is_control(letter) => escaped.push(' '),
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// The same JSON with nothing but ASCII.
fn ascii(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for letter in json.chars() {
        if letter.is_ascii() && letter != '\u{7f}' {
            text.push(letter);
            continue;
        }
        for unit in letter.encode_utf16(&mut [0; 2]) {
            // Writing into a text cannot fail.
            let _ = write!(text, "\\u{unit:04x}");
        }
    }
    text
}

fn severity(outcome: Outcome) -> u8 {
    match outcome {
        // Warning, notice, informational.
        Outcome::Denied => 4,
        Outcome::Failed => 5,
        Outcome::Attempted | Outcome::Succeeded | Outcome::Completed => 6,
    }
}
