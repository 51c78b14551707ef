//! Pictures of the pages for the documentation, of the synthetic log alone. They are taken where
//! `INDELIBLE_SCREENSHOTS` names a folder:
//!
//! ```text
//! INDELIBLE_SCREENSHOTS=docs/images cargo nextest run -p indelible-cli -E 'test(tour::an_admin)'
//! ```

use std::path::PathBuf;

use testbed::{Look, Page};

use super::console::Console;
use super::windows;

/// What a picture may weigh, in bytes.
const PICTURE_BYTES_MAX: u64 = 150_000;
const LOOKS: [(&str, Look); 3] = [
    ("light", Look::DESK),
    ("dark", Look::DESK.dark()),
    ("phone", Look::PHONE),
];
/// The pages, by the names of their pictures.
const PAGES: [(&str, &str); 9] = [
    ("login", "/console/login"),
    ("trails", "/console"),
    (
        "events",
        "/console/trails/windows/events?start_date=2026-03-02&end_date=2026-03-06&limit=14",
    ),
    (
        "events-filtered",
        "/console/trails/windows/events?user_id=EXAMPLE%5Csvc-backup\
         &start_date=2026-03-04T00%3A00%3A00Z&end_date=2026-03-04T02%3A59%3A59Z&limit=14",
    ),
    ("entry", "/console/trails/windows/events/8040"),
    (
        "user",
        "/console/trails/windows/user?id=EXAMPLE%5Csvc-backup",
    ),
    ("integrity", "/console/trails/windows/integrity"),
    ("verify", "/console/verify"),
    ("health", "/console/health"),
];

/// The folder that pictures are wanted in; one that is not absolute is below the workspace.
fn wanted() -> Option<PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "where pictures go is said by whoever wants them"
    )]
    let folder = std::env::var_os("INDELIBLE_SCREENSHOTS")?;
    let workspace = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    Some(workspace.join(folder))
}

/// Takes the pictures, if they are wanted.
pub async fn take(console: &Console, page: &Page) {
    let Some(folder) = wanted() else {
        return;
    };
    std::fs::create_dir_all(&folder).expect("a folder");
    console.imports(windows::lines(windows::LINES));
    page.appear(Look::DESK).await;
    page.goto(&console.url("/console/trails/windows/integrity"))
        .await;
    page.follow("form[action$='/verification'] button").await;
    page.wait_until("location.pathname.endsWith('/integrity')")
        .await;
    for (name, path) in PAGES {
        for (variant, look) in LOOKS {
            page.appear(look).await;
            page.goto(&console.url(path)).await;
            if name == "entry" {
                proves(page).await;
            }
            let file = folder.join(format!("{name}-{variant}.png"));
            page.screenshot(&file).await;
            let bytes = std::fs::metadata(&file).expect("a picture").len();
            assert!(bytes <= PICTURE_BYTES_MAX, "{bytes}: {}", file.display());
        }
    }
}

/// Pins the key that the server shows, once, and has the entry proved.
async fn proves(page: &Page) {
    if page.count(".pinned-key").await == 0 {
        page.click(".key-choice > button").await;
    }
    page.click(".verify-entry > button").await;
    page.wait_for(".verify-entry .verdict[data-state=holds]")
        .await;
}
