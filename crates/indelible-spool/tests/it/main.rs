//! Delivery over trails that fail on command: counts, order, what is on disk, what is left.

mod faults;
mod files;
mod ground;
mod losses;
mod modes;
mod order;
