//! The text literals of Rust source, which is where a `.rs` file keeps its SQL.

/// A text literal.
#[derive(Debug, PartialEq, Eq)]
pub struct Literal<'a> {
    /// Line on which it begins, from 1.
    pub line: usize,
    /// What stands between its quotes, escapes as written.
    pub text: &'a str,
}

/// Every text literal of a source file, raw and byte ones included; comments and single
/// characters are passed over.
pub fn literals(source: &str) -> Vec<Literal<'_>> {
    let mut reader = Reader {
        source,
        at: 0,
        line: 1,
    };
    let mut found = Vec::new();
    while let Some(byte) = reader.peek(0) {
        match byte {
            b'/' if reader.peek(1) == Some(b'/') => reader.skip_to("\n"),
            b'/' if reader.peek(1) == Some(b'*') => reader.skip_block_comment(),
            b'\'' => reader.skip_character(),
            b'"' => found.push(reader.quoted()),
            b'r' if reader.begins_raw() => found.push(reader.raw()),
            byte if byte.is_ascii_alphanumeric() || byte == b'_' => reader.skip_word(),
            _ => reader.step(1),
        }
    }
    found
}

struct Reader<'a> {
    source: &'a str,
    at: usize,
    line: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.source.as_bytes().get(self.at + ahead).copied()
    }

    fn step(&mut self, bytes: usize) {
        let end = (self.at + bytes).min(self.source.len());
        let passed = &self.source.as_bytes()[self.at..end];
        self.line += passed.iter().filter(|byte| **byte == b'\n').count();
        self.at = end;
    }

    /// Stops before `end`, or at the end of the file.
    fn skip_to(&mut self, end: &str) {
        let rest = &self.source.as_bytes()[self.at..];
        let length = rest
            .windows(end.len())
            .position(|window| window == end.as_bytes());
        self.step(length.unwrap_or(rest.len()));
    }

    fn skip_block_comment(&mut self) {
        let mut depth = 0_usize;
        while let Some(byte) = self.peek(0) {
            match (byte, self.peek(1)) {
                (b'/', Some(b'*')) => {
                    depth += 1;
                    self.step(2);
                }
                (b'*', Some(b'/')) => {
                    depth -= 1;
                    self.step(2);
                    if depth == 0 {
                        return;
                    }
                }
                _ => self.step(1),
            }
        }
    }

    /// A character literal, or the quote of a lifetime.
    fn skip_character(&mut self) {
        if self.peek(1) == Some(b'\\') {
            self.step(3);
            self.skip_to("'");
            self.step(1);
            return;
        }
        let character = self.source[self.at + 1..]
            .chars()
            .next()
            .map_or(0, char::len_utf8);
        let is_literal = self.peek(1 + character) == Some(b'\'');
        self.step(if is_literal { character + 2 } else { 1 });
    }

    /// A word, up to the quote of a literal whose prefix it is.
    fn skip_word(&mut self) {
        while let Some(byte) = self.peek(0) {
            if !(byte.is_ascii_alphanumeric() || byte == b'_') {
                return;
            }
            self.step(1);
            if self.begins_raw() && matches!(byte, b'b' | b'c') {
                return;
            }
        }
    }

    fn begins_raw(&self) -> bool {
        let rest = &self.source.as_bytes()[self.at..];
        let hashes = rest
            .iter()
            .skip(1)
            .take_while(|byte| **byte == b'#')
            .count();
        rest.first() == Some(&b'r') && rest.get(1 + hashes) == Some(&b'"')
    }

    fn quoted(&mut self) -> Literal<'a> {
        let line = self.line;
        self.step(1);
        let start = self.at;
        while let Some(byte) = self.peek(0) {
            match byte {
                b'"' => break,
                b'\\' => self.step(2),
                _ => self.step(1),
            }
        }
        let text = &self.source[start..self.at];
        self.step(1);
        Literal { line, text }
    }

    fn raw(&mut self) -> Literal<'a> {
        let line = self.line;
        self.step(1);
        let mut close = String::from("\"");
        while self.peek(0) == Some(b'#') {
            close.push('#');
            self.step(1);
        }
        self.step(1);
        let start = self.at;
        self.skip_to(&close);
        let text = &self.source[start..self.at];
        self.step(close.len());
        Literal { line, text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> Vec<&str> {
        literals(source)
            .into_iter()
            .map(|literal| literal.text)
            .collect()
    }

    #[test]
    fn plain_raw_and_byte_literals_are_found() {
        let source = r####"f("a"); g(r"b"); h(r#"c "quoted" d"#); i(b"e"); j(br#"f"#)"####;
        assert_eq!(texts(source), ["a", "b", "c \"quoted\" d", "e", "f"]);
    }

    #[test]
    fn comments_characters_and_lifetimes_hold_none() {
        let source = "// \"a\"\n/* \"b\" /* \"c\" */ \"d\" */\nlet q = '\"'; let e = '\\''; \
                      fn f<'x>(s: &'x str) { g('é', \"h\") }";
        assert_eq!(texts(source), ["h"]);
    }

    #[test]
    fn escapes_do_not_end_a_literal() {
        assert_eq!(texts(r#"f("a \" b \\"); g("c")"#), [r#"a \" b \\"#, "c"]);
    }

    #[test]
    fn lines_are_those_where_literals_begin() {
        let lines: Vec<usize> = literals("a(\"1\n2\n\");\nb(\"3\")")
            .iter()
            .map(|literal| literal.line)
            .collect();
        assert_eq!(lines, [1, 4]);
    }

    #[test]
    fn a_name_that_ends_in_r_is_no_raw_literal() {
        assert_eq!(texts("for\"a\"; r_b(\"c\"); r#type"), ["a", "c"]);
    }

    #[test]
    fn source_cut_short_ends_the_search() {
        for source in ["\"a", "r#\"a", "/* a", "'", "'\\", "\"\\"] {
            assert!(literals(source).len() <= 1);
        }
    }
}
