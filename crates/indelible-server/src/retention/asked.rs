//! What the bodies of retention and holds say.

use indelible_core::engine::{HoldOrder, RetentionClass, RetentionPolicy};
use indelible_core::part::{PartKind, PartKindError};
use indelible_core::{Query, QueryError, Timestamp};

use crate::fields::Fields;
use crate::problem::{Kind, Problem};
use crate::reviews::filled;

/// Reads a policy, which is checked where it is set.
///
/// # Errors
/// A field that is missing or ill-formed.
pub fn read_policy(fields: &mut Fields) -> Result<RetentionPolicy, Problem> {
    let classes = fields.objects("classes")?.unwrap_or_default();
    let classes = classes.into_iter().enumerate().map(|(place, fields)| {
        read_class(fields).map_err(|problem| {
            let field = problem.field.as_deref().unwrap_or_default();
            let field = format!("classes[{place}].{field}");
            problem.at(&field)
        })
    });
    Ok(RetentionPolicy {
        classes: classes.collect::<Result<_, _>>()?,
        minimum_days: days(fields, "minimum_days")?,
        maximum_days: days(fields, "maximum_days")?,
        legal_basis: fields.needed("legal_basis")?,
    })
}

fn read_class(mut fields: Fields) -> Result<RetentionClass, Problem> {
    let missing = || wrong("`after_days` is missing", "after_days");
    let parts = fields.texts("parts")?.unwrap_or_default();
    let parts = parts.iter().map(|part| part.parse());
    let parts: Result<Vec<PartKind>, _> = parts.collect();
    let class = RetentionClass {
        actions: fields.texts("actions")?.unwrap_or_default(),
        after_days: days(&mut fields, "after_days")?.ok_or_else(missing)?,
        parts: parts.map_err(|error: PartKindError| wrong(error, "parts"))?,
        legal_basis: fields.text("legal_basis")?,
    };
    fields.end()?;
    Ok(class)
}

/// A number of days; one beyond all numbers of days is refused by the policy, which says how many
/// there may be.
fn days(fields: &mut Fields, name: &str) -> Result<Option<u32>, Problem> {
    let days = fields.count(name)?;
    Ok(days.map(|days| u32::try_from(days).unwrap_or(u32::MAX)))
}

/// Reads what is to be held. Who places it stands in no body.
///
/// # Errors
/// A field that is missing or ill-formed.
pub fn read_order(fields: &mut Fields, now: Timestamp) -> Result<HoldOrder, Problem> {
    let filter = fields.texts("filter")?.unwrap_or_default();
    let is_everything = fields.truth("everything")?.unwrap_or(false);
    let filter = filter.iter().map(String::as_str);
    Ok(HoldOrder {
        query: read_scope(filter, is_everything, now)?,
        reason: filled(Some(fields.needed("reason")?), "reason")?.unwrap_or_default(),
        matter: filled(fields.text("matter")?, "matter")?,
        by: String::new(),
    })
}

/// What is held: filters as `name=value`, or everything.
///
/// # Errors
/// None where it is not everything, some where it is, and what is no filter.
pub fn read_scope<'f>(
    filter: impl Iterator<Item = &'f str>,
    is_everything: bool,
    now: Timestamp,
) -> Result<Query, Problem> {
    let pairs: Option<Vec<_>> = filter.map(|pair| pair.split_once('=')).collect();
    let ill_formed = || wrong("a filter is written `name=value`", "filter");
    let pairs = pairs.ok_or_else(ill_formed)?;
    if pairs.is_empty() != is_everything {
        let detail = "name what is held by `filter`, or all of the trail by `everything`";
        return Err(wrong(detail, "filter"));
    }
    let query = Query::from_parameters(pairs, now);
    query.map_err(|error: QueryError| wrong(error, "filter"))
}

fn wrong(detail: impl ToString, name: &str) -> Problem {
    Problem::new(Kind::InvalidBody, detail).at(name)
}
