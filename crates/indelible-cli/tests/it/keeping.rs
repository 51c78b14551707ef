//! Who may read what is kept: its owner, and nobody through the server.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::desk::{Desk, files};
use crate::serving::Server;

/// The permissions of a file or folder.
fn mode(path: &Path) -> u32 {
    let found = std::fs::metadata(path).unwrap_or_else(|_| panic!("{}", path.display()));
    found.permissions().mode() & 0o777
}

/// A server that the shell starts with a mask that takes no permission away.
fn unmasked(desk: &Desk) -> Server {
    let serve = desk.process(&["serve", "--listen", "127.0.0.1:0", "--log", "error"]);
    let mut shell = Command::new("/bin/sh");
    shell
        .args(["-c", "umask 000; exec \"$0\" \"$@\""])
        .arg(serve.get_program())
        .args(serve.get_args())
        .current_dir(desk.path("here"))
        .env_clear()
        .env("XDG_STATE_HOME", desk.path("state"));
    Server::of(shell)
}

#[test]
fn t82_what_is_kept_is_for_its_owner_alone() {
    let desk = Desk::new();
    let server = unmasked(&desk);
    let event = "{\"action\":\"page_viewed\",\"resource_type\":\"page\",\"user_id\":\"u-raw\"}";
    let (status, said) = server.ask("POST", "/v1/trails/shop/events", event);
    assert_eq!(status, 201, "{said}");
    let mut database = desk.database().into_os_string();
    for end in ["", "-wal", "-shm"] {
        let mut file = database.clone();
        file.push(end);
        assert_eq!(mode(Path::new(&file)), 0o600, "{}", file.display());
    }
    let state = desk.state();
    assert_eq!(mode(&state), 0o700);
    assert_eq!(mode(&state.join("marks")), 0o700);
    let kept = files(&state);
    assert!(kept.len() > 2, "{kept:?}");
    for file in kept {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    assert_eq!(server.stop("TERM").0, Some(0));
    database.push("-wal");
    assert!(
        !Path::new(&database).exists(),
        "an orderly stop leaves one file"
    );
}

#[test]
fn t82_an_auditor_reads_entries_and_no_storage() {
    let desk = Desk::new();
    let server = Server::start(&desk, &["--log", "error"]);
    let event = "{\"action\":\"page_viewed\",\"resource_type\":\"page\",\"user_id\":\"u-raw\"}";
    assert_eq!(server.ask("POST", "/v1/trails/shop/events", event).0, 201);
    desk.fed(
        &["import", "ndjson", "-"],
        "{\"action\":\"a\",\"resource_type\":\"r\"}\n",
    )
    .fine();
    let made = ["keys", "create", "audit", "--role", "auditor"];
    let auditor = desk.run(&made).fine().out.trim().to_owned();
    let get = |path: &str| server.call(&auditor, "GET", path, "");
    assert_eq!(get("/v1/trails/shop/events").0, 200);
    let place = desk.database();
    let place = place.to_str().expect("UTF-8");
    for path in [
        "/indelible.db",
        "/../indelible.db",
        "/docs/../indelible.db",
        "/docs/%2e%2e/indelible.db",
        "/docs/style.css/../../indelible.db",
        "/v1/trails/../../indelible.db",
        "/v1/trails/..%2findelible.db/export",
        "/v1/trails/indelible.db/events/..%2f..%2findelible.db-wal",
        "/v1/trails/shop/export?format=sqlite",
        "/v1/trails/shop/export?format=../indelible.db",
        &format!("/{place}"),
        &format!("/v1/trails/{}/export", place.replace('/', "%2f")),
    ] {
        let (status, said) = get(path);
        assert!((400..500).contains(&status), "{path}: {status}");
        assert!(!said.contains("SQLite format 3"), "{path}");
    }
    // The trails that it may read hold nothing of the secrets beside the database.
    let export = get("/v1/trails/shop/export").1 + &get("/v1/trails/system/export").1;
    assert!(export.contains("u-raw"));
    for name in ["signing.key", "secrets/ids"] {
        let secret = std::fs::read_to_string(desk.state().join(name)).expect(name);
        assert!(
            secret.len() > 32 && !export.contains(secret.trim()),
            "{name}"
        );
    }
    assert_eq!(server.stop("TERM").0, Some(0));
}
