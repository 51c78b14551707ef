//! Finding entries.
use indelible_core::TrailName;
use indelible_core::entry::StoredEntry;
use indelible_core::store::*;
use crate::error::backend;
use crate::store::PostgresStore;
pub(crate) async fn find(_: &PostgresStore, _: &TrailName, _: &Find) -> Result<Vec<StoredEntry>, StoreError> { Err(backend("stub")) }
