//! What the browser's own verifier says where it is not told the truth, and where there is no
//! server.

use serde_json::json;
use testbed::{Look, Page};

use super::console::{Console, is_without_fault, open, play};
use crate::desk::Desk;

const ENDED: &str = "['holds', 'refused', 'unable', 'partial', 'warn'].includes(
    document.querySelector('.verdict')?.dataset.state)";

async fn verdict(page: &Page) -> String {
    page.wait_until(ENDED).await;
    let state = page.attribute(".verdict", "data-state").await;
    state.expect("a state")
}

/// So that a verdict that is there already is not taken for the next one.
async fn forget_verdict(page: &Page) {
    let forget = "document.querySelector('.verdict').dataset.state = ''";
    page.run(forget, json!([])).await;
}

async fn pin(page: &Page, key: &str) {
    page.fill(".pin-form textarea", key).await;
    page.click(".pin-form button[type=submit]").await;
    page.wait_for(".pinned-key:not(.note)").await;
}

#[test]
fn a_pack_is_verified_from_a_file_without_a_server() {
    play(async {
        let console = Console::with_windows(Desk::new(), 100);
        let desk = &console.desk;
        let key = desk.run(&["vkey", "--trail", "windows"]).fine().out;
        let export = ["export", "--trail", "windows", "--format", "pack"];
        desk.run(&[&export[..], &["-o", "trail.pack"]].concat())
            .fine();
        let page = open(Look::DESK).await;
        page.goto(&console.url("/console/verify")).await;
        page.click("a[href='/console/verifier.html']").await;
        let file = page.downloaded("indelible-verifier.html").await;
        assert!(file.len() > 100_000, "{}", String::from_utf8_lossy(&file));
        desk.file("verifier.html", &file);
        let mut altered = desk.read("trail.pack");
        let place = altered.find("EXAMPLE").expect("a user");
        altered.replace_range(place..place + 7, "EXEMPLE");
        desk.file("altered.pack", &altered);
        // A file that is chosen again is no other choice.
        desk.file("first.pack", desk.read("trail.pack"));
        // Another file may have put keys of its own where pages keep theirs.
        let plant = format!(
            "<!doctype html><script>localStorage.setItem('indelible-pinned-keys', {})</script>",
            json!(json!({"windows": key.trim()}).to_string())
        );
        desk.file("report.html", plant);
        let place = |name: &str| desk.path("here").join(name);
        let address = |name: &str| format!("file://{}", place(name).display());
        let (verifier, report) = (address("verifier.html"), address("report.html"));
        let packs = ["trail.pack", "altered.pack"].map(place);
        page.goto(&report).await;
        page.wait_until("localStorage.getItem('indelible-pinned-keys') !== null")
            .await;
        page.goto(&verifier).await;
        assert_eq!(
            page.title().await,
            "Indelible: verify a proof or an evidence pack"
        );
        assert_eq!(
            page.count(".pinned-key:not(.note)").await,
            0,
            "{}",
            page.source().await
        );
        page.upload("#verify-file", &place("first.pack")).await;
        assert_ne!(verdict(&page).await, "holds", "under no key");
        pin(&page, key.trim()).await;
        for (pack, expected) in packs.iter().zip(["holds", "refused"]) {
            forget_verdict(&page).await;
            page.upload("#verify-file", pack).await;
            assert_eq!(verdict(&page).await, expected, "{}", pack.display());
        }
        assert_eq!(page.axe().await, []);
        is_without_fault(&page).await;
        console.stop();
    });
}

#[test]
fn what_a_page_shows_otherwise_than_its_proof_is_refused_by_its_name() {
    play(async {
        let console = Console::with_windows(Desk::new(), 100);
        let key = console.desk.run(&["vkey", "--trail", "windows"]).fine().out;
        let page = open(Look::DESK).await;
        console.log_in(&page, &console.admin).await;
        let entry = console.url("/console/trails/windows/events/7");
        page.goto(&entry).await;
        pin(&page, key.trim()).await;
        page.click(".verify-entry > button").await;
        assert_eq!(verdict(&page).await, "holds");
        // What a server could write that has something to hide.
        for (place, text, named) in [
            ("[data-entry-facts] dd bdi", "198.51.100.1", "ip_address"),
            ("#skeleton", "{}", "skeleton"),
            (".tree .text", "nothing", "context"),
        ] {
            page.goto(&entry).await;
            let alter = "document.querySelector(arguments[0]).textContent = arguments[1]";
            page.run(alter, json!([place, text])).await;
            page.click(".verify-entry > button").await;
            assert_eq!(verdict(&page).await, "refused", "{place}");
            let said = page.text(".verify-entry").await;
            assert!(said.contains(named), "{place}: {said}");
        }
        is_without_fault(&page).await;
        console.stop();
    });
}
