//! What HTML runs: found in pages, which hold nothing of it.

/// A tag as it stands, with the names and values of its attributes.
struct Tag<'a> {
    name: &'a str,
    attributes: Vec<(&'a str, &'a str)>,
    /// What stands behind it, up to the next tag.
    text: &'a str,
}

/// Expects of a page that nothing in it is run or styles but what its own server has.
#[track_caller]
pub fn expect_plain(url: &str, page: &str) {
    for tag in tags(page) {
        let Tag { name, text, .. } = tag;
        assert_ne!(name, "style", "{url}");
        for (attribute, value) in &tag.attributes {
            assert_ne!(*attribute, "style", "{url}: {name}");
            assert!(!attribute.starts_with("on"), "{url}: {name} {attribute}");
            if ["href", "src", "action", "formaction", "data-tail"].contains(attribute) {
                let is_inside = value.starts_with('/') && !value.starts_with("//");
                assert!(is_inside || value.starts_with('#'), "{url}: {name} {value}");
            }
        }
        if name == "script" {
            let named = tag.attributes.iter().any(|(name, _)| *name == "src");
            assert!(named && text.trim().is_empty(), "{url}: {text}");
        }
    }
}

fn tags(page: &str) -> Vec<Tag<'_>> {
    let mut tags = Vec::new();
    let mut rest = page;
    while let Some((_, after)) = rest.split_once('<') {
        let (inner, behind) = split_tag(after);
        let end = inner.find(char::is_whitespace).unwrap_or(inner.len());
        tags.push(Tag {
            name: inner[..end].trim_end_matches('/'),
            attributes: attributes(&inner[end..]),
            text: behind.split('<').next().unwrap_or_default(),
        });
        rest = behind;
    }
    tags
}

/// A tag up to its `>`, which may stand in quotes before that.
fn split_tag(after: &str) -> (&str, &str) {
    let mut quote = None;
    for (at, sign) in after.char_indices() {
        match (quote, sign) {
            (Some(open), sign) if open == sign => quote = None,
            (None, '"' | '\'') => quote = Some(sign),
            (None, '>') => return (&after[..at], &after[at + 1..]),
            _ => {}
        }
    }
    (after, "")
}

fn attributes(mut rest: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    loop {
        rest = rest.trim_start_matches([' ', '\n', '\t', '/']);
        if rest.is_empty() {
            return found;
        }
        let end = rest.find([' ', '\n', '\t', '=']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let Some(after) = after.strip_prefix('=') else {
            found.push((name, ""));
            rest = after;
            continue;
        };
        let quoted = after
            .strip_prefix('"')
            .and_then(|text| text.split_once('"'));
        let (value, after) = quoted.unwrap_or_else(|| {
            let end = after.find([' ', '\n', '\t']).unwrap_or(after.len());
            after.split_at(end)
        });
        found.push((name, value));
        rest = after;
    }
}

#[test]
fn what_runs_is_found() {
    let is_plain = |page: &str| {
        let page = page.to_owned();
        std::panic::catch_unwind(move || expect_plain("here", &page)).is_ok()
    };
    for plain in [
        "<a href=\"/console\" title=\"a > b\">onclick=x</a><script src=\"/a.js\" defer></script>",
        "<input value=\"&#34; onerror=&#34;\" required><p>javascript:x &lt;script&gt;</p>",
    ] {
        assert!(is_plain(plain), "{plain}");
    }
    for running in [
        "<p style=\"x\">",
        "<img src=x onerror=alert(1)>",
        "<p title=\"\"><svg onload=\"x\">",
        "<style>*{}</style>",
        "<script>x</script>",
        "<script src=\"/a.js\">x</script>",
        "<a href=\"javascript:x\">",
        "<a href=\"//evil.example\">",
    ] {
        assert!(!is_plain(running), "{running}");
    }
}
