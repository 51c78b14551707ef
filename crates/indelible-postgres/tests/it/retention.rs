//! What the guards let through when entries are removed, who may, and months that go whole.

use indelible_core::store::Verdict;
use indelible_core::{Store, StoreError, Timestamp};
use indelible_postgres::PostgresStore;

use crate::fixture::{Author, Database, Draft, code, draft, trail};

async fn trim(store: &impl Store, first_kept: u64) -> Result<u64, StoreError> {
    let (removal, name) = (store.removal().expect("it writes"), trail("default"));
    let mut reached = 0;
    while reached < first_kept {
        let next = removal.trim(&name, first_kept).await?;
        assert!(next > reached);
        reached = next;
    }
    Ok(reached)
}

#[tokio::test]
async fn t89_guards_let_nothing_go_but_what_lies_before_the_first_kept_entry() {
    let database = Database::new();
    let store = database.store().await;
    let mut author = Author::new("default");
    author.fill(&store, 0..600).await;
    assert_eq!(trim(&store, 300).await.expect("it trims"), 300);
    let superuser = database.client("postgres").await;
    for statement in [
        "DELETE FROM indelible.entry WHERE seq = 300",
        "DELETE FROM indelible.entry",
        "DELETE FROM indelible.event_id WHERE seq = 300",
        "DELETE FROM indelible.node WHERE height = 8",
        "DELETE FROM indelible.node WHERE height = 0",
        "DELETE FROM indelible.span WHERE height = 8 AND idx = 1",
        "DELETE FROM indelible.rollup",
        "UPDATE indelible.rollup SET count = count - 1",
        "DELETE FROM indelible.placement",
        "DELETE FROM indelible.head",
        "UPDATE indelible.kept SET first_kept = 299",
        "UPDATE indelible.kept SET first_kept = 601",
        "UPDATE indelible.kept SET owed = 1",
        "DELETE FROM indelible.kept",
        "TRUNCATE indelible.kept",
        "TRUNCATE indelible.entry",
    ] {
        let refused = code(&superuser, statement).await;
        assert_eq!(refused.as_deref(), Some("IDL01"), "{statement}");
    }
    let entries = store.entries(&trail("default"), 0..u64::MAX).await;
    let entries = entries.expect("it reads");
    assert!(entries.iter().map(|entry| entry.seq).eq(300..600));
    let condition = store.condition().await.expect("it answers");
    assert_eq!(condition.missing_guards, [""; 0]);
    assert_eq!(condition.stray_rows, [""; 0]);
}

#[tokio::test]
async fn an_applications_role_removes_nothing_and_an_eraser_does() {
    let database = Database::new();
    let store = database.store().await;
    let mut author = Author::new("default");
    author.fill(&store, 0..40).await;
    let writer = database.role("writer", &["indelible_writer"]);
    let eraser = database.role("eraser", &["indelible_writer", "indelible_eraser"]);
    let open = async |role: &str| {
        let address = database.address_as(role);
        PostgresStore::open(&address).await
    };
    let refused = trim(&open(&writer).await.expect("it opens"), 10).await;
    assert!(
        matches!(refused, Err(StoreError::Unsupported(_))),
        "{refused:?}"
    );
    let client = database.client(&writer).await;
    let by_hand = "SELECT indelible.trim_trail('default', 0, 10, '-infinity', 'infinity')";
    assert_eq!(code(&client, by_hand).await.as_deref(), Some("42501"));
    let own = open(&eraser).await.expect("it opens");
    assert_eq!(trim(&own, 10).await.expect("it trims"), 10);
    let client = database.client(&eraser).await;
    let by_hand = "DELETE FROM indelible.entry WHERE seq < 10";
    assert_eq!(code(&client, by_hand).await.as_deref(), Some("42501"));
}

#[tokio::test]
async fn t86_a_month_of_which_nothing_is_left_is_dropped() {
    let database = Database::new();
    let store = database.store().await;
    for month in ["2020-01", "2020-02"] {
        let name = format!("indelible.entry_y{}", month.replace('-', "m"));
        let next = match month {
            "2020-01" => "2020-02",
            _ => "2020-03",
        };
        database.0.execute(&format!(
            "CREATE TABLE {name} PARTITION OF indelible.entry FOR VALUES FROM \
             ('{month}-01 00:00:00+00') TO ('{next}-01 00:00:00+00'); \
             CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON {name} \
             FOR EACH STATEMENT EXECUTE FUNCTION indelible.refuse(); \
             ALTER TABLE {name} ENABLE ALWAYS TRIGGER guard_update, \
             ENABLE ALWAYS TRIGGER guard_delete, ENABLE ALWAYS TRIGGER guard_truncate; \
             ALTER TABLE {name} OWNER TO indelible_owner"
        ));
    }
    let before = database.partitions();
    let mut author = Author::new("default");
    for (numbers, day) in [(0..700, "2020-01-15"), (700..800, "2020-02-15")] {
        let time: Timestamp = format!("{day}T00:00:00Z").parse().expect("a time");
        let of_day = |number| Draft {
            micros: time.as_micros(),
            ..draft(number)
        };
        let verdict = author.record(&store, numbers.map(of_day)).await;
        assert_eq!(verdict.expect("it is written"), Verdict::Committed);
    }
    assert_eq!(trim(&store, 699).await.expect("it trims"), 699);
    assert_eq!(database.partitions(), before, "one entry is left in it");
    assert_eq!(trim(&store, 750).await.expect("it trims"), 750);
    let mut expected = before;
    expected.retain(|name| name != "entry_y2020m01");
    assert_eq!(database.partitions(), expected);
    let left = store.entries(&trail("default"), 0..u64::MAX).await;
    assert!(left.expect("it reads").iter().map(|e| e.seq).eq(750..800));
    let condition = store.condition().await.expect("it answers");
    assert_eq!(condition.stray_rows, [""; 0]);
    assert_eq!(condition.partition_problem, None);
    assert_eq!(condition.missing_guards, [""; 0]);
}

#[tokio::test]
async fn t86_months_are_dropped_as_others_left_them_whatever_the_sessions_level() {
    let database = Database::new();
    let level = "SET default_transaction_isolation = 'repeatable read'";
    database
        .0
        .execute(&format!("ALTER DATABASE {} {level}", database.0.name()));
    let store = database.store().await;
    let mut author = Author::new("default");
    author.fill(&store, 0..40).await;
    // In the place of the function that drops them, one that tells how it is called.
    database.0.execute(
        "CREATE TABLE public.called (level text); GRANT INSERT ON public.called TO PUBLIC; \
         CREATE OR REPLACE FUNCTION indelible.drop_expired_partitions() RETURNS SETOF text \
         LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$ BEGIN \
         INSERT INTO public.called VALUES (current_setting('transaction_isolation')); \
         END $body$",
    );
    assert_eq!(trim(&store, 40).await.expect("it trims"), 40);
    let called = database.0.query_text("SELECT level FROM public.called");
    let called: Vec<_> = called.into_iter().flatten().flatten().collect();
    assert_eq!(called, ["read committed"]);
}
