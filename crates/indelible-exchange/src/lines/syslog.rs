//! Lines of syslog: RFC 5424, and what RFC 3164 describes.

use serde_json::{Map, Value};

use super::{Parsed, syslog5424};
use crate::mapping::MONTHS;

const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv",
    "ftp", "ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4",
    "local5", "local6", "local7",
];
const SEVERITIES: [&str; 8] = [
    "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug",
];
/// The highest priority that there is: facility 23, severity 7.
const PRIORITY_MAX: u16 = 191;

/// What a line of either form says.
pub(super) struct Message {
    pub(super) members: Map<String, Value>,
    /// Whether it is of RFC 5424 and departs from its grammar.
    pub(super) departs: bool,
}

/// Either form; `None` where the line has neither.
pub(super) fn parse(line: &str) -> Option<Message> {
    let mut members = Map::new();
    let rest = priority(line, &mut members);
    if let Some(number) = members.get("priority")
        && let Some((version, rest)) = syslog5424::version(rest)
    {
        let plain = line.starts_with(&format!("<{number}>"));
        let mut message = syslog5424::parse(version, rest, members)?;
        message.departs |= !plain;
        return Some(message);
    }
    let members = of_3164(rest, members)?;
    let departs = false;
    Some(Message { members, departs })
}

/// What stands behind `<PRI>`, which files leave out.
pub(super) fn priority<'l>(line: &'l str, members: &mut Map<String, Value>) -> &'l str {
    let Some((number, rest)) = line.strip_prefix('<').and_then(|l| l.split_once('>')) else {
        return line;
    };
    let plain = (1..=3).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
    let Some(number) = number
        .parse()
        .ok()
        .filter(|n: &u16| plain && *n <= PRIORITY_MAX)
    else {
        return line;
    };
    members.insert("priority".to_owned(), number.into());
    let facility = FACILITIES[usize::from(number / 8)];
    members.insert("facility".to_owned(), facility.into());
    let severity = SEVERITIES[usize::from(number % 8)];
    members.insert("severity".to_owned(), severity.into());
    rest
}

/// `Mmm dd hh:mm:ss host tag[pid]: message`; a time as in RFC 3339 in its place is taken too, as
/// rsyslog and others write it.
fn of_3164(rest: &str, mut members: Map<String, Value>) -> Parsed {
    let (time, rest) = time(rest)?;
    members.insert("time".to_owned(), time.into());
    let rest = rest.trim_start_matches(' ');
    let (host, content) = rest.split_once(' ').unwrap_or((rest, ""));
    if is_tag(host) {
        // What writes to its own log leaves the host out.
        tagged(rest, &mut members);
        return Some(members);
    }
    if !host.is_empty() {
        members.insert("host".to_owned(), host.into());
    }
    tagged(content, &mut members);
    Some(members)
}

/// The time with which the text begins, and the rest.
pub(super) fn time(text: &str) -> Option<(&str, &str)> {
    let word = text.split(' ').next()?;
    if word.parse::<indelible_core::Timestamp>().is_ok() {
        return Some(text.split_at(word.len()));
    }
    if !MONTHS.contains(&text.get(..3)?) || text.as_bytes().get(3) != Some(&b' ') {
        return None;
    }
    let digits = |range: std::ops::Range<usize>| {
        let part = text.as_bytes().get(range);
        part.is_some_and(|part| part.iter().all(u8::is_ascii_digit))
    };
    let marks = text.as_bytes().get(9) == Some(&b':') && text.as_bytes().get(12) == Some(&b':');
    let day = (text.as_bytes().get(4) == Some(&b' ') && digits(5..6)) || digits(4..6);
    let space = text.as_bytes().get(6) == Some(&b' ');
    (day && space && marks && digits(7..9) && digits(10..12) && digits(13..15))
        .then(|| text.split_at(15))
}

/// `sshd[3]:` and the like; up to 48 characters, as programs write them.
fn is_tag(word: &str) -> bool {
    word.ends_with(':') && word.len() <= 48 && !word[..word.len() - 1].contains(':')
}

fn tagged(content: &str, members: &mut Map<String, Value>) {
    let word = content.split(' ').next().unwrap_or_default();
    if !is_tag(word) {
        members.insert("message".to_owned(), content.into());
        return;
    }
    let tag = &word[..word.len() - 1];
    let (app, process) = match tag.strip_suffix(']').and_then(|tag| tag.split_once('[')) {
        Some((app, process)) => (app, Some(process)),
        None => (tag, None),
    };
    members.insert("app".to_owned(), app.into());
    if let Some(process) = process {
        members.insert("process_id".to_owned(), process.into());
    }
    let message = content[word.len()..].trim_start_matches(' ');
    members.insert("message".to_owned(), message.into());
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parsed(line: &str) -> Option<Value> {
        parse(line).map(|message| Value::Object(message.members))
    }

    #[test]
    fn lines_as_rfc_3164_describes_them_are_taken_apart() {
        for (line, expected) in [
            (
                "<34>Oct 11 22:14:15 mymachine su[12]: 'su root' failed",
                json!({"priority": 34, "facility": "auth", "severity": "crit",
                    "time": "Oct 11 22:14:15", "host": "mymachine", "app": "su",
                    "process_id": "12", "message": "'su root' failed"}),
            ),
            (
                "Feb  5 17:32:18 10.0.0.99 no tag here",
                json!({"time": "Feb  5 17:32:18", "host": "10.0.0.99",
                    "message": "no tag here"}),
            ),
            (
                "Feb  5 17:32:18 kernel: up",
                json!({"time": "Feb  5 17:32:18", "app": "kernel", "message": "up"}),
            ),
            (
                "2026-02-05T17:32:18+01:00 box cron: run",
                json!({"time": "2026-02-05T17:32:18+01:00", "host": "box", "app": "cron",
                    "message": "run"}),
            ),
        ] {
            assert_eq!(parsed(line), Some(expected), "{line}");
        }
    }

    #[test]
    fn what_has_neither_form_is_none() {
        for line in [
            "",
            "<34>",
            "<192>Oct 11 22:14:15 a b: c x",
            "<34>1 2003-10-11T22:14:15.003Z host",
            "<34>1 - - - - - [a x=\"1]",
            "<34>1 - - - - - [] x",
            "Oct 11 22:14 host x: y",
            "Oktober 11",
            "Öct 11 22:14:15 x",
        ] {
            assert_eq!(parsed(line), None, "{line}");
        }
    }
}
