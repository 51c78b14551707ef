//! How many connections and files the operating system lets a server have.

/// Descriptors that are no connections of clients: database, files, listeners, pipes.
const OTHERS: u64 = 256;

/// Has the system let this process have as many descriptors as it may, and answers how many
/// connections of clients that is; `None` where there is no limit to speak of.
#[cfg(unix)]
pub fn connections() -> Option<usize> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    // The soft limit is for programs that cannot bear many descriptors; a server is none.
    let descriptors = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => maximum,
        Err(error) => {
            tracing::warn!(%error, "the limit on open files stays as it is");
            current
        }
    };
    let connections = descriptors?.saturating_sub(OTHERS).max(1);
    usize::try_from(connections).ok()
}

/// There is no such limit here.
#[cfg(not(unix))]
pub fn connections() -> Option<usize> {
    None
}
