//! JSON as a tree that opens and closes.

use std::fmt::{self, Write};

use askama::filters::Escaper;
use serde_json::{Map, Value};

use super::super::escape::Html;
use crate::limits::TREE_NODES_MAX;

/// Members that are in sight at first, of one object or array.
const OPEN_MEMBERS_MAX: usize = 40;
/// Levels that are in sight at first.
const OPEN_LEVELS: usize = 2;

/// An object, to be written as HTML.
pub struct Tree<'v>(pub &'v Map<String, Value>);

impl fmt::Display for Tree<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut room = TREE_NODES_MAX;
        f.write_str("<ul class=\"tree\">")?;
        for (name, value) in self.0 {
            member(f, name, value, (1, &mut room))?;
        }
        f.write_str("</ul>")?;
        if room == 0 {
            f.write_str("<p class=\"small\">The rest stands in the JSON below.</p>")?;
        }
        Ok(())
    }
}

fn member(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    value: &Value,
    (level, room): (usize, &mut usize),
) -> fmt::Result {
    let Some(left) = room.checked_sub(1) else {
        return Ok(());
    };
    *room = left;
    let count = match value {
        Value::Array(values) => values.len(),
        Value::Object(members) => members.len(),
        scalar => {
            f.write_str("<li>")?;
            key(f, name)?;
            return leaf(f, scalar);
        }
    };
    let is_open = level < OPEN_LEVELS && count <= OPEN_MEMBERS_MAX;
    f.write_str(if is_open {
        "<li><details open><summary>"
    } else {
        "<li><details><summary>"
    })?;
    key(f, name)?;
    let kind = match (value.is_array(), count) {
        (true, 1) => "item",
        (true, _) => "items",
        (false, 1) => "member",
        (false, _) => "members",
    };
    write!(
        f,
        "<span class=\"small\">{count} {kind}</span></summary><ul>"
    )?;
    match value {
        Value::Array(values) => {
            for (at, value) in values.iter().enumerate() {
                member(f, &at.to_string(), value, (level + 1, &mut *room))?;
            }
        }
        Value::Object(members) => {
            for (name, value) in members {
                member(f, name, value, (level + 1, &mut *room))?;
            }
        }
        _ => {}
    }
    f.write_str("</ul></details></li>")
}

fn key(f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
    f.write_str("<bdi class=\"key\">")?;
    escaped(f, name)?;
    f.write_str("</bdi> ")
}

fn leaf(f: &mut fmt::Formatter<'_>, value: &Value) -> fmt::Result {
    match value {
        Value::String(text) => {
            f.write_str("<bdi class=\"text string\">")?;
            escaped(f, text)?;
        }
        // A number, a boolean or null has no character that HTML would read.
        other => write!(f, "<bdi class=\"text\">{other}")?,
    }
    f.write_str("</bdi></li>")
}

fn escaped(f: &mut impl Write, text: &str) -> fmt::Result {
    Html.write_escaped_str(f, text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_and_values_are_text() {
        let value = json!({"<b>": "<i>\r", "n": 9_007_199_254_740_993_u64, "a": [{"x": null}]});
        let Value::Object(members) = value else {
            return;
        };
        let html = Tree(&members).to_string();
        assert!(
            html.contains("<bdi class=\"key\">&lt;b&gt;</bdi>"),
            "{html}"
        );
        assert!(html.contains("&lt;i&gt;&#13;"), "{html}");
        assert!(html.contains("9007199254740993"), "{html}");
        assert!(html.contains("<bdi class=\"text\">null</bdi>"), "{html}");
        assert!(
            html.contains("1 item<") && html.contains("1 member<"),
            "{html}"
        );
        assert!(!html.contains("<b>") && !html.contains("<i>"), "{html}");
    }
}
