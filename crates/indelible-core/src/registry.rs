//! The seam to operational state: API keys, sessions, leases, cursors. Not evidence.

use async_trait::async_trait;
use serde_json::Value;

use crate::store::StoreError;

/// A small table of JSON values by kind and key, with compare-and-swap.
///
/// Every method may be called from many tasks and processes at once; an `Ok` is durable.
#[async_trait]
pub trait Registry: Send + Sync + 'static {
    /// The value at `kind`, `key` and its version.
    async fn get(&self, kind: &str, key: &str) -> Result<Option<Versioned>, StoreError>;

    /// All of one kind, by the bytes of their keys.
    async fn list(&self, kind: &str) -> Result<Vec<(String, Versioned)>, StoreError>;

    /// Writes `value` (removes the row where it is `None`) if the version there is `expected`
    /// (`None`: no row). Answers the new version, 0 after a removal, or `None` where another
    /// version stands there and nothing was written. Removing a row that is not there with
    /// `expected` `None` answers 0. A row that is made again begins at version 1: where that could
    /// be taken for the old one, put something into the value that tells them apart.
    async fn put(
        &self,
        kind: &str,
        key: &str,
        expected: Option<u64>,
        value: Option<&Value>,
    ) -> Result<Option<u64>, StoreError>;
}

/// A value with the number of times it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Versioned {
    /// 1 for the first write, one more for each later one.
    pub version: u64,
    /// The value.
    pub value: Value,
}
