//! What a filter becomes: lists to leapfrog, bounds on times, tests on entries.

use std::net::Ipv6Addr;

use indelible_core::entry::{Columns, StoredEntry};
use indelible_core::filter::{AddressFilter, Filter, UserFilter};
use indelible_core::store::{NO_USER, StoreError, TermField};

use super::Search;
use super::blocks::Blocks;
use super::postings::List;
use crate::error::corrupt;
use crate::index::{Uncovered, columns};

/// Addresses of a block that are looked up one by one.
const ADDRESSES_MAX: usize = 256;
/// Seqs of a block with more addresses that are gathered in memory. A block with still more
/// entries is tested on the entries: there are so many that a page is soon full.
const GATHERED_MAX: usize = 65_536;

/// How a search goes.
pub(super) struct Plan {
    /// An entry must stand in all of them.
    pub(super) lists: Vec<List>,
    /// Bounds on `occurred_at`.
    pub(super) blocks: Option<Blocks>,
    /// What must be tested on the entries themselves, beside the bounds on times.
    pub(super) rest: Option<Rest>,
    /// The entries that no list tells of, and what is tested on them: everything, where there is
    /// more than bounds on times.
    pub(super) uncovered: Uncovered,
    pub(super) whole: Option<Rest>,
}

/// The conditions that the index cannot tell.
pub(super) struct Rest {
    filter: Filter,
    /// Whether one of them is on a column, which must then be derived.
    on_columns: bool,
}

impl Rest {
    /// The conditions of `filter` that are left, or none.
    fn of(filter: &Filter, addresses_listed: bool) -> Option<Self> {
        let on_columns = matches!(filter.addresses, Some(AddressFilter::Block { .. }));
        let addresses = filter
            .addresses
            .clone()
            .filter(|_| !(on_columns && addresses_listed));
        if addresses.is_none() && filter.context.is_empty() {
            return None;
        }
        let on_columns = on_columns && addresses.is_some();
        let (earliest, latest, context) = (filter.earliest, filter.latest, filter.context.clone());
        let filter = Filter {
            addresses,
            context,
            earliest,
            latest,
            ..Filter::default()
        };
        Some(Self { filter, on_columns })
    }

    /// All conditions, for entries that the index does not cover.
    fn whole(filter: &Filter) -> Self {
        Self {
            filter: filter.clone(),
            on_columns: true,
        }
    }

    /// Whether an entry matches.
    pub(super) fn matches(&self, entry: &StoredEntry) -> Result<bool, StoreError> {
        let columns = match self.on_columns {
            // The index knows no value of what cannot be read either.
            true => columns(entry.bodies()),
            false => Columns::default(),
        };
        let matches = self.filter.matches(entry, &columns);
        matches.map_err(|e| corrupt(e.part.as_str(), Some(e.seq), &e.source))
    }
}

/// Whether the index can tell anything of a filter. Bounds on times and contexts are tested on the
/// log.
pub(super) fn asks_index(filter: &Filter) -> bool {
    let of_log = Filter {
        earliest: filter.earliest,
        latest: filter.latest,
        context: filter.context.clone(),
        ..Filter::default()
    };
    *filter != of_log
}

impl Plan {
    /// Plans a search. Lists that are likely to be short come first.
    pub(super) fn new(
        search: Search,
        filter: &Filter,
        uncovered: Uncovered,
    ) -> Result<Self, StoreError> {
        use TermField::{Action, CorrelationId, Outcome, ResourceId, ResourceType, Tag, UserId};
        let mut lists = Vec::new();
        let mut addresses_listed = true;
        let mut any = |field, values: &Option<Vec<String>>| {
            let list = |values: &Vec<String>| List::any(field, values.iter().map(String::as_bytes));
            lists.extend(values.as_ref().map(list));
        };
        any(CorrelationId, &filter.correlation_ids);
        any(ResourceId, &filter.resource_ids);
        match &filter.user {
            None => {}
            Some(UserFilter::None) => lists.push(List::any(UserId, [NO_USER])),
            Some(UserFilter::AnyOf(users)) => {
                // The byte that stands for no user is nobody's name.
                let names = users
                    .iter()
                    .map(String::as_bytes)
                    .filter(|name| *name != NO_USER);
                lists.push(List::any(UserId, names));
            }
        }
        if let Some(AddressFilter::Block { first, last }) = &filter.addresses {
            match addresses(search, *first, *last)? {
                Some(list) => lists.push(list),
                None => addresses_listed = false,
            }
        }
        lists.extend(
            filter
                .tags
                .iter()
                .map(|tag| List::any(Tag, [tag.as_bytes()])),
        );
        let text = |field, value: &str| List::any(field, [value.as_bytes()]);
        if let Some(actions) = &filter.actions {
            lists.push(List::any(Action, actions.iter().map(String::as_bytes)));
        }
        lists.extend(
            filter
                .resource_type
                .as_ref()
                .map(|kind| text(ResourceType, kind)),
        );
        lists.extend(
            filter
                .outcome
                .map(|outcome| text(Outcome, outcome.as_str())),
        );
        let blocks = (filter.earliest.is_some() || filter.latest.is_some()).then(|| {
            let earliest = filter.earliest.map_or(i64::MIN, |time| time.as_micros());
            Blocks::new(
                earliest,
                filter.latest.map_or(i64::MAX, |time| time.as_micros()),
            )
        });
        let rest = Rest::of(filter, addresses_listed);
        let has_conditions = !lists.is_empty() || rest.is_some();
        Ok(Self {
            lists,
            blocks,
            rest,
            whole: has_conditions.then(|| Rest::whole(filter)),
            uncovered,
        })
    }

    /// Whether candidates may turn out not to match.
    pub(super) fn tests_entries(&self) -> bool {
        self.rest.is_some() || self.blocks.is_some()
    }

    /// Whether every entry matches.
    pub(super) fn takes_all(&self) -> bool {
        self.lists.is_empty() && !self.tests_entries()
    }
}

/// The entries with an address of a block; `None` where they are too many to be listed.
fn addresses(search: Search, first: Ipv6Addr, last: Ipv6Addr) -> Result<Option<List>, StoreError> {
    let field = TermField::IpAddress;
    let (first, last) = (first.octets(), last.octets());
    if first == last {
        return Ok(Some(List::any(field, [&first[..]])));
    }
    let Some(index) = search.index else {
        return Ok(Some(List::Given(Vec::new())));
    };
    let values = index.values(field, (&first, &last), ADDRESSES_MAX)?;
    if values.len() <= ADDRESSES_MAX {
        return Ok(Some(List::any(field, values.iter().map(Vec::as_slice))));
    }
    let mut seqs = index.seqs(field, (&first, &last), GATHERED_MAX + 1)?;
    if seqs.len() > GATHERED_MAX {
        return Ok(None);
    }
    // An entry has one address, so each seq is there once.
    seqs.sort_unstable_by_key(|seq| search.way.rank(*seq));
    Ok(Some(List::Given(seqs)))
}
