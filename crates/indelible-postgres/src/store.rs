//! The store: every method of the port and where it is done.

use std::ops::Range;

use async_trait::async_trait;
use indelible_core::TrailName;
use indelible_core::entry::StoredEntry;
use indelible_core::store::{
    Commit, Condition, Find, Head, Projected, ProjectionKind, Removal, Rollup, Span, Store,
    StoreError, Verdict,
};
use indelible_merkle::Hash;
use uuid::Uuid;

use crate::address::Address;
use crate::append::{self, Unsettled};
use crate::connection::Connections;
use crate::partition::Partitions;
use crate::placement::Placements;
use crate::{condition, projection, read, retention};

/// Trails in one PostgreSQL database.
///
/// Its methods run inside a tokio runtime with time and network. Any number of stores, in this
/// process and others, on this host and others, may have the same database open.
pub struct PostgresStore {
    pub(crate) address: Address,
    pub(crate) connections: Connections,
    /// What begins a transaction that writes.
    pub(crate) begin: String,
    pub(crate) read_only: bool,
    pub(crate) placements: Placements,
    pub(crate) partitions: Partitions,
    pub(crate) unsettled: Unsettled,
}

impl PostgresStore {
    pub(crate) fn writable(&self) -> Result<(), StoreError> {
        match self.read_only {
            true => Err(StoreError::Unsupported(
                "the database is open for reading only".into(),
            )),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn heads(&self) -> Result<Vec<Head>, StoreError> {
        read::heads(&self.connections.lend().await?).await
    }

    async fn head(&self, trail: &TrailName) -> Result<Option<Head>, StoreError> {
        read::head(&self.connections.lend().await?, trail).await
    }

    async fn first_kept(&self, trail: &TrailName) -> Result<u64, StoreError> {
        retention::first_kept(&self.connections.lend().await?, trail).await
    }

    async fn append(&self, commits: &[Commit]) -> Result<Vec<Verdict>, StoreError> {
        self.writable()?;
        append::append(self, commits).await
    }

    async fn entries(
        &self,
        trail: &TrailName,
        range: Range<u64>,
    ) -> Result<Vec<StoredEntry>, StoreError> {
        read::entries(self, trail, range).await
    }

    async fn seqs(&self, trail: &TrailName, ids: &[Uuid]) -> Result<Vec<Option<u64>>, StoreError> {
        self.unsettled.settle(self, trail).await?;
        read::seqs(&self.connections.lend().await?, trail, ids).await
    }

    async fn find(&self, trail: &TrailName, wanted: &Find) -> Result<Vec<StoredEntry>, StoreError> {
        retention::find(self, trail, wanted).await
    }

    async fn hashes(
        &self,
        trail: &TrailName,
        height: u8,
        range: Range<u64>,
    ) -> Result<Vec<(u64, Hash)>, StoreError> {
        read::hashes(self, trail, height, range).await
    }

    async fn spans(
        &self,
        trail: &TrailName,
        height: u8,
        range: Range<u64>,
    ) -> Result<Vec<Span>, StoreError> {
        read::spans(&self.connections.lend().await?, trail, height, range).await
    }

    fn keeps_index_rows(&self) -> bool {
        false
    }

    async fn rollups(
        &self,
        trail: &TrailName,
        hours: Range<i64>,
    ) -> Result<Vec<Rollup>, StoreError> {
        read::rollups(&self.connections.lend().await?, trail, hours).await
    }

    async fn projection(
        &self,
        trail: &TrailName,
        kind: ProjectionKind,
        after: Option<&Projected>,
        limit: usize,
    ) -> Result<Vec<Projected>, StoreError> {
        projection::page(self, trail, kind, after, limit).await
    }

    fn removal(&self) -> Option<&dyn Removal> {
        match self.read_only {
            true => None,
            false => Some(self),
        }
    }

    async fn condition(&self) -> Result<Condition, StoreError> {
        condition::condition(self).await
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.partitions.ended().await;
        self.connections.close();
        Ok(())
    }
}
