//! Text in HTML.

use std::fmt::{self, Write};

use askama::filters::Escaper;

/// Writes any text so that a browser reads it back as it is, between tags and in attributes.
#[derive(Debug, Clone, Copy)]
pub struct Html;

impl Escaper for Html {
    fn write_escaped_str<W: Write>(&self, mut out: W, text: &str) -> fmt::Result {
        let mut plain = 0;
        for (at, byte) in text.bytes().enumerate() {
            let escaped = match byte {
                b'&' => "&amp;",
                b'<' => "&lt;",
                b'>' => "&gt;",
                b'"' => "&#34;",
                b'\'' => "&#39;",
                // A browser reads it as a line feed otherwise.
                b'\r' => "&#13;",
                _ => continue,
            };
            out.write_str(&text[plain..at])?;
            out.write_str(escaped)?;
            plain = at + 1;
        }
        out.write_str(&text[plain..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_html_would_read_otherwise_is_escaped_and_nothing_else_is() {
        let mut out = String::new();
        let text = "<a href=\"x\" on='y'>&amp;\r\n\u{202e}ä\u{0}`</a>";
        Html.write_escaped_str(&mut out, text).expect("written");
        assert_eq!(
            out,
            "&lt;a href=&#34;x&#34; on=&#39;y&#39;&gt;&amp;amp;&#13;\n\u{202e}ä\u{0}`&lt;/a&gt;"
        );
    }
}
