//! One row for each URL: what it takes, what it answers.

mod retention;
mod reviews;
mod subjects;

use super::parameters::{
    AS_OF, DATES, EARLIER, FILTERS, FOLLOWING, FORM, FORMAT, FROM, OPEN, PAGING, PERIOD, PURPOSE,
    Parameter, RECORDING, SAMPLING,
};

/// A URL's row.
pub struct Operation {
    pub method: &'static str,
    pub path: &'static str,
    pub id: &'static str,
    pub summary: &'static str,
    /// The lists of its parameters.
    pub query: &'static [&'static [Parameter]],
    pub headers: &'static [Parameter],
    /// The bodies that it takes; none where it takes no body.
    pub body: &'static [Content],
    /// Status code, what it means, and the bodies that it has.
    pub answers: &'static [(u16, &'static str, &'static [Content])],
    /// Status codes of problems beside those that all have: 500, with a key 400, 401, 403, 429
    /// and 503, with a body 408, 413 and 415.
    pub problems: &'static [u16],
}

impl Operation {
    /// Whether it may be called without its body, whose fields may all be left out.
    pub fn may_lack_body(&self) -> bool {
        self.body.iter().any(|body| body.schema == "Approving")
    }
}

/// A body: its media type and the name of its schema, with `[]` for a list of them, nothing for a
/// text.
pub struct Content {
    pub media: &'static str,
    pub schema: &'static str,
}

const fn json(schema: &'static str) -> Content {
    Content {
        media: "application/json",
        schema,
    }
}

const TEXT: &[Content] = &[Content {
    media: "text/plain",
    schema: "",
}];

/// The forms of a report, of which JSON has this schema.
const fn in_forms(schema: &'static str) -> [Content; 4] {
    const fn text(media: &'static str) -> Content {
        Content { media, schema: "" }
    }
    [
        text("text/html"),
        text("text/markdown"),
        json(schema),
        text("text/csv"),
    ]
}

const REPORT: &[Content] = &in_forms("ControlsReport");
const KEY: &[Content] = &[json("Key")];
const TRAIL: &[Content] = &[json("Trail")];

/// Every URL.
pub fn operations() -> impl Iterator<Item = &'static Operation> {
    let others = [
        reviews::OPERATIONS,
        retention::OPERATIONS,
        subjects::OPERATIONS,
    ];
    OPERATIONS.iter().chain(others.into_iter().flatten())
}

/// Those that are not of reviews, of what is handed over, or of persons.
const OPERATIONS: &[Operation] = &[
    Operation {
        method: "POST",
        path: "/v1/trails/{trail}/events",
        id: "record",
        summary: "Records one event, an array of them, or lines",
        query: &[],
        headers: RECORDING,
        body: &[
            json("Event"),
            json("Event[]"),
            Content {
                media: "application/x-ndjson",
                schema: "",
            },
        ],
        answers: &[
            (
                201,
                "One event is recorded, or was before",
                &[json("Receipt")],
            ),
            (
                200,
                "One result for each event",
                &[
                    json("Result[]"),
                    Content {
                        media: "application/x-ndjson",
                        schema: "",
                    },
                ],
            ),
        ],
        problems: &[409],
    },
    Operation {
        method: "GET",
        path: "/v1/trails/{trail}/events",
        id: "query",
        summary: "Finds entries, newest first; Link names the next page",
        query: &[FILTERS, AS_OF, PAGING],
        headers: PURPOSE,
        body: &[],
        answers: &[(200, "One page", &[json("Page")])],
        problems: &[],
    },
    Operation {
        method: "GET",
        path: "/v1/trails/{trail}/events/stream",
        id: "follow",
        summary: "Entries as they are recorded, oldest first, as server-sent events without an end",
        query: &[FILTERS, FROM],
        headers: FOLLOWING,
        body: &[],
        answers: &[(
            200,
            "Each `data` is an Entry, each `id` the place after it",
            &[Content {
                media: "text/event-stream",
                schema: "Told",
            }],
        )],
        problems: &[],
    },
    Operation {
        method: "GET",
        path: "/v1/trails/{trail}/events/{id}",
        id: "show",
        summary: "One entry, by its UUID or seq",
        query: &[],
        headers: PURPOSE,
        body: &[],
        answers: &[(200, "The entry", &[json("Entry")])],
        problems: &[404],
    },
    Operation {
        method: "GET",
        path: "/v1/trails/{trail}/events/{id}/proof",
        id: "prove",
        summary: "The proof that an entry is in the trail, c2sp.org/tlog-proof@v1",
        query: &[OPEN],
        headers: PURPOSE,
        body: &[],
        answers: &[(200, "The proof", TEXT)],
        problems: &[404],
    },
    Operation {
        method: "GET",
        path: "/v1/trails/{trail}/checkpoint",
        id: "checkpoint",
        summary: "The trail's size and root, signed",
        query: &[],
        headers: PURPOSE,
        body: &[],
        answers: &[(200, "A signed note", TEXT)],
        problems: &[404],
    },
    Operation {
        method: "GET",
        path: "/v1/trails/{trail}/consistency",
        id: "consistency",
        summary: "The proof that the trail continues an earlier state of itself",
        query: &[EARLIER],
        headers: PURPOSE,
        body: &[],
        answers: &[(200, "The proof and the checkpoint of now", TEXT)],
        problems: &[404],
    },
    Operation {
        method: "POST",
        path: "/v1/trails/{trail}/verify",
        id: "verify",
        summary: "Derives everything again and compares",
        query: &[],
        headers: PURPOSE,
        body: &[],
        answers: &[(200, "What was found, whatever it is", &[json("Report")])],
        problems: &[404],
    },
    Operation {
        method: "GET",
        path: "/v1/trails/{trail}/summary",
        id: "summary",
        summary: "Exact counts by action, outcome and hour",
        query: &[DATES],
        headers: PURPOSE,
        body: &[],
        answers: &[(200, "The counts", &[json("Summary")])],
        problems: &[],
    },
    Operation {
        method: "GET",
        path: "/v1/trails/{trail}/export",
        id: "export",
        summary: "All entries that match, without a limit",
        query: &[FILTERS, AS_OF, FORMAT],
        headers: PURPOSE,
        body: &[],
        answers: &[(
            200,
            "The entries, newest first; a pack has them in the trail's order",
            &[
                Content {
                    media: "application/x-ndjson",
                    schema: "",
                },
                Content {
                    media: "text/csv",
                    schema: "",
                },
                Content {
                    media: "text/plain",
                    schema: "",
                },
            ],
        )],
        problems: &[404],
    },
    Operation {
        method: "GET",
        path: "/v1/trails/{trail}/reports/{framework}",
        id: "report",
        summary: "What is on record for the controls of a framework",
        query: &[PERIOD, FORM, SAMPLING, AS_OF],
        headers: PURPOSE,
        body: &[],
        answers: &[(200, "The report", REPORT)],
        problems: &[404],
    },
    Operation {
        method: "GET",
        path: "/v1/trails",
        id: "list_trails",
        summary: "The trails that the key is for",
        query: &[],
        headers: &[],
        body: &[],
        answers: &[(200, "The trails", &[json("Trails")])],
        problems: &[],
    },
    Operation {
        method: "POST",
        path: "/v1/trails",
        id: "begin_trail",
        summary: "Begins a trail with an entry that says what it is for",
        query: &[],
        headers: &[],
        body: &[json("NewTrail")],
        answers: &[(201, "The trail", TRAIL)],
        problems: &[409],
    },
    Operation {
        method: "GET",
        path: "/v1/keys",
        id: "list_keys",
        summary: "The keys, those that ended included",
        query: &[],
        headers: &[],
        body: &[],
        answers: &[(200, "The keys", &[json("Keys")])],
        problems: &[],
    },
    Operation {
        method: "POST",
        path: "/v1/keys",
        id: "create_key",
        summary: "Makes a key; its text is in this answer and nowhere else",
        query: &[],
        headers: &[],
        body: &[json("NewKey")],
        answers: &[(201, "The key with its text", KEY)],
        problems: &[],
    },
    Operation {
        method: "DELETE",
        path: "/v1/keys/{id}",
        id: "revoke_key",
        summary: "Revokes a key",
        query: &[],
        headers: &[],
        body: &[],
        answers: &[(200, "The key", KEY)],
        problems: &[404],
    },
    Operation {
        method: "POST",
        path: "/v1/keys/{id}/rotate",
        id: "rotate_key",
        summary: "Makes a key in the place of another",
        query: &[],
        headers: &[],
        body: &[json("Rotation")],
        answers: &[(201, "The new key with its text", KEY)],
        problems: &[404, 409],
    },
    Operation {
        method: "GET",
        path: "/healthz",
        id: "alive",
        summary: "The process answers",
        query: &[],
        headers: &[],
        body: &[],
        answers: &[(200, "It does", &[json("Health")])],
        problems: &[],
    },
    Operation {
        method: "GET",
        path: "/readyz",
        id: "ready",
        summary: "The database answers",
        query: &[],
        headers: &[],
        body: &[],
        answers: &[(200, "It does", &[json("Health")])],
        problems: &[503],
    },
    Operation {
        method: "GET",
        path: "/metrics",
        id: "figures",
        summary: "Figures for Prometheus, to callers on the same machine or with a key for all trails",
        query: &[],
        headers: &[],
        body: &[],
        answers: &[(200, "Figures in the text form of Prometheus, 0.0.4", TEXT)],
        problems: &[],
    },
    Operation {
        method: "GET",
        path: "/openapi.json",
        id: "describe",
        summary: "This description",
        query: &[],
        headers: &[],
        body: &[],
        answers: &[(200, "OpenAPI 3.1", &[json("Document")])],
        problems: &[],
    },
    Operation {
        method: "GET",
        path: "/docs",
        id: "read",
        summary: "This description, for people",
        query: &[],
        headers: &[],
        body: &[],
        answers: &[(
            200,
            "A page",
            &[Content {
                media: "text/html",
                schema: "",
            }],
        )],
        problems: &[],
    },
    Operation {
        method: "GET",
        path: "/docs/style.css",
        id: "style",
        summary: "How that page looks",
        query: &[],
        headers: &[],
        body: &[],
        answers: &[(
            200,
            "A style sheet",
            &[Content {
                media: "text/css",
                schema: "",
            }],
        )],
        problems: &[],
    },
];
