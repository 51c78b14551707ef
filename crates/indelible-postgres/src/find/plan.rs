//! What a filter becomes: lists of which one leads, bounds on times, tests on entries.

use std::collections::BTreeSet;
use std::net::Ipv6Addr;

use indelible_core::Timestamp;
use indelible_core::entry::{Columns, StoredEntry};
use indelible_core::filter::{AddressFilter, Filter, UserFilter};
use indelible_core::store::StoreError;
use tokio_postgres::types::Type;

use super::Search;
use super::postings::{Block, List};
use super::statement::Statement;
use crate::error::corrupt;
use crate::placement::Stretch;
use crate::row::cell;

/// Addresses of a block that are looked up one by one.
const ADDRESSES_MAX: usize = 256;
/// Seqs of a block with more addresses that are gathered in memory. A block with still more
/// entries is tested on the entries: there are so many that a page is soon full.
const GATHERED_MAX: usize = 65_536;

/// How a search goes.
pub(super) struct Plan {
    /// An entry must stand in all of them. Those that are likely to be short come first.
    pub(super) lists: Vec<List>,
    /// Addresses that an entry must have one of.
    pub(super) block: Option<Block>,
    /// Bounds on `occurred_at`, both inclusive.
    pub(super) times: Option<(Option<Timestamp>, Option<Timestamp>)>,
    /// What no column tells.
    pub(super) rest: Option<Filter>,
}

/// What becomes of a block of addresses in some partitions.
pub(super) enum Addresses {
    /// A list.
    Listed(List),
    /// Too many entries for one: each is tested.
    Tested,
}

impl Plan {
    /// Plans a search; `None` where nothing can match.
    pub(super) fn new(filter: &Filter) -> Option<Self> {
        let mut lists = Vec::new();
        let mut any = |column, values: &Option<Vec<String>>| {
            lists.extend(values.as_ref().map(|values| texts(column, values)));
        };
        any("correlation_id", &filter.correlation_ids);
        any("resource_id", &filter.resource_ids);
        match &filter.user {
            None => {}
            Some(UserFilter::None) => lists.push(List::NoUser),
            Some(UserFilter::AnyOf(users)) => lists.push(texts("user_id", users)),
        }
        let mut block = None;
        if let Some(AddressFilter::Block { first, last }) = &filter.addresses {
            match first == last {
                true => lists.push(List::Addresses(vec![first.octets().to_vec()])),
                false => block = Some([*first, *last].map(|address: Ipv6Addr| address.octets())),
            }
        }
        for tag in &filter.tags {
            if tag.contains('\0') {
                return None;
            }
            lists.push(List::Tag(tag.clone()));
        }
        if let Some(actions) = &filter.actions {
            lists.push(texts("action", actions));
        }
        if let Some(kind) = &filter.resource_type {
            lists.push(texts("resource_type", std::slice::from_ref(kind)));
        }
        if let Some(outcome) = filter.outcome {
            lists.push(texts("outcome", &[outcome.as_str().to_owned()]));
        }
        let times = (filter.earliest, filter.latest);
        let addresses = filter.addresses.clone();
        let rest = Filter {
            addresses: addresses.filter(|a| matches!(a, AddressFilter::Text(_))),
            context: filter.context.clone(),
            ..Filter::default()
        };
        let is_possible = lists.iter().all(|list| list.len() > 0);
        is_possible.then_some(Self {
            lists,
            block,
            times: (times != (None, None)).then_some(times),
            rest: rest.needs_parts().then_some(rest),
        })
    }

    /// Whether every entry matches.
    pub(super) fn takes_all(&self) -> bool {
        self.lists.is_empty() && self.block.is_none() && self.times.is_none() && self.rest.is_none()
    }

    /// Whether an entry that passes the statements matches.
    pub(super) fn matches(&self, entry: &StoredEntry) -> Result<bool, StoreError> {
        let Some(rest) = &self.rest else {
            return Ok(true);
        };
        // No condition on a column is left in it.
        rest.matches(entry, &Columns::default())
            .map_err(|e| corrupt(e.part.as_str(), Some(e.seq), &e.source))
    }
}

/// A list of texts. PostgreSQL stores no NUL, so what has one is nobody's value.
fn texts(column: &'static str, values: &[String]) -> List {
    let values = values.iter().filter(|value| !value.contains('\0'));
    let values: BTreeSet<_> = values.cloned().collect();
    List::Texts(column, values.into_iter().collect())
}

/// The entries with an address of a block in some partitions.
pub(super) async fn addresses(
    search: Search<'_>,
    [first, last]: Block,
    stretch: &Stretch,
) -> Result<Addresses, StoreError> {
    let mut statement = Statement::default();
    let here = statement.place(search, stretch).anywhere();
    let (low, high) = (
        statement.value(first.to_vec(), Type::BYTEA),
        statement.value(last.to_vec(), Type::BYTEA),
    );
    // One descent of the index for each address: the next one after the last one found.
    statement.sql = format!(
        "WITH RECURSIVE a (address) AS (\
         (SELECT e.ip_address FROM indelible.entry AS e \
         WHERE {here} AND e.ip_address >= {low} AND e.ip_address <= {high} \
         ORDER BY e.ip_address LIMIT 1) \
         UNION ALL SELECT (SELECT e.ip_address FROM indelible.entry AS e \
         WHERE {here} AND e.ip_address > a.address AND e.ip_address <= {high} \
         ORDER BY e.ip_address LIMIT 1) FROM a WHERE a.address IS NOT NULL) \
         SELECT address FROM a WHERE address IS NOT NULL LIMIT {}",
        ADDRESSES_MAX + 1
    );
    let rows = search.rows(&statement).await?;
    if rows.len() > ADDRESSES_MAX {
        return gathered(search, [first, last], stretch).await;
    }
    let addresses = rows.iter().map(|row| cell(row, 0, "ip_address", None));
    let addresses = addresses.collect::<Result<_, _>>()?;
    Ok(Addresses::Listed(List::Addresses(addresses)))
}

async fn gathered(
    search: Search<'_>,
    [first, last]: Block,
    stretch: &Stretch,
) -> Result<Addresses, StoreError> {
    let mut statement = Statement::default();
    let place = statement.place(search, stretch);
    let (low, high) = (
        statement.value(first.to_vec(), Type::BYTEA),
        statement.value(last.to_vec(), Type::BYTEA),
    );
    // The order makes it the index of addresses that is read.
    statement.sql = format!(
        "SELECT e.seq FROM indelible.entry AS e \
         WHERE {} AND e.ip_address >= {low} AND e.ip_address <= {high} \
         ORDER BY e.ip_address LIMIT {}",
        place.entries(),
        GATHERED_MAX + 1
    );
    let rows = search.rows(&statement).await?;
    if rows.len() > GATHERED_MAX {
        return Ok(Addresses::Tested);
    }
    let seqs = rows.iter().map(|row| cell(row, 0, "a seq", None));
    let mut seqs: Vec<i64> = seqs.collect::<Result<_, _>>()?;
    seqs.sort_unstable();
    Ok(Addresses::Listed(List::Given(seqs, [first, last])))
}
