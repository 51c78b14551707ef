//! The filters of `query` and `export`.

use clap::Args;
use indelible::{Query, Timestamp};

/// Which entries; all that is given must hold.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Filters")]
pub struct Filters {
    /// Entries of this user; `none` for entries without one
    #[arg(long, value_name = "ID|none", allow_hyphen_values = true)]
    pub user_id: Option<String>,
    /// Entries of this action, its aliases included; `admin_*` for all of the catalogue's so named
    #[arg(long, allow_hyphen_values = true)]
    pub action: Option<String>,
    /// attempted, succeeded, failed, denied or completed
    #[arg(long, allow_hyphen_values = true)]
    pub outcome: Option<String>,
    /// Entries on this kind of resource
    #[arg(long, value_name = "TYPE", allow_hyphen_values = true)]
    pub resource_type: Option<String>,
    /// Entries on this resource
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub resource_id: Option<String>,
    /// Entries from this address or block of addresses
    #[arg(long, value_name = "IP|CIDR", allow_hyphen_values = true)]
    pub ip_address: Option<String>,
    /// Entries with this correlation id
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub correlation_id: Option<String>,
    /// Entries with this tag; may be given again, for entries with all of them
    #[arg(long, allow_hyphen_values = true)]
    pub tag: Vec<String>,
    /// Entries with this in their context, such as `request.method=GET` or `/a.b/0=x`; may be
    /// given again, for entries with all of it
    #[arg(long, value_name = "PATH=VALUE", allow_hyphen_values = true)]
    pub context: Vec<String>,
    /// Entries that occurred then or later: a date, RFC 3339, or how long ago, such as 24h or 7d
    #[arg(long, value_name = "DATE", allow_hyphen_values = true)]
    pub start_date: Option<String>,
    /// Entries that occurred then or earlier; a bare date is meant to its end
    #[arg(long, value_name = "DATE", allow_hyphen_values = true)]
    pub end_date: Option<String>,
    /// The trail as it was with this many entries
    #[arg(long, value_name = "SIZE")]
    pub as_of: Option<u64>,
}

impl Filters {
    /// The question. Spans of time are counted back from `now`.
    pub fn query(self, now: Timestamp) -> Query {
        let mut query = Query::new();
        query.user_id = self.user_id;
        query.action = self.action;
        query.outcome = self.outcome;
        query.resource_type = self.resource_type;
        query.resource_id = self.resource_id;
        query.ip_address = self.ip_address;
        query.correlation_id = self.correlation_id;
        query.tags = self.tag;
        query.context = self.context;
        query.start_date = self.start_date;
        query.end_date = self.end_date;
        query.as_of = self.as_of;
        query.dated(now)
    }
}
