//! The strings.

use crate::investigation::shared::place;

/// What breaks out of text, attributes, addresses, scripts and styles where nobody escapes, what
/// turns a line around or hides in it, and what is too long.
const OWN: &[&str] = &[
    "<script>window.hostile=1</script>",
    "</script><script>window.hostile=1</script>",
    "<img src=x onerror=window.hostile=1>",
    "\"><img src=x onerror=\"window.hostile=1\">",
    "'><svg/onload=window.hostile=1>",
    "\" autofocus onfocus=\"window.hostile=1\" x=\"",
    "' onmouseover='window.hostile=1",
    "` onload=`window.hostile=1",
    "<a href=\"javascript:window.hostile=1\">x</a>",
    "javascript:window.hostile=1",
    "JaVaScRiPt:window.hostile=1//",
    "data:text/html,<script>parent.hostile=1</script>",
    "//evil.example/console/",
    "https://evil.example/?a=b&c=d#e",
    "../../login?next=//evil.example",
    "%2e%2e%2f%00%0d%0a",
    "a&b=c&amp;d&#60;e&lt;f&#x3c;g",
    "&lt;script&gt;",
    "</title></textarea></style></noscript></template><b>",
    "<!-- <b> --><![CDATA[<i>]]>",
    "<style>*{display:none}</style>",
    "<iframe srcdoc='<script>parent.hostile=1</script>'></iframe>",
    "<base href=//evil.example><meta http-equiv=refresh content=0;url=/>",
    "<form action=//evil.example><input name=key>",
    "<math><mtext><table><mglyph><style><img src=x onerror=window.hostile=1>",
    "{{7*7}}${7*7}#{7*7}<%= 7*7 %>{% raw %}[[7*7]]",
    "__proto__",
    "constructor",
    "toString",
    "'; DROP TABLE entry; --",
    "a\"b\\c%_'",
    "=HYPERLINK(\"http://evil.example\")",
    "line\r\nforged: line\rand\nanother",
    "\n\nleading and trailing\n",
    "  blanks   inside  ",
    "\ttab\u{b}\u{c}\u{1b}[31mred\u{7}\u{8}\u{7f}\u{85}\u{9b}",
    "\u{202e}gnp.exe\u{202c} \u{2066}isolated\u{2069} \u{200f}mark",
    "zero\u{200b}width\u{200c}\u{200d}\u{2060}\u{feff}joiners\u{ad}",
    "replacement \u{fffd} and \u{fffe}\u{ffff}",
    "\u{2028}line\u{2029}paragraph",
    "שלום עולם — مرحبا بالعالم",
    "Z\u{35c}\u{321}a\u{327}\u{330}\u{346}l\u{31b}\u{32d}\u{346}g\u{321}\u{356}o\u{310}\u{31c}\u{300}\u{301}\u{302}\u{303}",
    "👩‍👩‍👧‍👦🏳️‍🌈🇺🇳 e\u{301} é \u{10ffff}",
    "none",
    "null",
    "undefined",
    "NaN",
    "0",
];

/// Those of our own.
pub fn own() -> Vec<String> {
    let mut all: Vec<String> = OWN.iter().map(|text| (*text).to_owned()).collect();
    all.push("W".repeat(64_000));
    all.push("<b>".repeat(21_000));
    all.push("\u{202e}".repeat(300));
    all
}

/// Those of the list of naughty strings, where it is there.
pub fn shared() -> Option<Vec<String>> {
    let file = place("../vectors/blns/blns.json")?;
    let text = std::fs::read_to_string(file).expect("readable");
    let all: Vec<String> = serde_json::from_str(&text).expect("a list of texts");
    // Nothing is not hostile: a field of it is as absent.
    let all: Vec<_> = all.into_iter().filter(|text| !text.is_empty()).collect();
    assert!(all.len() > 500, "{}", all.len());
    Some(all)
}
