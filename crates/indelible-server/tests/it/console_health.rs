//! The page that says whether the installation is well.

use std::time::Duration;

use serde_json::json;

use crate::desk::{Desk, on_both};

on_both!(
    a_sound_installation_is_told_line_by_line,
    a_guard_that_is_gone_is_a_failure_with_what_mends_it,
    a_trail_that_takes_nothing_says_why_to_operators_alone,
    what_a_verification_found_is_told_beside_its_trail,
    only_keys_for_all_trails_that_manage_keys_see_it,
);

const HEALTH: &str = "/console/health";

async fn health(desk: &Desk, cookie: &str) -> String {
    // The look before is not shown any more.
    desk.clock.pass(Duration::from_secs(11));
    desk.visit(cookie, HEALTH).await.is(200).text()
}

#[track_caller]
fn says(page: &str, text: &str) {
    assert!(page.contains(text), "{text} is not on the page: {page}");
}

async fn a_sound_installation_is_told_line_by_line(desk: Desk) {
    desk.records("shop", 3).await;
    desk.clock.pass(Duration::from_secs(3600));
    let admin = desk.log_in(&desk.admin).await;
    let page = health(&desk, &admin).await;
    says(&page, "the database refuses to change or delete evidence");
    says(&page, "up to date");
    says(&page, "an acknowledged record survives the loss of power");
    let engine = if desk.is_on_postgres() {
        "PostgreSQL 1"
    } else {
        "SQLite 3."
    };
    says(&page, engine);
    says(&page, "<a href=\"/console/trails/shop/integrity\">shop</a>");
    says(&page, "<bdi>accepted</bdi>");
    says(&page, "<td class=\"number\">3</td>");
    says(&page, "<bdi>not verified</bdi>");
    says(&page, "<dt>Up for</dt><dd>60 min</dd>");
    says(&page, "<span class=\"small\">1 h ago</span>");
    // The desk's clock is not that of a database on a server, which is told.
    let lines = page.split("<li class=\"step bad\">").skip(1);
    let name = |line: &str| {
        let (_, rest) = line.split_once("<strong>").expect("a name");
        rest.split_once('<').expect("an end").0.to_owned()
    };
    let failing: Vec<_> = lines.map(name).collect();
    let expected: &[&str] = if desk.is_on_postgres() {
        &["clock", "partitions"]
    } else {
        &[]
    };
    assert_eq!(failing, expected, "{page}");
    // Within some seconds it is the same look.
    desk.records("shop", 2).await;
    desk.clock.pass(Duration::from_secs(9));
    let same = desk.visit(&admin, HEALTH).await.is(200).text();
    assert!(!same.contains("<td class=\"number\">5</td>"), "{same}");
    says(&health(&desk, &admin).await, "<td class=\"number\">5</td>");
}

async fn a_guard_that_is_gone_is_a_failure_with_what_mends_it(desk: Desk) {
    desk.records("shop", 3).await;
    let admin = desk.log_in(&desk.admin).await;
    if desk.is_on_postgres() {
        desk.change(
            "DO $$ DECLARE c text; BEGIN SELECT format('DROP TRIGGER %I ON entry', tgname) INTO c \
             FROM pg_trigger WHERE tgrelid = 'entry'::regclass AND NOT tgisinternal LIMIT 1; \
             EXECUTE c; END $$",
        );
    } else {
        desk.change("DROP TRIGGER entry_update");
    }
    let page = health(&desk, &admin).await;
    says(&page, "missing or altered: ");
    says(
        &page,
        "somebody changed the schema: <code>indelible verify</code>",
    );
    says(&page, "class=\"verdict bad\"");
    assert!(!page.contains("the database refuses to change"), "{page}");
}

async fn a_trail_that_takes_nothing_says_why_to_operators_alone(desk: Desk) {
    desk.records("shop", 3).await;
    let admin = desk.log_in(&desk.admin).await;
    let auditor = desk.log_in(&desk.key("auditor", Some("shop")).await).await;
    let moved = json!({ "stage": "sent", "from": "here.db", "to": "there.db", "size": 3 });
    let registry = &desk.app.engine().ground().registry;
    let written = registry.put("moved", "shop", None, Some(&moved)).await;
    assert_eq!(written.expect("written"), Some(1));
    let page = health(&desk, &admin).await;
    says(&page, "refused: ");
    says(&page, "there.db");
    let page = desk.visit(&auditor, "/console/trails/shop/integrity").await;
    let page = page.text();
    assert!(!page.contains("there.db"), "{page}");
}

async fn what_a_verification_found_is_told_beside_its_trail(desk: Desk) {
    desk.records("shop", 5).await;
    desk.records("other", 5).await;
    let admin = desk.log_in(&desk.admin).await;
    indelible_server::verify_all(&desk.app).await;
    let page = health(&desk, &admin).await;
    assert_eq!(
        page.matches("<bdi>as recorded, just now</bdi>").count(),
        3,
        "{page}"
    );
    says(&page, "all as recorded");
    desk.tamper("UPDATE entry SET action = 'hidden' WHERE action = 'page_viewed' AND seq = 3");
    indelible_server::verify_all(&desk.app).await;
    desk.clock.pass(Duration::from_secs(120));
    let page = health(&desk, &admin).await;
    says(&page, "<bdi>NOT as recorded, 2 min ago</bdi>");
    says(&page, "NOT all as recorded");
}

async fn only_keys_for_all_trails_that_manage_keys_see_it(desk: Desk) {
    desk.records("shop", 3).await;
    for (role, trail) in [
        ("reader", None),
        ("auditor", None),
        ("writer", None),
        ("admin", Some("shop")),
    ] {
        let cookie = desk.log_in(&desk.key(role, trail).await).await;
        desk.visit(&cookie, HEALTH).await.is(403);
        let trails = desk.visit(&cookie, "/console").await.text();
        assert!(!trails.contains(HEALTH), "{role}: {trails}");
    }
    let admin = desk.log_in(&desk.admin).await;
    says(&desk.visit(&admin, "/console").await.text(), HEALTH);
}
