//! `indelible record`

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::Args;
use indelible::core::json::parse;
use indelible::{AuditEvent, AuditProtocol, Receipt};
use serde_json::{Map, Value, json};

use crate::answer::{Answer, Field, Layout, Sheet, cell};
use crate::failure::{Failure, Status};
use crate::input;
use crate::session::{Access, Session};

/// Records one event and prints its receipt
///
/// The event is on disk when the receipt is printed. A value of any content is accepted: what is
/// too long is cut, secrets are masked, and the entry notes what was done. The same id with the
/// same content again answers with the first receipt.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  indelible record user_login_failed session --user-id u-17 --ip-address 203.0.113.9 \\
      --context '{\"reason\": \"invalid_password\", \"attempts\": 3}'
  indelible record aws.iam.CreateUser iam_user --resource-id arn:aws:iam::123456789012:user/eve
  jq -n '{ticket: 4711}' | indelible record refund order --resource-id o-9 --context -")]
pub struct Record {
    /// What was done: a name of the catalogue, such as user_login_failed, or one of your own
    action: String,
    /// The kind of resource it was done to, such as session
    resource_type: String,
    /// Who did it
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    user_id: Option<OsString>,
    /// For whom, where the actor acted for somebody else
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    on_behalf_of: Option<OsString>,
    /// Which resource
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    resource_id: Option<OsString>,
    /// From where
    #[arg(long, value_name = "ADDRESS", allow_hyphen_values = true)]
    ip_address: Option<OsString>,
    /// With what
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    user_agent: Option<OsString>,
    /// Anything else: a JSON object, @FILE that holds one, or - for standard input
    #[arg(long, value_name = "JSON|@FILE|-", allow_hyphen_values = true)]
    context: Option<OsString>,
    /// attempted, succeeded, failed, denied or completed [default: as the catalogue has it]
    #[arg(long, allow_hyphen_values = true)]
    outcome: Option<String>,
    /// When it happened, RFC 3339 with a zone [default: now]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    occurred_at: Option<String>,
    /// The event's UUID, for recording it once however often it is tried [default: a new one]
    #[arg(long, value_name = "UUID", allow_hyphen_values = true)]
    id: Option<String>,
    /// What links it to other events
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    correlation_id: Option<OsString>,
    /// What compliance rules read, such as data.chd; may be given again
    #[arg(long, allow_hyphen_values = true)]
    tag: Vec<OsString>,
}

impl Record {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        let event = self.event()?;
        let opened = session.open(Access::Create).await?;
        let receipt = opened.audit.record(event).await.map_err(Failure::from);
        // The entry is there whatever becomes of the closing, so that its receipt comes first.
        let printed = receipt.and_then(|receipt| session.output.print(&receipt));
        opened.close(printed).await?;
        Ok(Status::Fine)
    }

    /// The event, read as every other JSON form of it is, so that the same errors and notes come.
    fn event(self) -> Result<AuditEvent, Failure> {
        let mut object = Map::new();
        let mut notes = Vec::new();
        let mut replaced = |field: &str| notes.push(json!({"field": field, "kind": "replaced"}));
        let context = match self.context.as_deref().map(context).transpose()? {
            Some(Given { text, is_whole }) => {
                if !is_whole {
                    replaced("context");
                }
                Some(text)
            }
            None => None,
        };
        let structure = [
            ("action", Some(self.action)),
            ("resource_type", Some(self.resource_type)),
            ("outcome", self.outcome),
            ("occurred_at", self.occurred_at),
            ("id", self.id),
        ];
        for (name, text) in structure {
            object.extend(text.map(|text| (name.to_owned(), Value::String(text))));
        }
        let texts = [
            ("user_id", self.user_id),
            ("on_behalf_of", self.on_behalf_of),
            ("resource_id", self.resource_id),
            ("ip_address", self.ip_address),
            ("user_agent", self.user_agent),
            ("correlation_id", self.correlation_id),
        ];
        for (name, text) in texts {
            let Some(text) = text else { continue };
            let text = whole(text).unwrap_or_else(|repaired| {
                replaced(name);
                repaired
            });
            object.insert(name.to_owned(), text.into());
        }
        // A tag with a replacement in it is no tag: it is dropped, and noted as such.
        let tags = self.tag.into_iter();
        let tags = tags.map(|tag| whole(tag).unwrap_or_else(|repaired| repaired));
        object.insert("tags".to_owned(), tags.collect());
        object.insert("notes".to_owned(), notes.into());
        let mut text = serde_json::to_vec(&object)?;
        if let Some(context) = context {
            text.pop();
            text.extend_from_slice(b",\"context\":");
            text.extend_from_slice(&context);
            text.push(b'}');
        }
        AuditEvent::from_json(&text)
            .map_err(|error| Failure::usage(format!("nothing was recorded: {error}")))
    }
}

/// The text, or what is left of one where U+FFFD has taken the place of what is no UTF-8.
fn whole(text: OsString) -> Result<String, String> {
    text.into_string()
        .map_err(|text| text.to_string_lossy().into_owned())
}

/// The longest context that is read; what is over the trail's own limit is cut there, and noted.
const CONTEXT_FILE_BYTES_MAX: usize = 64 << 20;

/// The text of a context: one JSON value and nothing else.
struct Given {
    text: Vec<u8>,
    /// Whether it is as it was given.
    is_whole: bool,
}

fn context(given: &OsStr) -> Result<Given, Failure> {
    let bytes = match file(given) {
        Some(file) => input::read(Path::new(&file), CONTEXT_FILE_BYTES_MAX)?,
        None => given.as_encoded_bytes().to_vec(),
    };
    let text = String::from_utf8_lossy(&bytes);
    let is_whole = matches!(text, Cow::Borrowed(_));
    match parse(text.as_bytes()) {
        Ok(_) => Ok(Given {
            text: text.into_owned().into_bytes(),
            is_whole,
        }),
        Err(error) => Err(Failure::usage(format!(
            "nothing was recorded: `context` is no JSON: {error}"
        ))),
    }
}

/// The file that holds the context, where the option names one.
fn file(given: &OsStr) -> Option<OsString> {
    if given == "-" {
        return Some(given.to_owned());
    }
    let name = given.as_encoded_bytes().strip_prefix(b"@")?;
    #[cfg(unix)]
    let name: &OsStr = std::os::unix::ffi::OsStrExt::from_bytes(name);
    #[cfg(not(unix))]
    let name = String::from_utf8_lossy(name).into_owned();
    Some(OsString::from(name))
}

impl Answer for Receipt {
    fn layout(&self) -> Layout {
        let fields = receipt(self).into_iter();
        let fields = fields.map(|(name, value)| Field::text(name, value));
        Layout::Fields(fields.filter(|field| !field.is_empty()).collect())
    }

    fn sheet(&self) -> Sheet {
        Sheet::of_fields(receipt(self))
    }
}

fn receipt(receipt: &Receipt) -> Vec<(&'static str, String)> {
    let delivery = serde_json::to_value(receipt.delivery).unwrap_or_default();
    vec![
        ("trail", receipt.trail.to_string()),
        ("id", receipt.id.to_string()),
        ("seq", cell(&receipt.seq)),
        ("created_at", cell(&receipt.created_at)),
        ("leaf_hash", cell(&receipt.leaf_hash)),
        ("tree_size", cell(&receipt.tree_size)),
        ("delivery", delivery.as_str().unwrap_or_default().to_owned()),
        ("content_checked", cell(&receipt.content_checked)),
    ]
}
