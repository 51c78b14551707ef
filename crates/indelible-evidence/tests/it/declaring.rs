//! What the operator declares makes no direct evidence, and is printed wherever it decides.

use indelible_evidence::{Form, Framework, Scope, State, render};
use serde_json::json;

use crate::desk::{Desk, control, event, request};

const MARCH: &str = "2026-03-10T09:00:00Z";

const SCOPE: &str = r#"
name = "card platform"

[declared]
by = "m. muster"
on = "2026-02-01"
why = "audit of May"

[scope.cde]
present = true
resource_types = ["account"]
why = "the shop"

[scope.personal]
present = false

[[not_applicable]]
control = "PCI-DSS-4.0.1:8.2.6"
by = "q. sanchez"
on = "2026-02-03"
why = "no accounts of this kind"

[tags]
complete = ["data.chd"]

[resources]
system_objects = ["AWS::S3::Bucket"]

[settings]
audit = ["x.trail"]
time = ["x.clock"]

[endpoints]
login = ["/v1/login"]

[instrumented]
actions = ["breach_detected"]

[liveness]
actions = ["app.heartbeat"]
"#;

#[tokio::test]
async fn a_state_that_rests_on_a_declaration_is_supporting_at_most() {
    let desk = Desk::new().await;
    let config =
        |key: &str| event("admin_config_changed", MARCH).context(json!({"config_key": key}));
    let mut deleted = event("data_deleted", MARCH);
    deleted.resource_type = "AWS::S3::Bucket".to_owned();
    desk.record_all([
        config("x.trail"),
        config("x.clock"),
        deleted,
        event("data_viewed", MARCH),
    ])
    .await;
    let mut request = request(Framework::PciDss);
    let bare = desk.report(request.clone()).await;
    request.scope = Scope::parse(SCOPE).expect("a scope");
    let report = desk.report(request).await;
    for (id, name) in [
        ("10.2.1.6", "settings.audit"),
        ("10.6.3", "settings.time"),
        ("10.2.1.7", "resources.system_objects"),
    ] {
        let own = control(&report, id);
        assert_eq!(control(&bare, id).direct, 0, "{id}");
        assert_eq!((own.direct, own.state), (0, State::SupportingOnly), "{id}");
        assert_eq!(own.by_declaration, 1, "{id}");
        assert!(own.declarations.contains(&name), "{:?}", own.declarations);
        let said = format!("only by what the operator declares: {name}");
        assert!(own.reason.contains(&said), "{}", own.reason);
    }
    // What is told not to be so by a declaration is told so too.
    let views = control(&report, "10.2.1.1");
    assert_eq!((views.not_met, views.by_declaration), (1, 1));
    assert_eq!(views.declarations, ["tags.complete"]);
    assert_ne!(views.state, State::Operating);
}

#[tokio::test]
async fn what_the_record_says_itself_rests_on_no_declaration() {
    let desk = Desk::new().await;
    let config = event("admin_config_changed", MARCH).context(json!({"config_key": "audit.level"}));
    let mut deleted = event("data_deleted", MARCH);
    deleted.resource_type = "table".to_owned();
    desk.record_all([config, deleted]).await;
    let mut request = request(Framework::PciDss);
    let with = SCOPE.replace("AWS::S3::Bucket", "table");
    request.scope = Scope::parse(&with).expect("a scope");
    let report = desk.report(request).await;
    for id in ["10.2.1.6", "10.2.1.7"] {
        let own = control(&report, id);
        assert_eq!((own.direct, own.by_declaration), (1, 0), "{id}");
    }
}

#[tokio::test]
async fn every_declaration_stands_in_the_forms_that_are_read() {
    let desk = Desk::new().await;
    desk.record(event("access_denied", MARCH)).await;
    let mut request = request(Framework::PciDss);
    request.scope = Scope::parse(SCOPE).expect("a scope");
    let report = desk.report(request).await;
    let plain = |text: String| text.replace(['\\', '`'], "").replace("&#47;", "/");
    for form in [Form::Html, Form::Markdown] {
        let text = plain(render(&report, form).expect("a text"));
        for there in [
            "scope.cde",
            "of account",
            "the shop",
            "scope.personal",
            "no accounts of this kind",
            "tags.complete",
            "data.chd",
            "resources.system_objects",
            "AWS::S3::Bucket",
            "settings.audit",
            "x.trail",
            "settings.time",
            "x.clock",
            "endpoints.login",
            "/v1/login",
            "breach_detected",
            "app.heartbeat",
            "statements",
            report.scope.scope.sha256.as_deref().expect("a digest"),
        ] {
            assert!(text.contains(there), "{form} {there}");
        }
    }
}
