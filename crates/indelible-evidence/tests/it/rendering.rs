//! The four forms.

use indelible_core::Query;
use indelible_evidence::{Form, Framework, Report, Scope, generated, render};
use sha2::{Digest, Sha256};

use crate::desk::{Desk, event, request};

async fn hostile() -> Report {
    let desk = Desk::new().await;
    desk.record_all([
        event("access_denied", "2026-03-10T00:00:00Z").user_id("<script>alert(1)</script>"),
        event("audit_log_accessed", "2026-03-11T00:00:00Z")
            .user_id("=cmd|' /C calc'!A0 <img src=x>"),
    ])
    .await;
    let mut asked = request(Framework::PciDss);
    asked.asked_by = Some("<b>q|sa</b>".to_owned());
    asked.scope = Scope::parse(
        "[declared]\nby = \"<i>m</i>\"\non = \"2026-01-01\"\nwhy = \"a | b\"\n\
         [[not_applicable]]\ncontrol = \"PCI-DSS-4.0.1:8.2.6\"\nby = \"=1+1\"\n\
         on = \"2026-01-01\"\nwhy = \"</td><script>\"\n",
    )
    .expect("a scope");
    desk.report(asked).await
}

#[tokio::test]
async fn the_page_is_one_file_without_a_script_and_escapes_all() {
    let page = render(&hostile().await, Form::Html).expect("a page");
    for never in [
        "<script", "<img", "<link", "@import", "url(", "http:", "https:", "<b>q", "<i>m",
    ] {
        assert!(!page.contains(never), "{never}");
    }
    for there in [
        "&#60;i&#62;m&#60;/i&#62;",
        "PCI-DSS-4.0.1:10.2.1.4",
        "@media print",
        "<!doctype html>",
    ] {
        assert!(page.contains(there), "{there}");
    }
    // Each state has its line, and the counts stand beside their words.
    for word in ["operating", "cannot tell", "stale", "not instrumented"] {
        assert!(page.contains(word), "{word}");
    }
    assert_eq!(
        page.matches("<section").count(),
        page.matches("</section>").count()
    );
}

#[tokio::test]
async fn no_form_knows_percentages_or_calls_anybody_compliant() {
    let desk = crate::numbers::business().await;
    for framework in Framework::ALL {
        let report = desk.march(framework).await;
        for form in Form::ALL {
            let text = render(&report, form).expect("a text").to_lowercase();
            let style = text.find("</style>").unwrap_or(0);
            // The regulations' own titles, in our words, speak of compliance.
            assert!(!text.contains("compliant"), "{framework} {form}");
            assert!(!text[style..].contains('%'), "{framework} {form}");
            assert!(
                text.contains(&framework.name().to_lowercase()),
                "{framework} {form}"
            );
        }
    }
}

#[tokio::test]
async fn csv_has_a_row_for_each_control_and_no_formula() {
    let report = hostile().await;
    let text = render(&report, Form::Csv).expect("a text");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<_> = reader.records().map(|row| row.expect("a row")).collect();
    assert_eq!(rows.len(), report.controls.len());
    for (row, control) in rows.iter().zip(&report.controls) {
        assert_eq!(&row[2], control.control.to_string());
        assert_eq!(&row[3], control.state.as_str());
        assert_eq!(row[6].parse::<u64>(), Ok(control.direct));
        assert!(
            row.iter()
                .all(|cell| !cell.starts_with(['=', '+', '-', '@']))
        );
    }
    assert!(text.contains("\r\n"));
}

#[tokio::test]
async fn json_has_all_and_is_what_the_format_says() {
    let report = hostile().await;
    let text = render(&report, Form::Json).expect("a text");
    let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(json["format"], "indelible-report/1");
    assert_eq!(json["framework"]["name"], "PCI-DSS-4.0.1");
    assert_eq!(json["scope"]["presupposes"]["area"], "cde");
    assert_eq!(json["states"].as_array().map(Vec::len), Some(8));
    let first = &json["controls"][0];
    assert_eq!(first["control"], "PCI-DSS-4.0.1:3.2.1");
    assert_eq!(json["completeness"]["entries"], 2);
    assert_eq!(json["log_access"]["readers"][0]["times"], 1);
}

#[tokio::test]
async fn markdown_takes_no_markup_of_others() {
    let text = render(&hostile().await, Form::Markdown).expect("a text");
    assert!(!text.contains("<script") && !text.contains("<i>"), "{text}");
    assert!(text.contains("&lt;i&gt;m&lt;/i&gt;"));
}

#[tokio::test]
async fn the_record_of_a_report_names_the_file() {
    let desk = Desk::new().await;
    desk.record(event("access_denied", "2026-03-10T00:00:00Z"))
        .await;
    let mut asked = request(Framework::PciDss);
    asked.asked_by = Some("q. sa".to_owned());
    let report = desk.report(asked).await;
    let file = render(&report, Form::Html).expect("a page");
    let seq = desk
        .record(generated(&report, "html", file.as_bytes()))
        .await;
    let entry = desk.audit.entry_at(seq).await.expect("it").expect("there");
    assert_eq!(entry.action, "audit_report_generated");
    assert_eq!(entry.user_id.as_deref(), Some("q. sa"));
    let context = entry.context.expect("a context");
    let digest: String = Sha256::digest(file.as_bytes())
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    assert_eq!(context["digest"], digest);
    assert_eq!(context["framework"], "PCI-DSS-4.0.1");
    assert_eq!(context["period_start"], "2026-03-01T00:00:00.000000Z");
    assert_eq!(context["population_count"], 1);
    assert!(entry.notes.is_empty(), "{:?}", entry.notes);
    let found = desk
        .count(Query::new().action("AUDIT_REPORT_GENERATED"))
        .await;
    assert_eq!(found, 1);
}
