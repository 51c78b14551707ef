//! The console of a running server, looked at in a real browser.

mod console;
mod pages;
mod rows;
mod story;
mod tour;
mod windows;
