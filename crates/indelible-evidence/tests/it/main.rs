//! Reports of trails made by hand, and of real ones.

mod alive;
mod attempting;
mod catalogue;
mod conditions;
mod declaring;
mod desk;
mod handing;
mod known;
mod linting;
mod living;
mod logic;
mod numbers;
mod removed;
mod rendering;
mod reviewing;
mod sampling;
mod scoping;
mod shared;
mod states;
mod system;
