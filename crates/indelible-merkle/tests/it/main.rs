//! Trees, proofs and notes against their definitions, other implementations and hostile input.

mod accumulated;
mod checkpoint;
mod consistency_file;
mod definition;
mod golden;
mod huge;
mod mutation;
mod notes;
mod oracle;

mod shared;
mod tlog_proof;
mod tree;
