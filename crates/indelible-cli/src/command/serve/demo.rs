//! A believable day of events, for `indelible serve --demo`.
//!
//! The same day each time, counted back from now: people of a small company log in, work, fail to
//! log in, change things; jobs run at night; and in the afternoon somebody guesses a password.

use std::time::Duration;

use indelible::{Audit, AuditAction, AuditEvent, Outcome, Timestamp};
use serde_json::{Value, json};

use crate::failure::Failure;

/// The trail that is filled.
pub const TRAIL: &str = "demo";

const DAY: Duration = Duration::from_secs(24 * 3600);
/// What people did in that day, beside logging in.
const DEEDS: u64 = 900;
/// Guesses at one password.
const GUESSES: u64 = 40;

const PEOPLE: [(&str, &str); 8] = [
    ("ada.okafor", "203.0.113.17"),
    ("ben.lindqvist", "203.0.113.22"),
    ("chiara.russo", "203.0.113.31"),
    ("dmitri.volkov", "198.51.100.8"),
    ("elif.yilmaz", "203.0.113.45"),
    ("farid.haddad", "203.0.113.52"),
    ("grace.mbeki", "198.51.100.77"),
    ("hana.sato", "203.0.113.64"),
];

const BROWSERS: [&str; 3] = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_6) AppleWebKit/605.1.15 Version/18.6 Safari/605.1.15",
];

const SPACES: [&str; 3] = ["finance", "sales", "people"];

/// What people do, on what, how it ends, and how often among a hundred.
const WORK: [(AuditAction, &str, Outcome, u64); 9] = [
    (AuditAction::DATA_VIEWED, "document", Outcome::Completed, 42),
    (
        AuditAction::DATA_MODIFIED,
        "document",
        Outcome::Succeeded,
        18,
    ),
    (AuditAction::DATA_MODIFIED, "invoice", Outcome::Succeeded, 9),
    (AuditAction::DATA_VIEWED, "customer", Outcome::Completed, 14),
    (AuditAction::DATA_EXPORTED, "report", Outcome::Succeeded, 4),
    (AuditAction::ACCESS_DENIED, "document", Outcome::Denied, 5),
    (AuditAction::USER_LOGOUT, "session", Outcome::Succeeded, 4),
    (
        AuditAction::USER_LOGIN_FAILED,
        "session",
        Outcome::Failed,
        3,
    ),
    (
        AuditAction::PERMISSION_CHANGED,
        "document",
        Outcome::Succeeded,
        1,
    ),
];

/// Records the day that ends at `now`, where the trail is empty; answers how many events it was.
///
/// # Errors
/// Those of recording.
pub async fn fill(audit: &Audit, now: Timestamp) -> Result<Option<usize>, Failure> {
    if audit.head().await?.is_some() {
        return Ok(None);
    }
    let mut day = day(now.earlier(DAY));
    day.sort_by_key(|event| event.occurred_at);
    let count = day.len();
    for recorded in audit.record_all(day).await {
        recorded?;
    }
    Ok(Some(count))
}

fn day(begin: Timestamp) -> Vec<AuditEvent> {
    let mut dice = Dice(0x1de1_1b1e);
    let mut events = Vec::new();
    for (person, address) in PEOPLE {
        let at = seconds(&mut dice, 7, 10);
        events.push(of(
            person,
            address,
            AuditAction::USER_LOGIN_SUCCESS,
            "session",
            at,
            begin,
            &mut dice,
        ));
    }
    for _ in 0..DEEDS {
        let (person, address) = PEOPLE[dice.below(PEOPLE.len() as u64) as usize];
        let (action, resource, outcome) = deed(&mut dice);
        // Most of it in the hours of work.
        let at = if dice.below(10) == 0 {
            dice.below(DAY.as_secs())
        } else {
            seconds(&mut dice, 8, 18)
        };
        let event = of(person, address, action, resource, at, begin, &mut dice);
        events.push(event.outcome(outcome));
    }
    events.extend(night(begin));
    events.extend(intrusion(begin));
    events
}

fn deed(dice: &mut Dice) -> (AuditAction, &'static str, Outcome) {
    let mut left = dice.below(100);
    for (action, resource, outcome, share) in WORK {
        if left < share {
            return (action, resource, outcome);
        }
        left -= share;
    }
    (AuditAction::DATA_VIEWED, "document", Outcome::Completed)
}

fn of(
    person: &str,
    address: &str,
    action: AuditAction,
    resource: &str,
    at: u64,
    begin: Timestamp,
    dice: &mut Dice,
) -> AuditEvent {
    let number = dice.below(400);
    let context: Value = match action.as_ref() {
        "user_login_success" => json!({"method": "password", "mfa": "totp"}),
        "user_login_failed" => json!({"reason": "invalid_password"}),
        "access_denied" => json!({"reason": "not_a_member", "required_role": "finance"}),
        "data_exported" => json!({"format": "csv", "rows": number * 13}),
        "permission_changed" => json!({"from": "view", "to": "edit"}),
        _ => json!({ "space": SPACES[(number % 3) as usize] }),
    };
    AuditEvent::new(action, resource)
        .user_id(format!("{person}@example.com"))
        .ip_address(address)
        .user_agent(BROWSERS[(address.len() + person.len()) % BROWSERS.len()])
        .resource_id(format!("{resource}/{number}"))
        .context(context)
        .occurred_at(begin.later(Duration::from_secs(at)))
}

/// What runs without anybody.
fn night(begin: Timestamp) -> impl Iterator<Item = AuditEvent> {
    (0..24).map(move |hour| {
        AuditEvent::new(AuditAction::ADMIN_BACKUP_CREATED, "database")
            .resource_id("database/orders")
            .context(json!({"bytes": 7_340_032_000_u64 + hour * 1_048_576, "seconds": 41 + hour}))
            .occurred_at(begin.later(Duration::from_secs(hour * 3600 + 120)))
    })
}

/// A password is guessed, and what it opens is taken away.
fn intrusion(begin: Timestamp) -> Vec<AuditEvent> {
    let (person, address) = ("dmitri.volkov@example.com", "192.0.2.200");
    let start = 15 * 3600 + 600;
    let event = |action: AuditAction, resource: &'static str, at: u64| {
        AuditEvent::new(action, resource)
            .user_id(person)
            .ip_address(address)
            .user_agent("python-requests/2.32")
            .correlation_id("session-7f3a")
            .occurred_at(begin.later(Duration::from_secs(start + at)))
    };
    let guess = |n: u64| {
        let context = json!({"reason": "invalid_password", "attempts": n + 1});
        event(AuditAction::USER_LOGIN_FAILED, "session", n * 7).context(context)
    };
    let mut events: Vec<_> = (0..GUESSES).map(guess).collect();
    let after = GUESSES * 7;
    events.push(
        event(AuditAction::USER_LOGIN_SUCCESS, "session", after).context(json!({"mfa": "none"})),
    );
    events.push(
        event(AuditAction::PERMISSION_CHANGED, "report", after + 40).resource_id("report/payroll"),
    );
    events.push(
        event(AuditAction::DATA_EXPORTED, "report", after + 95)
            .resource_id("report/payroll")
            .tag("data.personal")
            .context(json!({"format": "csv", "rows": 4180})),
    );
    events
}

/// A second of the day between two hours.
fn seconds(dice: &mut Dice, from: u64, to: u64) -> u64 {
    from * 3600 + dice.below((to - from) * 3600)
}

/// The same throws each time (xorshift64*).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) % end
    }
}
