//! The table that the baselines write to, and the rows they write.

use indelible_core::{Clock, Entropy, SystemClock, SystemEntropy};
use testbed::TestDatabase;
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

use crate::workload;

/// Connections of the baselines that use several.
pub const CONNECTIONS: usize = 16;

/// One row, prepared before the time is taken.
pub struct Row {
    pub id: Uuid,
    pub action: String,
    pub user_id: String,
    pub resource_id: String,
    pub ip_address: String,
    pub user_agent: String,
    pub correlation_id: String,
    pub context: String,
}

/// $1 id … $8 context, $9 hash.
pub const INSERT: &str = "\
INSERT INTO audit_logs (id, action, outcome, user_id, resource_type, resource_id, ip_address, \
user_agent, correlation_id, context, hash) \
VALUES ($1, $2, 'succeeded', $3, 'customer_record', $4, $5::text::inet, $6, $7, \
$8::text::jsonb, $9)";

/// A database with the table.
pub struct Plain {
    pub runtime: Runtime,
    database: TestDatabase,
}

impl Plain {
    /// Makes the table.
    pub fn new(database: TestDatabase) -> anyhow::Result<Self> {
        database.execute(include_str!("../../sql/plain.sql"));
        Ok(Self {
            runtime: super::runtime()?,
            database,
        })
    }

    /// Where it is.
    pub fn url(&self) -> String {
        self.database.superuser_url()
    }

    /// Fills the table with rows like those that are measured.
    pub fn fill(&self, count: usize) -> anyhow::Result<()> {
        self.database.execute(&format!(
            "INSERT INTO audit_logs (id, action, outcome, user_id, resource_type, resource_id, \
             ip_address, user_agent, correlation_id, context) \
             SELECT gen_random_uuid(), (ARRAY['data_viewed', 'user_login_success', \
             'user_login_failed', 'data_exported'])[1 + n % 4], 'succeeded', \
             'user-' || (random() * 100000)::int, 'customer_record', \
             'customer/' || (random() * 100000)::int, \
             ('10.' || n % 200 || '.' || n % 256 || '.' || n % 251)::inet, \
             'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/131.0 Safari/537.36', \
             'req-' || lpad(to_hex(n), 16, '0'), \
             jsonb_build_object('method', 'GET', 'path', '/customers/' || n || '/profile', \
             'status', 200, 'fields', '[\"name\", \"birth_date\", \"address\"]'::jsonb, \
             'purpose', 'support case handled by the second line', 'case', 'CASE-' || n) \
             FROM generate_series(1, {count}) AS n; CHECKPOINT"
        ));
        Ok(())
    }

    /// Connections, each with its own driver.
    pub fn clients(&self) -> anyhow::Result<Vec<Client>> {
        self.runtime.block_on(async {
            let mut clients = Vec::new();
            for _ in 0..CONNECTIONS {
                let (client, connection) = tokio_postgres::connect(&self.url(), NoTls).await?;
                tokio::spawn(connection);
                clients.push(client);
            }
            Ok(clients)
        })
    }
}

/// Rows of the workload.
pub fn rows(count: usize) -> Vec<Row> {
    let clock = SystemClock::new();
    let row = |n: usize| {
        let event = workload::event(n as u64);
        Row {
            id: fresh(&clock),
            action: event.action.to_string(),
            user_id: event.user_id.unwrap_or_default(),
            resource_id: event.resource_id.unwrap_or_default(),
            ip_address: event.ip_address.unwrap_or_default(),
            user_agent: event.user_agent.unwrap_or_default(),
            correlation_id: event.correlation_id.unwrap_or_default(),
            context: event.context.unwrap_or_default().to_string(),
        }
    };
    (0..count).map(row).collect()
}

fn fresh(clock: &SystemClock) -> Uuid {
    let mut random = [0; 10];
    SystemEntropy.fill(&mut random);
    let millis = u64::try_from(clock.now().as_micros() / 1000).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}
