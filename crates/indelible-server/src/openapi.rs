//! The description of the API, OpenAPI 3.1: made from typed tables, one row for each URL.
//!
//! What a request needs (its key, its limits on pace) is taken from the router's own table, so
//! that the two cannot differ; a test holds that both have the same URLs.

mod operations;
mod page;
mod parameters;
mod schemas;

use std::sync::LazyLock;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::access::Access;
use crate::reply;
use crate::router::urls;
use operations::{Content, Operation, operations};
use parameters::Parameter;

/// The document as it is sent. Anybody may ask for it, so it is made once.
static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(document().to_string()));
/// The page of it.
static PAGE: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(page::render(&document())));

/// `GET /openapi.json`
pub async fn describe() -> Response {
    reply::of(StatusCode::OK, "application/json", DOCUMENT.clone())
}

/// `GET /docs`: the same for people, without scripts and without anything from elsewhere.
pub async fn read() -> Response {
    let page = PAGE.clone();
    let mut response = reply::of(StatusCode::OK, "text/html; charset=utf-8", page);
    let policy = "default-src 'none'; style-src 'self'; form-action 'none'; \
                  frame-ancestors 'none'; base-uri 'none'";
    response.headers_mut().insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(policy),
    );
    response
}

/// `GET /docs/style.css`
pub async fn style() -> Response {
    reply::of(StatusCode::OK, "text/css; charset=utf-8", page::STYLE)
}

/// The whole document.
pub fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for (method, path, access) in urls() {
        let known = operations()
            .find(|operation| operation.path == path && operation.method == method.as_str());
        if let Some(operation) = known {
            let item = paths.entry(path).or_insert_with(|| json!({}));
            item[method.as_str().to_ascii_lowercase()] = described(operation, access);
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Indelible",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "An audit trail that can prove itself",
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": schemas::all(),
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key, `indelible_` and 36 letters and digits",
                },
            },
        },
    })
}

fn described(operation: &Operation, access: Access) -> Value {
    let mut described = json!({
        "operationId": operation.id,
        "summary": operation.summary,
        "parameters": parameters(operation),
        "responses": responses(operation, access),
        "security": match access {
            Access::Open => json!([]),
            Access::Near(_) => json!([{}, { "key": [] }]),
            Access::Trail(_) | Access::Key(_) => json!([{ "key": [] }]),
        },
    });
    if let Access::Trail(permission) | Access::Key(permission) = access {
        described["x-permission"] = permission.as_str().into();
    }
    if !operation.body.is_empty() {
        described["requestBody"] = json!({
            "required": !operation.may_lack_body(),
            "content": content(operation.body),
        });
    }
    described
}

fn parameters(operation: &Operation) -> Vec<Value> {
    let in_path = operation
        .path
        .split('/')
        .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'));
    let in_path = in_path.map(|name| {
        let named = |schema: &str| json!({ "$ref": format!("#/components/schemas/{schema}") });
        let is_of = |kind: &str| operation.path.contains(kind);
        let schema = match name {
            "framework" => named("Framework"),
            "control" => named("Control"),
            "trail" => named("TrailName"),
            _ if is_of("/findings/") => named("FindingName"),
            _ if is_of("/holds/") => named("HoldName"),
            _ if is_of("/requests/") => json!({ "type": "string", "format": "uuid" }),
            _ if is_of("/keys/") => {
                json!({ "type": "string", "description": "A key's id, not its text" })
            }
            _ => named("EntryName"),
        };
        json!({ "name": name, "in": "path", "required": true, "schema": schema })
    });
    let given = |place: &'static str| {
        move |parameter: &Parameter| {
            json!({
                "name": parameter.name,
                "in": place,
                "required": parameter.required,
                "description": parameter.about,
                "schema": parameter.shape.schema(),
            })
        }
    };
    in_path
        .chain(
            operation
                .query
                .iter()
                .flat_map(|list| list.iter())
                .map(given("query")),
        )
        .chain(operation.headers.iter().map(given("header")))
        .collect()
}

fn responses(operation: &Operation, access: Access) -> Value {
    let mut responses = Map::new();
    for (status, about, body) in operation.answers {
        let answer = json!({
            "description": about,
            "headers": headers(operation, *status),
            "content": content(body),
        });
        responses.insert(status.to_string(), answer);
    }
    let mut problems: Vec<u16> = operation.problems.to_vec();
    problems.push(500);
    if !matches!(access, Access::Open) {
        problems.extend([400, 401, 403, 429, 503]);
    }
    if !operation.body.is_empty() {
        problems.extend([408, 413, 415]);
    }
    for status in problems {
        let reason = StatusCode::from_u16(status).ok();
        let reason = reason.and_then(|status| status.canonical_reason());
        let schema = json!({ "$ref": "#/components/schemas/Problem" });
        responses.insert(
            status.to_string(),
            json!({
                "description": reason.unwrap_or("Problem"),
                "headers": headers(operation, status),
                "content": { "application/problem+json": { "schema": schema } },
            }),
        );
    }
    responses.into()
}

/// The headers of an answer beside those that say what its body is, and how browsers treat it.
fn headers(operation: &Operation, status: u16) -> Value {
    let text = |about: &str, required: bool| json!({ "description": about, "required": required, "schema": { "type": "string" } });
    let mut headers = json!({
        "X-Request-Id": text("The id of the request: its own, or a new one", true),
    });
    let link = "The next page, where there is one, as `rel=\"next\"`";
    let more = match (operation.id, status) {
        ("query", 200) => Some(("Link", text(link, false))),
        ("run_retention", 202) => Some(("Location", text("Where it is asked how far it is", true))),
        ("begin_trail", 201) => Some(("Location", text("Where its events are", true))),
        ("record", 201) => Some((
            "Preference-Applied",
            text(
                "`proof` and `consistency=N` where they are in the answer",
                false,
            ),
        )),
        ("export" | "report" | "hand_over" | "report_on_system", 200) => {
            Some(("Content-Disposition", text("A name for the file", true)))
        }
        (_, 401) => Some((
            "WWW-Authenticate",
            text("How a key is sent, and what is wrong with this one", true),
        )),
        (_, 429) => Some(("Retry-After", seconds(true))),
        (_, 503) => Some(("Retry-After", seconds(false))),
        _ => None,
    };
    if let Some((name, header)) = more {
        headers[name] = header;
    }
    headers
}

/// How long to wait, which not all that are turned away are told.
fn seconds(required: bool) -> Value {
    json!({
        "description": "Seconds after which the same request may succeed",
        "required": required,
        "schema": { "type": "integer", "minimum": 0 },
    })
}

fn content(list: &[Content]) -> Value {
    let one = |Content { media, schema, .. }: &Content| {
        let schema = match *schema {
            "" => json!({ "type": "string" }),
            schema => match schema.strip_suffix("[]") {
                Some(item) => json!({
                    "type": "array",
                    "items": { "$ref": format!("#/components/schemas/{item}") },
                }),
                None => json!({ "$ref": format!("#/components/schemas/{schema}") }),
            },
        };
        ((*media).to_owned(), schema)
    };
    let mut content: Map<String, Value> = Map::new();
    for (media, schema) in list.iter().map(one) {
        let place = content.entry(media).or_insert_with(|| json!({}));
        place["schema"] = match place["schema"].take() {
            Value::Null => schema,
            first => json!({ "oneOf": [first, schema] }),
        };
    }
    content.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_router_and_the_document_know_the_same_urls() {
        let mut routed: Vec<_> = urls()
            .into_iter()
            .map(|(method, path, _)| format!("{method} {path}"))
            .collect();
        let row = |row: &Operation| format!("{} {}", row.method, row.path);
        let mut described: Vec<_> = operations().map(row).collect();
        routed.sort();
        described.sort();
        assert_eq!(routed, described);
    }

    #[tokio::test]
    async fn the_document_and_its_page_are_made_once() {
        async fn body(response: Response) -> Bytes {
            let body = axum::body::to_bytes(response.into_body(), 1 << 20).await;
            body.expect("whole")
        }
        let (first, again) = (body(describe().await).await, body(describe().await).await);
        assert_eq!((first.as_ptr(), first.len()), (again.as_ptr(), again.len()));
        let sent: Value = serde_json::from_slice(&first).expect("JSON");
        assert_eq!(sent, document());
        let (first, again) = (body(read().await).await, body(read().await).await);
        assert_eq!((first.as_ptr(), first.len()), (again.as_ptr(), again.len()));
        assert!(!first.is_empty());
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn check(value: &Value, schemas: &Value) {
            match value {
                Value::Object(object) => {
                    if let Some(Value::String(target)) = object.get("$ref") {
                        let name = target.strip_prefix("#/components/schemas/").expect(target);
                        assert!(schemas.get(name).is_some(), "{target}");
                    }
                    object.values().for_each(|value| check(value, schemas));
                }
                Value::Array(list) => list.iter().for_each(|value| check(value, schemas)),
                _ => {}
            }
        }
        let document = document();
        check(&document, &document["components"]["schemas"]);
    }
}
