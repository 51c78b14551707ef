//! What is measured of an installation.

use std::collections::{BTreeMap, BTreeSet};

use indelible_core::{Timestamp, TrailName};
use serde::Serialize;

use crate::gather::Verified;
use crate::scope::Declaration;

/// An installation as it was found.
#[derive(Debug, Clone, Serialize)]
pub struct Installation {
    /// Its name.
    pub name: String,
    /// When it was looked at.
    pub measured_at: Timestamp,
    /// The database.
    pub store: StoreFacts,
    /// Whether its signing key is at hand.
    pub key_at_hand: bool,
    /// What takes the place of secrets: mask, keyed-hash, drop or off.
    pub redaction: String,
    /// The version of the rules of redaction.
    pub rules_version: u32,
    /// Whether nothing is erased, by order or by age, that two people have not said yes to.
    pub erasing_takes_two: bool,
    /// The trails, `system` among them, by name.
    pub trails: Vec<TrailFacts>,
    /// How often each action was recorded, in all trails together.
    pub actions: BTreeMap<String, u64>,
    /// The programs that hold a lease: who writes for long.
    pub leases: Vec<String>,
    /// What the caller knows.
    pub surroundings: Surroundings,
}

/// A database as it was found.
#[derive(Debug, Clone, Default, Serialize)]
pub struct StoreFacts {
    /// Engine and version.
    pub engine: String,
    /// The version of its schema.
    pub schema_version: u32,
    /// Guards that are missing or altered.
    pub missing_guards: Vec<String>,
    /// Rows that belong to nothing.
    pub stray_rows: Vec<String>,
    /// Settings that weaken durability or immutability.
    pub weak_settings: Vec<String>,
    /// What the connected role may do and should not.
    pub excess_privileges: Vec<String>,
    /// Whether all lives in this process, and ends with it.
    pub in_memory: bool,
    /// Bytes on disk.
    pub bytes: u64,
    /// Bytes free, where that is known.
    pub bytes_free: Option<u64>,
    /// By how much this process is ahead of the database's clock, where it has one.
    pub clock_ahead_micros: Option<i64>,
}

/// A trail as it was found.
#[derive(Debug, Clone, Serialize)]
pub struct TrailFacts {
    /// Its name.
    pub trail: TrailName,
    /// The number of its entries.
    pub size: u64,
    /// The size that its high-water mark names, where it has one.
    pub mark: Option<u64>,
    /// How many entries retention removed from its beginning.
    pub removed: u64,
    /// When its first entry that is left was recorded; nothing where that is not there any more.
    pub first_at: Option<Timestamp>,
    /// When its last entry was recorded.
    pub last_at: Option<Timestamp>,
    /// Entries that name no user, counted up to 1,000; not those whose actor was erased.
    pub without_user: u64,
    /// What the newest entries are like.
    pub newest: Newest,
    /// The last verification that is on record, in `system`.
    pub verified: Option<Verified>,
    /// What came of reviews.
    pub reviews: Reviews,
    /// When a backup of it came back last, by a drill that is on record.
    pub drilled: Option<Timestamp>,
    /// When one did not after that.
    pub drill_failed: Option<Timestamp>,
}

/// The newest entries of a trail, looked at one by one.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Newest {
    /// How many.
    pub entries: u64,
    /// Of logins and sessions, without an address.
    pub without_origin: u64,
    /// Without an id of a resource.
    pub without_resource: u64,
    /// Acting for somebody else.
    pub on_behalf: u64,
    /// Of actions outside of the catalogue that are not Indelible's own.
    pub custom: u64,
    /// In which a secret was replaced.
    pub redacted: u64,
    /// With an outcome that says how it ended.
    pub ended: u64,
    /// With an outcome that contradicts the action.
    pub contradictory: u64,
    /// Of actions outside of the catalogue, with no outcome but that something was done.
    pub untold: u64,
    /// That happened later than they were recorded, which nothing can.
    pub before_it_happened: u64,
    /// Recorded more than a day after they happened.
    pub late: u64,
    /// Of service accounts in people's hands and of impersonation.
    pub shared: u64,
    /// Of those, without who acted for whom.
    pub shared_without_person: u64,
    /// That a query does not find where the head says that they are.
    pub not_found: u64,
    /// Whose user is an e-mail address.
    pub mail_users: u64,
    /// Tagged `actor.privileged`, or its denial.
    pub privilege_told: u64,
    /// Tagged `data.chd`.
    pub cardholder: u64,
}

/// What came of the reviews of a trail.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Reviews {
    /// Sign-offs that hold against the trail.
    pub sign_offs: u64,
    /// Sign-offs of what retention removed, which cannot be checked any more.
    pub unchecked: u64,
    /// Entries that look like decisions of reviews and count for nothing.
    pub invalid: u64,
    /// When was signed last.
    pub last_at: Option<Timestamp>,
    /// How often, as the last sign-off says.
    pub frequency: Option<String>,
    /// Who stands for how often, and why, as the last sign-off says.
    pub declared: Option<Declaration>,
    /// Days of the last ninety that are missed.
    pub missed: u64,
    /// Findings on record.
    pub findings: u64,
    /// Of these open.
    pub open: u64,
    /// Of these without an owner.
    pub without_owner: u64,
}

/// What only the caller knows.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Surroundings {
    /// The state directory.
    pub state: StateKept,
    /// What waits on the local disk.
    pub spool: Option<Backlog>,
    /// The API keys that open.
    pub keys: Option<ApiKeys>,
    /// Whether a server has a certificate.
    pub tls: bool,
    /// Where a server listens.
    pub listen: String,
    /// Seconds between scheduled verifications; nothing where they are off.
    pub verification_seconds: Option<u64>,
    /// The written policies that were named, with version and owner.
    pub policies: Vec<String>,
}

/// How the state is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(tag = "kept", rename_all = "snake_case")]
pub enum StateKept {
    /// In memory: it ends with the process.
    #[default]
    InMemory,
    /// In a folder for its owner alone, apart from the database.
    Apart {
        /// The folder.
        place: String,
        /// Its permission bits, in octal.
        mode: Option<String>,
    },
    /// In a folder, and something is wrong with that.
    Wrong {
        /// The folder.
        place: String,
        /// What.
        problem: String,
    },
}

/// What waits in the spools of all trails.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Backlog {
    /// The folder.
    pub folder: String,
    /// Whether anything was ever put there.
    pub used: bool,
    /// Events that wait.
    pub waiting: u64,
    /// Events that were given up, which the trail does not say yet.
    pub lost: u64,
    /// Events that can never be recorded.
    pub dead: u64,
}

/// The API keys that open, by role.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ApiKeys {
    /// Record only.
    pub writers: u64,
    /// Query.
    pub readers: u64,
    /// Query, prove, verify, export.
    pub auditors: u64,
    /// All.
    pub admins: u64,
    /// Those that are for one trail.
    pub of_one_trail: u64,
    /// The trails that a key reads which opens no other.
    pub read_apart: BTreeSet<String>,
    /// Readers and auditors of all trails.
    pub readers_of_all: u64,
    /// Rows that this installation did not write.
    pub unsealed: u64,
}
