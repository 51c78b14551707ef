//! One transaction over many tasks.

use indelible_core::store::{StoreError, Verdict};
use rusqlite::Connection;

use super::{Done, Task};
use crate::append::{self, Batch, Written};
use crate::error::{is_constraint, is_of_task, refused};
use crate::{outbox, registry, removal, retention, sql};

/// Why no task of a transaction was done.
pub(super) enum Fault {
    /// Nothing was written.
    Refused {
        error: rusqlite::Error,
        /// Whether the connection is without a transaction again.
        usable: bool,
    },
    /// COMMIT gave an error: all of it was written, or nothing.
    Unknown(rusqlite::Error),
}

type Answers = Vec<Result<Done, StoreError>>;

/// Does all tasks in one transaction and answers each for itself.
///
/// Hardly any task has an error of its own: the engine above knows what it wrote. So the first
/// try does without savepoints, which copy every page they may have to restore; only after such
/// an error is everything rolled back and done again, each task under a savepoint of its own.
pub(super) fn run(db: &Connection, tasks: &[Task]) -> Result<Answers, Fault> {
    match transaction(db, || tasks.iter().map(|task| plain(db, task)).collect()) {
        Err(Fault::Refused {
            error,
            usable: true,
        }) if is_of_task(&error) => {
            transaction(db, || tasks.iter().map(|task| guarded(db, task)).collect())
        }
        other => other,
    }
}

fn transaction(
    db: &Connection,
    body: impl FnOnce() -> rusqlite::Result<Answers>,
) -> Result<Answers, Fault> {
    let begun = execute(db, sql::BEGIN).and_then(|()| body());
    let answers = begun.map_err(|error| Fault::Refused {
        error,
        usable: rolled_back(db),
    })?;
    match execute(db, sql::COMMIT) {
        Ok(()) => Ok(answers),
        // Still inside the transaction: the COMMIT did nothing and can be given up.
        Err(error) if !db.is_autocommit() && rolled_back(db) => Err(Fault::Refused {
            error,
            usable: true,
        }),
        Err(error) => Err(Fault::Unknown(error)),
    }
}

/// Does a task; its own error ends the whole transaction.
fn plain(db: &Connection, task: &Task) -> rusqlite::Result<Result<Done, StoreError>> {
    Ok(Ok(match task {
        Task::Put(put) => Done::Version(registry::write(db, put)?),
        Task::Settle(settlement) => Done::Settled(outbox::settle(db, settlement)?),
        Task::Erase(step) => return Ok(removal::blank(db, step)?.map(Done::Erased)),
        Task::Trim(step) => Done::Trimmed(retention::trim(db, step)?),
        Task::Append(batches) => {
            let verdicts = batches.iter().map(|batch| match append::write(db, batch)? {
                Written::Whole => Ok(Verdict::Committed),
                Written::Behind => behind(db, batch),
            });
            Done::Verdicts(verdicts.collect::<rusqlite::Result<_>>()?)
        }
    }))
}

/// Does a task under a savepoint: an error of its own undoes the task and nothing else.
fn guarded(db: &Connection, task: &Task) -> rusqlite::Result<Result<Done, StoreError>> {
    let done = savepoint(db, || match task {
        Task::Put(_) | Task::Settle(_) | Task::Erase(_) | Task::Trim(_) => plain(db, task),
        Task::Append(batches) => {
            let verdicts = batches.iter().map(|batch| verdict(db, batch));
            Ok(Ok(Done::Verdicts(
                verdicts.collect::<rusqlite::Result<_>>()?,
            )))
        }
    });
    match done {
        Err(error) if is_of_task(&error) => Ok(Err(refused(error))),
        other => other,
    }
}

/// Writes a batch under a savepoint of its own: a broken constraint may be duplicates.
fn verdict(db: &Connection, batch: &Batch) -> rusqlite::Result<Verdict> {
    match savepoint(db, || append::write(db, batch)) {
        Ok(Written::Whole) => Ok(Verdict::Committed),
        Ok(Written::Behind) => behind(db, batch),
        Err(error) if is_constraint(&error) => match append::duplicates(db, batch)? {
            none if none.is_empty() => Err(error),
            ids => Ok(Verdict::Duplicate(ids)),
        },
        Err(error) => Err(error),
    }
}

fn behind(db: &Connection, batch: &Batch) -> rusqlite::Result<Verdict> {
    append::head_now(db, batch).map(|head| Verdict::Behind(head.map(Box::new)))
}

fn savepoint<T>(
    db: &Connection,
    body: impl FnOnce() -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    execute(db, "SAVEPOINT task")?;
    let done = body();
    // An error such as a full disk ends the transaction, and with it all savepoints.
    if done.is_err() && !db.is_autocommit() {
        execute(db, "ROLLBACK TO task")?;
    }
    if !db.is_autocommit() {
        execute(db, "RELEASE task")?;
    }
    done
}

/// Leaves the transaction, if there is one; whether there is none now.
fn rolled_back(db: &Connection) -> bool {
    db.is_autocommit() || execute(db, sql::ROLLBACK).is_ok()
}

fn execute(db: &Connection, sql: &str) -> rusqlite::Result<()> {
    db.prepare_cached(sql)?.execute([]).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Put;

    fn database() -> Connection {
        let mut db = Connection::open_in_memory().expect("memory");
        crate::migration::apply(&mut db).expect("it applies");
        db
    }

    fn put(key: &str, expected: Option<u64>) -> Task {
        Task::Put(Put::new("kind", key, expected, Some("1".to_owned())))
    }

    fn keys(db: &Connection) -> Vec<String> {
        let mut statement = db
            .prepare("SELECT key FROM op_registry ORDER BY key")
            .expect("a table");
        let keys = statement.query_map([], |row| row.get(0)).expect("it reads");
        keys.collect::<Result<_, _>>().expect("texts")
    }

    #[test]
    fn an_error_of_commit_is_an_unknown_outcome() {
        // T100
        let mut db = database();
        db.commit_hook(Some(|| true)).expect("it is set");
        let fault = run(&db, &[put("a", None)]);
        assert!(matches!(fault, Err(Fault::Unknown(_))));
        assert!(db.is_autocommit(), "no transaction is left open");
        db.commit_hook(None::<fn() -> bool>)
            .expect("it is taken away");
        assert_eq!(keys(&db), [""; 0]);
        assert!(run(&db, &[put("a", None)]).is_ok());
    }

    #[test]
    fn an_error_of_one_task_leaves_the_others() {
        let db = database();
        db.execute_batch(
            "CREATE TEMP TRIGGER no_b BEFORE INSERT ON op_registry WHEN NEW.key = 'b'
            BEGIN SELECT RAISE(ABORT, 'no b'); END",
        )
        .expect("it is made");
        let tasks = [
            put("a", None),
            put("b", None),
            put("c", None),
            put("a", None),
        ];
        let Ok(answers) = run(&db, &tasks) else {
            panic!("the others go on")
        };
        assert!(matches!(answers[0], Ok(Done::Version(Some(1)))));
        assert!(matches!(answers[1], Err(StoreError::Backend { .. })));
        assert!(matches!(answers[2], Ok(Done::Version(Some(1)))));
        assert!(matches!(answers[3], Ok(Done::Version(None))));
        assert!(db.is_autocommit(), "no transaction is left open");
        assert_eq!(keys(&db), ["a", "c"]);
    }

    #[test]
    fn a_full_disk_refuses_all_tasks_and_leaves_nothing() {
        let db = database();
        let pages: i64 = db
            .query_row("PRAGMA page_count", [], |row| row.get(0))
            .expect("it reads");
        db.pragma_update(None, "max_page_count", pages)
            .expect("it is set");
        let large = format!("\"{}\"", "x".repeat(100_000));
        let large = Task::Put(Put::new("kind", "b", None, Some(large)));
        let fault = run(&db, &[put("a", None), large]);
        assert!(matches!(fault, Err(Fault::Refused { usable: true, .. })));
        assert!(db.is_autocommit(), "no transaction is left open");
        assert_eq!(keys(&db), [""; 0]);
    }
}
