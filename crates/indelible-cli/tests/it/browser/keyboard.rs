//! The console without a mouse.

use serde_json::{Value, json};
use testbed::{Look, Page};

use super::console::{Console, is_without_fault, open, play};
use super::rows::rows;
use crate::desk::Desk;

const EVENTS: &str = "/console/trails/windows/events";

#[test]
fn keys_lead_everywhere() {
    play(async {
        let console = Console::with_windows(Desk::new(), 200);
        let page = open(Look::DESK).await;
        logs_in(&console, &page).await;
        skips(&console, &page).await;
        reaches_everything(&console, &page).await;
        moves_in_rows(&console, &page).await;
        explains(&page).await;
        turns(&console, &page).await;
        is_without_fault(&page).await;
        console.stop();
    });
}

/// Something of the element that has the focus.
async fn focused(page: &Page, what: &str) -> Value {
    let js = format!("const at = document.activeElement; return {what}");
    page.run(&js, json!([])).await
}

async fn logs_in(console: &Console, page: &Page) {
    page.goto(&console.url("/console")).await;
    for _ in 0..10 {
        if focused(page, "at.id").await == "key" {
            break;
        }
        page.press(Page::TAB).await;
    }
    page.press(&console.admin).await;
    page.leaving(page.press(Page::ENTER)).await;
    assert_eq!(page.text("h1").await, "Trails");
}

/// The first key leads past what stands on every page.
async fn skips(console: &Console, page: &Page) {
    page.goto(&console.url(EVENTS)).await;
    page.press(Page::TAB).await;
    assert_eq!(focused(page, "at.className").await, "skip");
    let is_seen = "at.getBoundingClientRect().top >= 0";
    assert_eq!(focused(page, is_seen).await, true);
    page.press(Page::ENTER).await;
    assert_eq!(focused(page, "at.id").await, "main");
    page.press(Page::TAB).await;
    let is_filter = "at.closest('form[role=search]') !== null";
    assert_eq!(focused(page, is_filter).await, true);
}

/// Everything that can be used gets the focus, in its order, and shows it.
async fn reaches_everything(console: &Console, page: &Page) {
    page.goto(&console.url(&format!("{EVENTS}?limit=4"))).await;
    page.click(".menu summary").await;
    page.click(".filters summary").await;
    page.run(
        "document.activeElement.blur();
        scrollTo(0, 0);
        window.reached = [];
        window.isMarked = (target) => {
            const {outlineStyle, outlineWidth} = getComputedStyle(target);
            const shows = outlineStyle !== 'none' && outlineWidth !== '0px';
            // A bar is marked by what lies behind it.
            const bar = target.querySelector('.hit');
            return shows || (bar && getComputedStyle(bar).fill !== 'rgba(0, 0, 0, 0)');
        };
        addEventListener('focusin', ({target}) => { reached.push([target, isMarked(target)]); });",
        json!([]),
    )
    .await;
    let all = "[...document.querySelectorAll('a[href], button, input, select, summary, \
               textarea, [tabindex=\"0\"]')].filter((one) => one.checkVisibility() && !one.disabled)";
    let count = page.run(&format!("return {all}.length"), json!([])).await;
    let count = count.as_u64().expect("a number");
    assert!(count > 40, "{count}");
    // Back to the first one, to begin with, and once around.
    page.press(&Page::TAB.repeat(count as usize + 2)).await;
    let js = format!(
        "const all = {all}, reached = new Set(window.reached.map(([one]) => one));
        const order = window.reached.map(([one]) => all.indexOf(one)).filter((at) => at >= 0);
        const falls = order.filter((at, nth) => nth > 0 && at < order[nth - 1]).length;
        const text = (one) => one.outerHTML.slice(0, 200);
        // A busy browser tells of the focus before it has drawn it: those are looked at once more.
        const isBare = ([one, shows]) => {{
            if (!shows) one.focus({{focusVisible: true}});
            return !shows && !isMarked(one);
        }};
        const bare = [...window.reached].filter(isBare).map(([one]) => text(one));
        return [all.filter((one) => !reached.has(one)).map(text),
            bare, falls]"
    );
    let found = page.run(&js, json!([])).await;
    assert_eq!(found[0], json!([]), "not reached");
    assert_eq!(found[1], json!([]), "not marked");
    // Round and round, but for that never back.
    assert!(found[2].as_u64() <= Some(1), "{found}");
}

async fn moves_in_rows(console: &Console, page: &Page) {
    page.goto(&console.url(EVENTS)).await;
    let shown = rows(page).await;
    let at = "Number(at.pathname.split('/').pop())";
    for (key, row) in [("j", 0), ("j", 1), ("j", 2), ("k", 1)] {
        page.press(key).await;
        assert_eq!(focused(page, at).await, json!(shown[row]), "{key}");
    }
    page.leaving(page.press(Page::ENTER)).await;
    assert_eq!(
        page.url().await,
        console.url(&format!("{EVENTS}/{}", shown[1]))
    );
    // Older and newer entries, too.
    page.leaving(page.press("o")).await;
    assert_eq!(
        page.url().await,
        console.url(&format!("{EVENTS}/{}", shown[1] - 1))
    );
    page.leaving(page.press("n")).await;
    assert_eq!(
        page.url().await,
        console.url(&format!("{EVENTS}/{}", shown[1]))
    );
    page.leaving(page.press("ge")).await;
    assert_eq!(page.url().await, console.url(EVENTS));
    // A key that is typed is typed.
    page.press("/").await;
    assert_eq!(focused(page, "at.name").await, "user_id");
    page.press("j/?o").await;
    assert_eq!(page.value("input[name=user_id]").await, "j/?o");
    assert!(!page.shows("dialog").await);
    leaves(page).await;
}

/// Escape leads out of a field, and closes what is open.
async fn leaves(page: &Page) {
    page.press(Page::ESCAPE).await;
    assert_eq!(focused(page, "at === document.body").await, true);
    page.press("j").await;
    assert_eq!(focused(page, "at.className").await, "entry");
    for open in [".menu", ".filters details"] {
        page.click(&format!("{open} summary")).await;
        assert!(page.shows(&format!("{open}[open]")).await);
        page.press(Page::TAB).await;
        page.press(Page::ESCAPE).await;
        if page.shows(&format!("{open}[open]")).await {
            // It was a field that was left.
            page.press(Page::ESCAPE).await;
        }
        assert_eq!(page.count(&format!("{open}[open]")).await, 0, "{open}");
    }
}

/// The list of keys holds the focus, and gives it back.
async fn explains(page: &Page) {
    page.press(Page::TAB).await;
    page.run("document.activeElement.blur()", json!([])).await;
    page.press("jj").await;
    let before = focused(page, "at.href").await;
    for end in [Page::ESCAPE, Page::ENTER] {
        page.press("?").await;
        assert!(page.shows("dialog[open]").await);
        let inside = "at.closest('dialog') !== null || at === document.body";
        for _ in 0..4 {
            assert_eq!(focused(page, inside).await, true);
            page.press(Page::TAB).await;
        }
        page.run("document.querySelector('dialog button').focus()", json!([]))
            .await;
        let violations = page.axe().await;
        assert_eq!(violations, []);
        page.press(end).await;
        assert!(!page.shows("dialog").await);
        assert_eq!(focused(page, "at.href").await, before);
    }
}

async fn turns(console: &Console, page: &Page) {
    page.goto(&console.url(EVENTS)).await;
    let newest = rows(page).await;
    let utc = page.text("[data-rows] time").await;
    page.press("tt").await;
    assert!(page.text("[data-rows] time").await.ends_with("ago"));
    page.press("t").await;
    assert_eq!(page.text("[data-rows] time").await, utc);
    page.press("l").await;
    let live = page.attribute("[data-tail]", "aria-pressed").await;
    assert_eq!(live.as_deref(), Some("true"));
    page.press("l").await;
    page.leaving(page.press("o")).await;
    assert!(rows(page).await[0] < newest[49]);
    page.leaving(page.press("n")).await;
    assert_eq!(rows(page).await, newest);
    // The newest entries as of a moment ago: live is where new ones appear.
    assert_eq!(page.count("[data-tail]").await, 0);
    page.leaving(page.press("l")).await;
    page.wait_for("[data-tail][aria-pressed=true]").await;
    assert_eq!(page.url().await, console.url(EVENTS));
    page.leaving(page.press("gi")).await;
    assert_eq!(page.text("h1").await, "Integrity");
    page.leaving(page.press("gt")).await;
    assert_eq!(page.text("h1").await, "Trails");
}
