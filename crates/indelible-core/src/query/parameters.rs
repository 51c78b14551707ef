//! Questions as pairs of names and values: the query string of HTTP, the flags of the command
//! line.

use super::span::ago;
use super::{Query, QueryError};
use crate::time::Timestamp;

/// The longest name of an unknown parameter that is repeated in the error, in characters.
const NAME_CHARS_MAX: usize = 100;

impl Query {
    /// A question of these pairs, named as the fields of [`Query`]; `tag` and `context` may come
    /// again and again, the others once. Spans of time are counted back from `now`, see
    /// [`Query::dated`].
    ///
    /// # Errors
    /// The first name that is no parameter, a second value, a number that is none.
    pub fn from_parameters<'p>(
        pairs: impl IntoIterator<Item = (&'p str, &'p str)>,
        now: Timestamp,
    ) -> Result<Self, QueryError> {
        Ok(Self::from_parameters_undated(pairs)?.dated(now))
    }

    /// As [`Query::from_parameters`], but spans of time stay as they were given: for a question
    /// that is asked again and again, as of the time of each.
    ///
    /// # Errors
    /// As [`Query::from_parameters`].
    pub fn from_parameters_undated<'p>(
        pairs: impl IntoIterator<Item = (&'p str, &'p str)>,
    ) -> Result<Self, QueryError> {
        let mut query = Self::new();
        for (name, value) in pairs {
            query.set(name, value)?;
        }
        Ok(query)
    }

    /// The same question with dates that are spans of time, such as `24h` or `7d`, replaced by
    /// the instant that long before `now`. A cursor belongs to the dates as they are then.
    #[must_use]
    pub fn dated(mut self, now: Timestamp) -> Self {
        for date in [&mut self.start_date, &mut self.end_date] {
            if let Some(time) = date.as_deref().and_then(|text| ago(text, now)) {
                *date = Some(time.to_string());
            }
        }
        self
    }

    /// The pairs that [`Query::from_parameters`] reads this question from.
    pub fn to_parameters(&self) -> Vec<(&'static str, String)> {
        let texts = [
            ("user_id", &self.user_id),
            ("action", &self.action),
            ("outcome", &self.outcome),
            ("resource_type", &self.resource_type),
            ("resource_id", &self.resource_id),
            ("ip_address", &self.ip_address),
            ("correlation_id", &self.correlation_id),
            ("start_date", &self.start_date),
            ("end_date", &self.end_date),
            ("cursor", &self.cursor),
        ];
        let given = texts
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.clone()?)));
        let mut pairs: Vec<_> = given.collect();
        pairs.extend(self.tags.iter().map(|tag| ("tag", tag.clone())));
        pairs.extend(
            self.context
                .iter()
                .map(|member| ("context", member.clone())),
        );
        pairs.extend(self.limit.map(|limit| ("limit", limit.to_string())));
        pairs.extend(self.offset.map(|offset| ("offset", offset.to_string())));
        pairs.extend(self.as_of.map(|size| ("as_of", size.to_string())));
        pairs
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), QueryError> {
        let text = match name {
            "user_id" => &mut self.user_id,
            "action" => &mut self.action,
            "outcome" => &mut self.outcome,
            "resource_type" => &mut self.resource_type,
            "resource_id" => &mut self.resource_id,
            "ip_address" => &mut self.ip_address,
            "correlation_id" => &mut self.correlation_id,
            "start_date" => &mut self.start_date,
            "end_date" => &mut self.end_date,
            "cursor" => &mut self.cursor,
            "tag" => {
                self.tags.push(value.to_owned());
                return Ok(());
            }
            "context" => {
                self.context.push(value.to_owned());
                return Ok(());
            }
            "limit" => return number(&mut self.limit, "limit", value),
            "offset" => return number(&mut self.offset, "offset", value),
            "as_of" => return number(&mut self.as_of, "as_of", value),
            _ => {
                let name: String = name.chars().take(NAME_CHARS_MAX).collect();
                return Err(QueryError::new(name, "there is no such parameter"));
            }
        };
        if text.replace(value.to_owned()).is_some() {
            return Err(QueryError::new(name.to_owned(), "it is given twice"));
        }
        Ok(())
    }
}

fn number<T: std::str::FromStr>(
    place: &mut Option<T>,
    name: &'static str,
    value: &str,
) -> Result<(), QueryError> {
    let read = value
        .parse()
        .map_err(|_| QueryError::new(name, "it is no whole number within range"))?;
    match place.replace(read) {
        None => Ok(()),
        Some(_) => Err(QueryError::new(name, "it is given twice")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-03-09T12:00:00Z".parse().expect("a time")
    }

    fn read(pairs: &[(&str, &str)]) -> Result<Query, QueryError> {
        Query::from_parameters(pairs.iter().copied(), now())
    }

    #[test]
    fn every_parameter_comes_back() {
        let pairs = [
            ("user_id", "u-1"),
            ("action", "admin_*"),
            ("outcome", "failed"),
            ("resource_type", "iam_user"),
            ("resource_id", "a&b"),
            ("ip_address", "10.0.0.0/8"),
            ("correlation_id", "c"),
            ("start_date", "24h"),
            ("end_date", "2026-03-09"),
            ("cursor", "x"),
            ("tag", "a"),
            ("tag", "b"),
            ("context", "a.b=c"),
            ("limit", "7"),
            ("offset", "1"),
            ("as_of", "9"),
        ];
        let query = read(&pairs).expect("a question");
        assert_eq!(
            query.start_date.as_deref(),
            Some("2026-03-08T12:00:00.000000Z")
        );
        let again = query.to_parameters();
        assert_eq!(again.len(), pairs.len());
        let again: Vec<_> = again.iter().map(|(n, v)| (*n, v.as_str())).collect();
        assert_eq!(read(&again).expect("a question"), query);
    }

    #[test]
    fn what_is_no_parameter_is_named() {
        for (pairs, field) in [
            (&[("userid", "u")][..], "userid"),
            (&[("limit", "1.5")], "limit"),
            (&[("as_of", "-1")], "as_of"),
            (&[("action", "a"), ("action", "b")], "action"),
            (&[("limit", "1"), ("limit", "1")], "limit"),
        ] {
            assert_eq!(read(pairs).expect_err(field).field(), field);
        }
    }
}
