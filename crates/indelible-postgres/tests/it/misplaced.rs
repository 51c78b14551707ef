//! Rows that are damaged, or that stand where no writer puts them.

use indelible_core::filter::Filter;
use indelible_core::store::{Projected, ProjectionKind};
use indelible_core::{Store, StoreError};

use crate::fixture::{Author, Database, all, trail};

#[tokio::test]
async fn a_row_that_cannot_be_read_names_its_entry() {
    let database = Database::new();
    let store = database.store().await;
    Author::new("default").fill(&store, 0..5).await;
    database.0.execute(
        "ALTER TABLE indelible.entry DISABLE TRIGGER ALL;
        UPDATE indelible.entry SET outcome = 'perhaps' WHERE seq = 3",
    );
    for error in [
        store
            .entries(&trail("default"), 0..5)
            .await
            .expect_err("it is damaged"),
        store
            .find(&trail("default"), &all(Filter::default()))
            .await
            .expect_err("it is damaged"),
    ] {
        let StoreError::Corrupt { what, seq, .. } = error else {
            panic!("{error:?}")
        };
        assert_eq!((what.as_str(), seq), ("outcome", Some(3)));
    }
    database
        .0
        .execute("DELETE FROM indelible.entry WHERE seq = 3");
    let there = store
        .entries(&trail("default"), 0..5)
        .await
        .expect("the others are there");
    assert_eq!(there.len(), 4);
    let error = store.find(&trail("default"), &all(Filter::default())).await;
    assert!(
        matches!(error, Err(StoreError::Corrupt { seq: Some(3), .. })),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_row_beside_its_place_is_heard_of() {
    let database = Database::new();
    let store = database.store().await;
    Author::new("default").fill(&store, 0..5).await;
    let name = trail("default");
    let insert = |months| {
        database.0.execute(&format!(
            "ALTER TABLE indelible.entry DISABLE TRIGGER ALL;
            CREATE TEMP TABLE copied AS SELECT * FROM indelible.entry WHERE seq = 2 LIMIT 1;
            UPDATE copied SET created_at = created_at + interval '{months}' + interval '1 second';
            INSERT INTO indelible.entry SELECT * FROM copied"
        ));
    };
    insert("0");
    let there = store.entries(&name, 0..9).await.expect("it reads");
    let seqs: Vec<u64> = there.iter().map(|entry| entry.seq).collect();
    assert_eq!(
        seqs,
        [0, 1, 2, 2, 3, 4],
        "two rows of one entry are both there"
    );
    let leaves = store.hashes(&name, 0, 2..3).await.expect("it reads");
    assert_eq!(leaves.len(), 2);
    let kind = ProjectionKind::Term;
    let terms = store
        .projection(&name, kind, None, 1000)
        .await
        .expect("it reads");
    let of_row = terms.len() / there.len();
    assert_eq!(
        terms.len(),
        there.len() * of_row,
        "and so are the index rows of both"
    );

    insert("3 months");
    let there = store.entries(&name, 0..9).await.expect("it reads");
    assert_eq!(there.len(), 6, "in another month nobody looks for it");
    let error = store.projection(&name, kind, None, 1000).await;
    let error = error.expect_err("verification reads this, and is told");
    assert!(
        matches!(error, StoreError::Corrupt { seq: Some(2), .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn rows_beyond_the_head_are_read_wherever_they_lie() {
    let database = Database::new();
    let store = database.store().await;
    Author::new("default").fill(&store, 0..5).await;
    database.0.execute(
        "CREATE TEMP TABLE copied AS SELECT * FROM indelible.entry WHERE seq = 4;
        UPDATE copied SET created_at = created_at + interval '5 months', seq = seq + 1000;
        INSERT INTO indelible.entry SELECT * FROM copied;
        INSERT INTO indelible.tag VALUES ('default', 'x', 7000)",
    );
    let name = trail("default");
    let there = store.entries(&name, 2..5000).await.expect("it reads");
    assert!(there.iter().map(|entry| entry.seq).eq([2, 3, 4, 1004]));
    let leaves = store.hashes(&name, 0, 5..u64::MAX).await.expect("it reads");
    assert!(leaves.iter().map(|(seq, _)| *seq).eq([1004]));
    let kind = ProjectionKind::Term;
    let terms = store
        .projection(&name, kind, None, 1000)
        .await
        .expect("it reads");
    let seqs: std::collections::BTreeSet<u64> = terms
        .iter()
        .map(|row| match row {
            Projected::Term(term) => term.seq,
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(seqs.into_iter().eq([0, 1, 2, 3, 4, 1004, 7000]));
    let found = store
        .find(&name, &all(Filter::default()))
        .await
        .expect("it finds");
    assert_eq!(found.len(), 5, "a search answers what the head vouches for");
}
