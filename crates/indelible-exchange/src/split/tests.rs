use super::*;

fn split_within(text: &[u8], bytes_max: u64) -> Vec<Result<Piece, Stop>> {
    let mapping = Mapping::shipped("cloudtrail").expect("it is shipped");
    let reader = Box::new(Cursor::new(text.to_vec()));
    Split::new(reader, false, mapping, bytes_max).collect()
}

/// Lines and texts; what is rejected as `!` and the reason.
fn split(text: &str) -> Vec<(u64, String)> {
    let shown = |piece: Result<Piece, Stop>| {
        let piece = piece.expect("memory does not fail");
        let text = piece.text.map_or_else(
            |reason| format!("!{reason}"),
            |text| String::from_utf8(text).expect("the tests write UTF-8"),
        );
        (piece.line, text)
    };
    split_within(text.as_bytes(), DOCUMENT_BYTES_MAX)
        .into_iter()
        .map(shown)
        .collect()
}

fn pieces(expected: &[(u64, &str)]) -> Vec<(u64, String)> {
    expected
        .iter()
        .map(|(line, text)| (*line, (*text).to_owned()))
        .collect()
}

const ENDS: &str = "!the text ends in the middle of a JSON value";

#[test]
fn lines_are_records_with_their_own_number() {
    let text = "{\"a\":1}\n\n  {\"b\":2}  \r\n\t\n{\"c\":3}";
    let expected = [(1, "{\"a\":1}"), (3, "{\"b\":2}"), (5, "{\"c\":3}")];
    assert_eq!(split(text), pieces(&expected));
    assert_eq!(split(""), pieces(&[]));
    assert_eq!(split("\n \r\n"), pieces(&[]));
}

#[test]
fn a_broken_line_leaves_the_others_alone() {
    for (broken, line) in [
        ("{\"a\":1", 1),
        ("{\"a\":\"x", 1),
        ("nonsense", 1),
        ("}", 1),
    ] {
        let text = format!("{broken}\n{{\"b\":2}}\n{{\"c\":3}}\n");
        let expected = [(line, broken), (2, "{\"b\":2}"), (3, "{\"c\":3}")];
        assert_eq!(split(&text), pieces(&expected), "{broken}");
    }
    let text = "{\"a\":1}\n{\"b\":\n{\"c\":3}\n";
    assert_eq!(
        split(text),
        pieces(&[(1, "{\"a\":1}"), (2, "{\"b\":"), (3, "{\"c\":3}")])
    );
    let text = "\n{\"b\":\n{\"c\":3}\n{\"d\":4}";
    assert_eq!(
        split(text),
        pieces(&[(2, "{\"b\":"), (3, "{\"c\":3}"), (4, "{\"d\":4}")])
    );
}

#[test]
fn documents_that_span_lines_are_told_from_lines() {
    let text = "\n{\n \"Records\": [\n  {\n   \"a\": 1\n  },\n  {\"b\": 2}\n ]\n}\n";
    assert_eq!(
        split(text),
        pieces(&[(4, "{\n   \"a\": 1\n  }"), (7, "{\"b\": 2}")])
    );
    assert_eq!(
        split("{\"Records\":[\n{\"a\":1}\n]}"),
        pieces(&[(2, "{\"a\":1}")])
    );
    assert_eq!(
        split("[\n{\"a\":1}\n,\n[2]]\n"),
        pieces(&[(2, "{\"a\":1}"), (4, "[2]")])
    );
    assert_eq!(
        split("{\n\"a\":1}\n{\n\"b\":2}"),
        pieces(&[(1, "{\n\"a\":1}"), (3, "{\n\"b\":2}")])
    );
    assert_eq!(
        split("{\"a\":1,\n\"b\":2}"),
        pieces(&[(1, "{\"a\":1,\n\"b\":2}")])
    );
    assert_eq!(
        split("{\"a\":1\n,\"b\":2}"),
        pieces(&[(1, "{\"a\":1\n,\"b\":2}")])
    );
}

#[test]
fn documents_in_lines_are_looked_into() {
    let text = "{\"Records\":[{\"a\":1},{\"b\":2}]}\n[{\"c\":3}]\n{\"d\":4}\n{\"Records\":[]} x\n";
    let expected = [
        (1, "{\"a\":1}"),
        (1, "{\"b\":2}"),
        (2, "{\"c\":3}"),
        (3, "{\"d\":4}"),
        (4, "!more text after the end of the JSON value"),
    ];
    assert_eq!(split(text), pieces(&expected));
}

#[test]
fn documents_may_stand_on_one_line() {
    let text =
        "{\"a\":1}{\"b\":2} [{\"c\":3}]\n{\"Records\":[{\"d\":4}]}{\"Records\":[{\"e\":5}]}\n";
    let expected = [
        (1, "{\"a\":1}"),
        (1, "{\"b\":2}"),
        (1, "{\"c\":3}"),
        (2, "{\"d\":4}"),
        (2, "{\"e\":5}"),
    ];
    assert_eq!(split(text), pieces(&expected));
    let more = "!more text after the end of the JSON value";
    for (rest, fault) in [
        ("x", more),
        ("1", more),
        (",{\"c\":3}", more),
        ("{\"c\":", ENDS),
    ] {
        let expected = [(1, "{\"a\":1}"), (1, "{\"b\":2}"), (1, fault)];
        let text = format!("{{\"a\":1}}{{\"b\":2}}{rest}");
        assert_eq!(split(&text), pieces(&expected), "{rest}");
    }
    let text = "{\"cut\":\n{\"a\":1}{\"b\":2}\n";
    let expected = [(1, "{\"cut\":"), (2, "{\"a\":1}"), (2, "{\"b\":2}")];
    assert_eq!(split(text), pieces(&expected));
    assert_eq!(split("1 2"), pieces(&[(1, "1 2")]));
}

#[test]
fn embedded_records_are_unwrapped() {
    let text = r#"{"Events":[{"CloudTrailEvent":"{\"a\":\"\\u0041\"}"},{"x":1}]}"#;
    let found = split(text);
    assert_eq!(found[0], (1, r#"{"a":"\u0041"}"#.to_owned()));
    assert!(
        found[1]
            .1
            .starts_with("!an object that holds no record; records stand at `/Records/*`")
    );
    assert_eq!(found.len(), 2);
}

#[test]
fn what_is_complete_in_a_truncated_document_is_kept() {
    let one_line = "{\"Records\":[{\"a\":1},{\"b\":2},{\"c\":";
    assert_eq!(
        split(one_line),
        pieces(&[(1, "{\"a\":1}"), (1, "{\"b\":2}"), (1, ENDS)])
    );
    let lines = "[\n{\"a\":1},\n{\"b\":2}\n";
    assert_eq!(
        split(lines),
        pieces(&[(2, "{\"a\":1}"), (3, "{\"b\":2}"), (4, ENDS)])
    );
    let separator = split("[\n{\"a\":1}\n{\"b\":2}]");
    assert_eq!(
        separator[1],
        (3, "!unexpected '{' in the JSON text".to_owned())
    );
    assert_eq!(split("{\n\"a\":"), pieces(&[(2, ENDS)]));
    assert_eq!(split("{\"a\":"), pieces(&[(1, ENDS)]));
    assert_eq!(split("{\"a\":1"), pieces(&[(1, ENDS)]));
}

#[test]
fn byte_order_marks_between_concatenated_files_are_passed_over() {
    assert_eq!(
        split("{\"a\":1}\n\u{FEFF}{\"b\":2}"),
        pieces(&[(1, "{\"a\":1}"), (2, "{\"b\":2}")])
    );
}

#[test]
fn one_line_may_be_too_long_and_one_document_too_large() {
    let text = format!(
        "{{\"a\":1}}\n{{\"b\":\"{}\"}}\n{{\"c\":3}}\n",
        "x".repeat(100)
    );
    let found = split_within(text.as_bytes(), 32);
    assert_eq!(found.len(), 3);
    let Ok(Piece {
        line: 2,
        text: Err(reason),
    }) = &found[1]
    else {
        panic!("{:?}", found[1])
    };
    assert_eq!(reason, "a line of more than 32 bytes");
    assert!(matches!(&found[2], Ok(Piece { line: 3, text: Ok(text) }) if text == b"{\"c\":3}"));
    let text = format!("[\n{}1]", "1,\n".repeat(20));
    let found = split_within(text.as_bytes(), 32);
    assert!(matches!(found[..], [Err(Stop::TooLarge)]), "{found:?}");
    assert_eq!(split_within(text.as_bytes(), text.len() as u64).len(), 21);
}
