//! Reports over HTTP.

use axum::http::Method;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::desk::{Call, Desk, on_both};

on_both!(
    each_framework_is_reported_on_in_each_form,
    who_asked_for_what_is_on_record,
    wrong_questions_are_named,
);

const YEAR: &str = "from=2026-01-01&to=2026-12-31";

async fn each_framework_is_reported_on_in_each_form(desk: Desk) {
    desk.records("shop", 5).await;
    for framework in indelible_evidence::Framework::ALL {
        let url = format!("/v1/trails/shop/reports/{framework}?{YEAR}");
        for (format, media, begins) in [
            ("html", "text/html; charset=utf-8", "<!doctype html>"),
            ("md", "text/markdown; charset=utf-8", "# "),
            ("json", "application/json", "{"),
            (
                "csv",
                "text/csv; charset=utf-8; header=present",
                "framework,",
            ),
        ] {
            let answered = desk
                .get(&format!("{url}&format={format}&as_of=5"))
                .await
                .is(200);
            assert_eq!(answered.header("content-type"), media);
            let file = format!("attachment; filename=\"shop-{framework}-5.{format}\"");
            assert_eq!(answered.header("content-disposition"), file);
            assert!(answered.text().starts_with(begins), "{framework} {format}");
        }
        let json = desk.get(&format!("{url}&format=json&as_of=5")).await.json();
        assert_eq!(json["completeness"]["entries"], 5);
        assert_eq!(json["framework"]["name"], framework.name());
    }
}

async fn who_asked_for_what_is_on_record(desk: Desk) {
    desk.records("shop", 5).await;
    let auditor = desk.key("auditor", Some("shop")).await;
    let url = format!("/v1/trails/shop/reports/soc2-2017-2022?{YEAR}&as_of=5&seed=x&sample=2");
    let call = Call::new(Method::GET, &url)
        .key(&auditor)
        .header("user-agent", "curl/8");
    let page = desk.call(call).await.is(200);
    let found = desk
        .get("/v1/trails/shop/events?action=audit_report_generated")
        .await
        .json();
    let entry = &found["entries"][0];
    let digest: String = Sha256::digest(&page.body)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    assert_eq!(entry["context"]["digest"], digest);
    assert_eq!(entry["context"]["framework"], "SOC2-TSC-2017-POF-2022");
    assert_eq!(entry["context"]["seed"], "x");
    assert_eq!(entry["user_agent"], "curl/8");
    let key = entry["user_id"].as_str().expect("a key");
    assert!(key.starts_with("key:"), "{key}");
    assert!(page.text().contains(key));
    // And that it looked at the trail, as every look is.
    let found = desk
        .get("/v1/trails/shop/events?action=audit_log_accessed")
        .await
        .json();
    let looks = found["entries"].as_array().expect("a list");
    let report = looks.iter().find(|it| it["context"]["access"] == "report");
    let context = &report.expect("a look")["context"];
    assert_eq!(context["result_count"], json!(5));
    let reader = desk.key("reader", Some("shop")).await;
    let call = Call::new(Method::GET, &url).key(&reader);
    desk.call(call).await.refuses(403, "forbidden", None);
}

async fn wrong_questions_are_named(desk: Desk) {
    desk.records("shop", 2).await;
    let url = "/v1/trails/shop/reports/gdpr-2016-679";
    for (query, field) in [
        ("to=2026-01-01", "from"),
        ("from=2026-01-01", "to"),
        ("from=2026-01-02&to=2026-01-01", "to"),
        ("from=then&to=2026-01-01", "from"),
        (&format!("{YEAR}&format=pdf"), "format"),
        (&format!("{YEAR}&as_of=99"), "as_of"),
        (&format!("{YEAR}&as_of=x"), "as_of"),
        (&format!("{YEAR}&sample=5"), "sample"),
        (&format!("{YEAR}&as_of=2&seed=x&sample=0"), "sample"),
        (&format!("{YEAR}&as_of=2&seed=x&sample=1001"), "sample"),
        // The size is fixed before the seed is known.
        (&format!("{YEAR}&seed=x"), "as_of"),
        (&format!("{YEAR}&to=2026-12-31"), "to"),
        (&format!("{YEAR}&scope=x"), "scope"),
    ] {
        let answered = desk.get(&format!("{url}?{query}")).await;
        answered.refuses(400, "invalid-request", Some(field));
    }
    let unversioned = desk
        .get(&format!("/v1/trails/shop/reports/pci-dss?{YEAR}"))
        .await;
    unversioned.refuses(404, "not-found", Some("framework"));
    let nothing = desk
        .get(&format!("/v1/trails/nothing/reports/gdpr-2016-679?{YEAR}"))
        .await;
    nothing.refuses(404, "not-found", None);
}
