//! Nodes and heads.

use indelible::core::verify::FindingKind::*;

use super::{Case, each, same};

pub const NAMED: &[Case] = &[
    same(
        "an old node put over the new one",
        "UPDATE node SET hash = @zero(32) WHERE @of AND height = 8 AND idx = 1",
        &[NodeAltered],
    ),
    same(
        "a node deleted",
        "DELETE FROM node WHERE @of AND height = 8 AND idx = 0",
        &[NodeMissing],
    ),
    same(
        "a node inserted",
        "INSERT INTO node VALUES (@trail, 16, 0, @zero(32))",
        &[NodeExtra],
    ),
    same(
        "head: root changed",
        "UPDATE head SET root = @zero(32) WHERE @head",
        &[HeadAltered],
    ),
    same(
        "head: size made larger",
        "UPDATE head SET size = size + 5 WHERE @head",
        &[HeadUnreadable],
    ),
    each(
        "head: frontier changed",
        "UPDATE head SET frontier = zeroblob(length(frontier)) WHERE @head",
        "UPDATE head SET frontier = decode(repeat('00', length(frontier)), 'hex') WHERE @head",
        &[HeadAltered],
    ),
    same(
        "head: code changed",
        "UPDATE head SET mac = @zero(32) WHERE @head",
        &[HeadAltered],
    ),
    same(
        "head: incarnation changed",
        "UPDATE head SET incarnation = 2 WHERE @head",
        &[HeadAltered],
    ),
    same(
        "head: another origin",
        "UPDATE head SET key = replace(key, '/default+', '/defualt+') WHERE @head",
        &[HeadUnreadable],
    ),
    same(
        "head: another key",
        "UPDATE head SET key = '@key' WHERE @head",
        &[HeadAltered],
    ),
    same(
        "head deleted",
        "DELETE FROM head WHERE @head",
        &[HeadMissing, RowsStray],
    ),
];
