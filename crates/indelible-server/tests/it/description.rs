//! The description of the API: agreed, and true of what is answered.

use axum::http::Method;
use serde_json::{Value, json};

use crate::desk::{Call, Desk, on_both};

on_both!(
    what_is_answered_is_as_described,
    the_page_needs_nothing_from_elsewhere
);

#[test]
fn the_description_is_as_it_was_agreed() {
    let document = serde_json::to_string_pretty(&indelible_server::document());
    insta::assert_snapshot!(document.expect("JSON"));
}

/// What of a value is not as its schema has it.
fn differs(value: &Value, schema: &Value, document: &Value) -> Option<String> {
    if let Some(target) = schema["$ref"].as_str() {
        let target = target.trim_start_matches('#');
        return differs(value, document.pointer(target).expect("a schema"), document);
    }
    for choice in ["anyOf", "oneOf"] {
        if let Some(choices) = schema[choice].as_array() {
            let fits = |schema: &Value| differs(value, schema, document).is_none();
            let wrong = || format!("{value} is none of {choices:?}");
            return (!choices.iter().any(fits)).then(wrong);
        }
    }
    let fits = match schema["type"].as_str().expect("a type") {
        "object" => return object_differs(value, schema, document),
        "array" => {
            let list = value.as_array()?;
            return list
                .iter()
                .find_map(|one| differs(one, &schema["items"], document));
        }
        "string" => {
            let names = schema["enum"].as_array();
            value.is_string() && names.is_none_or(|names| names.contains(value))
        }
        "integer" => value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("{other}"),
    };
    (!fits).then(|| format!("{value} is not {schema}"))
}

fn object_differs(value: &Value, schema: &Value, document: &Value) -> Option<String> {
    let Some(object) = value.as_object() else {
        return Some(format!("{value} is no object"));
    };
    let required = schema["required"].as_array().into_iter().flatten();
    let missing = required
        .filter_map(Value::as_str)
        .find(|name| !object.contains_key(*name));
    if let Some(missing) = missing {
        return Some(format!("{missing} is missing in {value}"));
    }
    object
        .iter()
        .find_map(|(name, value)| match schema["properties"].get(name) {
            Some(schema_of) => differs(value, schema_of, document),
            None if schema["additionalProperties"] == false => Some(format!("{name} is extra")),
            None => None,
        })
}

async fn what_is_answered_is_as_described(desk: Desk) {
    let document = desk.get("/openapi.json").await.is(200).json();
    assert_eq!(document, indelible_server::document());
    desk.records("shop", 3).await;
    let event = r#"{"action":"a","resource_type":"r","user_id":"\ud800","context":{"n":1e400}}"#;
    let many = format!("[{event},7]");
    let (post, get, delete) = (Method::POST, Method::GET, Method::DELETE);
    let events = "/v1/trails/{trail}/events";
    let calls = [
        (&post, events, event, 201),
        (&post, events, many.as_str(), 200),
        (&post, events, "{}", 400),
        (&get, events, "", 200),
        (&get, "/v1/trails/{trail}/events/{id}", "", 200),
        (&post, "/v1/trails/{trail}/verify", "", 200),
        (&get, "/v1/trails/{trail}/summary", "", 200),
        (&get, "/v1/trails/{trail}/consistency", "", 400),
        (
            &get,
            "/v1/trails/{trail}/reports/{framework}?from=2026-01-01&to=1d&format=json",
            "",
            200,
        ),
        (&get, "/v1/trails", "", 200),
        (&post, "/v1/trails", "{\"trail\":\"new\"}", 201),
        (&post, "/v1/trails", "{\"trail\":\"new\"}", 409),
        (&get, "/v1/keys", "", 200),
        (
            &post,
            "/v1/keys",
            "{\"name\":\"n\",\"role\":\"reader\"}",
            201,
        ),
        (&delete, "/v1/keys/{id}", "", 404),
        (&get, "/healthz", "", 200),
        (&get, "/readyz", "", 200),
    ];
    for (method, path, body, status) in calls {
        let url = path.replace("{trail}", "shop").replace("{id}", "0");
        let url = url.replace("{framework}", "pci-dss-4.0.1");
        let path = path.split('?').next().expect("a path");
        let call = Call::new(method.clone(), &url).header("content-type", "application/json");
        let answered = desk.call(call.body(body.to_owned())).await.is(status);
        let operation = &document["paths"][path][method.as_str().to_ascii_lowercase()];
        let described = &operation["responses"][status.to_string()]["content"];
        let media = answered.header("content-type").to_owned();
        let schema = &described[media.as_str()]["schema"];
        assert!(schema.is_object(), "{method} {path} {status} {media}");
        let wrong = differs(&answered.json(), schema, &document);
        assert_eq!(wrong, None, "{method} {path}");
    }
    let problem = desk
        .get("/v1/trails/shop/events?limit=0")
        .await
        .is(400)
        .json();
    let schema = json!({"$ref": "#/components/schemas/Problem"});
    assert_eq!(differs(&problem, &schema, &document), None);
    assert!(differs(&json!({}), &schema, &document).is_some());
}

async fn the_page_needs_nothing_from_elsewhere(desk: Desk) {
    let page = desk.get("/docs").await.is(200);
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("style-src 'self'") && !policy.contains("script-src"),
        "{policy}"
    );
    let text = page.text();
    assert!(
        !text.contains("<script") && !text.contains("style="),
        "{text}"
    );
    assert!(
        !text.contains("http:") && !text.contains("https:"),
        "{text}"
    );
    for (method, path, _) in indelible_server::urls() {
        assert!(
            text.contains(&format!("<code>{method} {path}</code>")),
            "{path}"
        );
    }
    desk.get("/docs/style.css").await.is(200);
}
