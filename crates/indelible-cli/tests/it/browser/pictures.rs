//! Pictures of the pages for the documentation, of the synthetic log alone. They are taken where
//! `INDELIBLE_SCREENSHOTS` names a folder:
//!
//! ```text
//! INDELIBLE_SCREENSHOTS=docs/images cargo nextest run -p indelible-cli -E 'test(tour::an_admin)'
//! ```

use std::path::PathBuf;

use serde_json::json;
use testbed::{Look, Page};

use super::console::Console;
use super::windows;

/// What a picture may weigh, in bytes.
const PICTURE_BYTES_MAX: u64 = 150_000;
const DESK: Look = Look {
    width: 1080,
    height: 800,
    ..Look::DESK
};
const LOOKS: [(&str, Look); 3] = [("", DESK), ("-dark", DESK.dark()), ("-phone", Look::PHONE)];
/// The pages, by the names of their pictures.
const PAGES: &[(&str, &str)] = &[
    ("login", "/console/login"),
    ("trails", "/console"),
    (
        "events-all",
        "/console/trails/windows/events?start_date=2026-03-02&end_date=2026-03-06&limit=8",
    ),
    (
        "events",
        "/console/trails/windows/events?user_id=EXAMPLE%5Csvc-backup\
         &start_date=2026-03-04T00%3A00%3A00Z&end_date=2026-03-04T02%3A59%3A59Z&limit=8",
    ),
    ("entry-top", "/console/trails/windows/events/8040"),
    ("entry", "/console/trails/windows/events/8040"),
    (
        "user",
        "/console/trails/windows/user?id=EXAMPLE%5Csvc-backup",
    ),
    ("integrity", "/console/trails/windows/integrity"),
    ("verify", "/console/verify"),
    ("keys", "/console/keys"),
    ("health", "/console/health"),
];

/// Cuts the page off where the window ends, so that a picture is of what one sees at once: the top,
/// or where an element begins.
const CUT: &str = "const [css] = arguments, {documentElement: root, body} = document;
    const height = `${innerHeight}px`;
    for (const {style} of [root, body]) {
        Object.assign(style, {height, minHeight: '0', overflow: 'hidden'});
    }
    body.scrollTop = css ? document.querySelector(css).offsetTop - 8 : 0;";

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
    let mut heavy = Vec::new();
    for &(name, path) in PAGES {
        for (variant, look) in LOOKS {
            page.appear(look).await;
            page.goto(&console.url(path)).await;
            let mut from = "";
            if name == "entry" {
                proves(page).await;
                from = "section[data-verify-proof-url]";
            }
            page.run(CUT, json!([from])).await;
            let file = folder.join(format!("{name}{variant}.png"));
            page.screenshot(&file).await;
            let bytes = std::fs::metadata(&file).expect("a picture").len();
            if bytes > PICTURE_BYTES_MAX {
                heavy.push(format!("{bytes}: {}", file.display()));
            }
        }
    }
    assert!(heavy.is_empty(), "too heavy: {heavy:#?}");
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
