//! Links that open the console once, beside a server that is running.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::desk::{Desk, on_each_store};
use crate::serving::Server;

on_each_store!(
    a_link_opens_the_console_once_and_stands_in_no_log,
    a_link_is_of_a_key_that_opens_and_for_a_day_at_most,
);

/// What a browser with this cookie is answered, head and body.
fn browse(server: &Server, method: &str, path: &str, cookie: &str, form: &str) -> String {
    let mut stream = TcpStream::connect(&server.address).expect("connected");
    let address = &server.address;
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nAccept: text/html\r\n\
         Sec-Fetch-Site: same-origin\r\nOrigin: http://{address}\r\nCookie: {cookie}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    )
    .expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answered");
    answer
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).expect("a status")
}

fn key_id(desk: &Desk, name: &str) -> String {
    let listed = desk.json(&["keys", "list"]);
    let mut keys = listed["keys"].as_array().expect("a list").iter();
    let found = keys.find(|key| key["name"] == name).expect("the key");
    found["id"].as_str().expect("a text").to_owned()
}

fn a_link_opens_the_console_once_and_stands_in_no_log(new: fn() -> Desk) {
    let desk = new();
    let server = Server::start(&desk, &["--log", "debug"]);
    let admin = server.key.clone().expect("a key");
    desk.run(&["keys", "create", "ann", "--role", "auditor"])
        .fine();
    let id = key_id(&desk, "ann");
    let url = format!("http://{}", server.address);
    let made = desk.run(&["keys", "link", &id, "--url", &url]).fine().out;
    let path = made.trim().strip_prefix(&url).expect("where the server is");
    let token = path.strip_prefix("/console/login?link=").expect("a link");
    // To look at it uses it up for nobody.
    for _ in 0..2 {
        let asked = browse(&server, "GET", path, "", "");
        assert_eq!(status(&asked), "200");
        assert!(
            asked.contains("<bdi>ann</bdi>") && !asked.contains(&id),
            "{asked}"
        );
    }
    let form = format!("link={token}");
    let entered = browse(&server, "POST", "/console/login", "", &form);
    assert_eq!(status(&entered), "303");
    let cookie = entered.lines().find_map(|line| {
        let (_, value) = line.split_once("set-cookie: ")?;
        value.split(';').next().map(str::to_owned)
    });
    let cookie = cookie.expect("a cookie");
    let page = browse(&server, "GET", "/console", &cookie, "");
    assert!(
        status(&page) == "200" && page.contains("<bdi>ann</bdi>"),
        "{page}"
    );
    let again = browse(&server, "POST", "/console/login", "", &form);
    assert_eq!(status(&again), "401");
    // What goes wrong says no more.
    let secrets = [token, cookie.split_once('=').expect("a value").1, &admin];
    for wrong in [
        browse(&server, "GET", path, "", ""),
        browse(&server, "GET", "/console/nowhere", &cookie, ""),
        browse(&server, "POST", "/console/login", &cookie, "key=x"),
    ] {
        assert!(status(&wrong).starts_with('4'), "{wrong}");
        for secret in secrets {
            assert!(!wrong.contains(secret), "{wrong}");
        }
    }
    let given = format!("key={admin}");
    let entered = browse(&server, "POST", "/console/login", &cookie, &given);
    assert_eq!(status(&entered), "303");
    let (code, said, logged) = server.stop("TERM");
    assert_eq!(code, Some(0));
    assert!(logged.contains("/console/login"), "{logged}");
    for secret in secrets {
        assert!(
            !logged.contains(secret) && !said.contains(secret),
            "{logged}"
        );
    }
    let system = desk.json(&["query", "--trail", "system", "--limit", "1000"]);
    let system = system["entries"].to_string();
    assert!(system.contains("login_link_created") && system.contains("user_login_success"));
    for secret in secrets {
        assert!(!system.contains(secret), "{system}");
    }
}

fn a_link_is_of_a_key_that_opens_and_for_a_day_at_most(new: fn() -> Desk) {
    let desk = new();
    desk.records(1);
    desk.run(&[
        "keys", "create", "ann", "--role", "reader", "--trail", "shop",
    ])
    .fine();
    let id = key_id(&desk, "ann");
    let link = |more: &[&str]| desk.run(&[&["keys", "link", &id], more].concat());
    let made = link(&["--expires", "24h", "--output", "json"]).json();
    for (name, value) in [
        ("key_id", id.as_str()),
        ("key_name", "ann"),
        ("role", "reader"),
        ("trail", "shop"),
    ] {
        assert_eq!(made[name], value, "{made}");
    }
    let begins = "http://127.0.0.1:7878/console/login?link=indelible_";
    let text = made["link"].as_str().expect("a text");
    assert!(text.starts_with(begins), "{text}");
    for (more, said) in [
        (["--expires", "25h"], "at most 24 h"),
        (["--expires", "0s"], "at most 24 h"),
        (["--expires", "2027-01-01"], "a span such as 10m"),
        (["--url", "audit.example.com"], "where the server is"),
        (
            ["--url", "https://x.example/console"],
            "where the server is",
        ),
    ] {
        link(&more).fails(2, said);
    }
    desk.run(&["keys", "link", "none"])
        .fails(4, "there is no key none");
    desk.run(&["keys", "revoke", &id]).fine();
    link(&[]).fails(1, "expired, revoked");
}
