//! Keys that are pinned many at once, in other windows, and by rotations.

use serde_json::json;
use testbed::{Look, Page};

use super::console::{Console, is_without_fault, open, play};
use super::continuing::keys_of_others;
use super::verifying::{forget_verdict, pin, says, verdict};
use crate::desk::Desk;

/// How often something was judged since this was asked first.
async fn judged(page: &Page) -> u64 {
    let watch = "if (window.judged === undefined) {
            window.judged = 0;
            const watch = new MutationObserver((seen) => { window.judged += seen.length; });
            watch.observe(document.querySelector('[data-verify-result]'), { childList: true });
        }
        return window.judged";
    let judged = page.run(watch, json!([])).await;
    judged.as_u64().expect("a count")
}

#[test]
fn a_file_of_many_keys_has_what_is_open_judged_once_at_most() {
    play(async {
        let console = Console::with_windows(Desk::new(), 100);
        let desk = &console.desk;
        let key = desk.run(&["vkey", "--trail", "windows"]).fine().out;
        let export = "export --trail windows --format pack -o trail.pack";
        let export: Vec<_> = export.split_whitespace().collect();
        desk.run(&export).fine();
        let page = open(Look::DESK).await;
        page.goto(&console.url("/console/verify")).await;
        let here = desk.path("here");
        page.upload("#verify-file", &here.join("trail.pack")).await;
        assert_eq!(verdict(&page).await, "keyless");
        assert_eq!(judged(&page).await, 0);
        let mut keys = keys_of_others(&page, key.trim(), 0, 50).await;
        keys.insert(25, key.trim().to_owned());
        // What is wrong is said by its line, and keeps nothing else out.
        keys.insert(0, "no key".to_owned());
        keys.insert(0, String::new());
        desk.file("keys.txt", keys.join("\n"));
        page.upload("[data-verify-keys]", &here.join("keys.txt"))
            .await;
        page.wait_for(".verdict[data-state=holds]").await;
        assert_eq!(judged(&page).await, 1);
        assert_eq!(page.count(".pinned-key:not(.note)").await, 51);
        let wrong = page.text("[data-verify-keys-problem]").await;
        assert!(wrong.starts_with("line 2: "), "{wrong}");
        // Keys of other trails say nothing about this one.
        let others = keys_of_others(&page, key.trim(), 50, 50).await;
        desk.file("others.txt", others.join("\n"));
        page.upload("[data-verify-keys]", &here.join("others.txt"))
            .await;
        page.wait_until("document.querySelectorAll('.pinned-key:not(.note)').length === 101")
            .await;
        assert_eq!(judged(&page).await, 1);
        assert_eq!(verdict(&page).await, "holds");
        is_without_fault(&page).await;
        console.stop();
    });
}

#[test]
fn a_checkpoint_without_a_key_is_said_to_have_nothing_but_its_form() {
    play(async {
        let console = Console::with_windows(Desk::new(), 20);
        let desk = &console.desk;
        let run = |call: &[&str]| {
            desk.run(&[call, &["--trail", "windows"]].concat())
                .fine()
                .out
        };
        let key = run(&["vkey"]);
        let older = run(&["checkpoint"]);
        console.imports(super::windows::lines(3));
        let size = older.lines().nth(1).expect("a size");
        let newer = run(&["consistency", "--from", size]);
        let page = open(Look::DESK).await;
        page.goto(&console.url("/console/verify")).await;
        forget_verdict(&page).await;
        page.fill("#verify-paste", &older).await;
        page.click("[data-verify-open] button").await;
        assert_eq!(verdict(&page).await, "keyless");
        let said = page.text(".verdict").await;
        assert!(said.contains("nothing but a checkpoint's form"), "{said}");
        // The verifier's own answers: what lacks a key is never in order.
        let asks = "const [older, newer, key] = arguments;
            const verifier = globalThis.IndelibleVerifier;
            const kept = (keys) => ({ checkpoint: older, keys });
            return Promise.all([
                verifier.verifyCheckpoint(older, null),
                verifier.verifyCheckpoint(older, [key]),
                verifier.verifyConsistency(newer, kept(null), null),
                verifier.verifyConsistency(newer, kept([key]), null),
                verifier.verifyConsistency(newer, kept(null), [key]),
            ]).then((all) => all.map(({ state, ok, reason }) => [state, ok, reason]))";
        let answers = page.run(asks, json!([older, newer, key.trim()])).await;
        let (keyless, holds) = (
            json!(["keyless", false, "wrong-trail"]),
            json!(["holds", true, null]),
        );
        assert_eq!(answers, json!([keyless, holds, keyless, keyless, holds]));
        is_without_fault(&page).await;
        console.stop();
    });
}

#[test]
fn what_a_rotation_replaced_is_told_to_other_windows_and_missed_where_it_is_unreadable() {
    play(async {
        let console = Console::with_windows(Desk::new(), 20);
        let before = console.desk.run(&["vkey", "--trail", "windows"]).fine().out;
        let console = console.restart(|desk| {
            desk.run(&["trail", "rotate-key", "--reason", "a drill"])
                .fine();
        });
        let statements = ["vkey", "--rotations", "--trail", "windows"];
        let statements = console.desk.run(&statements).fine().out;
        let page = open(Look::DESK).await;
        console.log_in(&page, &console.admin).await;
        page.goto(&console.url("/console/verify")).await;
        pin(&page, before.trim()).await;
        let watch = "window.written = [];
            const real = Storage.prototype.setItem;
            Storage.prototype.setItem = function (name, value) {
                window.written.push(name);
                real.call(this, name, value);
            }";
        page.run(watch, json!([])).await;
        page.click(".rotation summary").await;
        page.fill(".rotation textarea", &statements).await;
        page.click(".rotation button").await;
        page.wait_for(".replaced").await;
        let written = page.run("return window.written", json!([])).await;
        let order = ["indelible-replaced-keys", "indelible-pinned-keys"];
        assert_eq!(written, json!(order), "what ended first");
        // Another window forgets what was replaced, and learns it again.
        let elsewhere = "const other = open('about:blank');
            const replaced = other.localStorage.getItem('indelible-replaced-keys');
            other.localStorage.setItem('indelible-replaced-keys', arguments[0] ?? window.before);
            window.before = replaced;
            other.close()";
        page.run(elsewhere, json!(["{}"])).await;
        page.wait_until("document.querySelector('.replaced') === null")
            .await;
        page.run(elsewhere, json!([])).await;
        page.wait_for(".replaced").await;
        // What cannot be read is not passed over.
        page.run(elsewhere, json!(["{"])).await;
        page.goto(&console.url("/console/trails/windows/integrity"))
            .await;
        says(&page, "First visit").await;
        page.wait_for(".seen-checkpoint .more .bad").await;
        let said = page.text(".seen-checkpoint .more").await;
        assert!(said.contains("cannot be read"), "{said}");
        page.click(".seen-checkpoint .more button").await;
        page.wait_until("document.querySelector('.seen-checkpoint .more .bad') === null")
            .await;
        is_without_fault(&page).await;
        console.stop();
    });
}
