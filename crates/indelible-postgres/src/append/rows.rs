//! The rows of a commit as statements, each for all rows of one table.

use indelible_core::store::{Commit, Parent};
use tokio_postgres::types::Type;

use super::Batch;
use crate::connection::Param;
use crate::placement::Month;
use crate::row::{Day, Moment};
use crate::sql;

/// One statement and how many rows it must write.
pub(super) struct Statement<'a> {
    pub(super) table: &'static str,
    pub(super) sql: &'static str,
    pub(super) params: Vec<Param<'a>>,
    pub(super) rows: u64,
}

/// What the statements borrow, beside the batch.
pub(super) struct Rows<'a> {
    batch: &'a Batch<'a>,
    parent: Option<ParentRow>,
    nodes: (Vec<i16>, Vec<i64>, Vec<&'a [u8]>),
    spans: (Vec<i16>, Vec<i64>, Vec<Moment>, Vec<Moment>),
    placements: (Vec<i64>, Vec<Day>),
    rollups: (Vec<i64>, Vec<&'a str>, Vec<&'a str>, Vec<i64>),
}

struct ParentRow {
    size: i64,
    root: Vec<u8>,
    incarnation: i32,
}

impl<'a> Rows<'a> {
    /// The rows of a batch whose trail ended in the month `before`.
    pub(super) fn new(batch: &'a Batch<'a>, before: Option<Month>) -> Self {
        let commit: &Commit = batch.commit;
        let mut rows = Self {
            batch,
            parent: commit.parent.map(ParentRow::of),
            nodes: Default::default(),
            spans: Default::default(),
            placements: batch.placements(before),
            rollups: Default::default(),
        };
        for (node, hash) in &commit.nodes {
            rows.nodes.0.push(node.height.into());
            rows.nodes.1.push(node.index.cast_signed());
            rows.nodes.2.push(hash.as_bytes());
        }
        for span in &commit.spans {
            rows.spans.0.push(span.height.into());
            rows.spans.1.push(span.index.cast_signed());
            rows.spans.2.push(Moment(span.earliest));
            rows.spans.3.push(Moment(span.latest));
        }
        for rollup in &commit.rollups {
            rows.rollups.0.push(rollup.hour);
            rows.rollups.1.push(&rollup.action);
            rows.rollups.2.push(rollup.outcome.as_str());
            rows.rollups.3.push(rollup.count.cast_signed());
        }
        rows
    }

    /// The statements, that of the head first.
    pub(super) fn statements(&self) -> Vec<Statement<'_>> {
        let entries = &self.batch.entries;
        let ids: [Param<'_>; 2] = [
            (&entries.ids, Type::UUID_ARRAY),
            (&entries.seqs, Type::INT8_ARRAY),
        ];
        let mut statements = vec![
            self.head(),
            self.insert("event_id", sql::EVENT_ID_INSERT, ids, entries.ids.len()),
            self.insert(
                "entry",
                sql::ENTRY_INSERT,
                entries.params(),
                entries.ids.len(),
            ),
        ];
        let tags: [Param<'_>; 2] = [
            (&self.batch.tags, Type::TEXT_ARRAY),
            (&self.batch.tag_seqs, Type::INT8_ARRAY),
        ];
        let nodes: [Param<'_>; 3] = [
            (&self.nodes.0, Type::INT2_ARRAY),
            (&self.nodes.1, Type::INT8_ARRAY),
            (&self.nodes.2, Type::BYTEA_ARRAY),
        ];
        let spans: [Param<'_>; 4] = [
            (&self.spans.0, Type::INT2_ARRAY),
            (&self.spans.1, Type::INT8_ARRAY),
            (&self.spans.2, Type::TIMESTAMPTZ_ARRAY),
            (&self.spans.3, Type::TIMESTAMPTZ_ARRAY),
        ];
        let placements: [Param<'_>; 2] = [
            (&self.placements.0, Type::INT8_ARRAY),
            (&self.placements.1, Type::DATE_ARRAY),
        ];
        let rollups: [Param<'_>; 4] = [
            (&self.rollups.0, Type::INT8_ARRAY),
            (&self.rollups.1, Type::TEXT_ARRAY),
            (&self.rollups.2, Type::TEXT_ARRAY),
            (&self.rollups.3, Type::INT8_ARRAY),
        ];
        statements.extend([
            self.insert("tag", sql::TAG_INSERT, tags, self.batch.tags.len()),
            self.insert("node", sql::NODE_INSERT, nodes, self.nodes.0.len()),
            self.insert("span", sql::SPAN_INSERT, spans, self.spans.0.len()),
            self.insert(
                "placement",
                sql::PLACEMENT_INSERT,
                placements,
                self.placements.0.len(),
            ),
            self.insert("rollup", sql::ROLLUP_UPSERT, rollups, self.rollups.0.len()),
        ]);
        statements.retain(|statement| statement.rows > 0);
        statements
    }

    fn head(&self) -> Statement<'_> {
        let head = &self.batch.head;
        let mut params = self.of_head();
        params.extend::<[Param<'_>; 5]>([
            (&head.frontier, Type::BYTEA),
            (&head.key, Type::TEXT),
            (&head.incarnation, Type::INT4),
            (&head.incarnation_start, Type::INT8),
            (&head.mac, Type::BYTEA),
        ]);
        let sql = match &self.parent {
            None => sql::HEAD_INSERT,
            Some(parent) => {
                params.extend::<[Param<'_>; 3]>([
                    (&parent.size, Type::INT8),
                    (&parent.root, Type::BYTEA),
                    (&parent.incarnation, Type::INT4),
                ]);
                sql::HEAD_UPDATE
            }
        };
        Statement {
            table: "head",
            sql,
            params,
            rows: 1,
        }
    }

    fn insert<'s, const N: usize>(
        &'s self,
        table: &'static str,
        sql: &'static str,
        columns: [Param<'s>; N],
        rows: usize,
    ) -> Statement<'s> {
        let mut params = self.of_head();
        params.extend(columns);
        Statement {
            table,
            sql,
            params,
            rows: rows as u64,
        }
    }

    /// The values $1 to $3 of every statement: the head that the commit makes.
    fn of_head(&self) -> Vec<Param<'_>> {
        let head = &self.batch.head;
        vec![
            (&head.trail, Type::TEXT),
            (&head.size, Type::INT8),
            (&head.root, Type::BYTEA),
        ]
    }
}

impl ParentRow {
    fn of(parent: Parent) -> Self {
        Self {
            size: parent.size.cast_signed(),
            root: parent.root.as_bytes().to_vec(),
            incarnation: parent.incarnation.cast_signed(),
        }
    }
}
