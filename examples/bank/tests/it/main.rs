//! The bank's tests: those that an application has of its own, and the player that plays the
//! eleven situations against both banks on both stores.

mod app;
mod client;
mod deletion;
mod events;
mod expected;
mod hanging;
mod place;
mod play;
mod playing;
mod record;
mod refusals;
mod reporting;
