//! A pack shows its question, so that no secret may stand in it.

use serde_json::{Map, Value};

use crate::filter::{AddressFilter, Filter, UserFilter};
use crate::query::QueryError;
use crate::redact::Redactor;

/// Takes out of a question what the redaction rules take for a secret, where something else is
/// left to compare with: the keyed hash under which it is stored.
///
/// # Errors
/// The first condition that would be left with nothing.
pub(super) fn take_out(question: &mut Filter, redactor: &Redactor) -> Result<(), QueryError> {
    let check = |field: &'static str, texts: &[String]| match texts
        .iter()
        .any(|text| redactor.redact_text(text).is_some())
    {
        true => Err(secret(field)),
        false => Ok(()),
    };
    let some = |texts: &Option<Vec<String>>| texts.clone().unwrap_or_default();
    check("action", &some(&question.actions))?;
    check("resource_id", &some(&question.resource_ids))?;
    check("correlation_id", &some(&question.correlation_ids))?;
    check("tag", &question.tags)?;
    check("resource_type", question.resource_type.as_slice())?;
    if let Some(UserFilter::AnyOf(users)) = &question.user {
        check("user_id", users)?;
    }
    if let Some(AddressFilter::Text(text)) = &question.addresses {
        check("ip_address", std::slice::from_ref(text))?;
    }
    for member in &mut question.context {
        let path = member.path.clone();
        member.values.retain(|value| {
            let mut nested = Value::String(value.clone());
            for name in path.iter().rev() {
                nested = Value::Object(Map::from_iter([(name.clone(), nested)]));
            }
            redactor.redact_value(&mut nested).list.is_empty()
        });
        if member.values.is_empty() {
            return Err(secret("context"));
        }
    }
    Ok(())
}

fn secret(field: &'static str) -> QueryError {
    let problem = "it holds what the redaction rules take for a secret, and a pack would show it";
    QueryError::new(field, problem)
}
