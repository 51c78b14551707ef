//! What the house allows, as data. A rule changes here, in the commit that needs it.

/// A crate's floor. A crate imports only what stands on a lower floor; siblings never import
/// each other. Dev-dependencies are free.
pub const FLOORS: &[(&str, u8)] = &[
    ("indelible-merkle", 0),
    ("indelible-core", 1),
    ("indelible-sqlite", 2),
    ("indelible-postgres", 2),
    ("indelible-conformance", 2),
    ("indelible-exchange", 2),
    ("indelible-spool", 2),
    ("indelible-evidence", 2),
    ("indelible-axum", 2),
    ("indelible-client", 3),
    ("indelible-server", 3),
    ("indelible", 4),
    ("indelible-cli", 5),
    ("indelible-python", 6),
];

/// Packages beside the building: they may import anything, and no crate may import them.
pub const TOOLS: &[&str] = &[
    "xtask",
    "indelible-bench",
    "indelible-fuzz",
    "indelible-testbed",
    "bank",
];

/// All that `indelible-merkle` may depend on: an auditor reads these to trust it.
pub const MERKLE_MAY: &[&str] = &[
    "base64",
    "ed25519-dalek",
    "sha2",
    "subtle",
    "thiserror",
    "zeroize",
];

/// An external crate with one home.
pub struct Home {
    /// The external crate.
    pub guest: &'static str,
    /// Members that may depend on it.
    pub hosts: &'static [&'static str],
    /// Members that may use it in their tests besides.
    pub test_hosts: &'static [&'static str],
}

/// The external crates whose use says what a crate is.
pub const HOMES: &[Home] = &[
    Home {
        guest: "rusqlite",
        hosts: &["indelible-sqlite", "indelible-bench"],
        test_hosts: &["indelible", "indelible-cli", "indelible-server", "bank"],
    },
    Home {
        guest: "tokio-postgres",
        hosts: &["indelible-postgres", "indelible-bench", "indelible-testbed"],
        test_hosts: &["indelible", "indelible-cli", "bank"],
    },
    Home {
        guest: "deadpool-postgres",
        hosts: &["indelible-postgres", "indelible-bench"],
        test_hosts: &[],
    },
    Home {
        guest: "clap",
        hosts: &["indelible-cli", "indelible-bench"],
        test_hosts: &[],
    },
    Home {
        guest: "clap_complete",
        hosts: &["indelible-cli"],
        test_hosts: &[],
    },
    Home {
        guest: "comfy-table",
        hosts: &["indelible-cli"],
        test_hosts: &[],
    },
    Home {
        guest: "indicatif",
        hosts: &["indelible-cli"],
        test_hosts: &[],
    },
    Home {
        guest: "axum",
        hosts: &[
            "indelible-axum",
            "indelible-fuzz",
            "indelible-server",
            "bank",
        ],
        test_hosts: &[],
    },
    Home {
        guest: "hyper",
        hosts: &["indelible-client", "indelible-server", "indelible-testbed"],
        test_hosts: &[],
    },
    Home {
        guest: "pyo3",
        hosts: &["indelible-python"],
        test_hosts: &[],
    },
];

/// External crates that may not be anywhere in the graph, and why.
pub const NEVER: &[(&str, &str)] = &[
    ("native-tls", "rustls with aws-lc-rs is the TLS here"),
    ("openssl", "rustls with aws-lc-rs is the TLS here"),
    ("openssl-sys", "rustls with aws-lc-rs is the TLS here"),
    ("ring", "aws-lc-rs is the one provider"),
    ("rsa", "it has an open timing weakness"),
    (
        "sqlx",
        "it links a second SQLite; SQL is written by hand per adapter",
    ),
];

/// Features that may not be enabled anywhere in the graph: unification would give them to all.
pub const FEATURES_NEVER: &[(&str, &str)] = &[
    ("serde_json", "arbitrary_precision"),
    ("serde_json", "preserve_order"),
];

/// Lines of a Rust file past which it is an error.
pub const RUST_LINES_MAX: usize = 600;
/// Lines of a Rust file past which it is worth a look.
pub const RUST_LINES_SOFT: usize = 400;
/// Lines of ARCHITECTURE.md past which it is worth a look.
pub const ARCHITECTURE_LINES_SOFT: usize = 150;
/// Lines of a crate's `lib.rs` past which it is worth a look.
pub const LIB_LINES_SOFT: usize = 120;

/// Text that may not stand in code.
pub const WORDS_NEVER: &[(&str, &str)] = &[
    ("FIXME", "mend it, or describe the limit as a fact"),
    ("XXX", "mend it, or describe the limit as a fact"),
    ("dbg!(", "take it out"),
    ("todo!(", "write it, or leave the branch out"),
    ("unimplemented!(", "write it, or leave the branch out"),
    (
        "#[ignore",
        "make the test fast enough to run, or give it a long form in scripts/soak",
    ),
    ("#[should_panic", "assert on the value or the error instead"),
];

/// Names of files, folders and modules that say nothing.
pub const NAMES_NEVER: &[&str] = &[
    "util",
    "utils",
    "common",
    "helper",
    "helpers",
    "manager",
    "processor",
    "misc",
];

/// Folders named for a layer instead of a thing.
pub const LAYERS_NEVER: &[&str] = &[
    "adapters",
    "application",
    "controllers",
    "domain",
    "infrastructure",
    "ports",
    "repositories",
    "services",
];

/// First folders of absolute paths that would tie a file to one machine.
pub const MACHINE_FOLDERS: &[&str] = &["home", "root", "work", "Users"];

/// Files of the stores that may count rows: no page or list stands in them.
pub const COUNTING_FILES: &[&str] = &[
    // How deep an outbox is, for whoever asks; no pass of a drain does.
    "crates/indelible-postgres/src/outbox/standing.rs",
    "crates/indelible-sqlite/src/outbox/standing.rs",
    // The entries of one step, of which there are few, against those that it says it removes.
    "crates/indelible-postgres/migrations/0008_retention.sql",
    "crates/indelible-postgres/migrations/0010_trim.sql",
];

/// The two stores, mirrored file for file.
pub const MIRRORED: (&str, &str) = (
    "crates/indelible-sqlite/src",
    "crates/indelible-postgres/src",
);
/// Files that only one of the two stores has, because only its database has the thing.
pub const UNMIRRORED: &[&str] = &[
    // One thread writes the file; a server has connections.
    "writer.rs",
    // A file may be another program's, or be taken away; a server keeps its own.
    "owner.rs",
    "files.rs",
    "writer/transaction.rs",
    // A server makes its own checkpoints.
    "checkpoint.rs",
    "checkpoint/cases.rs",
    "wal.rs",
    "wal/cases.rs",
    "address.rs",
    "connection/driver.rs",
    "connection/tls.rs",
    // A commit is a few statements, each for a whole table, and its answer may be lost on the way.
    "append/rows.rs",
    "append/settle.rs",
    // A row may be held by another transaction, and an error ends the whole statement.
    "outbox/settle.rs",
    // Tables in a server's database have partitions, owners and privileges.
    "condition/expected.rs",
    "condition/guards.rs",
    "condition/privileges.rs",
    "condition/repairs.rs",
    "access.rs",
    "find/cost/cases.rs",
    "find/statement.rs",
    "partition.rs",
    "placement.rs",
    // A server keeps its indexes in the transaction.
    "index.rs",
    "index/belief.rs",
    "index/block.rs",
    "index/build.rs",
    "index/cover.rs",
    "index/handle.rs",
    "index/file.rs",
    "index/file/cases.rs",
    "index/forge.rs",
    "index/made.rs",
    "index/merge.rs",
    "index/recent.rs",
    "index/record.rs",
    "index/run.rs",
    "index/scan.rs",
    "index/standing.rs",
    "index/tail.rs",
    "index/tail/cases.rs",
    "index/thread.rs",
    "index/thread/cases.rs",
    "index/trees.rs",
    "index/upkeep.rs",
    "index/upkeep/making.rs",
    "index/upkeep/merging.rs",
    "index/upkeep/sweeping.rs",
    "index/upkeep/tallies.rs",
    "index/upkeep/tests.rs",
    // Whoever reads an old moment of a file keeps its write-ahead log from starting over.
    "find/pieces.rs",
    "made.rs",
];
