//! Small JSON bodies, read by the strict reader, every field by its name.

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::HeaderMap;
use indelible_core::json;
use serde_json::{Map, Value};

use crate::app::App;
use crate::ingest::body::{self, Pieces};
use crate::limits::SMALL_BODY_BYTES_MAX;
use crate::problem::{Kind, Problem};
use crate::request::shortened;

/// The fields of a body that were not yet read.
pub struct Fields(Map<String, Value>);

impl Fields {
    /// Reads the body of a request, which is one JSON object.
    ///
    /// # Errors
    /// As [`Fields::read`].
    pub async fn of(app: &App, request: Request) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        Self::read(app, &parts.headers, body).await
    }

    /// Reads a body, which is one JSON object.
    ///
    /// # Errors
    /// Another media type, a body that is too long or no object.
    pub async fn read(app: &App, headers: &HeaderMap, body: Body) -> Result<Self, Problem> {
        Self::read_up_to(app, headers, body, SMALL_BODY_BYTES_MAX).await
    }

    /// The same, where there may be none: no body at all has no fields, whatever its type.
    ///
    /// # Errors
    /// As [`Fields::read`].
    pub async fn read_if_any(app: &App, headers: &HeaderMap, body: Body) -> Result<Self, Problem> {
        match body.size_hint().exact() {
            Some(0) => Ok(Self(Map::new())),
            _ => Self::read(app, headers, body).await,
        }
    }

    /// The same, of so many bytes.
    ///
    /// # Errors
    /// As [`Fields::read`].
    pub async fn read_up_to(
        app: &App,
        headers: &HeaderMap,
        body: Body,
        bytes_max: usize,
    ) -> Result<Self, Problem> {
        body::expect_json(headers)?;
        let pieces = Pieces::new(app, headers, body)?;
        let text = body::whole(pieces, bytes_max, |_| Ok(())).await?;
        let parsed = json::parse(&text).map_err(|error| wrong(error.to_string()))?;
        match parsed.value {
            Value::Object(fields) => Ok(Self(fields)),
            _ => Err(wrong("the body is a JSON object".to_owned())),
        }
    }

    /// Takes a text out; null is the same as absent.
    ///
    /// # Errors
    /// A field of another type.
    pub fn text(&mut self, name: &str) -> Result<Option<String>, Problem> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(wrong(format!("`{name}` is a text")).at(name)),
        }
    }

    /// Takes a text out that must be there.
    ///
    /// # Errors
    /// As [`Fields::text`]; a field that is missing.
    pub fn needed(&mut self, name: &str) -> Result<String, Problem> {
        let missing = || wrong(format!("`{name}` is missing")).at(name);
        self.text(name)?.ok_or_else(missing)
    }

    /// Takes a text out that is of a form.
    ///
    /// # Errors
    /// As [`Fields::text`]; a text of another form.
    pub fn parsed<T>(&mut self, name: &str) -> Result<Option<T>, Problem>
    where
        T: std::str::FromStr<Err: std::fmt::Display>,
    {
        let ill_formed = |error: T::Err| wrong(format!("`{name}`: {error}")).at(name);
        let text = self.text(name)?;
        text.map(|text| text.parse().map_err(ill_formed))
            .transpose()
    }

    /// Takes a whole number out.
    ///
    /// # Errors
    /// A field of another type, a number below 0.
    pub fn count(&mut self, name: &str) -> Result<Option<u64>, Problem> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match value.as_u64() {
                Some(count) => Ok(Some(count)),
                None => Err(wrong(format!("`{name}` is a whole number, 0 or more")).at(name)),
            },
        }
    }

    /// Takes a truth value out.
    ///
    /// # Errors
    /// A field of another type.
    pub fn truth(&mut self, name: &str) -> Result<Option<bool>, Problem> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(truth)) => Ok(Some(truth)),
            Some(_) => Err(wrong(format!("`{name}` is true or false")).at(name)),
        }
    }

    /// Takes a list of texts out.
    ///
    /// # Errors
    /// A field of another type.
    pub fn texts(&mut self, name: &str) -> Result<Option<Vec<String>>, Problem> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        self.list(name, text, "texts")
    }

    /// Takes a list of whole numbers out.
    ///
    /// # Errors
    /// A field of another type, a number below 0.
    pub fn counts(&mut self, name: &str) -> Result<Option<Vec<u64>>, Problem> {
        self.list(name, Value::as_u64, "whole numbers, 0 or more")
    }

    /// Takes a list of objects out, each to be read by the names of its fields.
    ///
    /// # Errors
    /// A field of another type.
    pub fn objects(&mut self, name: &str) -> Result<Option<Vec<Self>>, Problem> {
        let object = |value: &Value| value.as_object().cloned().map(Self);
        self.list(name, object, "objects")
    }

    fn list<T>(
        &mut self,
        name: &str,
        one: impl Fn(&Value) -> Option<T>,
        what: &str,
    ) -> Result<Option<Vec<T>>, Problem> {
        let list = match self.0.remove(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Array(list)) => list.iter().map(one).collect(),
            Some(_) => None,
        };
        let ill_formed = || wrong(format!("`{name}` is a list of {what}")).at(name);
        list.ok_or_else(ill_formed).map(Some)
    }

    /// Refuses what nobody took out.
    ///
    /// # Errors
    /// The first of it.
    pub fn end(self) -> Result<(), Problem> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(field) => {
                let field = shortened(field);
                Err(wrong(format!("there is no field `{field}` here")).at(&field))
            }
        }
    }
}

fn wrong(detail: String) -> Problem {
    Problem::new(Kind::InvalidBody, detail)
}
