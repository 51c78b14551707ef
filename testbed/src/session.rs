//! Statements of the harness itself, each on a connection of its own.

use std::panic::resume_unwind;

use tokio_postgres::{Error, NoTls, SimpleQueryMessage};

/// Rows as text, `NULL` as `None`.
pub(crate) type Rows = Vec<Vec<Option<String>>>;

/// Runs a future to its end on a runtime and a thread of its own: the caller may stand in a
/// runtime, where blocking on another is forbidden.
pub(crate) fn blocking<T: Send>(future: impl Future<Output = T> + Send) -> T {
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime of one thread needs an epoll handle");
        runtime.block_on(future)
    };
    std::thread::scope(|scope| scope.spawn(run).join()).unwrap_or_else(|panic| resume_unwind(panic))
}

/// Runs statements, separated by semicolons, by the simple protocol.
pub(crate) fn query(url: &str, sql: &str) -> Result<Rows, Error> {
    blocking(async {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        let connection = tokio::spawn(connection);
        let messages = client.simple_query(sql).await?;
        drop(client);
        // The server has closed its side: the database may be dropped or become a template.
        connection.await.expect("the connection does not panic")?;
        let rows = messages.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        let texts = rows.map(|row| (0..row.len()).map(|at| row.get(at).map(str::to_owned)));
        Ok(texts.map(Iterator::collect).collect())
    })
}

/// Panics with the statement and the reason.
pub(crate) fn query_or_panic(url: &str, sql: &str) -> Rows {
    query(url, sql).unwrap_or_else(|error| panic!("{}\n{sql}", reason(&error)))
}

/// Whether the server answered with this code of the SQL standard.
pub(crate) fn has_code(error: &Error, code: &str) -> bool {
    error.code().is_some_and(|found| found.code() == code)
}

/// The server's own words, or the chain of what happened to the connection.
pub(crate) fn reason(error: &Error) -> String {
    match error.as_db_error() {
        Some(told) => {
            let more = [told.detail(), told.hint(), told.where_()];
            let lines = more.into_iter().flatten().map(|line| format!("\n{line}"));
            let lines: String = lines.collect();
            format!("{told} ({}){lines}", told.code().code())
        }
        None => {
            let cause = std::error::Error::source(error);
            cause.map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
        }
    }
}
