//! API keys whose rows were written past the program.

use crate::desk::{Desk, on_each_store};
use crate::postgres::check;

on_each_store! {
    a_key_that_was_made_by_sql_is_named_and_one_from_before_seals_is_sealed,
}

const UNSEAL: &str = "UPDATE op_registry SET value = replace(value, '\"seal\":', '\"was\":') \
                      WHERE kind = 'api_key'";
const RAISE: &str = "UPDATE op_registry SET value = replace(value, '\"reader\"', '\"admin\"') \
                     WHERE kind = 'api_key'";
const LOWER: &str = "UPDATE op_registry SET value = replace(value, '\"admin\"', '\"reader\"') \
                     WHERE kind = 'api_key'";

fn a_key_that_was_made_by_sql_is_named_and_one_from_before_seals_is_sealed(new: fn() -> Desk) {
    let desk = new();
    desk.records(1);
    desk.run(&["keys", "create", "audit", "--role", "reader"])
        .fine();
    let line = || desk.json(&["keys", "list"])["keys"][0].clone();
    let id = line()["id"].as_str().expect("an id").to_owned();
    assert_eq!(line()["state"], "active");
    let diagnosis = || desk.run(&["doctor", "--output", "json"]).json();
    assert_eq!(check(&diagnosis(), "keys").0, "ok");
    // Whoever may write the table raises it to an admin.
    desk.tamper(RAISE);
    assert_eq!(line()["state"], "unsealed");
    let (verdict, detail, _) = check(&diagnosis(), "keys");
    assert!(verdict == "fail" && detail.contains(&id), "{detail}");
    desk.run(&["keys", "rotate", &id])
        .fails(1, "indelible keys seal");
    desk.run(&["keys", "seal", &id]).fails(1, "no record");
    desk.tamper(LOWER);
    assert_eq!(line()["state"], "active");
    // One that was made before keys had seals.
    desk.tamper(UNSEAL);
    assert_eq!(line()["state"], "unsealed");
    desk.run(&["keys", "seal", &id]).fine();
    assert_eq!(line()["state"], "active");
    let sealed = ["query", "--trail", "system", "--action", "api_key_sealed"];
    assert_eq!(desk.json(&sealed)["entries"][0]["resource_id"], id);
    assert_eq!(check(&diagnosis(), "keys").0, "ok");
    // A host without the secret opens nothing, and says so.
    let secret = desk.state().join("secrets/api-keys");
    std::fs::remove_file(&secret).expect("removed");
    desk.run(&["keys", "list"]).fails(1, "api-keys");
    desk.run(&["keys", "create", "more", "--role", "reader"])
        .fails(1, "api-keys");
    assert_eq!(check(&diagnosis(), "keys").0, "fail");
}
