//! What URLs take beside their paths and bodies.

use serde_json::{Value, json};

/// A parameter or header.
pub struct Parameter {
    pub name: &'static str,
    pub required: bool,
    pub shape: Shape,
    pub about: &'static str,
}

/// What a parameter may hold.
#[derive(Clone, Copy)]
pub enum Shape {
    Text,
    /// May be given again and again.
    Texts,
    Count,
    Limit,
    OneOf(&'static [&'static str]),
    /// A text of this form.
    Form(&'static str),
    /// The schema of this name.
    Named(&'static str),
    /// The schema of this name, again and again.
    NamedList(&'static str),
}

impl Shape {
    /// As JSON Schema has it.
    pub fn schema(self) -> Value {
        let named = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
        match self {
            Self::Text => json!({ "type": "string" }),
            Self::Texts => json!({ "type": "array", "items": { "type": "string" } }),
            Self::Count => json!({ "type": "integer", "minimum": 0, "maximum": i64::MAX }),
            Self::Limit => {
                json!({ "type": "integer", "minimum": 1, "maximum": i64::MAX, "default": 100 })
            }
            Self::OneOf(values) => json!({ "type": "string", "enum": values }),
            Self::Form(pattern) => json!({ "type": "string", "pattern": pattern }),
            Self::Named(name) => named(name),
            Self::NamedList(name) => json!({ "type": "array", "items": named(name) }),
        }
    }
}

const fn parameter(name: &'static str, shape: Shape, about: &'static str) -> Parameter {
    Parameter {
        name,
        required: false,
        shape,
        about,
    }
}

pub const FILTERS: &[Parameter] = &[
    parameter(
        "user_id",
        Shape::Text,
        "Entries of this user; `none` for entries without one",
    ),
    parameter(
        "action",
        Shape::Named("ActionFilter"),
        "Entries of this action, its aliases included, or `admin_*`",
    ),
    parameter("outcome", Shape::OneOf(OUTCOMES), "Entries of this outcome"),
    parameter(
        "resource_type",
        Shape::Text,
        "Entries on this kind of resource",
    ),
    parameter("resource_id", Shape::Text, "Entries on this resource"),
    parameter(
        "ip_address",
        Shape::Text,
        "Entries from this address or block of addresses",
    ),
    parameter(
        "correlation_id",
        Shape::Text,
        "Entries with this correlation id",
    ),
    parameter("tag", Shape::Texts, "Entries with all of these tags"),
    parameter(
        "context",
        Shape::NamedList("Member"),
        "Entries with all of this in their context, as PATH=VALUE",
    ),
    parameter("start_date", Shape::Named("Date"), DATE),
    parameter("end_date", Shape::Named("Date"), DATE),
];

pub const AS_OF: &[Parameter] = &[parameter(
    "as_of",
    Shape::Count,
    "The trail as it was with this many entries, at most as many as it has",
)];

pub const PAGING: &[Parameter] = &[
    parameter(
        "limit",
        Shape::Limit,
        "Entries of a page; more than 1000 is cut to 1000",
    ),
    parameter(
        "offset",
        Shape::Count,
        "Passes over this many entries first; not beside a cursor",
    ),
    parameter(
        "cursor",
        Shape::Text,
        "Goes on where a page ended: its next_cursor, with the same filters",
    ),
];

const OUTCOMES: &[&str] = &["attempted", "succeeded", "failed", "denied", "completed"];
const DATE: &str = "A date, RFC 3339, or how long ago, such as 24h; inclusive";

pub const DATES: &[Parameter] = &[
    parameter("start_date", Shape::Named("Date"), DATE),
    parameter("end_date", Shape::Named("Date"), DATE),
    parameter(
        "by",
        Shape::Named("Division"),
        "Any of action, outcome and hour, with commas between",
    ),
];

pub const FROM: &[Parameter] = &[parameter(
    "from",
    Shape::Count,
    "The seq to begin at, at most the trail's size; else the stream begins at the present end",
)];

pub const FOLLOWING: &[Parameter] = &[
    parameter(
        "Last-Event-ID",
        Shape::Text,
        "The last `id` that was seen: the stream goes on after it",
    ),
    parameter(
        "X-Purpose",
        Shape::Text,
        "Why the trail is looked at, for its record",
    ),
];

pub const PURPOSE: &[Parameter] = &[parameter(
    "X-Purpose",
    Shape::Text,
    "Why the trail is looked at, for its record",
)];

/// Those of a request that records.
pub const RECORDING: &[Parameter] = &[
    parameter(
        "Idempotency-Key",
        Shape::Named("IdempotencyKey"),
        "Stands for the id of one event, which has no other",
    ),
    parameter(
        "Prefer",
        Shape::Text,
        "`proof` adds the proof to the receipt of one event; `consistency=N` adds the proof that the \
         trail continues its first N entries, and the verifier key",
    ),
    parameter(
        "Content-Encoding",
        Shape::OneOf(&["identity", "gzip", "zstd"]),
        "How the body is packed",
    ),
];

/// Whether the end of what takes long is waited for.
pub const WAIT: &[Parameter] = &[parameter(
    "Prefer",
    Shape::Text,
    "`respond-async` answers at once how far it is; else it is waited for a few seconds",
)];

/// Whether a proof opens what it proves.
pub const OPEN: &[Parameter] = &[parameter(
    "open",
    Shape::OneOf(&["true", "false", ""]),
    "Adds the entry's contents; nothing is the same as true",
)];

/// Where a proof of consistency begins.
pub const EARLIER: &[Parameter] = &[Parameter {
    name: "from",
    required: true,
    shape: Shape::Count,
    about: "The number of entries in the earlier checkpoint, at most as many as now",
}];

/// What an export is written as.
pub const FORMAT: &[Parameter] = &[
    parameter(
        "format",
        Shape::OneOf(&["ndjson", "csv", "ocsf", "cef", "syslog", "pack"]),
        "What is written; a pack is evidence that is checked without the trail",
    ),
    parameter(
        "complete",
        Shape::OneOf(&["true", "false"]),
        "Of a pack: the skeletons of all entries, so that none that matches can have been left out",
    ),
    parameter(
        "from",
        Shape::Count,
        "Of a pack: only what came after the trail had this many entries",
    ),
    parameter(
        "without",
        Shape::Form("^(actor|target|details)?(,(actor|target|details)?)*$"),
        "Of a pack: parts of entries that are not shown",
    ),
];

/// Which findings are listed.
pub const WAITING: &[Parameter] = &[parameter(
    "open",
    Shape::OneOf(&["true", "false", ""]),
    "Those alone that wait for somebody; nothing is the same as true",
)];

/// Which days are listed.
pub const DAYS: &[Parameter] = &[
    parameter(
        "from",
        Shape::Named("Date"),
        "The first day; 30 days ago, or the day of the first entry, where nothing is said",
    ),
    parameter(
        "to",
        Shape::Named("Date"),
        "The last day; today where nothing is said",
    ),
];

/// The time that a report is about.
pub const PERIOD: &[Parameter] = &[
    Parameter {
        name: "from",
        required: true,
        shape: Shape::Named("Date"),
        about: "The first day or instant, by when things happened",
    },
    Parameter {
        name: "to",
        required: true,
        shape: Shape::Named("Date"),
        about: "The last one; a bare date is meant to its end",
    },
];

/// What a report is written as.
pub const FORM: &[Parameter] = &[parameter(
    "format",
    Shape::OneOf(&["html", "md", "json", "csv"]),
    "What is written; a page that can be printed where nothing is said",
)];

/// How samples are drawn.
pub const SAMPLING: &[Parameter] = &[
    parameter(
        "seed",
        Shape::Text,
        "The auditor's own text, by which a sample of each control's evidence is drawn; needs \
         `as_of`, which the auditor had before",
    ),
    parameter(
        "sample",
        Shape::Count,
        "Entries of each control's sample, 1 to 1000; needs a seed",
    ),
];

/// Where a pack begins.
pub const BEGIN: &[Parameter] = &[parameter(
    "begin",
    Shape::Count,
    "Begins the pack where the trail had this many entries; of earlier ones it proves nothing",
)];
