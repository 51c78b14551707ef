use std::path::Path;

use serde_json::json;
use testbed::{Browser, Fault, Look, Page};

use crate::site::{LARGE_BYTES, STRICT, Site};

async fn open(look: Look) -> (Site, Page) {
    (Site::start().await, Browser::start().open(look).await)
}

#[tokio::test]
async fn a_page_is_read_and_its_script_runs() {
    let (site, page) = open(Look::DESK).await;
    assert_eq!(page.url().await, "about:blank");
    page.goto(&site.page("/good")).await;
    assert_eq!(page.url().await, site.page("/good"));
    assert_eq!(page.title().await, "Site");
    assert_eq!(page.text("h1").await, "Good");
    assert_eq!(page.texts("#lines li").await, ["first", "hidden"]);
    assert_eq!(page.count("label").await, 4);
    assert_eq!(
        page.attribute("#next", "href").await.as_deref(),
        Some("/large")
    );
    assert_eq!(page.attribute("#next", "lang").await, None);
    assert!(page.shows("#later").await && !page.shows("#lines [hidden]").await);
    assert!(!page.shows("#nowhere").await);
    page.click("#later").await;
    page.wait_for("#came").await;
    page.wait_until("document.querySelectorAll('#lines li').length === 3")
        .await;
    assert_eq!(
        page.run("return arguments[0] + 1", json!([41])).await,
        json!(42)
    );
    let promised = page
        .run("return Promise.resolve({a: [1]})", json!([]))
        .await;
    assert_eq!(promised, json!({"a": [1]}));
    assert!(page.source().await.contains("id=\"came\""));
    assert_eq!(page.complaints().await, []);
}

#[tokio::test]
async fn keys_go_to_whoever_listens() {
    let (site, page) = open(Look::DESK).await;
    page.goto(&site.page("/good")).await;
    page.press("?j").await;
    page.press(Page::ESCAPE).await;
    let pressed = ["first", "hidden", "key ?", "key j", "key Escape"];
    assert_eq!(page.texts("#lines li").await, pressed);
}

#[tokio::test]
async fn a_form_is_filled_and_sent_with_a_file() {
    let (site, page) = open(Look::DESK).await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("pack.txt");
    std::fs::write(&file, "what the file holds").expect("written");
    page.goto(&site.page("/good")).await;
    page.fill("#name", "new <name>").await;
    page.fill("#day", "2026-02-28").await;
    page.select("#kind", "b \"2\"").await;
    page.upload("#file", &file).await;
    assert_eq!(page.value("#name").await, "new <name>");
    assert_eq!(page.value("#day").await, "2026-02-28");
    page.submit("#name").await;
    assert_eq!(page.url().await, site.page("/sent"));
    for sent in ["new <name>", "2026-02-28", "b \"2\"", "what the file holds"] {
        assert!(site.was_asked(sent), "{sent} in {:?}", site.asked);
    }
}

#[tokio::test]
async fn without_javascript_forms_and_links_work_and_no_script_runs() {
    let (site, page) = open(Look::DESK.without_javascript()).await;
    page.goto(&site.page("/good")).await;
    assert_eq!(page.text("#quiet").await, "No scripts here");
    page.press("j").await;
    assert_eq!(page.count("#lines li").await, 2);
    page.fill("#name", "quiet").await;
    page.follow("#form button").await;
    assert_eq!(page.url().await, site.page("/sent"));
    assert!(site.was_asked("quiet"));
    page.follow("#next").await;
    assert_eq!(page.url().await, site.page("/large"));
    assert_eq!(page.complaints().await, []);
}

#[tokio::test]
async fn a_key_may_lead_to_another_page() {
    let (site, page) = open(Look::DESK).await;
    page.goto(&site.page("/good")).await;
    page.click("#name").await;
    page.leaving(page.press(Page::ENTER)).await;
    assert_eq!(page.url().await, site.page("/sent"));
    assert_eq!(page.value("#name").await, "old");
}

#[tokio::test]
async fn a_look_is_what_the_page_sees() {
    let browser = Browser::start();
    let site = Site::start().await;
    let page = browser.open(Look::PHONE.dark()).await;
    let seen = "return [innerWidth, innerHeight, document.documentElement.clientWidth,
        getComputedStyle(document.body).backgroundColor, matchMedia('print').matches]";
    page.goto(&site.page("/good")).await;
    let dark = json!([390, 844, 390, "rgb(0, 0, 0)", false]);
    assert_eq!(page.run(seen, json!([])).await, dark);
    page.appear(Look::DESK).await;
    let light = json!([1440, 900, 1440, "rgb(255, 255, 255)", false]);
    assert_eq!(page.run(seen, json!([])).await, light);
    assert!(page.shows("#tall").await);
    page.appear_printed().await;
    assert!(!page.shows("#tall").await);
    page.appear(Look::DESK.without_javascript()).await;
    page.reload().await;
    assert_eq!(page.count("#quiet").await, 1);
    page.close().await;
    assert!(Path::new(&format!("/proc/{}", browser.pid())).exists());
}

#[tokio::test]
async fn a_page_that_is_not_made_for_phones_is_seen_to_be_none() {
    let (site, page) = open(Look::PHONE).await;
    page.goto(&site.page("/wide")).await;
    assert_eq!(page.run("return innerWidth", json!([])).await, json!(980));
    page.appear(Look::DESK).await;
    assert_eq!(page.run("return innerWidth", json!([])).await, json!(1440));
}

#[tokio::test]
async fn what_a_policy_refuses_is_a_complaint_and_outlives_the_page() {
    let (site, page) = open(Look::DESK).await;
    page.goto(&site.page("/inline")).await;
    page.goto(&site.page("/good")).await;
    let complaints = page.complaints().await;
    assert!(
        complaints
            .iter()
            .all(|complaint| complaint.fault == Fault::Policy)
    );
    let said = |text: &str| {
        complaints
            .iter()
            .any(|complaint| complaint.text.contains(text))
    };
    // Twice: in the browser's own words, and as the page is told.
    assert!(said("Executing inline script violates"), "{complaints:#?}");
    assert!(
        said("policy violated: script-src-elem refuses inline"),
        "{complaints:#?}"
    );
    assert!(said("Applying inline style violates"), "{complaints:#?}");
    assert!(
        said("policy violated: style-src-attr refuses inline"),
        "{complaints:#?}"
    );
    assert_eq!(complaints.len(), 4, "{complaints:#?}");
}

#[tokio::test]
async fn inline_code_is_a_complaint_where_no_script_runs() {
    let (site, page) = open(Look::DESK.without_javascript()).await;
    page.goto(&site.page("/inline")).await;
    let complaints = page.complaints().await;
    let said = |text: &str| {
        complaints
            .iter()
            .any(|complaint| complaint.text.contains(text))
    };
    assert!(
        said("inline code: <script>document.title"),
        "{complaints:#?}"
    );
    assert!(said("inline code: <p style="), "{complaints:#?}");
    assert_eq!(page.complaints().await, complaints, "each is told once");
}

#[tokio::test]
async fn exceptions_errors_and_what_is_not_found_are_complaints_and_a_status_is_none() {
    let (site, page) = open(Look::DESK).await;
    page.goto(&site.page("/forbidden")).await;
    assert_eq!(page.status().await, 403);
    assert_eq!(page.complaints().await, []);
    page.goto(&site.page("/throws")).await;
    page.goto(&site.page("/lost")).await;
    assert_eq!(page.status().await, 200);
    let complaints = page.complaints().await;
    let faults: Vec<Fault> = complaints.iter().map(|complaint| complaint.fault).collect();
    assert_eq!(
        faults,
        [Fault::Script, Fault::Script, Fault::Network],
        "{complaints:#?}"
    );
    assert!(complaints[0].text.contains("a word"), "{}", complaints[0]);
    assert!(
        complaints[1].text.contains("thrown on purpose"),
        "{}",
        complaints[1]
    );
    assert!(
        complaints[2].text.contains("/nowhere.js"),
        "{}",
        complaints[2]
    );
}

#[tokio::test]
async fn bytes_are_counted_with_assets_and_without_a_cache() {
    let (site, page) = open(Look::DESK).await;
    let mut sizes = Vec::new();
    for _ in 0..2 {
        page.goto(&site.page("/large")).await;
        let traffic = page.traffic().await;
        let large = site.page("/large.js");
        let large = traffic.requests.iter().find(|fetched| fetched.url == large);
        let large = large.expect("it is fetched");
        // The body, and a head that holds the policy.
        let heads = STRICT.len()..STRICT.len() + 500;
        let head = usize::try_from(large.bytes).expect("it fits") - LARGE_BYTES;
        assert!(heads.contains(&head), "{large:?}");
        assert_eq!(traffic.requests[0].url, site.page("/large"));
        assert!(page.transferred().await >= traffic.bytes());
        sizes.push(large.bytes);
    }
    assert_eq!(sizes[0], sizes[1]);
    page.goto(&site.page("/forbidden")).await;
    assert!(page.transferred().await < 5_000);
}

#[tokio::test]
async fn a_stream_that_does_not_end_holds_nothing_up() {
    let (site, page) = open(Look::DESK).await;
    page.goto(&site.page("/tail")).await;
    page.wait_until("document.querySelector('h1').textContent === 'came'")
        .await;
    let traffic = page.traffic().await;
    let stream = traffic
        .requests
        .iter()
        .find(|fetched| fetched.url.ends_with("/stream"));
    let stream = stream.expect("it is open");
    assert!(stream.status == 200 && stream.bytes > 0, "{stream:?}");
    assert_eq!(page.complaints().await, []);
}

#[tokio::test]
async fn a_saved_page_is_opened_cut_off_and_in_another_zone() {
    let (_, page) = open(Look::DESK).await;
    let folder = tempfile::tempdir().expect("a folder");
    let saved = folder.path().join("saved.html");
    let html = "<!doctype html><title>Saved</title><h1>-</h1><script src=zone.js></script>";
    std::fs::write(&saved, html).expect("written");
    let zone = "document.querySelector('h1').textContent = new Date(0).getHours();";
    std::fs::write(folder.path().join("zone.js"), zone).expect("written");
    let zone = json!({"timezoneId": "Asia/Tokyo"});
    page.devtools("Emulation.setTimezoneOverride", zone).await;
    let cut = json!({
        "offline": true, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1,
    });
    page.devtools("Network.emulateNetworkConditions", cut).await;
    page.goto(&format!("file://{}", saved.display())).await;
    assert_eq!(page.text("h1").await, "9");
    assert_eq!(page.complaints().await, []);
}

#[tokio::test]
async fn axe_finds_a_missing_label_and_nothing_on_a_good_page() {
    for look in [Look::DESK, Look::PHONE.dark().without_javascript()] {
        let (site, page) = open(look).await;
        page.goto(&site.page("/good")).await;
        assert_eq!(page.axe().await, [], "{look:?}");
        page.goto(&site.page("/unlabelled")).await;
        let violations = page.axe().await;
        assert_eq!(violations.len(), 1, "{violations:#?}");
        assert_eq!(
            (violations[0].id.as_str(), violations[0].impact.as_str()),
            ("label", "critical")
        );
        assert!(
            violations[0].nodes[0].contains("<input name=\"who\">"),
            "{}",
            violations[0]
        );
        assert_eq!(page.complaints().await, [], "the check leaves no complaint");
        // Scripts are as they were before.
        page.goto(&site.page("/good")).await;
        assert_eq!(page.shows("#quiet").await, !look.javascript);
    }
}

#[tokio::test]
async fn cookies_are_kept_per_page_and_can_be_taken_away() {
    let browser = Browser::start();
    let site = Site::start().await;
    let (page, other) = (
        browser.open(Look::DESK).await,
        browser.open(Look::DESK).await,
    );
    page.goto(&site.page("/login")).await;
    assert_eq!(page.url().await, site.page("/good"));
    assert_eq!(page.status().await, 200);
    let traffic = page.traffic().await;
    assert_eq!(
        (traffic.requests[0].status, traffic.requests[1].status),
        (303, 200)
    );
    let cookie = page.cookie("__Host-session").await.expect("it is set");
    assert_eq!(
        (cookie.value.as_str(), cookie.path.as_str()),
        ("secret", "/")
    );
    assert_eq!(cookie.same_site, "Strict");
    assert!(cookie.http_only && cookie.secure);
    other.goto(&site.page("/good")).await;
    assert_eq!(other.cookies().await, []);
    page.set_cookie("theme", "dark").await;
    page.delete_cookie("__Host-session").await;
    page.goto(&site.page("/large")).await;
    assert!(site.was_asked("/large [theme=dark]"), "{:?}", site.asked);
    page.delete_cookies().await;
    assert_eq!(page.cookies().await, []);
}

#[tokio::test]
async fn a_download_is_read_when_it_is_complete() {
    let (site, page) = open(Look::DESK).await;
    page.goto(&site.page("/good")).await;
    page.click("#export").await;
    assert_eq!(page.downloaded("export.csv").await, b"a,b\n1,2\n");
    assert!(page.downloads().join("export.csv").is_file());
    assert_eq!(page.url().await, site.page("/good"));
}

#[tokio::test]
async fn a_picture_is_of_the_whole_page() {
    let (site, page) = open(Look::PHONE).await;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("page.png");
    page.goto(&site.page("/good")).await;
    page.screenshot(&path).await;
    let picture = std::fs::read(&path).expect("it is written");
    assert_eq!(&picture[..8], b"\x89PNG\r\n\x1a\n");
    let number = |at: usize| u32::from_be_bytes(picture[at..at + 4].try_into().expect("four"));
    assert_eq!(number(16), 390);
    assert!(number(20) > 3000, "{}", number(20));
}

#[test]
fn a_browser_ends_with_its_test_even_when_that_panics() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.expect("a runtime");
    let (tell, told) = std::sync::mpsc::channel();
    let panicked = std::panic::catch_unwind(move || {
        runtime.block_on(async {
            let browser = Browser::start();
            let page = browser.open(Look::DESK).await;
            tell.send(browser.pid()).expect("somebody listens");
            page.text("#nowhere").await;
        });
    });
    let reason = panicked.expect_err("there is no such element");
    let reason = reason.downcast_ref::<String>().expect("a text");
    assert!(reason.contains("text of `#nowhere`"), "{reason}");
    assert_eq!(
        group(told.recv().expect("it started")),
        Vec::<String>::new()
    );
}

/// The processes of a group that have not been ended: one whose end is not over yet
/// (`PF_EXITING`), or not yet known to its parent, runs no more.
fn group(leader: u32) -> Vec<String> {
    let processes = std::fs::read_dir("/proc").expect("it is there").flatten();
    let stats = processes.filter_map(|entry| {
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        let (_, fields) = stat.rsplit_once(')')?;
        let mut fields = fields.split_whitespace();
        let (state, group) = (fields.next()?, fields.nth(1)?.parse::<u32>().ok()?);
        let exiting = fields.nth(3)?.parse::<u32>().ok()? & 4 != 0;
        (group == leader && state != "Z" && !exiting).then_some(stat)
    });
    stats.collect()
}
