//! Records of the Linux audit daemon: `type=… msg=audit(time:serial): name=value …`. All that have
//! the same time and serial number, on one node, are one event.

use serde_json::{Map, Value, json};

use super::{Named, Parsed};

/// Fields that the kernel writes in hexadecimal digits where their text is not plain.
const TEXTS: [&str; 12] = [
    "acct",
    "cmd",
    "comm",
    "cwd",
    "data",
    "dir",
    "exe",
    "key",
    "name",
    "new_group",
    "path",
    "proctitle",
];
/// What enriched records have between the fields of the kernel and what the daemon found out.
const ENRICHED: char = '\u{1D}';

/// What the lines of one event have in common: node, time and serial number. `None` for a line
/// that tells none.
pub(crate) fn event_of_line(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let find = |text: &[u8], what: &[u8]| text.windows(what.len()).position(|w| w == what);
    let start = find(line, b"msg=audit(")?;
    let inside = &line[start..];
    let end = inside.iter().position(|b| *b == b')')?;
    let stamp = &inside[10..end];
    let (time, serial) = stamp.split_at(stamp.iter().position(|b| *b == b':')?);
    let digits = |text: &[u8]| !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let is_time = time.split(|b| *b == b'.').all(digits);
    if !is_time || !digits(&serial[1..]) {
        return None;
    }
    let node = line.strip_prefix(b"node=").map_or(&[][..], |node| {
        let end = node.iter().position(|b| *b == b' ');
        &node[..end.unwrap_or(node.len())]
    });
    Some((node, stamp))
}

/// The lines of one event.
pub(super) fn parse(lines: &str) -> Parsed {
    let mut members = Map::new();
    let mut records = Vec::new();
    for line in lines.split('\n') {
        event_of_line(line.as_bytes())?;
        let (head, rest) = line.split_once("msg=audit(")?;
        let (stamp, body) = rest.split_once(')')?;
        let (time, serial) = stamp.split_once(':')?;
        if records.is_empty() {
            members.insert("time".to_owned(), time.into());
            members.insert("serial".to_owned(), serial.into());
        }
        let mut record = Map::new();
        for word in head.split_whitespace() {
            match word.split_once('=') {
                Some(("node", node)) => {
                    members.insert("node".to_owned(), node.into());
                }
                Some(("type", kind)) if !kind.is_empty() => {
                    record.insert("type".to_owned(), kind.into());
                }
                _ => {}
            }
        }
        let is_arguments = record.get("type") == Some(&json!("EXECVE"));
        let mut fields = Named::default();
        let body = body.strip_prefix(':').unwrap_or(body).trim();
        take_fields(body, is_arguments, &mut fields);
        record.insert("fields".to_owned(), fields.into_value());
        records.push(Value::Object(record));
    }
    members.insert("records".to_owned(), Value::Array(records));
    Some(members)
}

/// `name=value`, values in quotes or up to the next space; words without a name are the `text`.
fn take_fields(body: &str, is_arguments: bool, fields: &mut Named) {
    let mut words = Vec::new();
    let mut rest = body.trim_start_matches([' ', ENRICHED, ',']);
    while !rest.is_empty() {
        let end = rest.find([' ', '=', ENRICHED]).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let Some(after) = after.strip_prefix('=').filter(|_| !word.is_empty()) else {
            words.push(word);
            // An equals sign without a name before it is a word of its own.
            let past = after.chars().next().map_or(0, char::len_utf8);
            rest = after[past..].trim_start_matches([' ', ENRICHED, ',']);
            continue;
        };
        let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''));
        let closed = quote.and_then(|quote| Some((quote, after[1..].find(quote)?)));
        let (value, behind) = match closed {
            Some((quote, end)) => {
                let (inside, behind) = (&after[1..=end], &after[end + 2..]);
                if quote == '\'' && word == "msg" {
                    take_fields(inside, false, fields);
                    rest = behind.trim_start_matches([' ', ENRICHED, ',']);
                    continue;
                }
                (inside.to_owned(), behind)
            }
            None => {
                let end = after.find([' ', ENRICHED]).unwrap_or(after.len());
                let value = &after[..end];
                let is_text = TEXTS.contains(&word)
                    || (is_arguments && word.starts_with('a') && word != "argc");
                let decoded = if is_text { unhex(value) } else { None };
                (decoded.unwrap_or_else(|| value.to_owned()), &after[end..])
            }
        };
        fields.put(word, value.into());
        rest = behind.trim_start_matches([' ', ENRICHED, ',']);
    }
    let text = words.join(" ");
    if !text.is_empty() {
        fields.put("text", text.into());
    }
}

/// The text that an even number of upper-case hexadecimal digits stands for; NUL between the
/// arguments of a command becomes a space.
fn unhex(text: &str) -> Option<String> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    };
    if text.is_empty() || !text.len().is_multiple_of(2) {
        return None;
    }
    let bytes: Option<Vec<u8>> = text
        .as_bytes()
        .chunks(2)
        .map(|pair| Some(digit(pair[0])? * 16 + digit(pair[1])?))
        .collect();
    let text = String::from_utf8(bytes?).ok()?;
    Some(text.trim_matches('\0').replace('\0', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(lines: &str) -> Option<Value> {
        parse(lines).map(Value::Object)
    }

    #[test]
    fn lines_of_one_event_tell_the_same() {
        for (line, event) in [
            ("type=A msg=audit(1.5:7): x", Some(("", "1.5:7"))),
            ("msg=audit(1.5:7):", Some(("", "1.5:7"))),
            ("node=n type=A msg=audit(1.5:7): x", Some(("n", "1.5:7"))),
            ("type=A msg=audit(1.5): x", None),
            ("type=A msg=audit(): x", None),
            ("type=A msg=audit(1.5:7", None),
            ("anything", None),
        ] {
            let event = event.map(|(node, stamp)| (node.as_bytes(), stamp.as_bytes()));
            assert_eq!(event_of_line(line.as_bytes()), event, "{line}");
        }
    }

    #[test]
    fn the_records_of_an_event_are_taken_apart() {
        let lines = "type=SYSCALL msg=audit(1492037291.036:59): arch=c000003e success=yes \
                     comm=\"grep\" exe=2F62696E2F6120 key=(null)\n\
                     type=EXECVE msg=audit(1492037291.036:59): argc=2 a0=\"grep\" a1=C3A9\n\
                     type=PROCTITLE msg=audit(1492037291.036:59): proctitle=67726570002D72";
        let expected = json!({"time": "1492037291.036", "serial": "59", "records": [
            {"type": "SYSCALL", "fields": {"arch": "c000003e", "success": "yes", "comm": "grep",
                "exe": "/bin/a ", "key": "(null)"}},
            {"type": "EXECVE", "fields": {"argc": "2", "a0": "grep", "a1": "é"}},
            {"type": "PROCTITLE", "fields": {"proctitle": "grep -r"}}]});
        assert_eq!(parsed(lines), Some(expected));
    }

    #[test]
    fn what_a_program_says_lies_within_and_words_without_a_name_are_kept() {
        let line = "node=n type=USER_AUTH msg=audit(1.0:2): user pid=3 uid=0 \
                    msg='op=PAM:auth acct=\"eve\" res=failed'\u{1D}UID=\"root\"";
        let expected = json!({"node": "n", "time": "1.0", "serial": "2", "records": [
            {"type": "USER_AUTH", "fields": {"text": "user", "pid": "3", "uid": "0",
                "op": "PAM:auth", "acct": "eve", "res": "failed", "UID": "root"}}]});
        assert_eq!(parsed(line), Some(expected));
        let odd = "type= msg=audit(1.0:2): = a= 'x b=\"open";
        let expected = json!({"time": "1.0", "serial": "2", "records": [
            {"fields": {"text": " 'x", "a": "", "b": "\"open"}}]});
        assert_eq!(parsed(odd), Some(expected));
    }
}
