//! What the browser's own verifier says where it is not told the truth, and where there is no
//! server.

use serde_json::json;
use testbed::{Look, Page};

use super::console::{Console, is_without_fault, open, play};
use crate::desk::Desk;

const ENDED: &str = "['holds', 'refused', 'unable', 'keyless', 'partial', 'warn'].includes(
    document.querySelector('.verdict')?.dataset.state)";

pub async fn verdict(page: &Page) -> String {
    page.wait_until(ENDED).await;
    let state = page.attribute(".verdict", "data-state").await;
    state.expect("a state")
}

/// So that a verdict that is there already is not taken for the next one.
pub async fn forget_verdict(page: &Page) {
    let forget = "document.querySelector('.verdict').dataset.state = ''";
    page.run(forget, json!([])).await;
}

pub async fn pin(page: &Page, key: &str) {
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
        assert_eq!(verdict(&page).await, "keyless", "under no key");
        assert_eq!(page.count(".step.bad").await, 0);
        assert_eq!(page.count(".step.note[data-step=last-head]").await, 1);
        pin(&page, key.trim()).await;
        // It is judged again by itself.
        assert_eq!(verdict(&page).await, "holds");
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

/// Pastes a text, has it checked, and answers the verdict in words.
async fn said_of(page: &Page, text: &str) -> String {
    forget_verdict(page).await;
    page.fill("#verify-paste", text).await;
    page.click("[data-verify-open] button").await;
    verdict(page).await;
    page.text(".verdict").await
}

#[test]
fn what_is_no_proof_is_said_to_be_what_it_is() {
    play(async {
        let console = Console::with_windows(Desk::new(), 3);
        let desk = &console.desk;
        let key = desk.run(&["vkey", "--trail", "windows"]).fine().out;
        let page = open(Look::DESK).await;
        page.goto(&console.url("/console/verify")).await;
        let html = "<!DOCTYPE html>\n<title>Log in</title>";
        for (text, kind) in [
            ("", "nothing but white space"),
            (html, "seems to be HTML"),
            ("{\"entries\": []}", "seems to be JSON"),
            ("[1, 2]", "seems to be JSON"),
            ("seq,action\n1,\tx", "seems to be other text"),
            ("\u{feff}c2sp.org/tlog-proof@v1\n", "byte order mark"),
            (key.trim(), "is a verifier key"),
        ] {
            let said = said_of(&page, text).await;
            assert!(said.contains(kind), "{text}: {said}");
            for form in ["c2sp.org/tlog-proof@v1", "indelible-pack/1", "checkpoint"] {
                assert!(said.contains(form), "{text}: {said}");
            }
        }
        // As files, whose names may promise something else.
        desk.file("empty.pack", "");
        desk.file("notes.tlog-proof", "to do: ask for the proof\n");
        desk.file("picture.pack", [0x89, 0x50, 0x4e, 0x47, 0, 1]);
        for (name, kind) in [
            ("empty.pack", "is empty"),
            ("notes.tlog-proof", "seems to be other text"),
            ("picture.pack", "seems to be binary data"),
        ] {
            forget_verdict(&page).await;
            page.upload("#verify-file", &desk.path("here").join(name))
                .await;
            assert_eq!(verdict(&page).await, "unable", "{name}");
            let said = page.text(".verdict").await;
            assert!(said.contains(name) && said.contains(kind), "{said}");
        }
        // What is damaged is still what it was.
        let proof = desk.run(&["prove", "1", "--trail", "windows"]).fine().out;
        let said = said_of(&page, &proof.replacen("index 1", "index 9", 1)).await;
        assert!(said.contains("Not proved (inclusion)"), "{said}");
        assert_eq!(page.axe().await, []);
        is_without_fault(&page).await;
        console.stop();
    });
}

#[test]
fn a_pack_says_what_was_asked_and_lists_all_that_it_opens() {
    play(async {
        let console = Console::with_windows(Desk::new(), 1_500);
        let desk = &console.desk;
        let key = desk.run(&["vkey", "--trail", "windows"]).fine().out;
        let export = "export --trail windows --format pack --complete -o asked.pack \
                      --start-date 2026-03-01 --resource-type windows.process";
        let export: Vec<_> = export.split_whitespace().collect();
        desk.run(&export).fine();
        let address = "export --trail windows --format pack -o address.pack \
                       --ip-address 10.20.0.0/16 --user-id none --context EventID=4624";
        let address: Vec<_> = address.split_whitespace().collect();
        desk.run(&address).fine();
        let opened = console
            .matching("start_date=2026-03-01&resource_type=windows.process")
            .len();
        assert!(opened > 200, "{opened}");
        let page = open(Look::DESK).await;
        page.goto(&console.url("/console/verify")).await;
        pin(&page, key.trim()).await;
        page.upload("#verify-file", &desk.path("here").join("asked.pack"))
            .await;
        assert_eq!(verdict(&page).await, "holds");
        let asked = page.texts(".asked .value").await;
        assert_eq!(
            asked,
            [
                "From\n2026-03-01T00:00:00.000000Z",
                "Resource type\nwindows.process"
            ]
        );
        let facts = page.text(".more").await;
        assert!(facts.contains("entries 0 to 1\u{202f}499"), "{facts}");
        // All of them, a hundred at a time, without another look at the server.
        page.click(".pack-entries summary").await;
        let mut shown = 100;
        assert_eq!(page.count(".pack-entries tbody tr").await, shown);
        while page.shows(".pack-entries > button").await {
            let rest = (opened - shown).min(100);
            let label = page.text(".pack-entries > button").await;
            assert_eq!(label, format!("Show {rest} more"));
            page.click(".pack-entries > button").await;
            shown += rest;
            assert_eq!(page.count(".pack-entries tbody tr").await, shown);
        }
        assert_eq!(shown, opened);
        let title = page.text(".pack-entries summary").await;
        assert_eq!(title, "The entries that are opened");
        assert_eq!(page.axe().await, []);
        forget_verdict(&page).await;
        page.upload("#verify-file", &desk.path("here").join("address.pack"))
            .await;
        assert_eq!(verdict(&page).await, "holds");
        let asked = page.texts(".asked .value").await;
        assert_eq!(
            asked,
            [
                "User\nnone",
                "Address\n10.20.0.0/16",
                "Context: EventID\n4624"
            ]
        );
        is_without_fault(&page).await;
        console.stop();
    });
}

#[test]
fn a_trail_that_goes_on_is_green_only_under_a_pinned_key() {
    play(async {
        let console = Console::with_windows(Desk::new(), 20);
        let key = console.desk.run(&["vkey", "--trail", "windows"]).fine().out;
        let page = open(Look::DESK).await;
        console.log_in(&page, &console.admin).await;
        let integrity = console.url("/console/trails/windows/integrity");
        page.goto(&integrity).await;
        says(&page, "First visit").await;
        console.records(
            "windows",
            &json!({"action": "page_viewed", "resource_type": "page"}),
        );
        page.goto(&integrity).await;
        says(&page, "Grown and consistent, but the signature was not").await;
        let state = page
            .attribute(".seen-checkpoint .verdict", "data-state")
            .await;
        assert_eq!(state.as_deref(), Some("keyless"));
        assert_eq!(page.count(".seen-checkpoint .verdict.ok").await, 0);
        assert_eq!(page.axe().await, []);
        // Pinned here, it is compared again by itself.
        pin(&page, key.trim()).await;
        page.wait_for(".seen-checkpoint .verdict.ok").await;
        page.click(".pinned-key button").await;
        page.wait_for(".seen-checkpoint .verdict.note[data-state=keyless]")
            .await;
        // What is pinned in another window of the browser holds in this one.
        let name = key.split('+').next().expect("a name");
        let kept = json!({name: key.trim()}).to_string();
        let pins = "const other = open('about:blank');
            other.localStorage.setItem('indelible-pinned-keys', arguments[0]);
            other.close()";
        page.run(pins, json!([kept])).await;
        page.wait_for(".seen-checkpoint .verdict.ok").await;
        is_without_fault(&page).await;
        console.stop();
    });
}

/// Waits for what the browser says of the checkpoint that it saw last.
pub async fn says(page: &Page, words: &str) {
    let verdict = "document.querySelector('.seen-checkpoint .verdict')?.textContent";
    page.wait_until(&format!("{verdict}?.includes({})", json!(words)))
        .await;
}

#[test]
fn a_key_that_another_one_took_the_place_of_is_marked_so() {
    play(async {
        let console = Console::with_windows(Desk::new(), 1_200);
        let before = console.desk.run(&["vkey", "--trail", "windows"]).fine().out;
        let console = console.restart(|desk| {
            desk.run(&["trail", "rotate-key", "--reason", "a drill"])
                .fine();
        });
        let after = console.desk.run(&["vkey", "--trail", "windows"]).fine().out;
        let statements = ["vkey", "--rotations", "--trail", "windows"];
        let statements = console.desk.run(&statements).fine().out;
        let page = open(Look::DESK).await;
        page.goto(&console.url("/console/verify")).await;
        pin(&page, before.trim()).await;
        assert_eq!(page.count(".replaced").await, 0);
        page.click(".rotation summary").await;
        page.fill(".rotation textarea", &statements).await;
        page.click(".rotation button").await;
        page.wait_for(".replaced").await;
        let listed = page.texts(".pinned-key").await;
        assert_eq!(listed.len(), 2, "{listed:?}");
        assert!(listed[0].contains(after.trim()), "{listed:?}");
        assert!(!listed[0].contains("replaced"), "{listed:?}");
        assert!(listed[1].contains(before.trim()), "{listed:?}");
        assert!(listed[1].contains("replaced by a rotation at 1\u{202f}2"));
        assert_eq!(page.axe().await, []);
        // Beside the one that took its place it is not pinned again; alone it is, and marked.
        page.fill("[data-verify-pin] textarea", before.trim()).await;
        page.click("[data-verify-pin] button").await;
        let said = page.text("[data-verify-problem]").await;
        assert!(said.contains("replaced by a rotation"), "{said}");
        page.click(".pinned-key:not(.note) button").await;
        pin(&page, before.trim()).await;
        let listed = page.texts(".pinned-key").await;
        assert_eq!(listed.len(), 1, "{listed:?}");
        assert!(listed[0].contains(before.trim()), "{listed:?}");
        assert!(listed[0].contains("replaced by a rotation"), "{listed:?}");
        is_without_fault(&page).await;
        console.stop();
    });
}
