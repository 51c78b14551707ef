//! The suite on the reference store, that it sees faults, and that no case is left out of it.

mod fault;
mod faulty;
mod listing;
mod memory;
