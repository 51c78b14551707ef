//! The story's second half: an entry is proved in the browser, the database is altered beneath the
//! server, and the integrity page says so.

use serde_json::json;
use testbed::Page;

use super::console::Console;
use super::windows::{GUESSED, GUESSER, GUESSES, LINES};

const EVENTS: &str = "/console/trails/windows/events";
const INTEGRITY: &str = "/console/trails/windows/integrity";
/// Where the guessed account was let in, on the third day.
const LET_IN: u32 = 2 * (LINES / 5) + GUESSES;

/// Opens the entry from the list, pins the trail's key, and has the browser prove it.
pub async fn is_proved(console: &Console, page: &Page) {
    let question = "user_id=EXAMPLE%5Csvc-backup&outcome=succeeded";
    page.goto(&console.url(&format!("{EVENTS}?{question}")))
        .await;
    page.follow("[data-rows] a.entry").await;
    assert_eq!(page.url().await, console.url(&format!("{EVENTS}/{LET_IN}")));
    let title = page.text("h1").await;
    assert!(title.starts_with("user_login_success"), "{title}");
    let facts = page.texts("dl.facts dd").await;
    for fact in [GUESSED, GUESSER, "windows.host"] {
        assert!(facts.concat().contains(fact), "{fact}: {facts:?}");
    }
    // Nothing is proved under a key that nobody has pinned, and nothing refused; all but the
    // signature is checked.
    assert_eq!(verdict(page).await, "keyless");
    assert!(
        page.text(".verify-entry .verdict.note")
            .await
            .contains("pin a key first")
    );
    assert_eq!(page.count(".verify-entry .step.bad").await, 0);
    assert!(page.count(".verify-entry .step.ok").await >= 5);
    let signature = page
        .text(".verify-entry .step.note[data-step=signature]")
        .await;
    assert!(signature.contains("no key that you hold"), "{signature}");
    let key = console.desk.run(&["vkey", "--trail", "windows"]).fine().out;
    page.fill(".pin-form textarea", "windows+00000000+AAAA")
        .await;
    page.click(".pin-form button").await;
    page.wait_until("document.querySelector('.pin-form [role=alert]').textContent !== ''")
        .await;
    page.fill(".pin-form textarea", key.trim()).await;
    page.click(".pin-form button").await;
    page.wait_for(".pinned-key").await;
    // It is checked again by itself.
    assert_eq!(judged(page).await, "holds");
    assert_eq!(verdict(page).await, "holds");
    assert_eq!(page.count(".verify-entry .step.bad").await, 0);
    assert!(page.count(".verify-entry .step.ok").await >= 5);
    assert_eq!(page.axe().await, []);
}

/// What the browser's own verification comes to.
async fn verdict(page: &Page) -> String {
    page.wait_for(".verify-entry > button:not([disabled])")
        .await;
    page.click(".verify-entry > button").await;
    judged(page).await
}

/// What the verification that runs comes to.
async fn judged(page: &Page) -> String {
    let done = "['holds', 'refused', 'unable', 'keyless'].includes(
        document.querySelector('.verify-entry .verdict').dataset.state)";
    page.wait_until(done).await;
    let state = page.attribute(".verify-entry .verdict", "data-state").await;
    state.expect("a state")
}

/// Nothing is wrong yet, and the trail continues the one that this browser saw.
pub async fn is_intact(console: &Console, page: &Page) {
    page.goto(&console.url(INTEGRITY)).await;
    compared(page, "First visit").await;
    verifies(page).await;
    compared(page, "Grown and consistent").await;
    assert_eq!(page.count(".verdict.ok").await, 2);
    assert_eq!(page.count(".step.bad").await, 0);
}

/// Waits for what the browser says of the checkpoint that it saw last.
async fn compared(page: &Page, said: &str) {
    let verdict = "document.querySelector('.seen-checkpoint .verdict')?.textContent";
    page.wait_until(&format!("{verdict}?.includes({})", json!(said)))
        .await;
}

/// Begins a verification, and waits until the page says what it came to.
async fn verifies(page: &Page) {
    page.follow("form[action$='/verification'] button").await;
    page.wait_until(
        "location.pathname.endsWith('/integrity') && document.readyState === 'complete'",
    )
    .await;
}

/// Somebody with the database's file or its owner's rights says that nobody was let in.
pub async fn is_found_out(console: &Console, page: &Page) {
    let forged = format!("UPDATE entry SET action = 'user_logout' WHERE seq = {LET_IN}");
    console.desk.tamper(&forged);
    page.goto(&console.url(INTEGRITY)).await;
    verifies(page).await;
    let told = page.text(".verdict.bad").await;
    assert!(told.contains("finding"), "{told}");
    let entry = format!(".step.bad a[href='{EVENTS}/{LET_IN}']");
    let said = page
        .text(&format!(".step.bad:has(a[href='{EVENTS}/{LET_IN}'])"))
        .await;
    for word in ["was edited", "leaf was made of", "What to do:"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    assert_eq!(page.axe().await, []);
    // Nor can the browser be told otherwise.
    page.follow(&entry).await;
    if page.status().await == 200 {
        assert_ne!(verdict(page).await, "holds");
    } else {
        assert!(
            page.text("main")
                .await
                .contains("Do not change anything by hand")
        );
    }
}
