//! Ids, and what queries look things up in.

use indelible::core::verify::FindingKind::*;

use indelible::core::store::{Term, TermField};

use super::{Case, each, indexed, on_a_server, same};

/// A term more, of an entry.
fn put(terms: &mut Vec<Term>, field: TermField, value: &str, seq: u64) {
    let value = value.as_bytes().to_vec();
    terms.push(Term { field, value, seq });
}

/// The terms of entry 300 in a field go.
fn leave_out(terms: &mut Vec<Term>, field: TermField) {
    let before = terms.len();
    terms.retain(|term| (term.field, term.seq) != (field, 300));
    assert!(terms.len() < before, "it was there");
}

/// Entry 300 has another value in a field.
fn put_elsewhere(terms: &mut Vec<Term>, field: TermField, value: &str) {
    leave_out(terms, field);
    put(terms, field, value, 300);
}

pub const NAMED: &[Case] = &[
    same(
        "an id given to another entry",
        "UPDATE event_id SET seq = 17 WHERE @of AND seq = 300",
        &[IdWrong],
    ),
    same(
        "an id deleted",
        "DELETE FROM event_id WHERE @of AND seq = 300",
        &[IdMissing],
    ),
    each(
        "an id inserted",
        "INSERT INTO event_id VALUES (@trail, randomblob(16), 300)",
        "INSERT INTO event_id VALUES (@trail, gen_random_uuid(), 300)",
        &[IdExtra],
    ),
    indexed(
        "an index row deleted, so that a query would miss it",
        |terms| leave_out(terms, TermField::UserId),
        "UPDATE entry SET user_id = NULL WHERE @at(300)",
        &[IndexRowMissing],
    ),
    indexed(
        "an index row inserted, so that a query would show it",
        |terms| put(terms, TermField::UserId, "user-x", 300),
        "UPDATE entry SET resource_id = 'customer/9' WHERE @at(303)",
        &[IndexRowExtra],
    ),
    indexed(
        "an index row moved to another user",
        |terms| put_elsewhere(terms, TermField::UserId, "user-x"),
        "UPDATE entry SET user_id = 'user-x' WHERE @at(300)",
        &[IndexRowMissing, IndexRowExtra],
    ),
    indexed(
        "an address moved to another one",
        |terms| put_elsewhere(terms, TermField::IpAddress, "0123456789abcdef"),
        "UPDATE entry SET ip_address = @zero(16) WHERE @at(300)",
        &[IndexRowMissing, IndexRowExtra],
    ),
    indexed(
        "a link between events deleted",
        |terms| leave_out(terms, TermField::CorrelationId),
        "UPDATE entry SET correlation_id = NULL WHERE @at(300)",
        &[IndexRowMissing],
    ),
    indexed(
        "a tag deleted, so that a rule would miss it",
        |terms| leave_out(terms, TermField::Tag),
        "DELETE FROM tag WHERE @at(300)",
        &[IndexRowMissing],
    ),
    indexed(
        "a tag inserted",
        |terms| put(terms, TermField::Tag, "data.chd", 300),
        "INSERT INTO tag VALUES (@trail, 'data.chd', 300)",
        &[IndexRowExtra],
    ),
    indexed(
        "a tag inserted beyond the last entry",
        |terms| put(terms, TermField::Tag, "data.chd", 7000),
        "INSERT INTO tag VALUES (@trail, 'data.chd', 7000)",
        &[IndexRowExtra],
    ),
    on_a_server(
        "an address of another form",
        "UPDATE entry SET ip_address = @hex(7f000001) WHERE @at(300)",
        &[IndexRowMissing, IndexRowExtra],
    ),
    same(
        "a count lowered",
        "UPDATE rollup SET count = count - 1 WHERE @of AND action = 'data_viewed'",
        &[RollupDiffers],
    ),
    same(
        "a count deleted",
        "DELETE FROM rollup WHERE @of AND action = 'nightly_backup'",
        &[RollupMissing],
    ),
    same(
        "a count inserted",
        "INSERT INTO rollup VALUES (@trail, 7, 'x', 'failed', 1)",
        &[RollupExtra],
    ),
    same(
        "the times of a block narrowed, so that a query would skip it",
        "UPDATE span SET latest = earliest WHERE @of AND height = 8 AND idx = 1",
        &[SpanDiffers],
    ),
    same(
        "the times of a block deleted",
        "DELETE FROM span WHERE @of AND height = 8 AND idx = 1",
        &[SpanMissing],
    ),
    each(
        "the times of a block inserted",
        "INSERT INTO span VALUES (@trail, 16, 0, 0, 1)",
        "INSERT INTO span VALUES (@trail, 16, 0, '1970-01-01Z', '1970-01-02Z')",
        &[SpanExtra],
    ),
];
