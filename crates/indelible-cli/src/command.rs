//! The commands, one file each.

mod checkpoint;
mod completions;
mod consistency;
mod copy;
mod doctor;
mod drill;
mod export;
mod healthcheck;
mod hold;
mod import;
mod keys;
mod migrate;
mod outbox;
mod prove;
mod query;
mod record;
mod recorded;
mod reindex;
mod report;
mod retention;
mod review;
mod scan;
mod serve;
mod show;
mod subject;
mod trail;
mod verify;
mod verify_pack;
mod verify_proof;
mod vkey;

use clap::Subcommand;

use crate::failure::{Failure, Status};
use crate::session::Session;

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    Serve(serve::Serve),
    Record(record::Record),
    Query(query::QueryCommand),
    Show(show::Show),
    Prove(prove::Prove),
    Checkpoint(checkpoint::CheckpointCommand),
    Vkey(vkey::Vkey),
    Consistency(consistency::Consistency),
    Import(import::Import),
    Export(export::Export),
    Verify(verify::Verify),
    VerifyProof(verify_proof::VerifyProof),
    VerifyPack(verify_pack::VerifyPack),
    Scan(scan::Scan),
    Report(report::ReportCommand),
    #[command(subcommand)]
    Review(review::ReviewCommand),
    #[command(subcommand)]
    Subject(subject::Subject),
    #[command(subcommand)]
    Retention(retention::RetentionCommand),
    #[command(subcommand)]
    Hold(hold::HoldCommand),
    #[command(subcommand)]
    Keys(keys::Keys),
    #[command(subcommand)]
    Trail(trail::Trail),
    Copy(copy::Copy),
    Drill(drill::DrillCommand),
    #[command(subcommand)]
    Outbox(outbox::OutboxCommand),
    #[command(subcommand)]
    Migrate(migrate::Migrate),
    Reindex(reindex::Reindex),
    Doctor(doctor::Doctor),
    Healthcheck(healthcheck::Healthcheck),
    Completions(completions::Completions),
}

impl Command {
    /// Whether it answers many at once, for which one thread is too few.
    pub fn is_server(&self) -> bool {
        matches!(self, Self::Serve(_))
    }

    /// Does it.
    ///
    /// # Errors
    /// What went wrong.
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        match self {
            Self::Serve(command) => command.run(session).await,
            Self::Record(command) => command.run(session).await,
            Self::Query(command) => command.run(session).await,
            Self::Show(command) => command.run(session).await,
            Self::Prove(command) => command.run(session).await,
            Self::Checkpoint(command) => command.run(session).await,
            Self::Vkey(command) => command.run(session).await,
            Self::Consistency(command) => command.run(session).await,
            Self::Import(command) => command.run(session).await,
            Self::Export(command) => command.run(session).await,
            Self::Verify(command) => command.run(session).await,
            Self::VerifyProof(command) => command.run(session),
            Self::VerifyPack(command) => command.run(session),
            Self::Scan(command) => command.run(session).await,
            Self::Report(command) => command.run(session).await,
            Self::Review(command) => command.run(session).await,
            Self::Subject(command) => command.run(session).await,
            Self::Retention(command) => command.run(session).await,
            Self::Hold(command) => command.run(session).await,
            Self::Keys(command) => command.run(session).await,
            Self::Trail(command) => command.run(session).await,
            Self::Copy(command) => command.run(session).await,
            Self::Drill(command) => command.run(session).await,
            Self::Outbox(command) => command.run(session).await,
            Self::Migrate(command) => command.run(session).await,
            Self::Reindex(command) => command.run(session).await,
            Self::Doctor(command) => command.run(session).await,
            Self::Healthcheck(command) => command.run(session),
            Self::Completions(command) => command.run(session),
        }
    }
}
