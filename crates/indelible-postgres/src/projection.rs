//! The rows of the projections, page by page.
//!
//! Ids, nodes, spans and rollups come in the order of their keys. Index rows are no table here:
//! first come the indexed columns of the entries by seq, then the tags by tag. Both are the order
//! of a key, so that every page is read where it begins.

use indelible_core::TrailName;
use indelible_core::store::{NO_USER, Projected, ProjectionKind, StoreError, Term, TermField};
use indelible_merkle::{Hash, NodeId};
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

use crate::connection::{Lent, Param};
use crate::error::{backend, corrupt};
use crate::read::{self, Place, by_index, each, signed};
use crate::row::{array, cell, number};
use crate::store::PostgresStore;

/// The columns that give index rows, after the seq.
const COLUMNS: &str = "\
e.seq, e.user_id, e.action, e.resource_type, e.resource_id, e.ip_address, e.correlation_id, \
e.outcome";
/// Index rows of an entry at least, and entries read at once at most.
const TERMS_MIN: usize = 4;
const ENTRIES_MAX: usize = 8192;

pub(crate) async fn page(
    store: &PostgresStore,
    trail: &TrailName,
    kind: ProjectionKind,
    after: Option<&Projected>,
    limit: usize,
) -> Result<Vec<Projected>, StoreError> {
    if limit == 0 {
        return Ok(Vec::new());
    }
    let lent = store.connections.lend().await?;
    let page = Page {
        store,
        lent: &lent,
        trail,
        limit,
    };
    match (kind, after) {
        (ProjectionKind::Id, None) => page.ids(">=", Uuid::nil()).await,
        (ProjectionKind::Id, Some(Projected::Id { id, .. })) => page.ids(">", *id).await,
        (ProjectionKind::Node, None) => page.nodes(-1, -1).await,
        (ProjectionKind::Node, Some(Projected::Node { node, .. })) => {
            page.nodes(node.height.into(), signed(node.index)).await
        }
        (ProjectionKind::Span, None) => page.spans(-1, -1).await,
        (ProjectionKind::Span, Some(Projected::Span(span))) => {
            page.spans(span.height.into(), signed(span.index)).await
        }
        (ProjectionKind::Rollup, None) => page.rollups(">=", (i64::MIN, "", "")).await,
        (ProjectionKind::Rollup, Some(Projected::Rollup(row))) => {
            let key = (row.hour, &*row.action, row.outcome.as_str());
            page.rollups(">", key).await
        }
        (ProjectionKind::Term, None) => page.terms(None).await,
        (ProjectionKind::Term, Some(Projected::Term(term))) => page.terms(Some(term)).await,
        (kind, Some(other)) => Err(backend(format!(
            "{other:?} is no row of the projection {kind:?}"
        ))),
    }
}

/// A page in the making.
struct Page<'a> {
    store: &'a PostgresStore,
    lent: &'a Lent,
    trail: &'a TrailName,
    limit: usize,
}

impl Page<'_> {
    /// The rows of a statement whose value $1 is the trail and whose last is the limit.
    async fn rows(&self, sql: &str, key: &[Param<'_>]) -> Result<Vec<Row>, StoreError> {
        let (trail, limit) = (self.trail.as_str(), signed(self.limit as u64));
        let mut params: Vec<Param<'_>> = vec![(&trail, Type::TEXT)];
        params.extend(
            key.iter()
                .map(|(value, kind)| (*value as &(dyn ToSql + Sync), kind.clone())),
        );
        params.push((&limit, Type::INT8));
        by_index(self.lent, sql, &params).await
    }

    async fn ids(&self, than: &str, id: Uuid) -> Result<Vec<Projected>, StoreError> {
        let sql = format!(
            "SELECT id, seq FROM indelible.event_id WHERE trail_id = $1 AND id {than} $2 \
             ORDER BY id LIMIT $3"
        );
        each(self.rows(&sql, &[(&id, Type::UUID)]).await?, |row| {
            let seq = number(row, 1, "an id", None)?;
            let id = cell(row, 0, "an id", Some(seq))?;
            Ok(Projected::Id { id, seq })
        })
    }

    async fn nodes(&self, height: i16, index: i64) -> Result<Vec<Projected>, StoreError> {
        let sql = "\
SELECT height, idx, hash FROM indelible.node WHERE trail_id = $1 AND (height, idx) > ($2, $3) \
ORDER BY height, idx LIMIT $4";
        let key: [Param<'_>; 2] = [(&height, Type::INT2), (&index, Type::INT8)];
        each(self.rows(sql, &key).await?, |row| {
            let node = NodeId {
                height: read::small(row, 0, "a node")?,
                index: number(row, 1, "a node", None)?,
            };
            let seq = read::first_seq(node.height, node.index);
            let hash = Hash::from_bytes(array(row, 2, "a node", seq)?);
            Ok(Projected::Node { node, hash })
        })
    }

    async fn spans(&self, height: i16, index: i64) -> Result<Vec<Projected>, StoreError> {
        let sql = "\
SELECT height, idx, earliest, latest FROM indelible.span \
WHERE trail_id = $1 AND (height, idx) > ($2, $3) ORDER BY height, idx LIMIT $4";
        let key: [Param<'_>; 2] = [(&height, Type::INT2), (&index, Type::INT8)];
        each(self.rows(sql, &key).await?, |row| {
            read::span(row).map(Projected::Span)
        })
    }

    async fn rollups(
        &self,
        than: &str,
        (hour, action, outcome): (i64, &str, &str),
    ) -> Result<Vec<Projected>, StoreError> {
        let sql = format!(
            "SELECT hour, action, outcome, count FROM indelible.rollup \
             WHERE trail_id = $1 AND (hour, action, outcome) {than} ($2, $3, $4) \
             ORDER BY hour, action, outcome LIMIT $5"
        );
        let key: [Param<'_>; 3] = [
            (&hour, Type::INT8),
            (&action, Type::TEXT),
            (&outcome, Type::TEXT),
        ];
        each(self.rows(&sql, &key).await?, |row| {
            read::rollup(row).map(Projected::Rollup)
        })
    }

    async fn terms(&self, after: Option<&Term>) -> Result<Vec<Projected>, StoreError> {
        let mut terms = Vec::new();
        let tag = after.filter(|term| term.field == TermField::Tag);
        if tag.is_none() {
            if after.is_none() {
                self.refuse_strays().await?;
            }
            self.columns(after, &mut terms).await?;
        }
        let left = self.limit - terms.len();
        if left > 0 {
            let page = Page {
                limit: left,
                ..*self
            };
            terms.extend(page.tags(tag).await?);
        }
        Ok(terms.into_iter().map(Projected::Term).collect())
    }

    async fn tags(&self, after: Option<&Term>) -> Result<Vec<Term>, StoreError> {
        let sql = "\
SELECT tag, seq FROM indelible.tag WHERE trail_id = $1 AND (tag, seq) > ($2, $3) \
ORDER BY tag, seq LIMIT $4";
        let (tag, seq) = after.map_or((&[][..], -1), |term| (&term.value, signed(term.seq)));
        let tag = std::str::from_utf8(tag).map_err(backend)?;
        let key: [Param<'_>; 2] = [(&tag, Type::TEXT), (&seq, Type::INT8)];
        each(self.rows(sql, &key).await?, |row| {
            let seq = number(row, 1, "a tag", None)?;
            let value: &str = cell(row, 0, "a tag", Some(seq))?;
            Ok(Term {
                field: TermField::Tag,
                value: value.as_bytes().to_vec(),
                seq,
            })
        })
    }

    /// Index rows of the entries' columns, by seq, field and value.
    async fn columns(&self, after: Option<&Term>, into: &mut Vec<Term>) -> Result<(), StoreError> {
        let start = after.map_or(0, |term| term.seq);
        let places = read::places(self.store, self.lent, self.trail, start..u64::MAX).await?;
        for place in places {
            let mut at = place.first;
            while at < place.end && into.len() < self.limit {
                let lacking = (self.limit - into.len()) / (TERMS_MIN + 1) + TERMS_MIN;
                let width = signed(lacking.min(ENTRIES_MAX) as u64);
                let window = place.window(at, at.saturating_add(width).min(place.end));
                let rows = self.select(&window, COLUMNS, "ORDER BY e.seq").await?;
                at = match rows.is_empty() {
                    false => window.end,
                    // Whatever gap there is is jumped over.
                    true => match self.next_row(&place.window(window.end, place.end)).await? {
                        Some(seq) => seq,
                        None => break,
                    },
                };
                self.take(&rows, after, into)?;
            }
        }
        Ok(())
    }

    fn take(
        &self,
        rows: &[Row],
        after: Option<&Term>,
        into: &mut Vec<Term>,
    ) -> Result<(), StoreError> {
        let key = |term: &Term| (term.seq, term.field, term.value.clone());
        let after = after.map(key);
        let mut terms = Vec::with_capacity(rows.len() * (TERMS_MIN + 1));
        for row in rows {
            terms_of(row, &mut terms)?;
        }
        terms.sort_by(|a, b| (a.seq, a.field, &a.value).cmp(&(b.seq, b.field, &b.value)));
        let first = match &after {
            Some(after) => terms.partition_point(|term| key(term) <= *after),
            None => 0,
        };
        let room = self.limit - into.len();
        into.extend(terms.into_iter().skip(first).take(room));
        Ok(())
    }

    /// A row that lies where no reader looks for it is no row of the trail, but the view shows it.
    async fn refuse_strays(&self) -> Result<(), StoreError> {
        let size = read::size(self.lent, self.trail).await?;
        let placements = &self.store.placements;
        let stretches = placements.of(self.lent, self.trail, 0..size, size).await?;
        let mut end = 0;
        for stretch in &stretches {
            let unplaced = Place::anywhere(self.trail, end..stretch.seqs.start);
            end = stretch.seqs.end;
            let sql = "\
SELECT e.seq FROM indelible.entry AS e WHERE e.trail_id = $1 AND e.seq >= $2 AND e.seq < $3 \
AND (e.created_at < $4 OR e.created_at >= $5) ORDER BY e.seq LIMIT 1";
            let place = Place::of(self.trail, stretch);
            let params = place.params();
            let rows = by_index(self.lent, sql, &params).await?;
            let stray = match rows.first() {
                Some(row) => Some(number(row, 0, "a seq", None)?),
                None => self.next_row(&unplaced).await?,
            };
            refuse_stray(stray)?;
        }
        refuse_stray(
            self.next_row(&Place::anywhere(self.trail, end..size))
                .await?,
        )
    }

    async fn next_row(&self, place: &Place) -> Result<Option<i64>, StoreError> {
        if place.first >= place.end {
            return Ok(None);
        }
        let rows = self
            .select(place, "e.seq", "ORDER BY e.seq LIMIT 1")
            .await?;
        let seq = rows.first().map(|row| cell(row, 0, "a seq", None));
        seq.transpose()
    }

    async fn select(
        &self,
        place: &Place,
        columns: &str,
        tail: &str,
    ) -> Result<Vec<Row>, StoreError> {
        let sql = place.select(columns, tail);
        by_index(self.lent, &sql, &place.params()).await
    }
}

fn refuse_stray(seq: Option<i64>) -> Result<(), StoreError> {
    let Some(seq) = seq else { return Ok(()) };
    let problem = "a row of it lies in another month's partition than the table placement says";
    let seq = u64::try_from(seq).ok();
    Err(corrupt("the log", seq, problem))
}

/// The columns of [`COLUMNS`].
fn terms_of(row: &Row, terms: &mut Vec<Term>) -> Result<(), StoreError> {
    use TermField::{Action, CorrelationId, IpAddress, Outcome, ResourceId, ResourceType, UserId};
    let seq = number(row, 0, "a seq", None)?;
    let text = |column, name| cell::<Option<&str>>(row, column, name, Some(seq));
    let address: Option<&[u8]> = cell(row, 5, "ip_address", Some(seq))?;
    let user = text(1, "user_id")?.map_or(NO_USER, str::as_bytes);
    let texts = [
        (Action, text(2, "action")?),
        (ResourceType, text(3, "resource_type")?),
        (ResourceId, text(4, "resource_id")?),
        (CorrelationId, text(6, "correlation_id")?),
        (Outcome, text(7, "outcome")?),
    ];
    let texts = texts
        .into_iter()
        .filter_map(|(field, value)| Some((field, value?.as_bytes())));
    let values = [(UserId, user)].into_iter().chain(texts);
    let values = values.chain(address.map(|address| (IpAddress, address)));
    terms.extend(values.map(|(field, value)| Term {
        field,
        value: value.to_vec(),
        seq,
    }));
    Ok(())
}
