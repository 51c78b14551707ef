//! `indelible record`

use std::path::Path;

use clap::Args;
use indelible::core::json;
use indelible::{AuditEvent, AuditProtocol, Receipt};
use serde_json::{Map, Value};

use crate::answer::{Answer, Layout, Sheet, cell};
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
    #[arg(long, value_name = "ID")]
    user_id: Option<String>,
    /// For whom, where the actor acted for somebody else
    #[arg(long, value_name = "ID")]
    on_behalf_of: Option<String>,
    /// Which resource
    #[arg(long, value_name = "ID")]
    resource_id: Option<String>,
    /// From where
    #[arg(long, value_name = "ADDRESS")]
    ip_address: Option<String>,
    /// With what
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    user_agent: Option<String>,
    /// Anything else: a JSON object, @FILE that holds one, or - for standard input
    #[arg(long, value_name = "JSON|@FILE|-", allow_hyphen_values = true)]
    context: Option<String>,
    /// attempted, succeeded, failed, denied or completed [default: as the catalogue has it]
    #[arg(long)]
    outcome: Option<String>,
    /// When it happened, RFC 3339 with a zone [default: now]
    #[arg(long, value_name = "TIME")]
    occurred_at: Option<String>,
    /// The event's UUID, for recording it once however often it is tried [default: a new one]
    #[arg(long, value_name = "UUID")]
    id: Option<String>,
    /// What links it to other events
    #[arg(long, value_name = "ID")]
    correlation_id: Option<String>,
    /// What compliance rules read, such as data.chd; may be given again
    #[arg(long)]
    tag: Vec<String>,
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
        let context = self.context.as_deref().map(context).transpose()?;
        let mut object = Map::new();
        let texts = [
            ("action", Some(self.action)),
            ("resource_type", Some(self.resource_type)),
            ("user_id", self.user_id),
            ("on_behalf_of", self.on_behalf_of),
            ("resource_id", self.resource_id),
            ("ip_address", self.ip_address),
            ("user_agent", self.user_agent),
            ("outcome", self.outcome),
            ("occurred_at", self.occurred_at),
            ("id", self.id),
            ("correlation_id", self.correlation_id),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                object.insert(name.to_owned(), Value::String(text));
            }
        }
        object.insert("tags".to_owned(), self.tag.into());
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

/// The longest context that is read; what is over the trail's own limit is cut there, and noted.
const CONTEXT_FILE_BYTES_MAX: usize = 64 << 20;

/// The text of a context: one JSON value and nothing else.
fn context(given: &str) -> Result<Vec<u8>, Failure> {
    let text = match given.strip_prefix('@') {
        Some(file) => input::read(Path::new(file), CONTEXT_FILE_BYTES_MAX)?,
        None if given == "-" => input::read(Path::new("-"), CONTEXT_FILE_BYTES_MAX)?,
        None => given.as_bytes().to_vec(),
    };
    match json::parse(&text) {
        Ok(_) => Ok(text),
        Err(error) => Err(Failure::usage(format!(
            "nothing was recorded: `context` is no JSON: {error}"
        ))),
    }
}

impl Answer for Receipt {
    fn layout(&self) -> Layout {
        let mut fields = receipt(self);
        fields.retain(|(_, value)| !value.is_empty());
        Layout::Fields(fields)
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
