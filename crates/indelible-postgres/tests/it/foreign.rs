//! Triggers and rules that somebody else put on the tables: nothing is left out unseen.

use indelible_core::Store;
use indelible_core::store::{StoreError, Verdict};
use indelible_postgres::{Options, PostgresStore};

use crate::appending::assert_sound;
use crate::fixture::{Author, Database, draft};

#[tokio::test]
async fn rows_that_a_foreign_trigger_or_rule_swallows_take_the_commit_with_them() {
    let database = Database::new();
    let store = database.store().await;
    let mut author = Author::new("default");
    author.fill(&store, 0..300).await;
    database.0.execute(
        "CREATE FUNCTION public.swallow() RETURNS trigger LANGUAGE plpgsql AS \
         'BEGIN RETURN NULL; END'",
    );
    // Enough to complete a block, so that there are rows for every table.
    let drafts = || {
        (300..600).map(|number| {
            let mut draft = draft(number);
            draft.tags = vec!["data.personal".to_owned()];
            draft
        })
    };
    let mut swallowed = Vec::new();
    for table in ["event_id", "entry", "tag", "node", "span", "rollup", "head"] {
        for (make, drop) in [
            (
                format!(
                    "CREATE TRIGGER thief BEFORE INSERT OR UPDATE ON indelible.{table} \
                     FOR EACH ROW EXECUTE FUNCTION public.swallow()"
                ),
                format!("DROP TRIGGER thief ON indelible.{table}"),
            ),
            (
                format!("CREATE RULE thief AS ON INSERT TO indelible.{table} DO INSTEAD NOTHING"),
                format!("DROP RULE thief ON indelible.{table}"),
            ),
        ] {
            if table == "head" || (table == "rollup" && make.contains("RULE")) {
                // A head that does not move is one that others moved; a rule stands in the way
                // of every ON CONFLICT, and is refused by the server itself.
                continue;
            }
            database.0.execute(&make);
            let error = author.record(&store, drafts()).await;
            swallowed.push((make, error));
            database.0.execute(&drop);
            assert_eq!(assert_sound(&store, "default").await, 300, "{table}");
        }
    }
    for (made, error) in swallowed {
        assert!(
            matches!(error, Err(StoreError::Corrupt { .. })),
            "{made}: {error:?}"
        );
        let told = error.expect_err("refused").to_string();
        assert!(told.contains("doctor"), "{told}");
    }
    let verdict = author.record(&store, drafts()).await;
    assert_eq!(verdict.expect("nothing is left"), Verdict::Committed);
    assert_eq!(assert_sound(&store, "default").await, 600);
}

#[tokio::test]
async fn a_foreign_trigger_that_raises_takes_the_commit_with_it() {
    let database = Database::new();
    let store = database.store().await;
    let mut author = Author::new("default");
    author.fill(&store, 0..3).await;
    database.0.execute(
        "CREATE FUNCTION public.object() RETURNS trigger LANGUAGE plpgsql AS \
         'BEGIN RAISE EXCEPTION ''not here''; END'; \
         CREATE TRIGGER thief AFTER INSERT ON indelible.rollup \
         FOR EACH STATEMENT EXECUTE FUNCTION public.object()",
    );
    let error = author.record(&store, [draft(3)]).await;
    assert!(
        matches!(&error, Err(StoreError::Backend { .. })),
        "{error:?}"
    );
    // At the COMMIT itself, when everything was written.
    database.0.execute(
        "DROP TRIGGER thief ON indelible.rollup; \
         CREATE CONSTRAINT TRIGGER thief AFTER INSERT ON indelible.event_id \
         DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.object()",
    );
    let error = author.record(&store, [draft(3)]).await;
    assert!(error.is_err(), "{error:?}");
    database
        .0
        .execute("DROP TRIGGER thief ON indelible.event_id");
    assert_eq!(assert_sound(&store, "default").await, 3);
    author.fill(&store, 3..5).await;
    assert_eq!(assert_sound(&store, "default").await, 5);
}

#[tokio::test]
async fn a_guard_that_is_broken_meanwhile_is_named_and_opens_for_no_writer() {
    let database = Database::new();
    let store = database.store().await;
    let mut author = Author::new("default");
    author.fill(&store, 0..3).await;
    database
        .0
        .execute("ALTER TABLE indelible.event_id DISABLE TRIGGER guard_delete");
    let condition = store.condition().await.expect("it answers");
    let named = condition.missing_guards.join("\n");
    assert!(named.contains("event_id"), "{named}");
    let opened = PostgresStore::open(&database.address()).await;
    assert!(matches!(opened, Err(StoreError::Corrupt { .. })));
    let options = Options {
        read_only: true,
        ..Options::default()
    };
    let reading = PostgresStore::open_with(&database.address(), &options).await;
    assert_sound(&reading.expect("it opens"), "default").await;
}
