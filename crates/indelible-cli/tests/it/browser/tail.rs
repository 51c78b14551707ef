//! The live view: entries as they are recorded, through restarts, and to the session's end.

use serde_json::{Value, json};
use testbed::{Complaint, Fault, Look, Page};

use super::console::{Console, is_without_fault, open, play};
use super::rows::rows;
use crate::desk::Desk;

/// What is followed.
const QUESTION: &str = "action=user_login_failed";
/// The most rows that a page keeps while it follows.
const ROWS_MAX: usize = 200;

fn failed(who: &str) -> Value {
    json!({"action": "user_login_failed", "resource_type": "session", "user_id": who})
}

#[test]
fn rows_appear_on_top_without_gap_or_double() {
    play(async {
        let console = Console::with_windows(Desk::new(), 300);
        let page = open(Look::DESK).await;
        console.log_in(&page, &console.admin).await;
        let path = format!("/console/trails/windows/events?{QUESTION}");
        page.goto(&console.url(&path)).await;
        assert_eq!(state(&page).await, json!("false"));
        follows(&console, &page).await;
        let console = survives_a_restart(console, &page).await;
        assert_eq!(strays(&page).await, []);
        rests(&console, &page).await;
        ends(&console, &page).await;
        console.stop();
    });
}

#[test]
fn what_live_rows_pushed_out_stands_on_older_pages_and_in_exports() {
    play(async {
        let console = Console::with_windows(Desk::new(), 300);
        let page = open(Look::DESK).await;
        console.log_in(&page, &console.admin).await;
        let path = format!("/console/trails/windows/events?{QUESTION}");
        page.goto(&console.url(&path)).await;
        page.click("[data-tail]").await;
        // More than the page keeps, so that live rows are pushed out too.
        for round in ["a", "b"] {
            let many: Vec<_> = (0..ROWS_MAX)
                .map(|n| failed(&format!("{round}-{n}")))
                .collect();
            console.records("windows", &json!(many));
            arrived(&page, &format!("{round}-{}", ROWS_MAX - 1)).await;
        }
        page.click("[data-tail]").await;
        let newest = rows(&page).await;
        assert_eq!(newest.len(), ROWS_MAX);
        // It says what it shows, not what it showed at first.
        let size = newest[0] + 1;
        let told = page.text("[data-count]").await;
        let expected = format!("200 events listed, newest first, as of {size} entries");
        assert!(told.contains(&expected), "{told}");
        let all = console.matching(QUESTION);
        page.click(".menu summary").await;
        page.click(".menu li:nth-child(2) a").await;
        let lines = page.downloaded(&format!("windows-{size}.ndjson")).await;
        let lines = String::from_utf8(lines).expect("UTF-8");
        let exported: Vec<_> = lines
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).expect("JSON")["seq"].as_u64())
            .collect();
        assert_eq!(
            exported,
            all.iter().map(|seq| Some(*seq)).collect::<Vec<_>>()
        );
        let mut pages = vec![newest];
        while page.count(".pager [rel=next]").await > 0 {
            page.follow(".pager [rel=next]").await;
            pages.push(rows(&page).await);
        }
        assert!(pages.len() > 3, "{}", pages.len());
        assert_eq!(pages.concat(), all);
        is_without_fault(&page).await;
        console.stop();
    });
}

async fn state(page: &Page) -> Value {
    json!(page.attribute("[data-tail]", "aria-pressed").await)
}

/// Waits until somebody stands in the first row.
async fn arrived(page: &Page, who: &str) {
    let first = "document.querySelector('[data-rows] tr:first-child td:nth-child(4)')";
    let js = format!("{first}?.textContent === {}", json!(who));
    page.wait_until(&js).await;
}

/// The rows are all that match, but for what is past the most rows.
async fn is_whole(console: &Console, page: &Page) {
    let mut all = console.matching(QUESTION);
    all.truncate(rows(page).await.len());
    assert_eq!(rows(page).await, all);
}

async fn follows(console: &Console, page: &Page) {
    // What came between the page and the switch is not lost.
    console.records("windows", &failed("between"));
    page.click("[data-tail]").await;
    arrived(page, "between").await;
    assert_eq!(state(page).await, json!("true"));
    let mut whole = failed("<b>whole</b>");
    whole["resource_id"] = json!("a\u{202e}b&amp;");
    whole["ip_address"] = json!("'203.0.113.9' onload=x");
    whole["outcome"] = json!("denied");
    let other = json!({"action": "page_viewed", "resource_type": "page", "user_id": "other"});
    console.records("windows", &json!([other, whole, other]));
    arrived(page, "<b>whole</b>").await;
    let cells = page
        .run(
            "return Array.from(document.querySelector('[data-rows] tr').cells, (cell) =>
                cell.textContent)",
            json!([]),
        )
        .await;
    let expected = [
        "user_login_failed",
        "denied",
        "<b>whole</b>",
        "session a\u{202e}b&amp;",
        "'203.0.113.9' onload=x",
    ];
    assert_eq!(
        cells.as_array().expect("cells")[1..6],
        expected.map(Value::from)
    );
    assert_eq!(page.count("[data-rows] b").await, 0);
    is_whole(console, page).await;
    let told = page.text("[data-count]").await;
    assert_eq!(told, "Live: 2 new events");
    // Many at once push the oldest out.
    let many: Vec<_> = (0..ROWS_MAX).map(|n| failed(&format!("m-{n}"))).collect();
    console.records("windows", &json!(many));
    arrived(page, &format!("m-{}", ROWS_MAX - 1)).await;
    assert_eq!(rows(page).await.len(), ROWS_MAX);
    is_whole(console, page).await;
}

async fn survives_a_restart(console: Console, page: &Page) -> Console {
    let console = console.restart(|desk| {
        let call = "record user_login_failed session --user-id meanwhile --trail windows";
        let call: Vec<_> = call.split(' ').collect();
        desk.run(&call).fine();
    });
    arrived(page, "meanwhile").await;
    console.records("windows", &failed("after"));
    arrived(page, "after").await;
    is_whole(&console, page).await;
    console
}

/// What the browser has complained about, but for the connection that was gone.
async fn strays(page: &Page) -> Vec<Complaint> {
    let mut all = page.complaints().await;
    all.retain(|one| one.fault != Fault::Network || !one.text.contains("/events/stream"));
    all
}

/// Switched off, nothing comes; switched on again, it goes on where it was.
async fn rests(console: &Console, page: &Page) {
    page.click("[data-tail]").await;
    assert_eq!(state(page).await, json!("false"));
    console.records("windows", &failed("unseen"));
    page.click("[data-tail]").await;
    arrived(page, "unseen").await;
    is_whole(console, page).await;
}

/// The session's end is said.
async fn ends(console: &Console, page: &Page) {
    let js = "return fetch('/console/logout', {method: 'POST'}).then((answer) => answer.status)";
    assert_eq!(page.run(js, json!([])).await, json!(200));
    console.records("windows", &failed("too late"));
    page.wait_until("document.querySelector('[data-count]').textContent.includes('ended')")
        .await;
    assert_eq!(state(page).await, json!("false"));
    assert!(page.text("[data-count]").await.contains("session"));
    assert_ne!(page.text("[data-rows] td:nth-child(4)").await, "too late");
}
