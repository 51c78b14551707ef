//! The view that an SQL user reads.

use crate::fixture::{Author, Database, code, draft};
use serde_json::json;

#[tokio::test]
async fn the_view_shows_what_was_recorded_and_nothing_of_what_was_erased() {
    let database = Database::new();
    let store = database.store().await;
    let mut author = Author::new("default");
    let mut first = draft(0);
    first.actor = json!({"ip_address": "not an address", "user_agent": "curl/8", "user_id": "é"});
    first.tags = vec!["a.b".to_owned(), "c".to_owned()];
    author
        .record(&store, [first, draft(1), draft(2)])
        .await
        .expect("it is written");
    database.0.execute(
        "UPDATE indelible.entry SET actor = NULL, actor_salt = NULL, user_id = NULL, \
         ip_address = NULL WHERE seq = 1; \
         ALTER TABLE indelible.entry DISABLE TRIGGER ALL; \
         UPDATE indelible.entry SET actor = '\\xff00', details = 'no json' WHERE seq = 2",
    );
    let rows = database.0.query_text(
        "SELECT seq, user_id, resource_id, ip_address, user_agent, context, tags, \
         occurred_at <= created_at FROM indelible.audit_logs ORDER BY seq",
    );
    let text = |texts: &[&str]| -> Vec<Option<String>> {
        let value = |text: &&str| (*text != "-").then(|| (*text).to_owned());
        texts.iter().map(value).collect()
    };
    let context = |n: u8, odd: bool| format!("{{\"n\": {n}, \"odd\": {odd}}}");
    assert_eq!(
        rows,
        [
            text(&[
                "0",
                "é",
                "r0",
                "not an address",
                "curl/8",
                &context(0, false),
                "{a.b,c}",
                "t"
            ]),
            text(&["1", "-", "r1", "-", "-", &context(1, true), "{}", "t"]),
            text(&["2", "u2", "r2", "-", "-", "-", "{}", "t"]),
        ]
    );
    let types = database.0.query_text(
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute \
         WHERE attrelid = 'indelible.audit_logs'::regclass AND attnum > 0 ORDER BY attnum",
    );
    let types: Vec<_> = types.into_iter().flatten().flatten().collect();
    assert_eq!(
        types.join(" "),
        "trail_id text seq bigint id uuid action text outcome text user_id text \
         resource_type text resource_id text ip_address text user_agent text context jsonb \
         tags text[] occurred_at timestamp with time zone created_at timestamp with time zone"
    );
}

#[tokio::test]
async fn conditions_on_the_view_go_to_the_indexes() {
    let database = Database::new();
    let store = database.store().await;
    let mut author = Author::new("default");
    author.fill(&store, 0..3000).await;
    database.0.execute("ANALYZE indelible.entry");
    for (condition, index) in [
        (
            "trail_id = 'default' AND seq = 7",
            "trail_id_seq_created_at_idx|_pkey",
        ),
        (
            "trail_id = 'default' AND resource_id = 'r7'",
            "resource_id_trail_id_seq_idx",
        ),
        (
            "trail_id = 'default' AND user_id = 'nobody'",
            "user_id_trail_id_seq_idx",
        ),
    ] {
        let plan = database.0.query_text(&format!(
            "EXPLAIN SELECT * FROM indelible.audit_logs WHERE {condition}"
        ));
        let plan: Vec<_> = plan.into_iter().flatten().flatten().collect();
        let plan = plan.join("\n");
        let in_default = plan
            .split("entry_default")
            .skip(1)
            .any(|rest| !rest.is_empty());
        let by_index = index
            .split('|')
            .any(|name| plan.contains(&format!("entry_default_{name}").replace("__", "_")));
        assert!(in_default && by_index, "{plan}");
    }
}

#[tokio::test]
async fn nobody_writes_through_the_view() {
    let database = Database::new();
    let db = database.client("postgres").await;
    let insert = "INSERT INTO indelible.audit_logs (trail_id, seq) VALUES ('default', 0)";
    assert!(code(&db, insert).await.is_some());
}
