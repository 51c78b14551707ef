//! What may stand on the command line.

use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser};
use indelible::TrailName;

use crate::command::Command;
use crate::output::Format;

/// An audit trail that can prove itself: records who did what to which resource, keeps it so that
/// nobody can change it unnoticed, and proves it to anybody.
///
/// The trail is kept in a database, a file `indelible.db` unless you say otherwise; it comes into
/// being at its first record. The signing key and the latest checkpoints are kept apart from it,
/// in a state directory.
#[derive(Debug, Parser)]
#[command(
    name = "indelible",
    version,
    max_term_width = 100,
    arg_required_else_help = true,
    disable_help_subcommand = false,
    styles = STYLES,
    after_long_help = AFTER,
)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub global: Global,
}

/// What every command takes.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Where the trails are: sqlite:PATH, postgres://USER@HOST/DATABASE or memory:
    /// [default: sqlite:indelible.db]
    #[arg(long, global = true, value_name = "URL")]
    pub database: Option<String>,
    /// The trail that is meant [default: default]
    #[arg(long, global = true, value_name = "NAME")]
    pub trail: Option<TrailName>,
    /// Where key and high-water marks are kept, outside the database's folder
    #[arg(long, global = true, value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
    /// The form of the answer [default: table]
    #[arg(long, global = true, value_name = "FORM", hide_possible_values = true)]
    #[arg(help = "The form of the answer: table, json, ndjson or csv [default: table]")]
    pub output: Option<Format>,
    /// A file of settings [default: indelible.toml, if there is one here]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Says more: every rejected line, every skipped file
    #[arg(long, short = 'v', global = true)]
    pub verbose: bool,
}

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .error(AnsiColor::Red.on_default().bold());

const AFTER: &str = "\
A first minute:
  indelible record user_login_failed session --user-id u-17 --ip-address 203.0.113.9
  indelible query --user-id u-17
  indelible prove 0 > entry.tlog-proof
  indelible verify

Settings, each stronger than the one before: defaults, indelible.toml, the environment, flags.
  [database] url        INDELIBLE_DATABASE_URL, else DATABASE_URL     --database
  [trail] name          INDELIBLE__TRAIL__NAME                        --trail
  [state] dir           INDELIBLE__STATE__DIR                         --state-dir
  [installation] name   INDELIBLE__INSTALLATION__NAME
  [redaction] mode      INDELIBLE__REDACTION__MODE                    mask, keyed_hash, drop or off
  [redaction] rules     INDELIBLE__REDACTION__RULES                   a file of rules
  [server] listen, metrics_listen                       --listen, --metrics-listen
  [tls] cert, key                                       --tls-cert, --tls-key
  [verification] interval                               --verify-every
  [review] rules        INDELIBLE__REVIEW__RULES                      --rules
  [erasure] approval    INDELIBLE__ERASURE__APPROVAL                  true: erasures take two people
  [log] level, format                                   --log, --log-format
  [limits] connections, queue_events, patience
Every [section] key is also a variable INDELIBLE__SECTION__KEY.
The signing key may come from INDELIBLE__IDENTITY__SIGNING_KEY. Each variable may be a file
instead: its name with _FILE at the end. The password of a PostgreSQL URL that holds none comes
from INDELIBLE__DATABASE__PASSWORD, else PGPASSWORD.

Exit status: 0 fine, 1 failure, 2 usage, 3 verification failed, 4 not found.";

#[cfg(test)]
impl Global {
    /// The flags as they would be read.
    pub fn of(flags: &[&str]) -> Self {
        let line = ["indelible"].iter().chain(flags).chain(&["vkey"]);
        Arguments::try_parse_from(line).expect("flags").global
    }
}
