//! `condition` and `close`.

use crate::database::Database;
use crate::fixture::{Author, draft};
use crate::handle::Handle;

/// A database that was just made says what and where it is, has every migration and every guard.
pub async fn a_fresh_database_is_in_good_condition(database: &dyn Database) {
    let store = database.open().await;
    let condition = store.condition().await.expect("condition answers");
    assert!(
        !condition.engine.is_empty() && !condition.location.is_empty(),
        "{condition:?}"
    );
    assert!(condition.schema_version > 0, "{condition:?}");
    assert!(condition.pending_migrations.is_empty(), "{condition:?}");
    assert!(condition.missing_guards.is_empty(), "{condition:?}");
}

/// Writing does not change what stands guard.
pub async fn a_database_in_use_is_in_good_condition(database: &dyn Database) {
    let store = database.open().await;
    let before = store.condition().await.expect("condition answers");
    let mut author = Author::new("t");
    author
        .record(&Handle::on(store.clone()), (0..300).map(draft))
        .await;
    let after = store.condition().await.expect("condition answers");
    assert_eq!(after.schema_version, before.schema_version);
    assert_eq!(after.engine, before.engine);
    assert!(
        after.pending_migrations.is_empty() && after.missing_guards.is_empty(),
        "{after:?}"
    );
    assert!(after.bytes >= before.bytes, "{after:?} after {before:?}");
}

/// A store on which nothing was done can be closed.
pub async fn an_idle_store_can_be_closed(database: &dyn Database) {
    Handle::open(database).await.close().await;
}
