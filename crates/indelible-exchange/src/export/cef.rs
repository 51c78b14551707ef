//! CEF, the Common Event Format of ArcSight, revision 26: one line for each entry.

use std::fmt::Write as _;
use std::io::{self, Write};

use indelible_core::{Entry, Outcome};

use super::is_control;

/// The most characters of a custom text.
const TEXT_MAX: usize = 4000;
/// The most characters of the other texts.
const SHORT_MAX: usize = 1023;

/// Writes one entry as one line.
///
/// # Errors
/// Those of the writer.
pub(crate) fn write_cef(entry: &Entry, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}", line(entry))
}

fn line(entry: &Entry) -> String {
    let mut line = format!(
        "CEF:0|Indelible|Indelible|{}|{}|{}|{}|",
        env!("CARGO_PKG_VERSION"),
        header(&entry.action),
        header(&entry.action.replace(['_', '.'], " ")),
        severity(entry.outcome),
    );
    let mut extension = Extension {
        line: &mut line,
        is_first: true,
    };
    extension.put("rt", &millis(entry.created_at), SHORT_MAX);
    extension.put("start", &millis(entry.occurred_at), SHORT_MAX);
    extension.put("externalId", &entry.id.to_string(), SHORT_MAX);
    extension.put("outcome", entry.outcome.as_str(), SHORT_MAX);
    extension.option("suid", entry.user_id.as_deref());
    extension.address(entry.ip_address.as_deref());
    extension.option("requestClientApplication", entry.user_agent.as_deref());
    extension.option("duid", entry.on_behalf_of.as_deref());
    let reason = entry
        .context
        .as_ref()
        .and_then(|context| context.get("reason")?.as_str());
    extension.option("reason", reason);
    extension.custom("cs1", "resourceType", Some(&entry.resource_type));
    extension.custom("cs2", "resourceId", entry.resource_id.as_deref());
    extension.custom("cs3", "correlationId", entry.correlation_id.as_deref());
    let context = entry.context.as_ref().map(ToString::to_string);
    extension.custom("cs4", "context", context.as_deref());
    extension.custom("cs5", "trail", Some(entry.trail.as_str()));
    extension.custom("cs6", "leafHash", Some(&entry.leaf_hash.to_string()));
    extension.put("cn1Label", "seq", SHORT_MAX);
    extension.put("cn1", &entry.seq.to_string(), SHORT_MAX);
    if !entry.tags.is_empty() {
        extension.custom("flexString1", "tags", Some(&entry.tags.join(" ")));
    }
    line
}

/// The members behind the header.
struct Extension<'l> {
    line: &'l mut String,
    is_first: bool,
}

impl Extension<'_> {
    fn put(&mut self, key: &str, text: &str, max: usize) {
        if !std::mem::take(&mut self.is_first) {
            self.line.push(' ');
        }
        // Writing into a text cannot fail.
        let _ = write!(self.line, "{key}={}", value(text, max));
    }

    fn option(&mut self, key: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.put(key, text, SHORT_MAX);
        }
    }

    fn custom(&mut self, key: &str, label: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.put(&format!("{key}Label"), label, SHORT_MAX);
            self.put(key, text, TEXT_MAX);
        }
    }

    /// `src` is for IPv4 alone.
    fn address(&mut self, text: Option<&str>) {
        let Some(text) = text else { return };
        match text.trim().parse::<std::net::IpAddr>() {
            Ok(std::net::IpAddr::V4(ip)) => self.put("src", &ip.to_string(), SHORT_MAX),
            Ok(std::net::IpAddr::V6(ip)) => {
                self.custom("c6a2", "Source IPv6 Address", Some(&ip.to_string()));
            }
            Err(_) => self.put("shost", text, SHORT_MAX),
        }
    }
}

/// A text of the header: `|` and `\` are escaped; it has no form for a line end.
fn header(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' | '|' => escaped.extend(['\\', letter]),
            letter if is_control(letter) => escaped.push(' '),
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// A value of the extension: `=` and `\` are escaped, line ends have a form; other controls,
/// which could end a line for some reader, become spaces.
fn value(text: &str, max: usize) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars().take(max) {
        match letter {
            '\\' | '=' => escaped.extend(['\\', letter]),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            letter if is_control(letter) => escaped.push(' '),
            letter => escaped.push(letter),
        }
    }
    escaped
}

fn severity(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Denied => 7,
        Outcome::Failed => 5,
        Outcome::Attempted | Outcome::Succeeded | Outcome::Completed => 2,
    }
}

fn millis(time: indelible_core::Timestamp) -> String {
    time.as_micros().div_euclid(1000).to_string()
}
