//! `find`: addresses, by block or by the text that was given.

use indelible_core::filter::{AddressFilter, Filter};

use super::filters::recorded;
use crate::database::Database;
use crate::fixture::draft;
use crate::handle::NO_SEQS;

/// "Every address of a block, both ends inclusive": IPv4 among IPv6, by its sixteen bytes.
pub async fn a_block_matches_every_address_in_it(database: &dyn Database) {
    let given = [
        "10.0.0.0",
        "10.0.0.255",
        "10.0.1.0",
        "9.255.255.255",
        "::ffff:10.0.0.7",
        "2001:db8::1",
        "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
        "2001:db9::",
        "::",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "::10.0.0.7",
        "unknown",
    ];
    let drafts = (0..)
        .zip(given)
        .map(|(n, address)| draft(n).from(address))
        .chain([draft(99)]);
    let (store, author) = recorded(database, drafts).await;
    let cases: [(&str, &str, &[u64]); 9] = [
        ("::ffff:10.0.0.0", "::ffff:10.0.0.255", &[4, 1, 0]),
        ("::ffff:10.0.0.0", "::ffff:10.0.0.0", &[0]),
        ("::ffff:0.0.0.0", "::ffff:255.255.255.255", &[4, 3, 2, 1, 0]),
        (
            "2001:db8::",
            "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
            &[6, 5],
        ),
        ("2001:db8::1", "2001:db8::1", &[5]),
        ("::", "::", &[8]),
        ("::a00:7", "::a00:7", &[10]),
        (
            "::",
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            &[10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
        ),
        ("2001:db9::", "2001:db8::", &[]),
    ];
    for (first, last, expected) in cases {
        let block = AddressFilter::Block {
            first: first.parse().expect("an address"),
            last: last.parse().expect("an address"),
        };
        let filter = Filter {
            addresses: Some(block),
            ..Filter::default()
        };
        assert_eq!(
            store.matching(author.trail(), filter).await,
            expected,
            "{first} to {last}"
        );
    }
}

/// "A text that is no address, compared with the text as stored."
pub async fn an_address_text_matches_what_was_given(database: &dyn Database) {
    let given = [
        "unknown",
        "Unknown",
        "1.2.3.4:80",
        "[::1]",
        "999.1.1.1",
        "",
        "a.example",
        "%",
    ];
    let drafts = (0..)
        .zip(given)
        .map(|(n, text)| draft(n).from(text))
        .chain([draft(99).user("u")]);
    let (store, author) = recorded(database, drafts).await;
    for (seq, text) in (0..).zip(given) {
        let text = AddressFilter::Text(text.to_owned());
        let filter = Filter {
            addresses: Some(text),
            ..Filter::default()
        };
        assert_eq!(
            store.matching(author.trail(), filter.clone()).await,
            [seq],
            "{filter:?}"
        );
    }
    let filter = Filter {
        addresses: Some(AddressFilter::Text("1.2.3.4".to_owned())),
        ..Filter::default()
    };
    assert_eq!(store.matching(author.trail(), filter).await, NO_SEQS);
}
