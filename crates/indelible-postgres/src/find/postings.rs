//! The entries that have a value in an indexed column, in the order of the way.

use tokio_postgres::types::Type;

use super::Search;
use super::statement::{Place, Statement};
use super::way::Way;
use crate::placement::Stretch;

/// Entries of each of many values that are looked at to see how dense they lie, at least.
const DEPTH_MIN: u64 = 8;

/// Columns whose index begins with the trail; where values are many, they stand before it.
const TRAIL_FIRST: [&str; 3] = ["action", "outcome", "resource_type"];

/// The entries that one condition of a filter leaves.
#[derive(Debug, Clone)]
pub(super) enum List {
    /// Those without a user.
    NoUser,
    /// Those with any of several texts, each named once.
    Texts(&'static str, Vec<String>),
    /// Those with any of several addresses, each named once.
    Addresses(Vec<Vec<u8>>),
    /// Those with a tag.
    Tag(String),
    /// Those at these rising seqs, which have an address of a block.
    Given(Vec<i64>, Block),
}

/// The first and the last address of a block.
pub(super) type Block = [[u8; 16]; 2];

/// How far along the index must be looked at to see so many entries of a list.
pub(super) enum Depth {
    /// To this seq; none where the list ends before.
    Known(Option<u64>),
    /// To the seq that a statement answers; none where it answers none or NULL.
    Asked(Statement),
}

impl List {
    /// How many values there are; the entries of each stand together in the index.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Texts(_, values) => values.len(),
            Self::Addresses(values) => values.len(),
            Self::NoUser | Self::Tag(_) | Self::Given(..) => 1,
        }
    }

    /// The condition as a test on the rows of another list: no index fits its text.
    pub(super) fn test(&self, statement: &mut Statement) -> String {
        match self {
            Self::NoUser => "(e.user_id || '') IS NULL".to_owned(),
            Self::Texts(column, values) => {
                let values = statement.value(values.clone(), Type::TEXT_ARRAY);
                format!("(e.{column} || '') = ANY ({values})")
            }
            Self::Addresses(values) => {
                let values = statement.value(values.clone(), Type::BYTEA_ARRAY);
                format!("(e.ip_address || ''::bytea) = ANY ({values})")
            }
            Self::Tag(tag) => {
                let tag = statement.value(tag.clone(), Type::TEXT);
                format!("{tag} = ANY (pg_catalog.string_to_array(e.tags, ' '))")
            }
            Self::Given(_, block) => within(block, statement),
        }
    }

    /// The text of a statement that reads `columns` of the list's entries at a place, in the order
    /// of the way, that pass `tests`, and ends with `tail`.
    pub(super) fn select(
        &self,
        statement: &mut Statement,
        place: &Place,
        columns: &str,
        tests: &str,
        tail: &str,
    ) -> String {
        let way = place.order;
        let from = match self {
            Self::Given(seqs, _) => {
                let seqs = within_stretch(seqs, place);
                let seqs = statement.value(seqs, Type::INT8_ARRAY);
                format!("pg_catalog.unnest({seqs}) AS t (seq)")
            }
            Self::Tag(tag) => {
                let (tag, seqs) = (statement.value(tag.clone(), Type::TEXT), place.seqs("t"));
                format!(
                    "(SELECT t.seq FROM indelible.tag AS t WHERE {seqs} AND t.tag = {tag} \
                     ORDER BY t.seq {way} OFFSET 0) AS t"
                )
            }
            Self::NoUser => {
                return format!(
                    "SELECT {columns} FROM indelible.entry AS e \
                     WHERE {} AND e.user_id IS NULL{tests} ORDER BY e.seq {way} {tail}",
                    place.entries()
                );
            }
            _ if self.len() == 1 => {
                let (value, column) = self.value(statement);
                let (here, order) = by_value(place, column, &value);
                return format!(
                    "SELECT {columns} FROM indelible.entry AS e WHERE {here}{tests} {order} {tail}"
                );
            }
            _ => {
                let (values, column) = self.values(statement);
                let (here, order) = by_value(place, column, "v.value");
                return format!(
                    "SELECT {columns} FROM pg_catalog.unnest({values}) AS v (value) CROSS JOIN LATERAL \
                     (SELECT {columns} FROM indelible.entry AS e \
                     WHERE {here}{tests} {order} {tail}) AS e ORDER BY e.seq {way} {tail}"
                );
            }
        };
        // The offset keeps the planner from making another join of it than one seq at a time.
        let entry = place.entry_of("t");
        format!(
            "SELECT {columns} FROM {from} CROSS JOIN LATERAL \
             (SELECT {columns} FROM indelible.entry AS e WHERE {entry}{tests} OFFSET 0) AS e \
             ORDER BY t.seq {way} {tail}"
        )
    }

    /// How far along the way about `count` entries of the list reach. Of many values each is looked
    /// at by itself: no value has more than its share up to the seq.
    pub(super) fn depth(&self, search: Search<'_>, stretch: &Stretch, count: u64) -> Depth {
        let share = (count / self.len().max(1) as u64).max(DEPTH_MIN);
        let last = usize::try_from(share - 1).unwrap_or(usize::MAX);
        let mut statement = Statement::default();
        let place = statement.place(search, stretch);
        let way = place.order;
        let tail = format!("OFFSET {last} LIMIT 1");
        statement.sql = match self {
            Self::Given(seqs, _) => {
                let seqs = within_stretch(seqs, &place);
                return Depth::Known(seqs.get(last).map(|seq| seq.cast_unsigned()));
            }
            Self::Tag(tag) => {
                let tag = statement.value(tag.clone(), Type::TEXT);
                let seqs = place.seqs("t");
                format!(
                    "SELECT t.seq FROM indelible.tag AS t WHERE {seqs} AND t.tag = {tag} \
                     ORDER BY t.seq {way} {tail}"
                )
            }
            _ if self.len() == 1 => self.select(&mut statement, &place, "e.seq", "", &tail),
            _ => {
                let (values, column) = self.values(&mut statement);
                let (here, order) = by_value(&place, column, "v.value");
                let farthest = place.way.either("max", "min");
                format!(
                    "SELECT {farthest}(e.seq) FROM pg_catalog.unnest({values}) AS v (value) CROSS JOIN LATERAL \
                     (SELECT e.seq FROM indelible.entry AS e WHERE {here} {order} {tail}) AS e"
                )
            }
        };
        Depth::Asked(statement)
    }

    /// The value of a list of columns that has one, and the column.
    fn value(&self, statement: &mut Statement) -> (String, &'static str) {
        match self {
            Self::Addresses(values) => {
                let value = statement.value(values.first().cloned(), Type::BYTEA);
                (value, "ip_address")
            }
            Self::Texts(column, values) => {
                let value = statement.value(values.first().cloned(), Type::TEXT);
                (value, column)
            }
            Self::NoUser | Self::Tag(_) | Self::Given(..) => ("NULL".to_owned(), "user_id"),
        }
    }

    /// The values of a list of columns, and the column.
    fn values(&self, statement: &mut Statement) -> (String, &'static str) {
        match self {
            Self::Addresses(values) => (
                statement.value(values.clone(), Type::BYTEA_ARRAY),
                "ip_address",
            ),
            Self::Texts(column, values) => {
                (statement.value(values.clone(), Type::TEXT_ARRAY), column)
            }
            Self::NoUser | Self::Tag(_) | Self::Given(..) => ("NULL".to_owned(), "user_id"),
        }
    }
}

/// The entries at a place with a value in a column, in the order of the way: the condition and the
/// order.
///
/// Both are of the index's columns together, so that the one index of these answers them.
/// `column = value ORDER BY seq` means the same, and a planner whose statistics say that most
/// entries have the value would read the primary key until it meets one. A comparison of rows
/// leads to a place of the index only where it names the columns as they follow each other there,
/// and where it is strict: else the index passes over all entries of the value up to that place.
fn by_value(place: &Place, column: &str, value: &str) -> (String, String) {
    let (trail, [first, end], way) = (&place.trail, &place.bounds, place.order);
    let here = format!("{} AND e.{column} IS NOT NULL", place.anywhere());
    if TRAIL_FIRST.contains(&column) {
        return (
            format!(
                "{here} AND (e.{column}, e.seq) < ({value}, {end}) \
                 AND (e.{column}, e.seq) > ({value}, {first} - 1)"
            ),
            format!("ORDER BY e.{column} {way}, e.seq {way}"),
        );
    }
    let key = format!("(e.{column}, e.trail_id, e.seq)");
    (
        format!(
            "{here} AND {key} < ({value}, {trail}, {end}) \
             AND {key} > ({value}, {trail}, {first} - 1)"
        ),
        format!("ORDER BY e.{column} {way}, e.trail_id {way}, e.seq {way}"),
    )
}

/// The test for an address of a block, which no index fits.
pub(super) fn within([first, last]: &Block, statement: &mut Statement) -> String {
    let first = statement.value(first.to_vec(), Type::BYTEA);
    let last = statement.value(last.to_vec(), Type::BYTEA);
    format!("(e.ip_address || ''::bytea) BETWEEN {first} AND {last}")
}

/// Those of rising seqs that lie at a place, in the order of the way.
fn within_stretch(seqs: &[i64], place: &Place) -> Vec<i64> {
    let start = seqs.partition_point(|seq| *seq < place.first);
    let end = seqs.partition_point(|seq| *seq < place.end);
    let mut here = seqs[start.min(end)..end].to_vec();
    if place.way == Way::Down {
        here.reverse();
    }
    here
}
