//! What somebody has typed into a form that the server could not take for the moment: the page that
//! says so shows it again, so that it is sent once more and not written once more.

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::Request;
use axum::http::Method;
use axum::response::{IntoResponse, Response};

use super::login::Form;
use crate::app::App;
use crate::problem::Problem;

/// The form of a request, once it was read. Forms of nobody, such as that of the login, have none.
#[derive(Clone)]
pub struct Typed {
    url: String,
    form: Arc<Mutex<Option<Form>>>,
}

/// A form to be sent again.
pub struct Again {
    pub url: String,
    pub fields: Vec<Field>,
}

/// One field of it.
pub struct Field {
    pub name: String,
    pub label: String,
    pub value: String,
    pub is_hidden: bool,
    /// Whether it takes more than a line.
    pub is_long: bool,
}

/// Fields that nobody has typed.
const CHOSEN: [&str; 9] = [
    "as",
    "as_of",
    "everything",
    "finding",
    "part",
    "plan",
    "role",
    "severity",
    "skip",
];
/// Fields of a form that is shown again, and the bytes in them.
const FIELDS_MAX: usize = 64;
const BYTES_MAX: usize = 64 * 1024;
/// The longest text that a line shows, in bytes.
const LINE_BYTES: usize = 80;

impl Typed {
    /// What is typed into the form of this request, which is not read yet.
    pub fn of(request: &Request) -> Self {
        Self {
            url: request.uri().path().to_owned(),
            form: Arc::default(),
        }
    }

    /// Keeps the form that was read.
    pub fn keep(&self, form: &Form) {
        *self.form.lock().unwrap_or_else(PoisonError::into_inner) = Some(form.clone());
    }

    /// The form to be sent again, where somebody has typed something.
    pub fn again(&self) -> Option<Again> {
        let form = self.form.lock().unwrap_or_else(PoisonError::into_inner);
        let form = form.as_ref()?;
        let bytes: usize = form
            .fields()
            .map(|(name, value)| name.len() + value.len())
            .sum();
        // No form of ours is like that.
        if form.fields().count() > FIELDS_MAX || bytes > BYTES_MAX {
            return None;
        }
        let fields: Vec<_> = form.fields().map(Field::of).collect();
        let is_typed = |it: &Field| !it.is_hidden && !it.value.trim().is_empty();
        let url = self.url.clone();
        let again = Again { url, fields };
        again.fields.iter().any(is_typed).then_some(again)
    }
}

impl Field {
    fn of((name, value): (&str, &str)) -> Self {
        Self {
            name: name.to_owned(),
            label: name.replace('_', " "),
            value: value.to_owned(),
            is_hidden: CHOSEN.contains(&name),
            is_long: value.len() > LINE_BYTES || value.contains('\n'),
        }
    }
}

/// The answer to a request that could not be looked at, with what its form says.
pub async fn unanswered(app: &App, request: Request, problem: Problem) -> Response {
    let typed = Typed::of(&request);
    let is_form = request.method() == Method::POST;
    let mut response = problem.into_response();
    if is_form && let Ok(form) = Form::read(app, request).await {
        typed.keep(&form);
        response.extensions_mut().insert(typed);
    }
    response
}
