//! The console where no script runs: all of it but what scripts are for, which says so.

use testbed::{Look, Page};

use super::console::{Console, is_without_fault, open, play};
use super::pages::SHOWN;
use super::rows::{chips, rows};
use crate::desk::Desk;

#[test]
fn everything_works_but_what_scripts_are_for() {
    play(async {
        let console = Console::with_windows(Desk::new(), 400);
        let page = open(Look::DESK.without_javascript()).await;
        console.log_in(&page, &console.admin).await;
        assert_eq!(page.text("h1").await, "Trails");
        page.follow("a[href='/console/trails/windows/events']")
            .await;
        searches(&console, &page).await;
        exports(&page).await;
        for shown in SHOWN {
            page.goto(&console.url_of(shown)).await;
            assert_eq!(page.status().await, shown.status, "{}", shown.name);
            promises_nothing(&page, shown.name).await;
            is_without_fault(&page).await;
        }
        page.goto(&console.url("/console")).await;
        page.follow(".who button").await;
        assert_eq!(page.text("h1").await, "Log in");
        page.goto(&console.url("/console")).await;
        assert_eq!(page.text("h1").await, "Log in");
        is_without_fault(&page).await;
        console.stop();
    });
}

async fn searches(console: &Console, page: &Page) {
    page.fill("input[name=user_id]", r"EXAMPLE\bob").await;
    page.select("select[name=outcome]", "succeeded").await;
    page.follow("form[role=search] button").await;
    let expected = console.matching("user_id=EXAMPLE%5Cbob&outcome=succeeded");
    assert_eq!(rows(page).await, expected[..expected.len().min(50)]);
    assert_eq!(
        chips(page).await,
        [r"User EXAMPLE\bob", "Outcome succeeded"]
    );
    page.follow(".chip:nth-child(2) a").await;
    assert_eq!(chips(page).await, [r"User EXAMPLE\bob"]);
    page.follow(".chips > li:last-child a").await;
    let newest = rows(page).await;
    page.follow(".pager [rel=next]").await;
    assert!(rows(page).await[0] < newest[49]);
    page.follow(".pager [rel=prev]").await;
    assert_eq!(rows(page).await, newest);
    // The filters that are out of sight open without a script, too.
    page.click(".filters summary").await;
    page.fill("input[name=resource_type]", "windows.process")
        .await;
    page.follow("form[role=search] button").await;
    assert_eq!(chips(page).await, ["Resource type windows.process"]);
    page.follow("[data-rows] a.entry").await;
    assert!(page.text("dl.facts").await.contains("windows.process"));
}

async fn exports(page: &Page) {
    page.back().await;
    page.click(".menu summary").await;
    page.click(".menu li a").await;
    let told = page.text("[data-count]").await;
    let digits: String = told.split("as of").last().expect("a size").into();
    let digits: String = digits.chars().filter(char::is_ascii_digit).collect();
    let sheet = page.downloaded(&format!("windows-{digits}.csv")).await;
    assert!(
        sheet.starts_with(b"trail,"),
        "{}",
        String::from_utf8_lossy(&sheet)
    );
}

/// Controls that need a script are not shown.
async fn promises_nothing(page: &Page, name: &str) {
    let controls = "[data-tail], [data-copy], [data-shows-keys], [data-zone-note] button, \
                    .verify-entry, [data-verify-work]";
    for (nth, control) in controls.split(", ").enumerate() {
        assert!(
            !page.shows(control.trim()).await,
            "{nth}: {control} on {name}"
        );
    }
    if name == "verify" || name == "entry" {
        let told = page.text("noscript").await;
        assert!(told.contains("needs JavaScript"), "{told}");
    }
}
