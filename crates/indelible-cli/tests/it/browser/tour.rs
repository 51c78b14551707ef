//! All pages, as every role, on desks and phones, in light and in dark.

use indelible_server::keys::Role;
use serde_json::json;
use testbed::{Look, Page};

use super::console::{Console, is_without_fault, open, play};
use super::pages::{SHOWN, Shown};
use super::pictures;
use crate::desk::Desk;

/// What a page may weigh, with all that belongs to it, in bytes on the wire.
const PAGE_BYTES_MAX: u64 = 100_000;

#[test]
fn a_reader_meets_no_fault() {
    tour(Role::Reader, &[Look::DESK, Look::PHONE.dark()]);
}

#[test]
fn an_auditor_meets_no_fault() {
    tour(Role::Auditor, &[Look::DESK.dark(), Look::PHONE]);
}

#[test]
fn an_admin_meets_no_fault() {
    tour(
        Role::Admin,
        &[
            Look::DESK,
            Look::DESK.dark(),
            Look::PHONE,
            Look::PHONE.dark(),
        ],
    );
}

#[test]
fn a_writer_is_told_what_the_key_does_not_allow() {
    tour(Role::Writer, &[Look::DESK, Look::PHONE.dark()]);
}

fn tour(role: Role, looks: &[Look]) {
    play(async {
        let console = Console::with_windows(Desk::new(), 400);
        let key = console.key(role.as_str(), None);
        let page = open(looks[0]).await;
        console.log_in(&page, &key).await;
        let mut faults = Vec::new();
        for shown in SHOWN {
            page.goto(&console.url_of(shown)).await;
            says_who_may(&page, shown, role).await;
            for look in looks {
                page.appear(*look).await;
                let found = faults_of(&page, *look).await;
                faults.extend(found.map(|fault| format!("{} at {look:?}: {fault}", shown.name)));
            }
            is_without_fault(&page).await;
        }
        assert!(faults.is_empty(), "{}", faults.join("\n"));
        if role == Role::Admin {
            pictures::take(&console, &page).await;
        }
        console.stop();
    });
}

async fn says_who_may(page: &Page, shown: &Shown, role: Role) {
    let status = page.status().await;
    if shown.is_for(role) {
        assert_eq!(status, shown.status, "{} as {role}", shown.name);
        return;
    }
    assert_eq!(status, 403, "{} as {role}", shown.name);
    let told = page.text("main").await;
    let why = "The key of this session does not allow it";
    assert!(told.contains(why), "{told}");
}

/// What must not be of any page: rules of accessibility that it breaks, too much to load, and
/// wider than its window.
pub async fn faults_of(page: &Page, look: Look) -> impl Iterator<Item = String> {
    let violations = page.axe().await;
    let broken = violations.into_iter().map(|broken| broken.to_string());
    let traffic = page.traffic().await;
    let is_heavy = traffic.bytes() >= PAGE_BYTES_MAX;
    let heavy = is_heavy.then(|| format!("{} bytes: {traffic:#?}", traffic.bytes()));
    let js = "const page = document.scrollingElement;
        return [page.scrollWidth, page.clientWidth, innerWidth]";
    let widths = page.run(js, json!([])).await;
    let is_wide = widths != json!([look.width, look.width, look.width]);
    let wide = is_wide.then(|| format!("the widths are {widths}"));
    broken.chain(heavy).chain(wide)
}
