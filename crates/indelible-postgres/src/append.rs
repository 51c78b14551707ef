//! Writing a commit: one transaction, begun by moving the head.

mod batch;
mod rows;
mod settle;

use std::time::Duration;

use futures_util::future::{join, join_all};
use indelible_core::TrailName;
use indelible_core::store::{Commit, Head, StoreError, Verdict};
use tokio_postgres::error::SqlState;

pub(crate) use batch::Batch;
use rows::{Rows, Statement};
use settle::Settled;
pub(crate) use settle::Unsettled;

use crate::connection::Lent;
use crate::error::{self, PostgresError, corrupt, unavailable, unknown};
use crate::open::Options;
use crate::placement::Month;
use crate::store::PostgresStore;
use crate::{read, sql};

/// How often a commit is tried when the connection broke or the server took another first.
const TRIES_MAX: u32 = 3;

/// What begins every transaction that writes. All is local to it: a pooler may give the next one
/// another connection. A lock that is held for a client that went away without a word is let go by
/// the server.
pub(crate) fn begin(options: &Options, synchronous_commit: &str) -> String {
    let millis = |time: Duration| time.as_millis().clamp(1, i32::MAX as u128);
    let statement = millis(options.statement_timeout);
    let lock = millis(options.lock_timeout);
    let idle = millis(options.idle_timeout);
    // What the operator made stronger stays so; what is weaker is not durable on this server's disk
    // or on its standby's.
    let durable = match synchronous_commit {
        stronger @ "remote_apply" => stronger,
        _ => "on",
    };
    format!(
        "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; \
         SET LOCAL citus.propagate_set_commands = 'local'; \
         SET LOCAL statement_timeout = {statement}; SET LOCAL lock_timeout = {lock}; \
         SET LOCAL idle_in_transaction_session_timeout = {idle}; \
         SET LOCAL synchronous_commit = {durable}; \
         SET LOCAL indelible.begun = 'on'"
    )
}

/// Appends each commit in a transaction of its own, all at once.
pub(crate) async fn append(
    store: &PostgresStore,
    commits: &[Commit],
) -> Result<Vec<Verdict>, StoreError> {
    let batches: Vec<_> = commits.iter().map(Batch::pack).collect::<Result<_, _>>()?;
    let done = join_all(batches.iter().map(|batch| one(store, batch))).await;
    if done.iter().all(Result::is_ok) {
        return done.into_iter().collect();
    }
    // Of a call that failed nothing may stay. Where something does, all that may be said is that
    // each commit is there whole or not at all.
    let stays = |done: &Result<Verdict, _>| matches!(done, Ok(Verdict::Committed));
    let some_stay = done.iter().any(stays);
    let error = done.into_iter().find_map(Result::err);
    let error = error.unwrap_or_else(|| unavailable(PostgresError::Closed));
    match error {
        error @ StoreError::Unknown { .. } => Err(error),
        error if some_stay => Err(unknown(error)),
        error => Err(error),
    }
}

/// How a try ended without a verdict.
pub(super) enum Failed {
    /// Nothing of it stays; another try may do better.
    Again(StoreError),
    /// Nothing of it stays, and another try will not do better.
    Refused(StoreError),
    /// A row broke a constraint, or Citus did not say what: the head and the ids decide.
    Contradicted(StoreError),
    /// The COMMIT was sent and not answered.
    Unanswered(StoreError),
}

async fn one(store: &PostgresStore, batch: &Batch<'_>) -> Result<Verdict, StoreError> {
    let mut tries = 0;
    loop {
        tries += 1;
        let failed = match attempt(store, batch).await {
            Ok(verdict) => return Ok(verdict),
            Err(failed) => failed,
        };
        match failed {
            Failed::Refused(error) => return Err(error),
            Failed::Again(error) if tries >= TRIES_MAX => return Err(error),
            Failed::Again(_) => {}
            Failed::Contradicted(error) => return settle::judge(store, batch, error).await,
            Failed::Unanswered(error) => match settle::settle(store, batch).await {
                Ok(Settled::There) => return Ok(Verdict::Committed),
                Ok(Settled::Another(head)) => return Ok(Verdict::Behind(head)),
                Ok(Settled::Gone) if tries >= TRIES_MAX => return Err(unavailable(error)),
                Ok(Settled::Gone) => {}
                Err(_) => {
                    store.unsettled.add(&batch.commit.head.trail);
                    return Err(unknown(error));
                }
            },
        }
    }
}

async fn attempt(store: &PostgresStore, batch: &Batch<'_>) -> Result<Verdict, Failed> {
    if !batch.follows_parent() {
        // Either the parent is not the head, or the commit contradicts itself.
        let unfit = PostgresError::Unfit("its entries do not follow its parent");
        return Err(Failed::Contradicted(error::backend(unfit)));
    }
    let lent = store.connections.lend().await.map_err(Failed::Refused)?;
    let trail = &batch.commit.head.trail;
    let before = match batch.commit.parent {
        Some(parent) => {
            store
                .placements
                .month_before(&lent, trail, (parent.size, parent.root))
                .await
        }
        None => Ok(None),
    };
    let before = before.map_err(again)?;
    match write(store, &lent, batch, before).await {
        Ok(true) => {}
        Ok(false) => {
            let head = after_rollback(&lent, trail).await;
            return head.map(|head| Verdict::Behind(head.map(Box::new)));
        }
        Err(failed) => {
            // What of the transaction is open ends with its connection, unless this ends it.
            if lent.is_silent() || !matches!(lent.batch(sql::ROLLBACK).await, Ok(Ok(()))) {
                lent.abandon();
            }
            return Err(failed);
        }
    }
    match lent.batch(sql::COMMIT).await {
        Ok(Ok(())) => {
            if let Some(month) = batch.last_month() {
                store.placements.committed(
                    trail,
                    (batch.commit.head.size, batch.commit.head.root),
                    month,
                );
                store.partitions.committed(store, month);
            }
            Ok(Verdict::Committed)
        }
        // Not cancelled: a COMMIT that waits for a standby would be done without it.
        Ok(Err(error)) => {
            lent.forget();
            Err(Failed::Unanswered(unavailable(error::said(error))))
        }
        Err(silence) => {
            lent.forget();
            Err(Failed::Unanswered(silence))
        }
    }
}

/// Ends a transaction that moved no head, and reads the head that is there.
async fn after_rollback(lent: &Lent, trail: &TrailName) -> Result<Option<Head>, Failed> {
    lent.batch(sql::ROLLBACK)
        .await
        .and_then(|done| done.map_err(error::refused))
        .map_err(again)?;
    read::head(lent, trail).await.map_err(again)
}

/// Moves the head and writes all rows; all statements travel at once. Answers whether the head was
/// the commit's parent.
async fn write(
    store: &PostgresStore,
    lent: &Lent,
    batch: &Batch<'_>,
    before: Option<Month>,
) -> Result<bool, Failed> {
    let rows = Rows::new(batch, before);
    let statements = rows.statements();
    let begin = lent.batch(&store.begin);
    // Sent in this order, since each sends when it is first polled.
    let answers = join_all(
        statements
            .iter()
            .map(|Statement { sql, params, .. }| lent.execute(sql, params)),
    );
    let (begun, answers) = join(begin, answers).await;
    begun.map_err(again)?.map_err(failed)?;
    let answers: Vec<_> = answers
        .into_iter()
        .collect::<Result<_, _>>()
        .map_err(again)?;
    // The first error is the reason of those after it.
    let taken: Vec<u64> = answers
        .into_iter()
        .collect::<Result<_, _>>()
        .map_err(failed)?;
    if taken.first() == Some(&0) {
        return Ok(false);
    }
    for (statement, taken) in statements.iter().zip(taken) {
        if taken != statement.rows {
            let ignored = PostgresError::Ignored {
                table: statement.table,
                taken,
                given: statement.rows,
            };
            return Err(Failed::Refused(corrupt(statement.table, None, ignored)));
        }
    }
    Ok(true)
}

/// What an error before the COMMIT means for another try.
fn failed(error: tokio_postgres::Error) -> Failed {
    let code = error.code();
    let lost = [
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::T_R_SERIALIZATION_FAILURE,
    ];
    if code.is_some_and(|code| lost.contains(code)) || error::is_broken(&error) {
        return Failed::Again(error::refused(error));
    }
    match error::is_constraint(&error) {
        true => Failed::Contradicted(error::refused(error)),
        false => Failed::Refused(error::refused(error)),
    }
}

fn again(error: StoreError) -> Failed {
    match error {
        error @ StoreError::Unavailable { .. } => Failed::Again(error),
        error => Failed::Refused(error),
    }
}
