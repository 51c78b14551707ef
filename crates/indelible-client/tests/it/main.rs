//! The client against the real server, and against servers that fail and lie.

mod batching;
mod fake;
mod ground;

mod failing;
mod identity;
mod lying;
mod recording;
