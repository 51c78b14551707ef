//! Reviews and reports, on pages.

use axum::http::Method;
use serde_json::{Value, json};

use crate::desk::{Call, Desk, on_both};
use crate::reviewing::{guessed, newest};

on_both!(
    sys_28_sys_30_sys_31_a_day_is_reviewed_on_pages,
    what_has_to_be_mended_is_asked_for_again_as_it_was,
    a_page_of_another_site_decides_nothing,
    a_form_that_has_to_be_mended_shows_nothing_off_the_record,
    whoever_may_not_review_is_shown_no_way_there,
    what_is_downloaded_is_what_http_answers,
    a_page_of_many_findings_stays_small,
);

const REVIEWS: &str = "/console/trails/shop/reviews";

fn url(rest: &str) -> String {
    format!("{REVIEWS}{rest}")
}

async fn sys_28_sys_30_sys_31_a_day_is_reviewed_on_pages(desk: Desk) {
    guessed(&desk).await;
    let key = desk.key("auditor", Some("shop")).await;
    let cookie = desk.log_in(&key).await;
    let visit = |rest: &str| {
        let url = url(rest);
        let (desk, cookie) = (&desk, &cookie);
        async move { desk.visit(cookie, &url).await.is(200).text() }
    };
    let text = visit("?as_of=6").await;
    for shown in [
        "failures_then_login-0",
        "brute_force_user-0",
        "not on record yet",
        "user_id: <bdi>u-7</bdi>",
        "name=\"as_of\" value=\"6\"",
        "Sign off 6 entries",
    ] {
        assert!(text.contains(shown), "{shown}: {text}");
    }
    let submit = |rest: &'static str, form: &'static [(&'static str, &'static str)]| {
        let (desk, cookie) = (&desk, &cookie);
        async move { desk.submit(cookie, &url(rest), form).await }
    };
    let one = &[("as_of", "6"), ("finding", "failures_then_login-0")];
    let done = submit("/findings", one).await.is(303);
    // Back to exactly what was shown.
    assert_eq!(done.header("location"), url("?as_of=6"));
    let raised = newest(&desk, "audit_finding_raised").await;
    assert_eq!(raised["context"]["finding_id"], "failures_then_login-0");
    assert_eq!(raised["context"]["key_name"], "a auditor");
    let text = visit("?as_of=6").await;
    assert!(
        !text.contains("aria-label=\"Raise failures_then_login-0\""),
        "{text}"
    );
    assert!(
        text.contains("aria-label=\"Raise brute_force_user-0\""),
        "{text}"
    );
    let assign = &[("as_of", "6"), ("to", "m. muster")];
    let done = submit("/findings/failures_then_login-0/assign", assign);
    done.await.is(303);
    assert!(visit("").await.contains("With <bdi>m. muster</bdi>."));
    let close = &[
        ("as_of", "6"),
        ("as", "remediated"),
        ("comment", "password changed"),
        ("evidence", "INC-1"),
    ];
    let done = submit("/findings/failures_then_login-0/close", close);
    done.await.is(303);
    let text = visit("").await;
    assert!(
        text.contains("<bdi>password changed</bdi> (<bdi>INC-1</bdi>)"),
        "{text}"
    );
    let all = &[("as_of", "6"), ("owner", "q. sa")];
    submit("/findings", all).await.is(303);
    let raised = newest(&desk, "audit_finding_raised").await;
    assert_eq!(raised["context"]["assigned_to"], "q. sa");
    let by_hand = &[
        ("seqs", "0, 3"),
        ("severity", "low"),
        ("why", "odd"),
        ("owner", ""),
    ];
    submit("/findings", by_hand).await.is(303);
    let raised = newest(&desk, "audit_finding_raised").await;
    assert_eq!(raised["context"]["sample_records"], json!([0, 3]));
    let sign = &[
        ("as_of", "6"),
        ("from", ""),
        ("to", ""),
        ("scope", "logins"),
        ("comment", ""),
    ];
    let done = submit("/sign-offs", sign).await.is(303);
    assert_eq!(done.header("location"), REVIEWS);
    let signed = newest(&desk, "audit_review_completed").await;
    let said = &signed["context"];
    assert_eq!(
        (&said["as_of"], &said["scope"], &said["comment"]),
        (&json!(6), &json!("logins"), &Value::Null)
    );
    assert_eq!(said["reviewer"], raised["user_id"]);
    desk.clock.pass(std::time::Duration::from_secs(48 * 3600));
    let cookie = desk.log_in(&key).await;
    let text = desk.visit(&cookie, REVIEWS).await.is(200).text();
    let link = format!("/console/trails/shop/events/{}\"", signed["seq"]);
    assert!(text.contains(&link), "{text}");
    assert!(
        text.contains("<span class=\"outcome failed\">missed</span>"),
        "{text}"
    );
    assert!(text.contains("not signed off when due"), "{text}");
}

async fn what_has_to_be_mended_is_asked_for_again_as_it_was(desk: Desk) {
    guessed(&desk).await;
    let cookie = desk.log_in(&desk.admin).await;
    let by_hand = [
        ("seqs", "0"),
        ("severity", "low"),
        ("why", "odd"),
        ("owner", ""),
    ];
    let raise = url("/findings");
    desk.submit(&cookie, &raise, &by_hand).await.is(303);
    let own = url("/findings/manual-0/close");
    let (hostile, shown) = ("\"><b>x", "&#34;&gt;&lt;b&gt;x");
    for (to, form, status, words) in [
        (
            &own,
            vec![("as", "fine"), ("comment", hostile)],
            400,
            "is one of",
        ),
        (
            &own,
            vec![("as", "benign"), ("comment", " "), ("evidence", hostile)],
            400,
            "is empty",
        ),
        (
            &raise,
            vec![("seqs", "x"), ("severity", "low"), ("why", hostile)],
            400,
            "by their numbers",
        ),
        (
            &raise,
            vec![("seqs", ","), ("severity", "low"), ("why", hostile)],
            400,
            "holds 1 to",
        ),
        (
            &raise,
            vec![("seqs", "0"), ("severity", "odd"), ("why", hostile)],
            400,
            "is one of",
        ),
        (
            &raise,
            vec![("seqs", "0"), ("severity", "low"), ("why", hostile)],
            409,
            "on record already",
        ),
        (
            &url("/sign-offs"),
            vec![("as_of", "99"), ("scope", hostile)],
            400,
            "has",
        ),
        (
            &url("/sign-offs"),
            vec![("as_of", "6"), ("to", "soon"), ("scope", hostile)],
            400,
            "date",
        ),
    ] {
        let page = desk.submit(&cookie, to, &form).await.is(status);
        let text = page.text();
        assert!(
            text.contains("role=\"alert\"") && text.contains(words),
            "{form:?}: {text}"
        );
        assert!(
            text.contains(&format!("value=\"{shown}\"")),
            "{form:?}: {text}"
        );
    }
    let close = [("as", "benign"), ("comment", "was me")];
    desk.submit(&cookie, &own, &close).await.is(303);
    let text = desk.submit(&cookie, &own, &close).await.is(409).text();
    assert!(text.contains("was closed as benign"), "{text}");
    let nothing = url("/findings/manual-9/close");
    desk.submit(&cookie, &nothing, &close).await.is(404);
    for size in ["", "x", "-1"] {
        let sign = [("as_of", size)];
        desk.submit(&cookie, &url("/sign-offs"), &sign)
            .await
            .is(400);
    }
    for wrong in ["?as_of=99", "?as_of=x", "?from=soon", "?x=y"] {
        desk.visit(&cookie, &url(wrong)).await.is(400);
    }
    let nothing = "/console/trails/unheard-of/reviews";
    let text = desk.visit(&cookie, nothing).await.is(200).text();
    assert!(text.contains("Nothing is recorded in this trail"), "{text}");
}

async fn a_page_of_another_site_decides_nothing(desk: Desk) {
    guessed(&desk).await;
    let cookie = desk.log_in(&desk.admin).await;
    for (rest, form) in [
        ("/findings", "as_of=6"),
        ("/findings/manual-0/assign", "to=m"),
        ("/findings/manual-0/close", "as=benign&comment=c"),
        ("/sign-offs", "as_of=6"),
        ("/start", "day=2026-03-02&why=w"),
        ("/days", ""),
    ] {
        let call = Call::new(Method::POST, &url(rest)).anonymous();
        let call = call
            .header("accept", "text/html")
            .header("cookie", &cookie)
            .header("sec-fetch-site", "cross-site")
            .header("content-type", "application/x-www-form-urlencoded");
        desk.call(call.body(form)).await.is(403);
    }
    assert_eq!(newest(&desk, "audit_finding_raised").await, Value::Null);
    for action in ["completed", "started", "missed"] {
        let newest = newest(&desk, &format!("audit_review_{action}")).await;
        assert_eq!(newest, Value::Null);
    }
}

async fn a_form_that_has_to_be_mended_shows_nothing_off_the_record(desk: Desk) {
    guessed(&desk).await;
    let cookie = desk.log_in(&desk.admin).await;
    let ill = [("as_of", "6"), ("to", "")];
    let form = desk.submit(&cookie, &url("/findings/x/assign"), &ill).await;
    assert!(form.is(400).text().contains("u-7"));
    let look = newest(&desk, "audit_log_accessed").await;
    assert_eq!(look["context"]["access"], "report", "{look}");
    assert_eq!(look["context"]["query"]["as_of"], "6", "{look}");
}

async fn whoever_may_not_review_is_shown_no_way_there(desk: Desk) {
    guessed(&desk).await;
    let ways = [
        "/console/trails/shop/reviews\"",
        "/console/trails/shop/reports\"",
    ];
    let system = "/console/reports/system";
    for (role, trail, may, may_all) in [
        ("reader", Some("shop"), false, false),
        ("auditor", Some("shop"), true, false),
        ("auditor", None, true, true),
        ("admin", None, true, true),
    ] {
        let cookie = desk.log_in(&desk.key(role, trail).await).await;
        let events = desk.visit(&cookie, "/console/trails/shop/events").await;
        let text = events.is(200).text();
        for way in ways {
            assert_eq!(text.contains(way), may, "{role} {way}");
        }
        if may {
            let reports = desk.visit(&cookie, "/console/trails/shop/reports").await;
            assert_eq!(reports.is(200).text().contains(system), may_all, "{role}");
        }
        let status = if may_all { 200 } else { 403 };
        desk.visit(&cookie, system).await.is(status);
    }
}

async fn what_is_downloaded_is_what_http_answers(desk: Desk) {
    guessed(&desk).await;
    let key = desk.key("auditor", None).await;
    let cookie = desk.log_in(&key).await;
    let page = "/console/trails/shop/reports";
    let text = desk.visit(&cookie, page).await.is(200).text();
    assert!(
        text.contains("value=\"30d\"") && text.contains("10.2.1.4"),
        "{text}"
    );
    let asked = "from=2026-03-01&to=2026-03-08&as_of=6";
    for framework in indelible_evidence::Framework::ALL {
        for format in ["html", "md", "json", "csv"] {
            // What a form leaves empty is not asked for.
            let form =
                format!("{page}/file?framework={framework}&{asked}&format={format}&seed=&sample=");
            let shown = desk.visit(&cookie, &form).await.is(200);
            let http = format!("/v1/trails/shop/reports/{framework}?{asked}&format={format}");
            let http = desk
                .call(Call::new(Method::GET, &http).key(&key))
                .await
                .is(200);
            assert!(shown.body == http.body, "{framework} {format}");
            for header in ["content-type", "content-disposition"] {
                assert_eq!(shown.header(header), http.header(header));
            }
        }
        let listed = format!("{page}?framework={framework}&{asked}&seed=%22x");
        let text = desk.visit(&cookie, &listed).await.is(200).text();
        let (_, pack) = text.split_once("/controls/").expect("a pack");
        let (pack, _) = pack.split_once('"').expect("an end");
        let pack = pack.replace("&amp;", "&");
        assert!(
            pack.contains("as_of=6") && pack.contains("seed=%22x"),
            "{pack}"
        );
        let shown = format!("/console/trails/shop/controls/{pack}");
        let shown = desk.visit(&cookie, &shown).await.is(200);
        let http = format!("/v1/trails/shop/controls/{pack}");
        let http = desk
            .call(Call::new(Method::GET, &http).key(&key))
            .await
            .is(200);
        assert_eq!(
            shown.header("content-disposition"),
            http.header("content-disposition")
        );
        assert_eq!(shown.header("content-type"), "application/x-tar");
    }
    for wrong in [
        "/file?from=1d&to=0s",
        "/file?framework=pci-dss&from=1d&to=0s",
        "/file?framework=pci-dss-4.0.1&from=soon&to=0s",
        "?framework=pci-dss",
        "?format=pdf",
        "?x=y",
    ] {
        desk.visit(&cookie, &format!("{page}{wrong}")).await.is(400);
    }
    let nothing = desk
        .visit(&cookie, "/console/trails/unheard-of/reports")
        .await;
    assert!(
        nothing
            .is(200)
            .text()
            .contains("Nothing is recorded in this trail")
    );
}

async fn a_page_of_many_findings_stays_small(desk: Desk) {
    let long = "<&\">".repeat(2_000);
    desk.records("shop", 60).await;
    for seq in 0..50 {
        let found = json!({"seqs": [seq], "why": long, "owner": long}).to_string();
        desk.post("/v1/trails/shop/review/findings", found)
            .await
            .is(200);
        if seq % 2 == 0 {
            let close = json!({"as": "benign", "comment": long, "evidence": long}).to_string();
            let url = format!("/v1/trails/shop/review/findings/manual-{seq}/close");
            desk.post(&url, close).await.is(200);
        }
    }
    let cookie = desk.log_in(&desk.admin).await;
    let page = desk.visit(&cookie, REVIEWS).await.is(200);
    let text = page.text();
    assert!(text.len() < 100_000, "{}", text.len());
    // All that are open are reached, ten at a time.
    let mut ids = std::collections::BTreeSet::new();
    let mut next = Some(REVIEWS.to_owned());
    while let Some(url) = next {
        let text = desk.visit(&cookie, &url).await.is(200).text();
        let open = text.split("/assign\"").count() - 1;
        assert!(open <= 10, "{open}");
        for part in text.split("/findings/").skip(1) {
            ids.extend(part.split_once("/assign\"").map(|(id, _)| id.to_owned()));
        }
        next = text.split_once("Further open findings").map(|(before, _)| {
            let (_, url) = before.rsplit_once("href=\"").expect("a link");
            url.split_once('#')
                .expect("a place")
                .0
                .replace("&amp;", "&")
        });
    }
    let open = ids
        .iter()
        .filter(|id| id.starts_with("manual-") && id.len() < 10);
    assert_eq!(open.count(), 25, "{ids:?}");
    assert!(
        text.contains("that were closed, these are the last"),
        "{text}"
    );
}
