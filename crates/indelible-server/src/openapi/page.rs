//! The reference as a page of HTML: no script, nothing from elsewhere.

use std::fmt::Write;

use serde_json::Value;

/// How the page looks.
pub const STYLE: &str = "\
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
h2 { border-top: 1px solid #ccc; font-size: 1.1rem; margin-top: 2rem; padding-top: 1rem; }
code { font: 0.9em ui-monospace, monospace; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid #ddd; padding: 0.25rem 0.75rem 0.25rem 0; text-align: left; \
vertical-align: top; }
pre { background: #f4f4f4; overflow: auto; padding: 0.75rem; }
@media (prefers-color-scheme: dark) { body { background: #111; color: #ddd; } \
pre { background: #222; } a { color: #8bf; } }
";

/// The page of a document.
pub fn render(document: &Value) -> String {
    let mut page = String::from(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>Indelible: HTTP API</title>\n\
         <link rel=\"stylesheet\" href=\"/docs/style.css\">\n<h1>HTTP API</h1>\n",
    );
    let version = shown(&document["info"]["version"]);
    let _ = writeln!(
        page,
        "<p>Indelible {version}. The same for programs: <a href=\"/openapi.json\">openapi.json</a>.</p>"
    );
    for (path, methods) in members(&document["paths"]) {
        for (method, operation) in members(methods) {
            write_operation(&mut page, method, path, operation);
        }
    }
    page.push_str("<h1>Shapes</h1>\n");
    for (name, schema) in members(&document["components"]["schemas"]) {
        let text = serde_json::to_string_pretty(schema).unwrap_or_default();
        let (name, text) = (escaped(name), escaped(&text));
        let _ = writeln!(page, "<h2 id=\"{name}\">{name}</h2>\n<pre>{text}</pre>");
    }
    page.push_str("</html>\n");
    page
}

fn write_operation(page: &mut String, method: &str, path: &str, operation: &Value) {
    let (method, path) = (method.to_ascii_uppercase(), escaped(path));
    let (id, summary) = (
        shown(&operation["operationId"]),
        shown(&operation["summary"]),
    );
    let _ = writeln!(page, "<h2 id=\"{id}\"><code>{method} {path}</code></h2>");
    let _ = write!(page, "<p>{summary}.");
    if let Value::String(permission) = &operation["x-permission"] {
        let _ = write!(
            page,
            " Needs a key that may <code>{}</code>.",
            escaped(permission)
        );
    }
    page.push_str("</p>\n");
    let parameters = operation["parameters"].as_array();
    if let Some(parameters) = parameters.filter(|list| !list.is_empty()) {
        page.push_str("<table><tr><th>parameter<th>in<th>meaning\n");
        for parameter in parameters {
            let _ = writeln!(
                page,
                "<tr><td><code>{}</code>{}<td>{}<td>{}",
                shown(&parameter["name"]),
                if parameter["required"] == true {
                    " (needed)"
                } else {
                    ""
                },
                shown(&parameter["in"]),
                shown(&parameter["description"]),
            );
        }
        page.push_str("</table>\n");
    }
    write_bodies(page, "takes", &operation["requestBody"]["content"]);
    page.push_str("<table><tr><th>status<th>meaning<th>body\n");
    for (status, answer) in members(&operation["responses"]) {
        let _ = write!(
            page,
            "<tr><td>{status}<td>{}<td>",
            shown(&answer["description"])
        );
        write_media(page, &answer["content"]);
        page.push('\n');
    }
    page.push_str("</table>\n");
}

fn write_bodies(page: &mut String, word: &str, content: &Value) {
    if content.is_object() {
        let _ = write!(page, "<p>It {word} ");
        write_media(page, content);
        page.push_str(".</p>\n");
    }
}

/// Media types with the names of their shapes.
fn write_media(page: &mut String, content: &Value) {
    for (at, (media, body)) in members(content).enumerate() {
        let comma = if at == 0 { "" } else { ", " };
        let _ = write!(page, "{comma}<code>{}</code>", escaped(media));
        for name in names(&body["schema"]) {
            let name = escaped(&name);
            let _ = write!(page, " <a href=\"#{name}\">{name}</a>");
        }
    }
}

/// The shapes that a schema names.
fn names(schema: &Value) -> Vec<String> {
    if let Value::String(target) = &schema["$ref"] {
        return target
            .rsplit('/')
            .next()
            .map(str::to_owned)
            .into_iter()
            .collect();
    }
    let parts = schema["oneOf"].as_array().into_iter().flatten();
    let mut found: Vec<String> = parts.flat_map(names).collect();
    if schema["items"].is_object() {
        found.extend(names(&schema["items"]));
    }
    found.dedup();
    found
}

fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let members = value.as_object().into_iter().flatten();
    members.map(|(name, value)| (name.as_str(), value))
}

fn shown(value: &Value) -> String {
    escaped(value.as_str().unwrap_or_default())
}

/// A text as it stands in HTML, attributes included.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nothing_of_a_document_is_markup() {
        let hostile = "<script>alert('&\")</script>";
        let document = json!({
            "info": {"version": hostile},
            "paths": {hostile: {"get": {
                "operationId": hostile, "summary": hostile, "x-permission": hostile,
                "parameters": [{"name": hostile, "in": hostile, "description": hostile}],
                "responses": {"200": {"description": hostile, "content": {hostile: {}}}},
            }}},
            "components": {"schemas": {hostile: {"title": hostile}}},
        });
        let page = render(&document);
        assert!(!page.contains("<script"), "{page}");
        assert!(page.contains("&lt;script&gt;"));
    }
}
