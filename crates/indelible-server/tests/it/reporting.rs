//! Reports over HTTP.

use axum::http::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::desk::{Call, Desk, on_both};
use crate::reviewing::newest;

on_both!(
    each_framework_is_reported_on_in_each_form,
    who_asked_for_what_is_on_record,
    wrong_questions_are_named,
    a_control_is_handed_over_as_one_archive,
    the_system_is_reported_on_to_keys_of_all_trails,
    nothing_is_reported_of_a_system_that_cannot_be_looked_at,
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

/// The files of an archive, by their names.
fn files(archive: &[u8]) -> std::collections::BTreeMap<String, Vec<u8>> {
    use std::io::Read;
    let mut archive = tar::Archive::new(archive);
    let read = archive.entries().expect("an archive").map(|entry| {
        let mut entry = entry.expect("an entry");
        let path = entry.path().expect("a path").display().to_string();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("whole");
        (path, bytes)
    });
    read.collect()
}

async fn a_control_is_handed_over_as_one_archive(desk: Desk) {
    desk.records("shop", 5).await;
    let key = desk.key("auditor", Some("shop")).await;
    let url = format!("/v1/trails/shop/controls/PCI-DSS-4.0.1:10.2.1.1/pack?{YEAR}&as_of=5");
    let call = Call::new(Method::GET, &url).key(&key);
    let answered = desk.call(call).await.is(200);
    assert_eq!(answered.header("content-type"), "application/x-tar");
    assert_eq!(
        answered.header("content-disposition"),
        "attachment; filename=\"shop-pci-dss-4.0.1-10.2.1.1-5.tar\""
    );
    let length = answered.body.len().to_string();
    assert_eq!(answered.header("content-length"), length);
    let files = files(&answered.body);
    let names: Vec<_> = files.keys().map(String::as_str).collect();
    let folder = "shop-pci-dss-4.0.1-10.2.1.1";
    let own = [
        "accesses.csv",
        "entries.pack",
        "findings.csv",
        "reviews.csv",
        "statement.html",
        "statement.json",
        "statement.proof",
    ];
    assert_eq!(names, own.map(|name| format!("{folder}/{name}")));
    let digest = |name: &str| {
        let digest = Sha256::digest(&files[&format!("{folder}/{name}")]);
        let hex = digest.iter().map(|byte| format!("{byte:02x}"));
        Value::from(hex.collect::<String>())
    };
    let made = newest(&desk, "audit_report_generated").await;
    assert_eq!(made["context"]["control"], "PCI-DSS-4.0.1:10.2.1.1");
    assert_eq!(made["context"]["digest"], digest("statement.json"));
    assert_eq!(made["context"]["digest_html"], digest("statement.html"));
    let taken = newest(&desk, "audit_log_exported").await;
    assert_eq!(taken["context"]["digest"], digest("entries.pack"));
    assert_eq!(
        (&taken["user_id"], &taken["context"]["key_name"]),
        (&made["user_id"], &json!("a auditor"))
    );
    assert_ne!(taken["user_id"], Value::Null);
    let url = format!("/v1/trails/shop/controls/gdpr-2016%2F679:Art.%2015(1)/pack?{YEAR}&as_of=5");
    let file = "attachment; filename=\"shop-gdpr-2016-679-Art._15_1_-5.tar\"";
    let answered = desk.get(&url).await.is(200);
    assert_eq!(answered.header("content-disposition"), file);
    for (control, query, status, name, field) in [
        ("PCI-DSS-4.0.1:10.2.1.1", "", 400, "invalid-request", "from"),
        (
            "PCI-DSS-4.0.1:10.2.1.1",
            &format!("{YEAR}&format=json"),
            400,
            "invalid-request",
            "format",
        ),
        (
            "PCI-DSS-4.0.1:10.2.1.1",
            &format!("{YEAR}&begin=x"),
            400,
            "invalid-request",
            "begin",
        ),
        (
            "PCI-DSS-4.0.1:10.2.1.1",
            &format!("{YEAR}&begin=1&begin=1"),
            400,
            "invalid-request",
            "begin",
        ),
        (
            "PCI-DSS-4.0.1:10.2.1.1",
            &format!("{YEAR}&as_of=5&begin=6"),
            400,
            "invalid-request",
            "begin",
        ),
        ("10.2.1.1", YEAR, 404, "not-found", "control"),
        ("PCI-DSS-4.0.1:99.9", YEAR, 404, "not-found", "control"),
    ] {
        let url = format!("/v1/trails/shop/controls/{control}/pack?{query}");
        desk.get(&url).await.refuses(status, name, Some(field));
    }
    let nothing = format!("/v1/trails/nothing/controls/PCI-DSS-4.0.1:10.2.1.1/pack?{YEAR}");
    desk.get(&nothing).await.refuses(404, "not-found", None);
}

async fn the_system_is_reported_on_to_keys_of_all_trails(desk: Desk) {
    desk.records("shop", 2).await;
    desk.app.surrounded_by(|| {
        Ok(indelible_evidence::Surroundings {
            listen: "here:1".to_owned(),
            ..Default::default()
        })
    });
    let all = desk.key("auditor", None).await;
    let own = desk.key("auditor", Some("shop")).await;
    let ask = |key: &str, query: &str| {
        let url = format!("/v1/reports/system{query}");
        desk.call(Call::new(Method::GET, &url).key(key))
    };
    let report = ask(&all, "?format=json").await.is(200);
    assert_eq!(
        report.header("content-disposition"),
        "attachment; filename=\"system.json\""
    );
    let report = report.json();
    assert_eq!(report["format"], "indelible-system/1");
    let around = &report["installation"]["surroundings"];
    assert_eq!(around["listen"], "here:1");
    assert_eq!(around["keys"]["auditors"], 2);
    assert_eq!(
        ask(&all, "").await.is(200).header("content-type"),
        "text/html; charset=utf-8"
    );
    ask(&own, "").await.refuses(403, "forbidden", None);
    ask(&all, "?format=pdf")
        .await
        .refuses(400, "invalid-request", Some("format"));
    ask(&all, "?policy=x")
        .await
        .refuses(400, "invalid-request", Some("policy"));
    let page = desk.get("/v1/trails/system/events?action=audit_log_accessed&limit=50");
    let page = page.await.is(200).json();
    let mut entries = page["entries"].as_array().expect("a list").iter();
    assert!(entries.any(|it| it["context"]["endpoint"] == "GET /v1/reports/system"));
}

async fn nothing_is_reported_of_a_system_that_cannot_be_looked_at(desk: Desk) {
    desk.app
        .surrounded_by(|| Err("the spool of shop is damaged".into()));
    let all = desk.key("auditor", None).await;
    let asked = Call::new(Method::GET, "/v1/reports/system").key(&all);
    desk.call(asked).await.refuses(500, "internal", None);
}
