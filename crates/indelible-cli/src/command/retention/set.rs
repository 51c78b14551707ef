//! `indelible retention set`

use std::path::PathBuf;

use clap::Args;
use indelible::core::engine::{RetentionClass, RetentionPolicy};
use indelible_evidence::retention::{Standing, read_class};

use crate::failure::{Failure, Status};
use crate::input;
use crate::session::Session;

/// Sets the trail's policy, which the trail records; nothing goes yet
///
/// It takes the place of the one before as a whole. What contradicts itself is refused by field: a
/// maximum under the minimum, parts that go before the minimum or after the entries themselves.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  indelible retention set --maximum-days 730 --legal-basis 'GDPR Art. 5(1)(e)' --by dpo-2
  indelible retention set --minimum-days 365 --maximum-days 2555 --legal-basis 'SOX 802' \\
      --class 'user_login*=400:actor' --class 'document_read=500:actor,details' --by dpo-2
  indelible retention set --policy policy.json --by dpo-2

policy.json: {\"minimum_days\": 365, \"maximum_days\": 730, \"legal_basis\": \"PCI DSS 10.5.1\",
 \"classes\": [{\"actions\": [\"user_*\"], \"after_days\": 400, \"parts\": [\"actor\"]}]}")]
pub struct Set {
    /// Days for which entries must be kept
    #[arg(long, value_name = "DAYS")]
    minimum_days: Option<u32>,
    /// Days after which entries go
    #[arg(long, value_name = "DAYS")]
    maximum_days: Option<u32>,
    /// The law, contract or decision that it follows
    #[arg(long, value_name = "TEXT", required_unless_present = "policy")]
    legal_basis: Option<String>,
    /// Parts that go earlier, by actions: `ACTION[,ACTION…]=DAYS:PART[,PART…][:BASIS]`;
    /// `user_*` is every action that begins so. May be given again
    #[arg(long, value_name = "CLASS", value_parser = read_class)]
    class: Vec<RetentionClass>,
    /// The policy as a JSON file instead; - is standard input
    #[arg(long, value_name = "FILE",
        conflicts_with_all = ["minimum_days", "maximum_days", "legal_basis", "class"])]
    policy: Option<PathBuf>,
    /// Who sets it
    #[arg(long, value_name = "ID", required = true)]
    by: String,
}

/// The longest file of a policy, in bytes.
const POLICY_BYTES_MAX: usize = 1 << 20;

impl Set {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        let by = self.by.clone();
        let policy = self.policy()?;
        let opened = session.open_begun().await?;
        let audit = &opened.audit;
        let standing = match audit.set_retention_policy(&policy, by.as_str()).await {
            Ok(_) => Standing::of(audit, session.now()).await,
            Err(error) => Err(error),
        };
        let standing = opened.close(standing.map_err(Failure::from)).await?;
        session.output.print(&standing)?;
        Ok(Status::Fine)
    }

    fn policy(self) -> Result<RetentionPolicy, Failure> {
        let Some(file) = &self.policy else {
            return Ok(RetentionPolicy {
                minimum_days: self.minimum_days,
                maximum_days: self.maximum_days,
                legal_basis: self.legal_basis.unwrap_or_default(),
                classes: self.class,
            });
        };
        let bytes = input::read(file, POLICY_BYTES_MAX)?;
        serde_json::from_slice(&bytes)
            .map_err(|error| Failure::usage(format!("{}: {error}", file.display())))
    }
}
