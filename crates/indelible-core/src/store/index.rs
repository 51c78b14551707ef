//! How an index stands that a store keeps apart from its log.

/// How far an index is that is made of the log after entries are durable. Whatever it lacks is read
/// from the log: it makes answers sooner and never other ones.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct IndexCondition {
    /// Entries that it does not cover.
    pub lag: u64,
    /// Bytes on disk.
    pub bytes: u64,
    /// Sorted runs that a search may have to look at.
    pub runs: u64,
    /// Bytes written for each entry, to the log and the index, where that was counted.
    pub written_per_entry: Option<f64>,
    /// Why it could not be read or written, where it could not.
    pub problem: Option<String>,
}
