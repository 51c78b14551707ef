//! Forms of the console that could not be taken: what was typed is not lost.

use serde_json::json;

use crate::console_integrity::says;
use crate::console_markup::expect_plain;
use crate::desk::{Desk, on_both};

on_both!(
    what_a_server_could_not_take_is_shown_to_be_sent_again,
    what_cannot_be_recorded_is_shown_to_be_sent_again,
    a_form_names_as_many_persons_as_are_erased_at_once,
    a_form_that_is_too_long_is_told_by_its_own_page,
    a_reason_that_is_refused_stays_with_its_order,
    a_form_on_a_further_page_of_holds_comes_back_there,
);

const SHOP: &str = "/console/trails/shop";
const HOSTILE: &str = "\"><b>x";
const ESCAPED: &str = "&#34;&gt;&lt;b&gt;x";

async fn what_a_server_could_not_take_is_shown_to_be_sent_again(desk: Desk) {
    desk.records("shop", 1).await;
    let cookie = desk.log_in(&desk.admin).await;
    let hold = "00000000-0000-0000-0000-000000000000";
    desk.database.close().await.expect("closed");
    for (rest, form) in [
        (
            format!("/retention/holds/{hold}/release"),
            vec![("skip", "10"), ("reason", HOSTILE)],
        ),
        (
            "/subjects/erase".to_owned(),
            vec![("ids", "zwiebel.z\r\nnobody"), ("reason", HOSTILE)],
        ),
        (
            format!("/subjects/requests/{hold}/reject"),
            vec![("rejected_because", HOSTILE)],
        ),
        (
            "/reviews/sign-offs".to_owned(),
            vec![("as_of", "1"), ("comment", HOSTILE)],
        ),
    ] {
        let url = format!("{SHOP}{rest}");
        let answered = desk.submit(&cookie, &url, &form).await.is(503);
        assert_eq!(answered.header("cache-control"), "no-store");
        let page = answered.text();
        expect_plain(&url, &page);
        says(&page, &format!("<form method=\"post\" action=\"{url}\">"));
        says(&page, "Send it again");
        for (name, value) in form {
            says(&page, &format!("name=\"{name}\""));
            let line = value.split("\r\n").next().unwrap_or_default();
            says(&page, if line == HOSTILE { ESCAPED } else { line });
        }
        assert!(!page.contains("<b>x"), "{page}");
    }
    // A form into which nobody has typed anything is none to be sent again, nor is a login.
    let run = format!("{SHOP}/retention/run");
    let page = desk.submit(&cookie, &run, &[("skip", "10")]).await;
    assert!(!page.is(503).text().contains("Send it again"));
    let login = [("key", &*desk.admin)];
    let page = desk.submit(&cookie, "/console/login", &login).await;
    let page = page.is(503).text();
    assert!(!page.contains(&desk.admin), "{page}");
}

async fn what_cannot_be_recorded_is_shown_to_be_sent_again(desk: Desk) {
    desk.records("shop", 1).await;
    crate::console_retention::holds(&desk, "shop", "u-0").await;
    let ground = desk.app.engine().ground().clone();
    let (desk, gate) = crate::gated::serving(desk, ground).await;
    let all = desk.get("/v1/trails/shop/holds").await.is(200).json();
    let id = all[0]["id"].as_str().expect("an id").to_owned();
    // The look of one is counted, so that the page can be shown; that of the other would be the
    // first to be recorded.
    let known = desk.log_in(&desk.admin).await;
    let other = desk.log_in(&desk.key("admin", Some("shop")).await).await;
    gate.go_away();
    let release = format!("/retention/holds/{id}/release");
    for (cookie, again, rest, name) in [
        (&known, false, &*release, "reason"),
        (&known, false, "/retention", "legal_basis"),
        (&known, false, "/reviews/findings", "why"),
        (&other, true, &*release, "reason"),
        (&other, true, "/retention", "legal_basis"),
        (&other, true, "/reviews/findings", "why"),
    ] {
        let url = format!("{SHOP}{rest}");
        let form = [
            (name, HOSTILE),
            ("maximum_days", "30"),
            ("seqs", "0"),
            ("severity", "low"),
        ];
        let page = desk.submit(cookie, &url, &form).await.is(503).text();
        assert_eq!(page.contains("Send it again"), again, "{page}");
        expect_plain(&url, &page);
        says(&page, ESCAPED);
        says(&page, &format!("name=\"{name}\""));
        assert!(!page.contains("<b>x"), "{page}");
    }
}

async fn a_form_names_as_many_persons_as_are_erased_at_once(desk: Desk) {
    desk.records("shop", 1).await;
    let cookie = desk.log_in(&desk.admin).await;
    let plan = format!("{SHOP}/subjects/plan");
    // 252 bytes each, every one of which is sent as three.
    let ids = (0..1000).map(|n| format!("{n:04}{}", "é".repeat(124)));
    let ids: Vec<_> = ids.collect();
    let ids = ids.join("\r\n");
    let form = [("ids", &*ids), ("reason", "x")];
    let page = desk.submit(&cookie, &plan, &form);
    let page = page.await.is(200).text();
    says(&page, "What would go");
    says(&page, &format!("0999{}", "é".repeat(124)));
    let more = format!("{ids}\r\none.more");
    let form = [("ids", &*more), ("reason", "x")];
    let page = desk.submit(&cookie, &plan, &form);
    let page = page.await.is(400).text();
    says(&page, "name 1 to 1000");
    says(&page, "one.more");
}

async fn a_form_that_is_too_long_is_told_by_its_own_page(desk: Desk) {
    desk.records("shop", 1).await;
    let cookie = desk.log_in(&desk.admin).await;
    let ids = "x".repeat(800 << 10);
    for rest in ["plan", "erase"] {
        let url = format!("{SHOP}/subjects/{rest}");
        let form = [("ids", &*ids), ("reason", "x")];
        let page = desk.submit(&cookie, &url, &form);
        let page = page.await.is(413).text();
        expect_plain(&url, &page);
        says(&page, "This form takes up to 768 KiB");
        says(&page, "up to 1000 persons");
        says(&page, "<h1>Subjects</h1>");
    }
    let other = format!("{SHOP}/retention/holds");
    let page = desk.submit(&cookie, &other, &[("reason", &*ids)]).await;
    says(&page.is(413).text(), "where what you wrote still stands");
}

async fn a_reason_that_is_refused_stays_with_its_order(mut desk: Desk) {
    desk.database = desk.officer_of_two().await;
    let app = indelible_server::App::new(desk.database.engine().clone());
    let desk = desk.serving(app);
    desk.records("shop", 2).await;
    for user in ["u-0", "u-1"] {
        let order = json!({"ids": [user], "reason": "x"}).to_string();
        let asked = desk.post("/v1/trails/shop/subjects/erase", order).await;
        asked.is(202);
    }
    let requests = desk.get("/v1/trails/shop/subjects/requests").await;
    let requests = requests.is(200).json();
    let cookie = desk.log_in(&desk.admin).await;
    let id = |n: usize| requests["requests"][n]["id"].as_str().expect("an id");
    let url = format!("{SHOP}/subjects/requests/{}/reject", id(1));
    let long = format!("{HOSTILE}{}", "y".repeat(5000));
    let form = [("rejected_because", &*long)];
    let page = desk.submit(&cookie, &url, &form);
    let page = page.await.is(400).text();
    expect_plain(&url, &page);
    assert_eq!(page.matches(ESCAPED).count(), 1, "{page}");
    let (before, after) = page.split_once(ESCAPED).expect("it is there");
    says(before, id(1));
    let form = before.rsplit_once("<form").expect("a form").1;
    says(form, id(1));
    says(after, &"y".repeat(5000));
}

async fn a_form_on_a_further_page_of_holds_comes_back_there(desk: Desk) {
    desk.records("shop", 1).await;
    for n in 0..12 {
        crate::console_retention::holds(&desk, "shop", &format!("u-{n}")).await;
    }
    let cookie = desk.log_in(&desk.admin).await;
    let all = desk.get("/v1/trails/shop/holds").await.is(200).json();
    // The oldest hold is the last of the second page.
    let oldest = all[0]["id"].as_str().expect("an id").to_owned();
    let url = format!("{SHOP}/retention/holds/{oldest}/release");
    let page = desk
        .visit(&cookie, &format!("{SHOP}/retention?skip=10"))
        .await;
    let page = page.is(200).text();
    says(&page, "name=\"skip\" value=\"10\"");
    let long = format!("{HOSTILE}{}", "y".repeat(5000));
    for skip in [vec![("skip", "10")], vec![], vec![("skip", "x")]] {
        let form = [&skip[..], &[("reason", &*long)]].concat();
        let page = desk.submit(&cookie, &url, &form).await.is(400).text();
        expect_plain(&url, &page);
        let row = page.split_once(&format!("id=\"hold-{oldest}\""));
        let (_, row) = row.expect("the hold is on the page");
        let (row, _) = row.split_once("</tr>").expect("a row");
        says(row, ESCAPED);
        assert_eq!(page.matches("id=\"hold-").count(), 2, "{page}");
    }
    // So does any other form of the page.
    let place = format!("{SHOP}/retention/holds");
    let form = [("skip", "10"), ("user_id", HOSTILE), ("reason", "")];
    let page = desk.submit(&cookie, &place, &form).await.is(400).text();
    says(&page, &format!("id=\"hold-{oldest}\""));
    says(&page, ESCAPED);
}
