//! From the first start to the finding: what an auditor does with the console, on each store.

use serde_json::json;
use testbed::{Look, Page};

use super::console::{Console, is_without_fault, open, play};
use super::proof;
use super::rows::{chips, question, rows};
use super::windows::{self, GUESSED, GUESSES, LINES};
use crate::desk::{Desk, on_each_store};
use crate::investigation::shared::place;

on_each_store!(a_windows_log_is_searched_and_proved);

/// The form of the filters.
const FORM: &str = "form[role=search]";
/// What each record of somebody's leaving is called.
const LEAVING: &str = "user_logout";

fn a_windows_log_is_searched_and_proved(desk: fn() -> Desk) {
    play(async {
        let console = Console::start(desk());
        let page = open(Look::DESK).await;
        arrives(&console, &page).await;
        filters(&console, &page).await;
        narrows_by_time(&console, &page).await;
        turns_pages(&console, &page).await;
        proof::is_proved(&console, &page).await;
        proof::is_intact(&console, &page).await;
        is_without_fault(&page).await;
        proof::is_found_out(&console, &page).await;
        // The operator is told as well.
        let (status, _, logged) = console.server.stop("TERM");
        assert_eq!(status, Some(0));
        assert!(logged.contains("verification failed"), "{logged}");
    });
}

/// The real log that the synthetic one is modelled on, where it is there.
#[test]
fn the_real_log_is_searched() {
    let Some(folder) = place("windows-security-otrf") else {
        return;
    };
    play(async {
        let console = Console::start(Desk::new());
        let files = format!("{folder}/*.ndjson.gz");
        let call = ["import", "windows", &files, "--trail", "windows"];
        let told = console.desk.json(&call);
        assert_eq!(
            (&told["read"], &told["rejected"]),
            (&20_106.into(), &0.into())
        );
        let page = open(Look::DESK).await;
        console.log_in(&page, &console.admin).await;
        page.goto(&console.url("/console/trails/windows/events"))
            .await;
        page.fill("input[name=action]", "user_login_success").await;
        page.select("select[name=outcome]", "succeeded").await;
        page.submit(FORM).await;
        let expected = console.matching(question(&page.url().await));
        assert!(expected.len() > 100, "{}", expected.len());
        assert_eq!(rows(&page).await, expected[..50]);
        let bar = tallest(&page).await;
        page.follow(&bar).await;
        let expected = console.matching(question(&page.url().await));
        assert_eq!(rows(&page).await, expected[..expected.len().min(50)]);
        is_without_fault(&page).await;
        console.stop();
    });
}

/// First start, login, trails, events.
async fn arrives(console: &Console, page: &Page) {
    page.goto(&console.url("/")).await;
    assert_eq!(page.text("h1").await, "Log in");
    page.fill("#key", "not a key").await;
    page.submit("#key").await;
    assert_eq!(page.status().await, 401);
    assert!(page.text("[role=alert]").await.contains("no API key"));
    page.fill("#key", &console.admin).await;
    page.submit("#key").await;
    assert_eq!(page.text("h1").await, "Trails");
    let cookie = page.cookie("indelible_session").await.expect("a cookie");
    assert!(cookie.http_only && cookie.same_site == "Lax", "{cookie:?}");
    console.imports(windows::lines(LINES));
    page.reload().await;
    let link = "a[href='/console/trails/windows/events']";
    let row = page.text(&format!("tr:has({link})")).await;
    assert!(
        row.starts_with("windows") && row.contains("20\u{202f}000"),
        "{row}"
    );
    page.follow(link).await;
    assert_eq!(
        page.url().await,
        console.url("/console/trails/windows/events")
    );
    let newest: Vec<u64> = (u64::from(LINES) - 50..u64::from(LINES)).rev().collect();
    assert_eq!(rows(page).await, newest);
}

/// By user and action, as a form, as chips, and as an address.
async fn filters(console: &Console, page: &Page) {
    page.fill("input[name=user_id]", GUESSED).await;
    page.submit(FORM).await;
    let user = "user_id=EXAMPLE%5Csvc-backup";
    let path = "/console/trails/windows/events";
    assert_eq!(page.url().await, console.url(&format!("{path}?{user}")));
    let of_user = rows(page).await;
    assert_eq!(of_user.len(), GUESSES as usize + 1);
    assert_eq!(of_user, console.matching(user));
    page.fill("input[name=action]", "user_login_failed").await;
    page.submit(FORM).await;
    let both = page.url().await;
    let failed = rows(page).await;
    assert_eq!(failed.len(), GUESSES as usize);
    assert_eq!(failed, of_user[1..]);
    let set = [format!("User {GUESSED}"), "Action user_login_failed".into()];
    assert_eq!(chips(page).await, set);
    assert_eq!(page.value("input[name=user_id]").await, GUESSED);
    // Without the one, without the other, and back again.
    page.follow(".chip:nth-child(2) a").await;
    assert_eq!(rows(page).await, of_user);
    page.leaving(page.back()).await;
    assert_eq!(page.url().await, both);
    assert_eq!(rows(page).await, failed);
    page.follow(".chip:nth-child(1) a").await;
    assert_eq!(chips(page).await, ["Action user_login_failed"]);
    let everybody = console.matching("action=user_login_failed");
    assert_eq!(rows(page).await, everybody[..50]);
}

/// By clicking bars until one stands for an hour; somebody else is sent the address.
async fn narrows_by_time(console: &Console, page: &Page) {
    for _ in 0..6 {
        let each = page.text(".histogram figcaption").await;
        let bar = tallest(page).await;
        page.follow(&bar).await;
        if each.contains("each bar is 1 hour") {
            break;
        }
    }
    let names: Vec<_> = chips(page).await;
    assert_eq!(names.len(), 3, "{names:?}");
    assert_eq!(names[1], "From 2026-03-04T00:00:00.000000Z");
    assert_eq!(names[2], "To 2026-03-04T00:59:59.999999Z");
    let shared = page.url().await;
    let found = rows(page).await;
    assert!(found.len() >= GUESSES as usize);
    assert_eq!(found, console.matching(question(&shared)));
    let reader = open(Look::PHONE.dark()).await;
    reader.goto(&shared).await;
    assert_eq!(reader.text("h1").await, "Log in");
    let key = console.key("reader", Some("windows"));
    reader.fill("#key", &key).await;
    reader.submit("#key").await;
    assert_eq!(reader.url().await, shared);
    assert_eq!(rows(&reader).await, found);
    // A reader takes nothing away.
    assert_eq!(reader.count(".menu").await, 0);
    is_without_fault(&reader).await;
    reader.close().await;
}

/// The selector of the tallest bar.
async fn tallest(page: &Page) -> String {
    let js = "const bars = [...document.querySelectorAll('.histogram a')];
        const drawn = (bar) => [...bar.querySelectorAll('.all, .bad')];
        const height = (column) => column.height.baseVal.value;
        const heights = bars.map((bar) => Math.max(0, ...drawn(bar).map(height)));
        return 1 + heights.indexOf(Math.max(...heights))";
    let nth = page.run(js, json!([])).await;
    format!(".histogram a:nth-of-type({nth})")
}

/// To the oldest page and back, while more is recorded.
async fn turns_pages(console: &Console, page: &Page) {
    let question = format!("action={LEAVING}");
    page.goto(&console.url(&format!("/console/trails/windows/events?{question}")))
        .await;
    let expected = console.matching(&question);
    assert!(expected.len() > 1_000, "{}", expected.len());
    let as_of = page.text("[data-count]").await;
    let as_of = as_of.split_once("as of ").expect("a size").1.to_owned();
    let mut pages = Vec::new();
    loop {
        let told = page.text("[data-count]").await;
        assert!(told.ends_with(&as_of), "{told}, and first {as_of}");
        pages.push(rows(page).await);
        if pages.len() % 7 == 3 {
            let event = json!({"action": LEAVING, "resource_type": "session"});
            console.records("windows", &event);
        }
        if page.count(".pager [rel=next]").await == 0 {
            break;
        }
        page.follow(".pager [rel=next]").await;
    }
    assert_eq!(pages.concat(), expected);
    for older in pages.iter().rev().skip(1) {
        page.follow(".pager [rel=prev]").await;
        assert_eq!(rows(page).await, *older);
    }
    assert_eq!(page.count(".pager [rel=prev]").await, 0);
    let told = page.text("[data-count]").await;
    assert!(told.ends_with(&as_of), "{told}");
    page.follow(".pager a").await;
    let more = console.matching(&question);
    assert!(more.len() > expected.len());
    assert_eq!(rows(page).await, more[..50]);
}
