//! Sentences of the product on a page: what they set between backticks is code there.

use std::fmt;

use askama::filters::Escaper;

use super::escape::Html;

/// A sentence, to be written as HTML. Text of others in it is text.
pub struct Prose<'t>(&'t str);

/// A sentence as HTML, for templates, which need not escape it.
pub fn prose(text: &(impl AsRef<str> + ?Sized)) -> Prose<'_> {
    Prose(text.as_ref())
}

impl fmt::Display for Prose<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<&str> = self.0.split('`').collect();
        if parts.len().is_multiple_of(2) {
            // One stands alone: it begins no code.
            return Html.write_escaped_str(f, self.0);
        }
        for (at, part) in parts.into_iter().enumerate() {
            if at.is_multiple_of(2) {
                Html.write_escaped_str(&mut *f, part)?;
            } else {
                f.write_str("<code>")?;
                Html.write_escaped_str(&mut *f, part)?;
                f.write_str("</code>")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_of_backticks_are_code_and_all_is_text() {
        for (text, html) in [
            ("", ""),
            ("it is <b>", "it is &lt;b&gt;"),
            (
                "see `indelible verify` and `<i>`",
                "see <code>indelible verify</code> and <code>&lt;i&gt;</code>",
            ),
            ("a lone ` & more", "a lone ` &amp; more"),
        ] {
            assert_eq!(prose(text).to_string(), html);
        }
    }
}
