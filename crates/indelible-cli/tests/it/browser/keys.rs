//! A key is made, used, handed on as a link, and revoked, on the pages that only answers show.

use testbed::{Look, Page};

use super::console::{Console, is_without_fault, open, play};
use crate::desk::Desk;

#[test]
fn a_key_is_made_used_linked_and_revoked() {
    play(async {
        let console = Console::with_windows(Desk::new(), 100);
        let page = open(Look::PHONE).await;
        console.log_in(&page, &console.admin).await;
        page.goto(&console.url("/console/keys")).await;
        page.fill("#k-name", "<i>night shift</i>").await;
        page.select("#k-role", "reader").await;
        page.fill("#k-trail", "windows").await;
        page.submit("#k-name").await;
        let key = secret(&page).await;
        page.follow(".actions a[href='/console/keys']").await;
        let names = page.texts("tbody a.entry").await;
        let nth = names.iter().position(|name| name == "<i>night shift</i>");
        let nth = nth.expect("it is listed") + 1;
        page.follow(&format!("tbody tr:nth-child({nth}) a.entry"))
            .await;
        let about = page.url().await;
        page.submit("form[action$='/link']").await;
        let link = secret(&page).await;
        // By the key in one browser, by the link in another.
        let (holder, guest) = (open(Look::DESK).await, open(Look::DESK.dark()).await);
        console.log_in(&holder, &key).await;
        guest.goto(&link).await;
        assert!(guest.text("main").await.contains("<i>night shift</i>"));
        assert_eq!(guest.axe().await, []);
        guest.submit("main form").await;
        for other in [&holder, &guest] {
            assert_eq!(other.texts("tbody th").await, ["windows"]);
            assert_eq!(other.text(".role").await, "reader of windows");
        }
        // It opened once.
        let late = open(Look::DESK).await;
        late.goto(&link).await;
        assert_eq!(late.status().await, 401);
        is_without_fault(&late).await;
        late.close().await;
        page.goto(&about).await;
        page.follow("a.danger").await;
        assert_eq!(page.axe().await, []);
        page.follow("form button.danger").await;
        for other in [&holder, &guest] {
            other.reload().await;
            assert_eq!(other.text("h1").await, "Log in");
            is_without_fault(other).await;
        }
        is_without_fault(&page).await;
        console.stop();
    });
}

/// What a page shows this once.
async fn secret(page: &Page) -> String {
    assert_eq!(page.axe().await, []);
    page.text("#secret").await
}
