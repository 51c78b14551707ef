//! Every page of the console, in one place.

use std::collections::BTreeSet;

use indelible_server::keys::{Permission, Role};
use indelible_server::{Access, pages};

use super::console::Console;

/// A page that is looked at by every role, on every screen.
pub struct Shown {
    /// What pictures of it are called.
    pub name: &'static str,
    /// The route as the server has it.
    pub route: &'static str,
    /// An address of it, in an installation with the Windows log; `{key}` is a key's id.
    path: &'static str,
    /// What it is answered with, to who may see it.
    pub status: u16,
}

const fn shown(name: &'static str, route: &'static str, path: &'static str) -> Shown {
    Shown {
        name,
        route,
        path,
        status: 200,
    }
}

const EVENTS: &str = "/console/trails/{trail}/events";
const ENTRY: &str = "/console/trails/{trail}/events/{id}";

/// All pages.
pub const SHOWN: &[Shown] = &[
    shown("login", "/console/login", "/console/login"),
    shown("trails", "/console", "/console"),
    shown("health", "/console/health", "/console/health"),
    shown("keys", "/console/keys", "/console/keys?all=true"),
    shown("key", "/console/keys/{id}", "/console/keys/{key}"),
    shown(
        "key-revoke",
        "/console/keys/{id}/revoke",
        "/console/keys/{key}/revoke",
    ),
    shown("verify", "/console/verify", "/console/verify"),
    shown("events", EVENTS, "/console/trails/windows/events"),
    shown(
        "events-filtered",
        EVENTS,
        "/console/trails/windows/events?user_id=EXAMPLE%5Calice&outcome=succeeded&tag=a&tag=b",
    ),
    shown(
        "events-none",
        EVENTS,
        "/console/trails/windows/events?user_id=nobody",
    ),
    shown(
        "events-of-nothing",
        EVENTS,
        "/console/trails/unheard-of/events",
    ),
    Shown {
        status: 400,
        ..shown(
            "events-refused",
            EVENTS,
            "/console/trails/windows/events?start_date=soon",
        )
    },
    shown("entry", ENTRY, "/console/trails/windows/events/9"),
    Shown {
        status: 404,
        ..shown("entry-none", ENTRY, "/console/trails/windows/events/999999")
    },
    shown(
        "user",
        "/console/trails/{trail}/user",
        "/console/trails/windows/user?id=EXAMPLE%5Calice",
    ),
    shown(
        "user-none",
        "/console/trails/{trail}/user",
        "/console/trails/windows/user?id=nobody",
    ),
    shown(
        "resource",
        "/console/trails/{trail}/resource",
        "/console/trails/windows/resource?type=windows.host&id=dc-01.example.test",
    ),
    shown(
        "integrity",
        "/console/trails/{trail}/integrity",
        "/console/trails/windows/integrity",
    ),
    shown(
        "integrity-of-nothing",
        "/console/trails/{trail}/integrity",
        "/console/trails/unheard-of/integrity",
    ),
    shown(
        "reviews",
        "/console/trails/{trail}/reviews",
        "/console/trails/windows/reviews",
    ),
    shown(
        "subjects",
        "/console/trails/{trail}/subjects",
        "/console/trails/windows/subjects",
    ),
    shown(
        "subjects-of-nothing",
        "/console/trails/{trail}/subjects",
        "/console/trails/unheard-of/subjects",
    ),
    shown(
        "reviews-of-nothing",
        "/console/trails/{trail}/reviews",
        "/console/trails/unheard-of/reviews",
    ),
    shown(
        "retention",
        "/console/trails/{trail}/retention",
        "/console/trails/windows/retention?plan",
    ),
    shown(
        "retention-of-nothing",
        "/console/trails/{trail}/retention",
        "/console/trails/unheard-of/retention",
    ),
    shown(
        "reports",
        "/console/trails/{trail}/reports",
        "/console/trails/windows/reports",
    ),
    shown(
        "reports-of-nist",
        "/console/trails/{trail}/reports",
        "/console/trails/windows/reports?framework=nist-800-53r5&from=90d&to=0s",
    ),
    // Where nothing is running it leads to the integrity page.
    shown(
        "verification",
        "/console/trails/{trail}/verification",
        "/console/trails/windows/verification",
    ),
];

/// What is asked for with GET and is no page, and what it is.
const NOT_SHOWN: &[(&str, &str)] = &[
    ("/", "leads to the first page"),
    (
        "/console/verifier.html",
        "the page that is saved, a download",
    ),
    ("/console/assets/{version}/{name}", "part of the pages"),
    ("/console/trails/{trail}", "leads to its events"),
    ("/console/trails/{trail}/events/stream", "for the live view"),
    ("/console/trails/{trail}/events/{id}/proof", "a download"),
    ("/console/trails/{trail}/checkpoint", "a download"),
    ("/console/trails/{trail}/consistency", "a download"),
    ("/console/trails/{trail}/export", "a download"),
    ("/console/trails/{trail}/reports/file", "a download"),
    (
        "/console/trails/{trail}/controls/{control}/pack",
        "a download",
    ),
    (
        "/console/trails/{trail}/subjects/erasure",
        "leads on where no erasure runs",
    ),
    ("/console/reports/system", "a download"),
    (
        "/console/trails/{trail}/verification/progress",
        "for the page of a verification",
    ),
];

impl Console {
    /// The address of a page.
    pub fn url_of(&self, shown: &Shown) -> String {
        let listed = self.desk.json(&["keys", "list"]);
        let key = listed["keys"][0]["id"].as_str().expect("a key");
        self.url(&shown.path.replace("{key}", key))
    }
}

impl Shown {
    /// What the page asks of whoever looks.
    pub fn access(&self) -> Access {
        let is_it = |url: &&(_, &str, Access)| url.0 == "GET" && url.1 == self.route;
        let pages = pages();
        let found = pages.iter().find(|url| is_it(url));
        found.expect("the server has the page").2
    }

    /// Whether a key of this role sees it.
    pub fn is_for(&self, role: Role) -> bool {
        match self.access() {
            Access::Open => true,
            Access::Near(needed) | Access::Trail(needed) | Access::Key(needed) => role.may(needed),
        }
    }
}

#[test]
fn every_page_is_looked_at() {
    let pages = pages();
    let read = pages.iter().filter(|(method, ..)| *method == "GET");
    let read: BTreeSet<_> = read.map(|(_, route, _)| *route).collect();
    let shown = SHOWN.iter().map(|page| page.route);
    let known: BTreeSet<_> = shown
        .chain(NOT_SHOWN.iter().map(|(route, _)| *route))
        .collect();
    assert_eq!(read, known, "a page is missing in `SHOWN`, or is gone");
    let names: BTreeSet<_> = SHOWN.iter().map(|page| page.name).collect();
    assert_eq!(names.len(), SHOWN.len(), "each page has a name of its own");
    let events = SHOWN
        .iter()
        .find(|page| page.name == "events")
        .expect("there");
    assert_eq!(events.access(), Access::Trail(Permission::Read));
    assert!(events.is_for(Role::Reader) && !events.is_for(Role::Writer));
}
