//! Statements put together from conditions, with their values.

use std::sync::Arc;

use tokio_postgres::types::{ToSql, Type};

use super::Search;
use super::way::Way;
use crate::connection::Param;
use crate::placement::Stretch;
use crate::read::signed;

type Value = Arc<dyn ToSql + Send + Sync>;

/// A statement in the making. Texts from outside are values, never part of its text.
#[derive(Clone, Default)]
pub(super) struct Statement {
    pub(super) sql: String,
    values: Vec<(Value, Type)>,
}

impl Statement {
    /// A value; the text to use for it, `$1` and so on.
    pub(super) fn value(
        &mut self,
        value: impl ToSql + Send + Sync + 'static,
        kind: Type,
    ) -> String {
        self.values.push((Arc::new(value), kind));
        format!("${}", self.values.len())
    }

    /// The values, typed.
    pub(super) fn params(&self) -> Vec<Param<'_>> {
        let params = self.values.iter();
        params
            .map(|(value, kind)| (&**value as &(dyn ToSql + Sync), kind.clone()))
            .collect()
    }

    /// The conditions that lead to seqs of a trail and the partitions they lie in.
    pub(super) fn place(&mut self, search: Search<'_>, stretch: &Stretch) -> Place {
        let (first, end) = (signed(stretch.seqs.start), signed(stretch.seqs.end));
        let trail = self.value(search.trail.as_str().to_owned(), Type::TEXT);
        let from = self.value(stretch.from, Type::TIMESTAMPTZ);
        let to = self.value(stretch.to, Type::TIMESTAMPTZ);
        Place {
            first,
            end,
            bounds: [self.value(first, Type::INT8), self.value(end, Type::INT8)],
            created: format!("e.created_at >= {from} AND e.created_at < {to}"),
            trail,
            way: search.way,
            order: search.way.either("DESC", "ASC"),
        }
    }
}

/// Where to look: the seqs, and the conditions that lead to them.
pub(super) struct Place {
    pub(super) first: i64,
    /// One more than the last.
    pub(super) end: i64,
    pub(super) way: Way,
    /// The order of the way, by seq.
    pub(super) order: &'static str,
    pub(super) trail: String,
    pub(super) bounds: [String; 2],
    /// What leaves but the partitions that are needed.
    created: String,
}

impl Place {
    /// The trail and the seqs of a table.
    pub(super) fn seqs(&self, table: &str) -> String {
        let (trail, [first, end]) = (&self.trail, &self.bounds);
        format!("{table}.trail_id = {trail} AND {table}.seq >= {first} AND {table}.seq < {end}")
    }

    /// The entries there.
    pub(super) fn entries(&self) -> String {
        format!("{} AND {}", self.seqs("e"), self.created)
    }

    /// The entries of the trail in the partitions, whatever their seqs.
    pub(super) fn anywhere(&self) -> String {
        format!("e.trail_id = {} AND {}", self.trail, self.created)
    }

    /// The entry that has the seq of `table`.
    pub(super) fn entry_of(&self, table: &str) -> String {
        let Self { trail, created, .. } = self;
        format!("e.trail_id = {trail} AND e.seq = {table}.seq AND {created}")
    }
}
